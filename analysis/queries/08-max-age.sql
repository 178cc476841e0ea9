-- title: Lifetime of the policies
-- answers: How long may senders keep a policy?
-- denominator: the usable policies of signallers, of all modes together and of each mode.
-- units: policies are names. Bins by max_age in seconds; a bin includes its upper end. pct is percent of the
--   usable policies of the mode; low and high are percent of these and the undecided together (no fetch, or a
--   fault that may pass), the undecided counted as elsewhere and as here. upto_pct adds up the bins so far.
--   median_s is that of the whole mode.
-- shares: pct = policies / of_policies
-- weight: by scan, mode, lifetime; not median_s
WITH usable AS (
    SELECT scan, policy_mode, policy_max_age_s /*[| , weight ]*/
    FROM signallers
    WHERE policy_state = 'usable'
),
parted AS (
    SELECT scan, 0 AS part, 'all' AS mode, policy_max_age_s /*[| , weight ]*/ FROM usable
    UNION ALL
    SELECT
        scan, CASE policy_mode WHEN 'enforce' THEN 1 WHEN 'testing' THEN 2 ELSE 3 END AS part,
        policy_mode AS mode, policy_max_age_s /*[| , weight ]*/
    FROM usable
),
medians AS (
    SELECT scan, part, count(*) /* names */ AS of_policies, median(CAST(policy_max_age_s AS DOUBLE)) AS median_s
    FROM parted
    GROUP BY scan, part
),
doubtful AS (
    SELECT scan, count(*) /* names */ AS undecided FROM signallers WHERE policy_state = 'undecided' GROUP BY scan
),
binned AS (
    SELECT parted.scan, parted.part, parted.mode, bins.bin, bins.lifetime, count(*) /* names */ AS policies
    FROM parted
    CROSS JOIN (
        VALUES
            (1, '0', -1, 0),
            (2, 'up to 1 hour', 0, 3600),
            (3, 'up to 1 day', 3600, 86400),
            (4, 'up to 1 week', 86400, 604800),
            (5, 'up to 2 weeks', 604800, 1209600),
            (6, 'up to 4 weeks', 1209600, 2419200),
            (7, 'up to 1 year', 2419200, 31536000),
            (8, 'up to 31557600 s', 31536000, 31557600)
    ) AS bins (bin, lifetime, above, upto)
    WHERE parted.policy_max_age_s > bins.above AND parted.policy_max_age_s <= bins.upto
    GROUP BY parted.scan, parted.part, parted.mode, bins.bin, bins.lifetime
)
SELECT
    binned.scan, binned.mode, binned.lifetime, medians.of_policies, binned.policies,
    100.0 * binned.policies / nullif(medians.of_policies, 0) AS pct,
    100.0 * binned.policies / nullif(medians.of_policies + coalesce(doubtful.undecided, 0), 0) AS low,
    100.0 * (binned.policies + coalesce(doubtful.undecided, 0))
        / nullif(medians.of_policies + coalesce(doubtful.undecided, 0), 0) AS high,
    100.0 * sum(binned.policies) OVER (PARTITION BY binned.scan, binned.part ORDER BY binned.bin NULLS LAST)
        / nullif(medians.of_policies, 0) AS upto_pct,
    medians.median_s
FROM binned
JOIN medians ON medians.scan = binned.scan AND medians.part = binned.part
LEFT JOIN doubtful ON doubtful.scan = binned.scan
JOIN scan_order ON scan_order.scan_name = binned.scan
ORDER BY scan_place NULLS LAST, binned.part NULLS LAST, binned.bin NULLS LAST
