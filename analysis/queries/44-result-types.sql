-- title: What senders would report
-- answers: Which result types of RFC 8460 section 4.3 would reports about these domains show?
-- denominator: the signallers among D4 (all names).
-- units: domains; a domain counts under each type of its errors. transient: domains whose every finding of
--   the type may pass and was not repeated: shown separately, never included. pct is percent of the
--   signallers less transient, low and high percent of all signallers: what is transient, indeterminate or was
--   not seen counted as without the type and as with it. (none): errors that no report shows, those of TLSRPT
--   among them, which is no part of the other ranges. DMARC is no part of the table.
-- shares: pct = domains / signallers - transient
-- weight: by scan, result_type
WITH hidden AS (
    SELECT scan, domain, count(*) FILTER (WHERE stage <> 'tlsrpt') > 0 AS is_typed
    FROM stage_errors
    WHERE (hidden OR doubt) AND stage IN ('any', 'dane', 'tlsrpt')
    GROUP BY scan, domain
),
typed AS (
    SELECT
        scan, domain, coalesce(result_type, '(none)') AS result_type, result_type IS NULL AS is_untyped, /*[| max(weight) AS weight, ]*/
        count(*) FILTER (WHERE counts_as = 'error') AS errors
    FROM faults
    WHERE counts_as IN ('error', 'transient') AND code NOT LIKE 'dmarc%'
    GROUP BY 1, 2, 3, 4
),
totals AS (
    SELECT
        signallers.scan, count(*) /* names */ AS signallers, count(*) /* names */ FILTER (WHERE is_typed) AS hidden,
        count(*) /* names */ FILTER (WHERE hidden.domain IS NOT NULL) AS hidden_at_all
    FROM signallers
    LEFT JOIN hidden ON hidden.scan = signallers.scan AND hidden.domain = signallers.domain
    GROUP BY signallers.scan
),
counted AS (
    SELECT
        typed.scan, result_type, is_untyped,
        count(*) /* names */ FILTER (WHERE errors > 0) AS domains,
        count(*) /* names */ FILTER (WHERE errors = 0) AS transient,
        count(*) /* names */ FILTER (WHERE is_typed) AS of_hidden,
        count(*) /* names */ FILTER (WHERE hidden.domain IS NOT NULL) AS of_hidden_at_all
    FROM typed
    LEFT JOIN hidden ON hidden.scan = typed.scan AND hidden.domain = typed.domain
    GROUP BY typed.scan, result_type, is_untyped
)
SELECT
    counted.scan, result_type, signallers, domains, transient,
    100.0 * domains / nullif(signallers - transient, 0) AS pct,
    100.0 * domains / nullif(signallers, 0) AS low,
    100.0 * (
        domains + transient
        + CASE WHEN is_untyped THEN hidden_at_all - of_hidden_at_all ELSE hidden - of_hidden END
    ) / nullif(signallers, 0) AS high
FROM counted
JOIN totals ON totals.scan = counted.scan
JOIN scan_order ON scan_order.scan_name = counted.scan
ORDER BY scan_place NULLS LAST, domains DESC NULLS LAST, result_type NULLS LAST
