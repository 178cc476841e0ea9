-- title: Adoption by rank
-- answers: Do names at the top of the list signal and adopt MTA-STS more often than those further down?
-- denominator: D1 = names with MX records, null MX excluded; D2 = D1 and names with an implicit MX (no MX,
--   but an address); D3 = names that exist; D4 = all names. Bins 1 to 6 are disjoint, 7 to 9 cumulative; a
--   bin without names has no row. mx_unknown counts the names of the bin whose MX could not be resolved:
--   outside D1 and D2, inside D4.
-- units: counts are names. _pct is percent of the decided names (names less undecided); _low and _high are
--   percent of all names, the undecided counted as not having it and as having it.
WITH binned AS (
    SELECT
        rank_counts.*, bins.bin, bins.ranks,
        coalesce(sum(names) FILTER (WHERE mx_unknown) OVER (PARTITION BY scan, bins.bin), 0) AS all_mx_unknown
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
    WHERE rank_counts.step >= bins.first_step AND rank_counts.step <= bins.last_step
),
counted AS (
    SELECT
        scan, bin, ranks, denominator,
        sum(names) AS names,
        all_mx_unknown AS mx_unknown,
        coalesce(sum(names) FILTER (WHERE undecided), 0) AS undecided,
        coalesce(sum(names) FILTER (WHERE signals), 0) AS signallers,
        coalesce(sum(names) FILTER (WHERE adopts), 0) AS adopters
    FROM binned
    CROSS JOIN (VALUES ('D1'), ('D2'), ('D3'), ('D4')) AS denominators (denominator)
    WHERE CASE denominator WHEN 'D1' THEN in_d1 WHEN 'D2' THEN in_d2 WHEN 'D3' THEN in_d3 ELSE true END
    GROUP BY scan, bin, ranks, denominator, all_mx_unknown
)
SELECT
    scan, bin, ranks, denominator, names, mx_unknown, undecided,
    signallers,
    100.0 * signallers / nullif(names - undecided, 0) AS signallers_pct,
    100.0 * signallers / nullif(names, 0) AS signallers_low,
    100.0 * (signallers + undecided) / nullif(names, 0) AS signallers_high,
    adopters,
    100.0 * adopters / nullif(names - undecided, 0) AS adopters_pct,
    100.0 * adopters / nullif(names, 0) AS adopters_low,
    100.0 * (adopters + undecided) / nullif(names, 0) AS adopters_high
FROM counted
ORDER BY scan NULLS LAST, bin NULLS LAST, denominator NULLS LAST
