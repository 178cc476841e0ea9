-- title: Validity of certificates
-- answers: For how long are certificates of policy hosts and MX hosts issued?
-- denominator: distinct leaf certificates of policy hosts of signallers and of MX hosts whose dates are
--   known, of those probed (probed: hosts and addresses to which a connection was tried; the manifest says
--   which MX hosts are probed).
-- units: certificates, in bins of whole days from not_before to not_after; pct is percent of the denominator.
--   median_days is that of all certificates of the row's kind of host.
-- shares: pct = certificates / of_certificates
-- weight: no: it counts certificates, not names
WITH spans AS (
    SELECT scan, entity, probed, days FROM leaf_certificates WHERE days IS NOT NULL
),
medians AS (
    SELECT scan, entity, probed, count(*) AS of_certificates, median(days) AS median_days
    FROM spans
    GROUP BY scan, entity, probed
),
counted AS (
    SELECT spans.scan, spans.entity, bins.bin, bins.span, count(*) AS certificates
    FROM spans
    CROSS JOIN (
        VALUES
            (1, 'up to 10 days', -1000000, 10),
            (2, 'up to 47 days', 10, 47),
            (3, 'up to 100 days', 47, 100),
            (4, 'up to 200 days', 100, 200),
            (5, 'up to 398 days', 200, 398),
            (6, 'up to 825 days', 398, 825),
            (7, 'up to 10 years', 825, 3653),
            (8, 'above 10 years', 3653, 100000000)
    ) AS bins (bin, span, above, upto)
    WHERE spans.days > bins.above AND spans.days <= bins.upto
    GROUP BY spans.scan, spans.entity, bins.bin, bins.span
)
SELECT
    counted.scan, counted.entity, counted.span, medians.probed, medians.of_certificates, counted.certificates,
    100.0 * counted.certificates / nullif(medians.of_certificates, 0) AS pct,
    medians.median_days
FROM counted
JOIN medians ON medians.scan = counted.scan AND medians.entity = counted.entity
JOIN scan_order ON scan_order.scan_name = counted.scan
ORDER BY scan_place NULLS LAST, counted.entity DESC NULLS LAST, counted.bin NULLS LAST
