-- title: How long states last
-- answers: How long does it take until what is broken is repaired, what works breaks, and names adopt or give
--   up MTA-STS?
-- denominator: episodes, all of them or those whose beginning was seen (begun): what was there at the first
--   scan, or when the name entered the list, is older than its days. Adoption is of the names that are in
--   every list.
-- units: days since the scan that first saw the state; at_risk are the episodes that had lasted as long,
--   events those that ended after that many days, censored those that were seen no longer. left_pct is the
--   Kaplan-Meier estimate of the percent that last longer, left_low95 and left_high95 its interval of 95 %
--   (Greenwood, log-log). class: of repairs the strict verdict at first. An end lies between two scans and is
--   counted at the later one.
WITH classes AS (
    SELECT what, '(all)' AS class, begun, days, event, names FROM episodes
    UNION ALL
    SELECT what, class, begun, days, event, names FROM episodes WHERE class <> '(all)'
),
parts AS (
    SELECT what, class, 'all' AS episodes, days, event, names FROM classes
    UNION ALL
    SELECT what, class, 'begun' AS episodes, days, event, names FROM classes WHERE begun
),
times AS (
    SELECT
        what, class, episodes, days,
        CAST(coalesce(sum(names) FILTER (WHERE event), 0) AS BIGINT) AS events,
        CAST(coalesce(sum(names) FILTER (WHERE NOT event), 0) AS BIGINT) AS censored
    FROM parts
    GROUP BY what, class, episodes, days
),
risks AS (
    SELECT
        times.*,
        CAST(sum(events + censored) OVER (
            PARTITION BY what, class, episodes ORDER BY days DESC NULLS LAST
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS BIGINT) AS at_risk
    FROM times
),
sums AS (
    SELECT
        risks.*,
        min(at_risk - events) OVER (
            PARTITION BY what, class, episodes ORDER BY days NULLS LAST ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS least_left,
        sum(CASE WHEN at_risk > events THEN ln(1.0 - CAST(events AS DOUBLE) / at_risk) ELSE 0 END) OVER (
            PARTITION BY what, class, episodes ORDER BY days NULLS LAST ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS log_left,
        sum(CASE WHEN at_risk > events THEN CAST(events AS DOUBLE) / at_risk / (at_risk - events) ELSE 0 END)
            OVER (
            PARTITION BY what, class, episodes ORDER BY days NULLS LAST ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS variance
    FROM risks
)
SELECT
    what, class, episodes, days, at_risk, events, censored,
    CASE WHEN least_left = 0 THEN 0.0 ELSE 100.0 * exp(log_left) END AS left_pct,
    CASE
        WHEN least_left = 0 THEN NULL
        WHEN log_left = 0 THEN 100.0
        ELSE 100.0 * exp(-exp(ln(-log_left) - 1.959963984540054 * sqrt(variance) / log_left))
    END AS left_low95,
    CASE
        WHEN least_left = 0 THEN NULL
        WHEN log_left = 0 THEN 100.0
        ELSE 100.0 * exp(-exp(ln(-log_left) + 1.959963984540054 * sqrt(variance) / log_left))
    END AS left_high95
FROM sums
ORDER BY
    CASE what WHEN 'repair' THEN 1 WHEN 'breakage' THEN 2 WHEN 'adoption' THEN 3 ELSE 4 END NULLS LAST,
    CASE class WHEN '(all)' THEN 0 ELSE 1 END NULLS LAST, class NULLS LAST, episodes NULLS LAST, days NULLS LAST
