-- title: Adoption by rank, in bins of one width
-- answers: How does adoption decline along the list?
-- denominator: D1 = names with MX records, null MX excluded, with a rank. Bins are as wide as --rank-width
--   says (default 100000 ranks); a bin without names has no row.
-- units: counts are names. _pct is percent of the decided names (names less undecided). _low and _high are
--   percent of all names: the undecided, and the mx_unknown (names that may belong to the denominator: their
--   MX question failed), counted in the way that makes it least and most. The bin
--   holds the ranks from first_rank to last_rank.
-- shares: signallers_pct = signallers / names - undecided; adopters_pct = adopters / names - undecided
-- weight: by scan, first_rank
WITH members AS (
    SELECT
        scan, above, width, signals, adopts, undecided, names, in_d1 AS member, may_d1 AS may
    FROM rank_counts
    WHERE (in_d1 OR may_d1) AND above IS NOT NULL
),
counted AS (
    SELECT
        scan, above + 1 AS first_rank, above + width AS last_rank,
        coalesce(sum(names) FILTER (WHERE member), 0) AS names,
        coalesce(sum(names) FILTER (WHERE may), 0) AS mx_unknown,
        coalesce(sum(names) FILTER (WHERE member AND undecided), 0) AS undecided,
        coalesce(sum(names) FILTER (WHERE may AND undecided), 0) AS may_undecided,
        coalesce(sum(names) FILTER (WHERE member AND signals), 0) AS signallers,
        coalesce(sum(names) FILTER (WHERE may AND signals), 0) AS may_signallers,
        coalesce(sum(names) FILTER (WHERE member AND adopts), 0) AS adopters,
        coalesce(sum(names) FILTER (WHERE may AND adopts), 0) AS may_adopters
    FROM members
    GROUP BY scan, above, width
)
SELECT
    scan, first_rank, last_rank, names, mx_unknown, undecided,
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
ORDER BY scan_place NULLS LAST, first_rank NULLS LAST
