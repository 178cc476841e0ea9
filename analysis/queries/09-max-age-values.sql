-- title: Values of max_age
-- answers: Which values of max_age do policies have, and what share of the policies has at most each value
--   (CDF)?
-- denominator: the usable policies of signallers.
-- units: seconds; policies are names; pct and upto_pct are percent of the usable policies.
-- shares: pct = policies / sum(policies by scan)
-- weight: by scan, max_age_s
WITH counted AS (
    SELECT
        scan, policy_max_age_s AS max_age_s, count(*) /* names */ AS policies,
        count(*) /* names */ FILTER (WHERE policy_mode = 'enforce') AS enforce,
        count(*) /* names */ FILTER (WHERE policy_mode = 'testing') AS testing,
        count(*) /* names */ FILTER (WHERE policy_mode = 'none') AS none
    FROM signallers
    WHERE policy_state = 'usable'
    GROUP BY scan, policy_max_age_s
)
SELECT
    scan, max_age_s, enforce, testing, none, policies,
    100.0 * policies / nullif(sum(policies) OVER (PARTITION BY scan), 0) AS pct,
    100.0 * sum(policies) OVER (PARTITION BY scan ORDER BY max_age_s NULLS LAST)
        / nullif(sum(policies) OVER (PARTITION BY scan), 0) AS upto_pct
FROM counted
JOIN scan_order ON scan_order.scan_name = counted.scan
ORDER BY scan_place NULLS LAST, max_age_s NULLS LAST
