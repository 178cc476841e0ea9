-- title: Errors over time
-- answers: How does each class of errors change from scan to scan, and how much of that is due to the list?
-- denominator: the signallers among D4 (all names). all: of each scan's list; common: those whose names are
--   in the list of every scan.
-- units: domains. Stages as in the table of misconfiguration by stage (policy and any are sums), and each
--   code below its stage. pct is percent of the signallers less open (something transient or indeterminate
--   was found, and no error), low and high percent of all signallers, the open ones counted as right and as
--   wrong.
WITH parts AS (
    SELECT scan, domain, 1 AS part, 'all' AS names_of FROM snapshots WHERE presence = 'signals'
    UNION ALL
    SELECT scan, domain, 2 AS part, 'common' AS names_of FROM snapshots WHERE presence = 'signals' AND common
),
totals AS (
    SELECT scan, part, names_of, count(*) AS signallers FROM parts GROUP BY scan, part, names_of
),
flags AS (
    SELECT scan, domain, stage, '(all)' AS code, 0 AS place, error, open FROM stage_errors
    WHERE stage NOT IN ('companions', 'unknown')
    UNION ALL
    SELECT
        scan, domain, stage, code, place, counts_as = 'error' AS error, counts_as = 'transient' AS open
    FROM faults
    WHERE counts_as IN ('error', 'transient') AND stage <> 'companions'
),
counted AS (
    SELECT
        flags.scan, parts.part, flags.stage, flags.place, flags.code,
        count(*) FILTER (WHERE error) AS errors,
        count(*) FILTER (WHERE open) AS open
    FROM flags
    JOIN parts ON parts.scan = flags.scan AND parts.domain = flags.domain
    GROUP BY flags.scan, parts.part, flags.stage, flags.place, flags.code
),
series AS (
    SELECT DISTINCT stage, place, code FROM counted WHERE errors > 0 OR open > 0
)
SELECT
    totals.names_of, series.stage, series.code, totals.scan, timeline.started, totals.signallers,
    coalesce(open, 0) AS open, coalesce(errors, 0) AS errors,
    100.0 * coalesce(errors, 0) / nullif(signallers - coalesce(open, 0), 0) AS pct,
    100.0 * coalesce(errors, 0) / nullif(signallers, 0) AS low,
    100.0 * (coalesce(errors, 0) + coalesce(open, 0)) / nullif(signallers, 0) AS high
FROM totals
JOIN timeline ON timeline.scan = totals.scan
CROSS JOIN series
LEFT JOIN counted
    ON counted.scan = totals.scan AND counted.part = totals.part AND counted.stage = series.stage
    AND counted.code = series.code
ORDER BY
    totals.part NULLS LAST,
    CASE series.stage
        WHEN 'any' THEN 1 WHEN 'record' THEN 2 WHEN 'policy' THEN 3 WHEN 'policy_dns' THEN 4 WHEN 'policy_tcp' THEN 5
        WHEN 'policy_tls' THEN 6 WHEN 'policy_http' THEN 7 WHEN 'policy_text' THEN 8 WHEN 'mx' THEN 9
        WHEN 'smtp' THEN 10 WHEN 'mx_tls' THEN 11 ELSE 12
    END NULLS LAST,
    series.place NULLS LAST, series.code NULLS LAST, timeline.place NULLS LAST
