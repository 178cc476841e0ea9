-- title: How much the thresholds decide
-- answers: What would the table of managers show with other thresholds?
-- denominator: the signallers among D4 (all names) whose cluster is known.
-- units: names; _pct is percent of the denominator.
-- shares: self_pct = self / signallers; third_party_pct = third_party / signallers;
--   unclassified_pct = unclassified / signallers
-- weight: by scan, entity, third_party_from, self_up_to
WITH sized AS (
    SELECT scan, entity, own, size, count(*) /* names */ AS names
    FROM managers
    WHERE cluster IS NOT NULL
    GROUP BY scan, entity, own, size
),
counted AS (
    SELECT
        sized.scan, sized.entity, large.third_party_from, small.self_up_to,
        sum(names) AS signallers,
        coalesce(sum(names) FILTER (WHERE own OR size <= small.self_up_to), 0) AS self,
        coalesce(sum(names) FILTER (
            WHERE NOT own AND size > small.self_up_to AND size >= large.third_party_from
        ), 0) AS third_party
    FROM sized
    CROSS JOIN (VALUES (10), (25), (50), (100), (250)) AS large (third_party_from)
    CROSS JOIN (VALUES (1), (2), (5), (9)) AS small (self_up_to)
    GROUP BY sized.scan, sized.entity, large.third_party_from, small.self_up_to
)
SELECT
    scan, entity, third_party_from, self_up_to, signallers,
    self, 100.0 * self / nullif(signallers, 0) AS self_pct,
    third_party, 100.0 * third_party / nullif(signallers, 0) AS third_party_pct,
    signallers - self - third_party AS unclassified,
    100.0 * (signallers - self - third_party) / nullif(signallers, 0) AS unclassified_pct
FROM counted
JOIN scan_order ON scan_order.scan_name = counted.scan
ORDER BY
    scan_place NULLS LAST,
    CASE entity WHEN 'policy host' THEN 1 WHEN 'MX' THEN 2 ELSE 3 END NULLS LAST,
    third_party_from NULLS LAST, self_up_to NULLS LAST
