-- title: Errors of the record
-- answers: What is wrong with the records of domains that signal but do not adopt?
-- denominator: the signallers among D4 (all names).
-- units: domains; a domain counts under each of its errors and once under (any). pct is percent of the
--   signallers, of_faulty percent of the domains under (any). Records are read whole or not at all, so there
--   is no range.
-- shares: pct = domains / signallers
-- weight: by scan, code
WITH errors AS (
    SELECT scan, domain, place, code, title /*[| , weight ]*/ FROM faults WHERE stage = 'record' AND counts_as = 'error'
),
counted AS (
    SELECT scan, 0 AS place, '(any)' AS code, 'Any error of the record' AS title, /*[*/count(DISTINCT domain)/*| sum(weight) ]*/ AS domains
    FROM /*[*/errors/*| (SELECT DISTINCT scan, domain, weight FROM errors) AS once ]*/
    GROUP BY scan
    UNION ALL
    SELECT scan, place, code, title, count(*) /* names */ AS domains FROM errors GROUP BY scan, place, code, title
),
totals AS (
    SELECT scan, count(*) /* names */ AS signallers FROM signallers GROUP BY scan
)
SELECT
    counted.scan, counted.code, counted.title, totals.signallers, counted.domains,
    100.0 * counted.domains / nullif(totals.signallers, 0) AS pct,
    100.0 * counted.domains
        / nullif(max(CASE WHEN counted.place = 0 THEN counted.domains END) OVER (PARTITION BY counted.scan), 0)
        AS of_faulty
FROM counted
JOIN totals ON totals.scan = counted.scan
JOIN scan_order ON scan_order.scan_name = counted.scan
ORDER BY scan_place NULLS LAST, counted.place NULLS LAST
