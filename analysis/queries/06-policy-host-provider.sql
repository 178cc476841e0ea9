-- title: Who hosts the policies
-- answers: To which provider do signallers delegate mta-sts.<domain> by CNAME, and are the policies there
--   usable?
-- denominator: the signallers among D4 (all names). The provider is that of the first CNAME target: (no
--   CNAME) is hosted without one, (own domain) points into the name's own registrable domain, (not known) had
--   no answer. The 40 providers with the most signallers in a scan; (others) adds up the rest.
-- note: pattern is the commonest form of the CNAME targets, the domain in it written {domain}; {domain-} and
--   {domain_} where its dots are hyphens (its hyphens perhaps doubled) or underscores; of_pattern are the
--   signallers with it.
-- units: counts are names. signallers_pct is percent of the signallers whose policy host is known, _low and
--   _high percent of all signallers, those not known counted as elsewhere and as here. usable counts policies
--   that a strict sender may use; usable_pct is percent of this row's signallers less undecided (no fetch, or
--   a fault that may pass), _low and _high percent of all of them, the undecided counted as not usable and as
--   usable.
-- shares: usable_pct = usable / signallers - undecided
-- weight: by scan, provider
WITH delegated AS (
    SELECT
        signallers.scan, signallers.adopts, signallers.policy_state, /*[| signallers.weight, ]*/
        CASE
            WHEN signallers.policy_cname IS NULL THEN '(not known)'
            WHEN signallers.policy_cname[1] IS NULL THEN '(no CNAME)'
            WHEN names.registrable = signallers.registrable THEN '(own domain)'
            ELSE coalesce(names.provider, signallers.policy_cname[1])
        END AS provider,
        replace(replace(replace(replace(
            signallers.policy_cname[1],
            signallers.domain, '{domain}'),
            replace(replace(signallers.domain, '-', '--'), '.', '-'), '{domain-}'),
            replace(signallers.domain, '.', '-'), '{domain-}'),
            replace(signallers.domain, '.', '_'), '{domain_}') AS pattern
    FROM signallers
    LEFT JOIN signaller_names AS names ON names.name = signallers.policy_cname[1]
),
patterns AS (
    SELECT
        scan, provider, pattern, count(*) AS of_pattern,
        row_number() OVER (
            PARTITION BY scan, provider ORDER BY count(*) DESC NULLS LAST, pattern NULLS LAST
        ) AS choice
    FROM delegated
    GROUP BY scan, provider, pattern
),
counted AS (
    SELECT
        scan, provider,
        count(*) /* names */ AS signallers,
        count(*) /* names */ FILTER (WHERE adopts) AS adopters,
        count(*) /* names */ FILTER (WHERE policy_state = 'usable') AS usable,
        count(*) /* names */ FILTER (WHERE policy_state = 'undecided') AS undecided
        /*[| , count(*) AS n_signallers ]*/
    FROM delegated
    GROUP BY scan, provider
),
placed AS (
    SELECT
        counted.*,
        sum(signallers) OVER (PARTITION BY scan) AS all_signallers,
        coalesce(sum(CASE WHEN provider = '(not known)' THEN signallers END) OVER (PARTITION BY scan), 0) AS not_known,
        row_number() OVER (PARTITION BY scan ORDER BY /*[*/signallers/*| n_signallers ]*/ DESC NULLS LAST, provider NULLS LAST) AS place
    FROM counted
),
folded AS (
    SELECT
        scan, all_signallers, not_known,
        CASE WHEN place <= 40 OR provider = '(not known)' THEN provider ELSE '(others)' END AS provider,
        count(*) AS providers,
        min(place) AS place,
        sum(signallers) AS signallers,
        sum(adopters) AS adopters,
        sum(usable) AS usable,
        sum(undecided) AS undecided
    FROM placed
    GROUP BY 1, 2, 3, 4
)
SELECT
    folded.scan, folded.provider, folded.providers, patterns.pattern,
    CASE WHEN patterns.pattern IS NOT NULL THEN patterns.of_pattern END AS of_pattern,
    all_signallers,
    signallers,
    CASE WHEN folded.provider <> '(not known)' THEN 100.0 * signallers / nullif(all_signallers - not_known, 0) END
        AS signallers_pct,
    CASE WHEN folded.provider <> '(not known)' THEN 100.0 * signallers / nullif(all_signallers, 0) END
        AS signallers_low,
    CASE WHEN folded.provider <> '(not known)' THEN 100.0 * (signallers + not_known) / nullif(all_signallers, 0) END
        AS signallers_high,
    adopters, undecided, usable,
    100.0 * usable / nullif(signallers - undecided, 0) AS usable_pct,
    100.0 * usable / nullif(signallers, 0) AS usable_low,
    100.0 * (usable + undecided) / nullif(signallers, 0) AS usable_high
FROM folded
LEFT JOIN patterns
    ON patterns.scan = folded.scan AND patterns.provider = folded.provider AND patterns.choice = 1
JOIN scan_order ON scan_order.scan_name = folded.scan
ORDER BY scan_place NULLS LAST, place NULLS LAST
