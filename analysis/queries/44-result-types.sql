-- title: What senders would report
-- answers: Which result types of RFC 8460 section 4.3 would reports about these domains show?
-- denominator: the signallers among D4 (all names).
-- units: domains; a domain counts under each type of its errors. transient: domains whose every finding of
--   the type may pass and was not repeated: shown separately, never included. pct is percent of the
--   signallers less transient, low and high percent of all signallers. (none): errors that no report shows.
WITH typed AS (
    SELECT
        scan, domain, coalesce(result_type, '(none)') AS result_type,
        count(*) FILTER (WHERE counts_as = 'error') AS errors
    FROM faults
    WHERE counts_as IN ('error', 'transient')
    GROUP BY 1, 2, 3
),
totals AS (
    SELECT scan, count(*) AS signallers FROM signallers GROUP BY scan
),
counted AS (
    SELECT
        scan, result_type,
        count(*) FILTER (WHERE errors > 0) AS domains,
        count(*) FILTER (WHERE errors = 0) AS transient
    FROM typed
    GROUP BY scan, result_type
)
SELECT
    counted.scan, result_type, signallers, domains, transient,
    100.0 * domains / nullif(signallers - transient, 0) AS pct,
    100.0 * domains / nullif(signallers, 0) AS low,
    100.0 * (domains + transient) / nullif(signallers, 0) AS high
FROM counted
JOIN totals ON totals.scan = counted.scan
ORDER BY counted.scan NULLS LAST, domains DESC NULLS LAST, result_type NULLS LAST
