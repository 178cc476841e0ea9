-- title: Who manages policy host, mail and DNS
-- answers: Do domains with MTA-STS manage these themselves or leave them to a third party, and whose policies are usable?
-- denominator: the signallers among D4 (all names). Third party from --third-party-from signallers of the scan in a cluster
--   (default 50), self up to --self-up-to (default 5) or below the own domain, else unclassified; unknown where the
--   cluster could not be had. Clusters: `managers` in queries/views.
-- units: names. pct is percent of the signallers whose manager is known, low and high percent of all signallers, those
--   not known counted as otherwise and as so. usable_pct is percent of this row's signallers less undecided (no fetch, or a
--   fault that may pass), usable_low and usable_high percent of all of them.
WITH counted AS (
    SELECT
        managers.scan, managers.entity, managers.manager,
        count(*) AS signallers,
        count(DISTINCT managers.cluster) AS clusters,
        count(*) FILTER (WHERE signallers.policy_state = 'undecided') AS undecided,
        count(*) FILTER (WHERE signallers.policy_state = 'usable') AS usable
    FROM managers
    JOIN signallers ON signallers.scan = managers.scan AND signallers.domain = managers.domain
    GROUP BY managers.scan, managers.entity, managers.manager
),
summed AS (
    SELECT
        counted.*,
        sum(signallers) OVER (PARTITION BY scan, entity) AS all_signallers,
        coalesce(sum(signallers) FILTER (WHERE manager = 'unknown') OVER (PARTITION BY scan, entity), 0) AS unknown
    FROM counted
)
SELECT
    scan, entity, manager, clusters, signallers,
    CASE WHEN manager <> 'unknown' THEN 100.0 * signallers / nullif(all_signallers - unknown, 0) END AS pct,
    CASE WHEN manager <> 'unknown' THEN 100.0 * signallers / nullif(all_signallers, 0) END AS low,
    CASE WHEN manager <> 'unknown' THEN 100.0 * (signallers + unknown) / nullif(all_signallers, 0) END AS high,
    undecided, usable,
    100.0 * usable / nullif(signallers - undecided, 0) AS usable_pct,
    100.0 * usable / nullif(signallers, 0) AS usable_low,
    100.0 * (usable + undecided) / nullif(signallers, 0) AS usable_high
FROM summed
ORDER BY
    scan NULLS LAST,
    CASE entity WHEN 'policy host' THEN 1 WHEN 'MX' THEN 2 ELSE 3 END NULLS LAST,
    CASE manager WHEN 'self' THEN 1 WHEN 'third party' THEN 2 WHEN 'unclassified' THEN 3 ELSE 4 END NULLS LAST
