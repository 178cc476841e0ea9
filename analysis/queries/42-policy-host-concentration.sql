-- title: Concentration of policy hosts
-- answers: How few clusters do the policies depend on, the good ones and the bad ones (CDF)?
-- denominator: the signallers among D4 (all names) whose policy host's cluster is known (table managers),
--   those with a usable policy (valid), and those without (invalid; open ones, with nothing but transient or
--   indeterminate findings, are in neither).
-- units: domains. Clusters by size; the first 20 places, then some, then the last. upto_ columns add up the
--   clusters so far, in percent of the denominator (of_).
-- shares: upto_pct = / of_domains; upto_valid_pct = / of_valid; upto_invalid_pct = / of_invalid
-- weight: by scan, place
WITH counted AS (
    SELECT
        managers.scan, managers.cluster, count(*) /* names of signallers */ AS domains,
        count(*) /* names of signallers */ FILTER (WHERE signallers.policy_state = 'usable') AS valid,
        count(*) /* names of signallers */ FILTER (WHERE signallers.policy_state IN ('unusable text', 'no text')) AS invalid
        /*[| , count(*) AS n_domains ]*/
    FROM managers
    JOIN signallers ON signallers.scan = managers.scan AND signallers.domain = managers.domain
    WHERE managers.entity = 'policy host' AND managers.cluster IS NOT NULL
    GROUP BY managers.scan, managers.cluster
),
placed AS (
    SELECT
        counted.*,
        row_number() OVER (PARTITION BY scan ORDER BY /*[*/domains/*| n_domains ]*/ DESC NULLS LAST, cluster NULLS LAST) AS place,
        count(*) OVER (PARTITION BY scan) AS clusters
    FROM counted
),
summed AS (
    SELECT
        placed.*,
        sum(domains) OVER (PARTITION BY scan) AS of_domains,
        sum(valid) OVER (PARTITION BY scan) AS of_valid,
        sum(invalid) OVER (PARTITION BY scan) AS of_invalid,
        sum(domains) OVER (PARTITION BY scan ORDER BY place NULLS LAST) AS upto,
        sum(valid) OVER (PARTITION BY scan ORDER BY place NULLS LAST) AS upto_valid,
        sum(invalid) OVER (PARTITION BY scan ORDER BY place NULLS LAST) AS upto_invalid
    FROM placed
)
SELECT
    scan, place, clusters, summed.cluster, domains, valid, invalid,
    of_domains, 100.0 * upto / nullif(of_domains, 0) AS upto_pct,
    of_valid, 100.0 * upto_valid / nullif(of_valid, 0) AS upto_valid_pct,
    of_invalid, 100.0 * upto_invalid / nullif(of_invalid, 0) AS upto_invalid_pct
FROM summed
JOIN scan_order ON scan_order.scan_name = summed.scan
WHERE place <= 20 OR place = clusters
    OR place IN (30, 50, 100, 200, 300, 500, 1000, 2000, 3000, 5000, 10000, 20000, 30000, 50000, 100000)
ORDER BY scan_place NULLS LAST, place NULLS LAST
