-- title: Adoption over time
-- answers: How does adoption change from scan to scan, and how much of that is due to the list?
-- denominator: D1 = names with MX records, null MX excluded; D2 = D1 and names with an implicit MX (no MX,
--   but an address); D3 = names that exist: the MX question was answered; D4 = all names. all: the
--   names of each scan's list; common: those that are in the list of every scan, so that only the world
--   changes and not the list.
-- units: counts are names. _pct is percent of the decided names (names less undecided). _low and _high are
--   percent of all names: the undecided, and the mx_unknown (names that may belong to the denominator: their
--   MX question failed), counted in the way that makes it least and most.
-- shares: signallers_pct = signallers / names - undecided; adopters_pct = adopters / names - undecided
WITH classes AS (
    SELECT
        scan, 1 AS part, 'all' AS names_of, in_d1, in_d2, in_d3, may_d1, mx_unknown, may_d3, signals, adopts,
        undecided, names
    FROM state_counts
    UNION ALL
    SELECT
        scan, 2 AS part, 'common' AS names_of, in_d1, in_d2, in_d3, may_d1, mx_unknown, may_d3, signals, adopts,
        undecided, names
    FROM state_counts
    WHERE common
),
members AS (
    SELECT
        scan, part, names_of, denominator, signals, adopts, undecided, names,
        CASE denominator WHEN 'D1' THEN in_d1 WHEN 'D2' THEN in_d2 WHEN 'D3' THEN in_d3 ELSE true END AS member,
        CASE denominator WHEN 'D1' THEN may_d1 WHEN 'D2' THEN mx_unknown WHEN 'D3' THEN may_d3 ELSE false END AS may
    FROM classes
    CROSS JOIN (VALUES ('D1'), ('D2'), ('D3'), ('D4')) AS denominators (denominator)
),
counted AS (
    SELECT
        scan, part, names_of, denominator,
        coalesce(sum(names) FILTER (WHERE member), 0) AS names,
        coalesce(sum(names) FILTER (WHERE may), 0) AS mx_unknown,
        coalesce(sum(names) FILTER (WHERE member AND undecided), 0) AS undecided,
        coalesce(sum(names) FILTER (WHERE may AND undecided), 0) AS may_undecided,
        coalesce(sum(names) FILTER (WHERE member AND signals), 0) AS signallers,
        coalesce(sum(names) FILTER (WHERE may AND signals), 0) AS may_signallers,
        coalesce(sum(names) FILTER (WHERE member AND adopts), 0) AS adopters,
        coalesce(sum(names) FILTER (WHERE may AND adopts), 0) AS may_adopters
    FROM members
    WHERE member OR may
    GROUP BY scan, part, names_of, denominator
)
SELECT
    counted.scan, timeline.started, counted.names_of, counted.denominator, names, mx_unknown, undecided,
    signallers,
    100.0 * signallers / nullif(names - undecided, 0) AS signallers_pct,
    100.0 * signallers / nullif(names + mx_unknown - may_signallers, 0) AS signallers_low,
    100.0 * (signallers + undecided + may_signallers + may_undecided) / nullif(names + may_signallers + may_undecided, 0) AS signallers_high,
    adopters,
    100.0 * adopters / nullif(names - undecided, 0) AS adopters_pct,
    100.0 * adopters / nullif(names + mx_unknown - may_adopters, 0) AS adopters_low,
    100.0 * (adopters + undecided + may_adopters + may_undecided) / nullif(names + may_adopters + may_undecided, 0) AS adopters_high
FROM counted
JOIN timeline ON timeline.scan = counted.scan
ORDER BY part NULLS LAST, denominator NULLS LAST, timeline.place NULLS LAST
