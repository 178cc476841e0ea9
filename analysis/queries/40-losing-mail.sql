-- title: Who loses mail
-- answers: Under which MX provider are the domains to which a sender does not deliver, or only in part?
-- denominator: the signallers of an MX provider in mode enforce with a usable policy, once for each sender:
--   strict; postfix_classic (before 3.10.5, or without TLSRPT); dane_first (such as Exchange Online, which drops
--   mail after 24 hours). The 40 providers with the most domains that lose mail of a sender in a scan; (others)
--   adds up the rest; (own domain): the mail is below the domain's own registrable domain.
-- units: domains. refused: no host passes; partial: some pass. lost_pct is percent of the decided domains of
--   the provider (enforce less indeterminate) that are refused or partial. lost_low and lost_high are percent
--   of all of them: the indeterminate, those with a host or an address that was not tried, and those whose
--   policy is undecided (they may be in mode enforce) counted as not losing mail and as losing it. Datasets of
--   layouts before 1.3 have no verdicts of the senders with names: all are indeterminate until they are judged
--   again.
-- shares: lost_pct = refused + partial / enforce - indeterminate
-- weight: by scan, sender, provider
WITH senders AS (
    SELECT * FROM (VALUES (1, 'strict'), (2, 'postfix_classic'), (3, 'dane_first')) AS senders (turn, sender)
),
enforcing AS (
    SELECT
        signallers.scan, senders.turn, senders.sender, /*[| signallers.weight, ]*/
        CASE senders.turn
            WHEN 1 THEN verdict_strict
            WHEN 2 THEN verdict_postfix_classic
            ELSE verdict_dane_first
        END AS verdict,
        CASE WHEN managers.own THEN '(own domain)' ELSE coalesce(managers.cluster, '(not known)') END AS provider,
        signallers.policy_state = 'undecided' AS unfetched, reach.unasked > 0 OR reach.skipped > 0 AS partly
    FROM signallers
    CROSS JOIN senders
    JOIN reach ON reach.scan = signallers.scan AND reach.domain = signallers.domain
    JOIN managers
        ON managers.scan = signallers.scan AND managers.domain = signallers.domain AND managers.entity = 'MX'
    WHERE signallers.policy_usable AND signallers.policy_mode = 'enforce' OR signallers.policy_state = 'undecided'
),
counted AS (
    SELECT
        scan, turn, sender, provider, count(*) /* names */ FILTER (WHERE NOT unfetched) AS enforce,
        count(*) /* names */ FILTER (WHERE NOT unfetched AND verdict = 'refused') AS refused,
        count(*) /* names */ FILTER (WHERE NOT unfetched AND verdict = 'partial') AS partial,
        count(*) /* names */ FILTER (WHERE NOT unfetched AND coalesce(verdict, 'indeterminate') = 'indeterminate') AS open,
        count(*) /* names */ FILTER (WHERE NOT unfetched AND partly AND verdict = 'validated') AS may,
        count(*) /* names */ FILTER (WHERE unfetched) AS unfetched
        /*[| , count(*) FILTER (WHERE NOT unfetched AND verdict IN ('refused', 'partial')) AS n_lost,
        count(*) FILTER (WHERE NOT unfetched) AS n_enforce ]*/
    FROM enforcing
    GROUP BY scan, turn, sender, provider
    HAVING count(*) FILTER (WHERE NOT unfetched) > 0
),
placed AS (
    SELECT
        counted.*,
        row_number() OVER (
            PARTITION BY scan, turn ORDER BY /*[*/refused + partial/*| n_lost ]*/ DESC NULLS LAST, /*[*/enforce/*| n_enforce ]*/ DESC NULLS LAST, provider NULLS LAST
        ) AS place
    FROM counted
),
folded AS (
    SELECT
        scan, turn, sender, CASE WHEN place <= 40 THEN provider ELSE '(others)' END AS provider,
        count(*) AS providers, min(place) AS place,
        sum(enforce) AS enforce, sum(open) AS indeterminate, sum(refused) AS refused, sum(partial) AS partial,
        sum(may) AS may, sum(unfetched) AS unfetched
    FROM placed
    GROUP BY 1, 2, 3, 4
)
SELECT
    scan, sender, provider, providers, enforce, indeterminate, refused, partial,
    100.0 * (refused + partial) / nullif(enforce - indeterminate, 0) AS lost_pct,
    100.0 * (refused + partial) / nullif(enforce + unfetched, 0) AS lost_low,
    100.0 * (refused + partial + indeterminate + may + unfetched) / nullif(enforce + unfetched, 0) AS lost_high
FROM folded
JOIN scan_order ON scan_order.scan_name = folded.scan
ORDER BY scan_place NULLS LAST, turn NULLS LAST, place NULLS LAST
