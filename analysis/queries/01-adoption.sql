-- title: Adoption of MTA-STS
-- answers: How many names signal MTA-STS, and how many adopt it with exactly one valid record?
-- denominator: D1 = names with MX records, null MX excluded; D2 = D1 and names with an implicit MX (no MX, but
--   an address); D3 = names that exist; D4 = all names. Names whose MX could not be had are outside
--   D1 and D2 and stand in a row of their own. Each of all names, and of those without a wildcard at _mta-sts (a
--   random sibling answers alike, so that the record may be meant for nobody; not asked counts as none).
-- units: counts are names. _pct is percent of the decided names (names less undecided); _low and _high are
--   percent of all names, the undecided counted as not having it and as having it.
WITH members AS (
    SELECT
        suffix_counts.*, denominators.denominator, parts.place, parts.part,
        (place = 1 OR NOT wildcard) AND CASE denominators.denominator
            WHEN 'D1' THEN in_d1
            WHEN 'D2' THEN in_d2
            WHEN 'D3' THEN in_d3
            WHEN 'D4' THEN true
            ELSE mx_unknown
        END AS member
    FROM suffix_counts
    CROSS JOIN (VALUES ('D1'), ('D2'), ('D3'), ('D4'), ('MX unknown')) AS denominators (denominator)
    CROSS JOIN (VALUES (1, 'all'), (2, 'without wildcards')) AS parts (place, part)
),
counted AS (
    SELECT
        scan, denominator, place, part,
        coalesce(sum(names) FILTER (WHERE member), 0) AS names,
        coalesce(sum(names) FILTER (WHERE member AND undecided), 0) AS undecided,
        coalesce(sum(names) FILTER (WHERE member AND signals), 0) AS signallers,
        coalesce(sum(names) FILTER (WHERE member AND adopts), 0) AS adopters
    FROM members
    GROUP BY scan, denominator, place, part
)
SELECT
    scan, denominator, part, names, undecided,
    signallers,
    100.0 * signallers / nullif(names - undecided, 0) AS signallers_pct,
    100.0 * signallers / nullif(names, 0) AS signallers_low,
    100.0 * (signallers + undecided) / nullif(names, 0) AS signallers_high,
    adopters,
    100.0 * adopters / nullif(names - undecided, 0) AS adopters_pct,
    100.0 * adopters / nullif(names, 0) AS adopters_low,
    100.0 * (adopters + undecided) / nullif(names, 0) AS adopters_high
FROM counted
ORDER BY scan NULLS LAST, denominator NULLS LAST, place NULLS LAST
