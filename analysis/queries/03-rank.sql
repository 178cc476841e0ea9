-- title: Adoption by rank
-- answers: Do names at the top of the list signal and adopt MTA-STS more often than those further down?
-- denominator: D1 = names with MX records, null MX excluded; D2 = D1 and names with an implicit MX (no MX,
--   but an address); D3 = names that exist: the MX question was answered; D4 = all names.
--   Bins 1 to 6 are disjoint, 7 to 9 cumulative; a bin without names has no row.
-- units: counts are names. _pct is percent of the decided names (names less undecided). _low and _high are
--   percent of all names: the undecided, and the mx_unknown (names that may belong to the denominator: their
--   MX question failed), counted in the way that makes it least and most.
-- shares: signallers_pct = signallers / names - undecided; adopters_pct = adopters / names - undecided
-- weight: by scan, bin, denominator
WITH members AS (
    SELECT
        scan, bins.bin, bins.ranks, denominator, signals, adopts, undecided, names,
        CASE denominator WHEN 'D1' THEN in_d1 WHEN 'D2' THEN in_d2 WHEN 'D3' THEN in_d3 ELSE true END AS member,
        CASE denominator WHEN 'D1' THEN may_d1 WHEN 'D2' THEN mx_unknown WHEN 'D3' THEN may_d3 ELSE false END AS may
    FROM rank_counts
    CROSS JOIN (
        VALUES
            (1, '1 to 1000', 1, 1),
            (2, '1001 to 10000', 2, 2),
            (3, '10001 to 100000', 3, 3),
            (4, '100001 to 1000000', 4, 4),
            (5, 'above 1000000', 5, 5),
            (6, 'no rank', 6, 6),
            (7, '1 to 10000', 1, 2),
            (8, '1 to 100000', 1, 3),
            (9, '1 to 1000000', 1, 4)
    ) AS bins (bin, ranks, first_step, last_step)
    CROSS JOIN (VALUES ('D1'), ('D2'), ('D3'), ('D4')) AS denominators (denominator)
    WHERE rank_counts.step >= bins.first_step AND rank_counts.step <= bins.last_step
),
counted AS (
    SELECT
        scan, bin, ranks, denominator,
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
    GROUP BY scan, bin, ranks, denominator
)
SELECT
    scan, bin, ranks, denominator, names, mx_unknown, undecided,
    signallers,
    100.0 * signallers / nullif(names - undecided, 0) AS signallers_pct,
    100.0 * signallers / nullif(names + mx_unknown - may_signallers, 0) AS signallers_low,
    100.0 * (signallers + undecided + may_signallers + may_undecided) / nullif(names + may_signallers + may_undecided, 0) AS signallers_high,
    adopters,
    100.0 * adopters / nullif(names - undecided, 0) AS adopters_pct,
    100.0 * adopters / nullif(names + mx_unknown - may_adopters, 0) AS adopters_low,
    100.0 * (adopters + undecided + may_adopters + may_undecided) / nullif(names + may_adopters + may_undecided, 0) AS adopters_high
FROM counted
JOIN scan_order ON scan_order.scan_name = counted.scan
ORDER BY scan_place NULLS LAST, bin NULLS LAST, denominator NULLS LAST
