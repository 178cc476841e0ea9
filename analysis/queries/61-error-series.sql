-- title: Errors over time
-- answers: How does each class of errors change from scan to scan, and how much of that is due to the list?
-- denominator: the signallers among D4 (all names) that the stage concerns (table stages). all: of each scan's
--   list; common: those whose names are in the list of every scan.
-- units: domains. Stages as in the table of misconfiguration by stage (policy and any are sums), and each
--   code below its stage. pct is percent of the concerned less unseen (nothing of the stage was seen) and less
--   open (something transient or indeterminate was found, and no error); low and high are percent of all
--   concerned, what is open, unseen or seen in part counted as right and as wrong. A stage whose question was
--   put to nobody has no numbers in that scan.
-- shares: pct = errors / concerned - unseen - open
WITH parts AS (
    SELECT scan, domain, 1 AS part, 'all' AS names_of FROM snapshots WHERE presence = 'signals'
    UNION ALL
    SELECT scan, domain, 2 AS part, 'common' AS names_of FROM snapshots WHERE presence = 'signals' AND common
),
totals AS (
    SELECT scan, part, names_of, count(*) AS signallers FROM parts GROUP BY scan, part, names_of
),
flags AS (
    SELECT scan, domain, stage, '(all)' AS code, 0 AS place, error, open, hidden, unseen, idle FROM stage_errors
    WHERE stage NOT IN ('tlsrpt', 'dmarc', 'dane', 'unknown')
    UNION ALL
    SELECT
        faults.scan, faults.domain, faults.stage, code, place, counts_as = 'error' AS error,
        counts_as = 'transient' AS open, coalesce(hidden, false) AS hidden, coalesce(unseen, false) AS unseen,
        coalesce(idle, false) AS idle
    FROM faults
    LEFT JOIN stage_errors
        ON stage_errors.scan = faults.scan AND stage_errors.domain = faults.domain
        AND stage_errors.stage = faults.stage
    WHERE counts_as IN ('error', 'transient') AND faults.stage <> 'companions'
),
counted AS (
    SELECT
        flags.scan, parts.part, flags.stage, flags.place, flags.code,
        count(*) FILTER (WHERE error) AS errors,
        count(*) FILTER (WHERE open) AS open,
        count(*) FILTER (WHERE hidden) AS hidden, count(*) FILTER (WHERE unseen) AS unseen,
        count(*) FILTER (WHERE idle) AS idle,
        count(*) FILTER (WHERE hidden AND (error OR open)) AS hidden_found,
        count(*) FILTER (WHERE hidden AND error AND flags.code = 'mx_cert_all_invalid') AS unsure
    FROM flags
    JOIN parts ON parts.scan = flags.scan AND parts.domain = flags.domain
    GROUP BY flags.scan, parts.part, flags.stage, flags.place, flags.code
),
series AS (
    SELECT DISTINCT stage, place, code FROM counted WHERE errors > 0 OR open > 0
),
numbered AS (
    SELECT
        totals.part, totals.names_of, series.stage, series.place, series.code, totals.scan, totals.signallers,
        signallers - coalesce(whole.idle, 0) + CASE WHEN series.place > 0 THEN coalesce(counted.idle, 0) ELSE 0 END
            AS concerned,
        coalesce(whole.unseen, 0) - CASE WHEN series.place > 0 THEN coalesce(counted.unseen, 0) ELSE 0 END AS unseen,
        coalesce(counted.open, 0) AS open, coalesce(counted.errors, 0) AS errors, coalesce(counted.unsure, 0) AS unsure,
        coalesce(whole.hidden, 0) - coalesce(counted.hidden_found, 0) AS may,
        asked.hosts OR series.stage NOT IN ('mx', 'smtp', 'mx_tls', 'any') AS whole
    FROM totals
    JOIN asked ON asked.scan = totals.scan
    CROSS JOIN series
    LEFT JOIN counted
        ON counted.scan = totals.scan AND counted.part = totals.part AND counted.stage = series.stage
        AND counted.code = series.code
    LEFT JOIN counted AS whole
        ON whole.scan = totals.scan AND whole.part = totals.part AND whole.stage = series.stage AND whole.place = 0
)
SELECT
    names_of, stage, code, scan, started, signallers, concerned, unseen,
    CASE WHEN concerned > unseen THEN open END AS open,
    CASE WHEN concerned > unseen THEN errors END AS errors,
    CASE WHEN concerned > unseen AND whole THEN 100.0 * errors / nullif(concerned - unseen - open, 0) END AS pct,
    CASE WHEN concerned > unseen THEN 100.0 * (errors - unsure) / nullif(concerned, 0) END AS low,
    CASE WHEN concerned > unseen THEN 100.0 * (errors + open + may) / nullif(concerned, 0) END AS high
FROM numbered
JOIN (SELECT scan AS scan_name, started, place AS scan_place FROM timeline) AS times ON times.scan_name = numbered.scan
ORDER BY
    part NULLS LAST,
    CASE stage
        WHEN 'any' THEN 1 WHEN 'record' THEN 2 WHEN 'policy' THEN 3 WHEN 'policy_dns' THEN 4 WHEN 'policy_tcp' THEN 5
        WHEN 'policy_tls' THEN 6 WHEN 'policy_http' THEN 7 WHEN 'policy_text' THEN 8 WHEN 'mx' THEN 9
        WHEN 'smtp' THEN 10 WHEN 'mx_tls' THEN 11 ELSE 12
    END NULLS LAST,
    place NULLS LAST, code NULLS LAST, scan_place NULLS LAST
