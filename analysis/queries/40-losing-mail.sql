-- title: Who loses mail
-- answers: Under which MX provider are the domains to which a strict sender does not deliver, or only in
--   part?
-- denominator: the signallers of an MX provider in mode enforce with a usable policy. The 40 providers with
--   the most domains that lose mail in a scan; (others) adds up the rest; (own domain): the mail is below the
--   domain's own registrable domain.
-- units: domains. refused: no host passes; partial: some pass. lost_pct is percent of the decided domains of
--   the provider (enforce less indeterminate) that are refused or partial. lost_low and lost_high are percent
--   of all of them: the indeterminate, those with a host or an address that was not tried, and those whose
--   policy is undecided (they may be in mode enforce) counted as not losing mail and as losing it.
-- shares: lost_pct = refused + partial / enforce - indeterminate
-- weight: by scan, provider
WITH enforcing AS (
    SELECT
        signallers.scan, signallers.verdict_strict, /*[| signallers.weight, ]*/
        CASE WHEN managers.own THEN '(own domain)' ELSE coalesce(managers.cluster, '(not known)') END AS provider,
        signallers.policy_state = 'undecided' AS unfetched, reach.unasked > 0 OR reach.skipped > 0 AS partly
    FROM signallers
    JOIN reach ON reach.scan = signallers.scan AND reach.domain = signallers.domain
    JOIN managers
        ON managers.scan = signallers.scan AND managers.domain = signallers.domain AND managers.entity = 'MX'
    WHERE signallers.policy_usable AND signallers.policy_mode = 'enforce' OR signallers.policy_state = 'undecided'
),
counted AS (
    SELECT
        scan, provider, count(*) /* names */ FILTER (WHERE NOT unfetched) AS enforce,
        count(*) /* names */ FILTER (WHERE NOT unfetched AND verdict_strict = 'refused') AS refused,
        count(*) /* names */ FILTER (WHERE NOT unfetched AND verdict_strict = 'partial') AS partial,
        count(*) /* names */ FILTER (WHERE NOT unfetched AND coalesce(verdict_strict, 'indeterminate') = 'indeterminate') AS open,
        count(*) /* names */ FILTER (WHERE NOT unfetched AND partly AND verdict_strict = 'validated') AS may,
        count(*) /* names */ FILTER (WHERE unfetched) AS unfetched
        /*[| , count(*) FILTER (WHERE NOT unfetched AND verdict_strict IN ('refused', 'partial')) AS n_lost,
        count(*) FILTER (WHERE NOT unfetched) AS n_enforce ]*/
    FROM enforcing
    GROUP BY scan, provider
    HAVING count(*) FILTER (WHERE NOT unfetched) > 0
),
placed AS (
    SELECT
        counted.*,
        row_number() OVER (
            PARTITION BY scan ORDER BY /*[*/refused + partial/*| n_lost ]*/ DESC NULLS LAST, /*[*/enforce/*| n_enforce ]*/ DESC NULLS LAST, provider NULLS LAST
        ) AS place
    FROM counted
),
folded AS (
    SELECT
        scan, CASE WHEN place <= 40 THEN provider ELSE '(others)' END AS provider,
        count(*) AS providers, min(place) AS place,
        sum(enforce) AS enforce, sum(open) AS indeterminate, sum(refused) AS refused, sum(partial) AS partial,
        sum(may) AS may, sum(unfetched) AS unfetched
    FROM placed
    GROUP BY 1, 2
)
SELECT
    scan, provider, providers, enforce, indeterminate, refused, partial,
    100.0 * (refused + partial) / nullif(enforce - indeterminate, 0) AS lost_pct,
    100.0 * (refused + partial) / nullif(enforce + unfetched, 0) AS lost_low,
    100.0 * (refused + partial + indeterminate + may + unfetched) / nullif(enforce + unfetched, 0) AS lost_high
FROM folded
JOIN scan_order ON scan_order.scan_name = folded.scan
ORDER BY scan_place NULLS LAST, place NULLS LAST
