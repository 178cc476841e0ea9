-- title: Adoption of MTA-STS
-- answers: How many names signal MTA-STS, and how many adopt it with exactly one valid record?
-- denominator: D1 = names with MX records, null MX excluded; D2 = D1 and names with an implicit MX (no MX, but
--   an address); D3 = names that exist; D4 = all names. Names whose MX could not be had are outside
--   D1 and D2 and stand in a row of their own.
-- units: counts are names. _pct is percent of the decided names (names less undecided); _low and _high are
--   percent of all names, the undecided counted as not having it and as having it.
WITH classes AS (
    SELECT
        scan, in_d1, in_d2, in_d3, mx_unknown,
        count(*) AS names,
        count(*) FILTER (WHERE undecided) AS undecided,
        count(*) FILTER (WHERE signals) AS signallers,
        count(*) FILTER (WHERE adopts) AS adopters
    FROM population
    GROUP BY scan, in_d1, in_d2, in_d3, mx_unknown
),
members AS (
    SELECT
        classes.*, denominators.denominator,
        CASE denominators.denominator
            WHEN 'D1' THEN in_d1
            WHEN 'D2' THEN in_d2
            WHEN 'D3' THEN in_d3
            WHEN 'D4' THEN true
            ELSE mx_unknown
        END AS member
    FROM classes
    CROSS JOIN (VALUES ('D1'), ('D2'), ('D3'), ('D4'), ('MX unknown')) AS denominators (denominator)
),
counted AS (
    SELECT
        scan, denominator,
        coalesce(sum(names) FILTER (WHERE member), 0) AS names,
        coalesce(sum(undecided) FILTER (WHERE member), 0) AS undecided,
        coalesce(sum(signallers) FILTER (WHERE member), 0) AS signallers,
        coalesce(sum(adopters) FILTER (WHERE member), 0) AS adopters
    FROM members
    GROUP BY scan, denominator
)
SELECT
    scan, denominator, names, undecided,
    signallers,
    100.0 * signallers / nullif(names - undecided, 0) AS signallers_pct,
    100.0 * signallers / nullif(names, 0) AS signallers_low,
    100.0 * (signallers + undecided) / nullif(names, 0) AS signallers_high,
    adopters,
    100.0 * adopters / nullif(names - undecided, 0) AS adopters_pct,
    100.0 * adopters / nullif(names, 0) AS adopters_low,
    100.0 * (adopters + undecided) / nullif(names, 0) AS adopters_high
FROM counted
ORDER BY scan NULLS LAST, denominator NULLS LAST
