-- title: Who manages policy host, mail and DNS
-- answers: Do domains with MTA-STS manage these themselves or leave them to a third party, and whose policies
--   are usable?
-- denominator: the signallers among D4 (all names). Third party from --third-party-from signallers of the
--   scan in a cluster (default 50), self up to --self-up-to (default 5) or below the own domain, else
--   unclassified; unknown where the cluster could not be determined. Clusters: `managers` in queries/views.
-- units: names. pct is percent of the signallers whose manager is known, low and high percent of all
--   signallers, those not known counted as otherwise and as so. usable_pct is percent of this row's
--   signallers less undecided (no fetch, or a fault that may pass), usable_low and usable_high percent of all
--   of them. The last columns leave out the entity's largest cluster, whoever manages it.
-- shares: usable_pct = usable / signallers - undecided
-- weight: by scan, entity, manager
WITH clustered AS (
    SELECT
        managers.scan, managers.entity, managers.manager, managers.cluster,
        count(*) /* names of signallers */ AS signallers,
        count(*) /* names of signallers */ FILTER (WHERE signallers.policy_state = 'undecided') AS undecided,
        count(*) /* names of signallers */ FILTER (WHERE signallers.policy_state = 'usable') AS usable
        /*[| , count(*) AS n_signallers ]*/
    FROM managers
    JOIN signallers ON signallers.scan = managers.scan AND signallers.domain = managers.domain
    GROUP BY managers.scan, managers.entity, managers.manager, managers.cluster
),
ranked AS (
    SELECT
        scan, entity, clustered.cluster,
        row_number() OVER (
            PARTITION BY scan, entity ORDER BY sum(/*[*/signallers/*| n_signallers ]*/) DESC NULLS LAST, clustered.cluster NULLS LAST
        ) AS place
    FROM clustered
    WHERE clustered.cluster IS NOT NULL
    GROUP BY scan, entity, clustered.cluster
),
counted AS (
    SELECT
        clustered.scan, clustered.entity, clustered.manager,
        count(DISTINCT clustered.cluster) AS clusters,
        sum(signallers) AS signallers, sum(undecided) AS undecided, sum(usable) AS usable,
        coalesce(sum(signallers) FILTER (WHERE clustered.cluster = ranked.cluster), 0) AS cluster_signallers,
        coalesce(sum(undecided) FILTER (WHERE clustered.cluster = ranked.cluster), 0) AS cluster_undecided,
        coalesce(sum(usable) FILTER (WHERE clustered.cluster = ranked.cluster), 0) AS cluster_usable,
        max(ranked.cluster) AS largest_cluster
    FROM clustered
    LEFT JOIN ranked ON ranked.scan = clustered.scan AND ranked.entity = clustered.entity AND ranked.place = 1
    GROUP BY clustered.scan, clustered.entity, clustered.manager
),
summed AS (
    SELECT
        counted.*,
        sum(signallers) OVER (PARTITION BY scan, entity) AS all_signallers,
        sum(signallers - cluster_signallers) OVER (PARTITION BY scan, entity) AS all_others,
        coalesce(sum(CASE WHEN manager = 'unknown' THEN signallers END) OVER (PARTITION BY scan, entity), 0) AS unknown
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
    100.0 * (usable + undecided) / nullif(signallers, 0) AS usable_high,
    largest_cluster, cluster_signallers,
    signallers - cluster_signallers AS other_signallers,
    CASE
        WHEN manager <> 'unknown'
            THEN 100.0 * (signallers - cluster_signallers) / nullif(all_others - unknown, 0)
    END AS other_pct,
    100.0 * (usable - cluster_usable)
        / nullif(signallers - cluster_signallers - undecided + cluster_undecided, 0) AS other_usable_pct
FROM summed
JOIN scan_order ON scan_order.scan_name = summed.scan
ORDER BY
    scan_place NULLS LAST,
    CASE entity WHEN 'policy host' THEN 1 WHEN 'MX' THEN 2 ELSE 3 END NULLS LAST,
    CASE manager WHEN 'self' THEN 1 WHEN 'third party' THEN 2 WHEN 'unclassified' THEN 3 ELSE 4 END NULLS LAST
