-- title: Where strict and lenient senders differ
-- answers: Which domains does a lenient sender judge differently from a strict one?
-- denominator: the signallers among D4 (all names) that both have judged.
-- units: domains; pct is percent of the denominator. Equal pairs share one row.
-- shares: pct = domains / sum(domains by scan)
-- weight: by scan, strict, lenient
WITH pairs AS (
    SELECT
        scan,
        CASE WHEN verdict_strict = verdict_lenient THEN '(alike)' ELSE verdict_strict END AS strict,
        CASE WHEN verdict_strict = verdict_lenient THEN '(alike)' ELSE verdict_lenient END AS lenient /*[| , weight ]*/
    FROM signallers
    WHERE verdict_strict IS NOT NULL AND verdict_lenient IS NOT NULL
)
SELECT
    scan, strict, lenient, count(*) /* names */ AS domains,
    100.0 * count(*) /* names */ / nullif(sum(count(*) /* names */) OVER (PARTITION BY scan), 0) AS pct
FROM pairs
JOIN scan_order ON scan_order.scan_name = pairs.scan
GROUP BY scan, strict, lenient, scan_place
ORDER BY scan_place NULLS LAST, domains DESC NULLS LAST, strict NULLS LAST, lenient NULLS LAST
