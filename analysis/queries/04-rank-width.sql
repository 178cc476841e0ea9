-- title: Adoption by rank, in bins of one width
-- answers: How does adoption decline along the list?
-- denominator: D1 = names with MX records, null MX excluded, with a rank. Bins are as wide as --rank-width
--   says (default 100000 ranks); a bin without names has no row.
-- units: counts are names; the bin holds the ranks from first_rank to last_rank. _pct is percent of the
--   decided names (names less undecided); _low and _high are percent of all names, the undecided counted as
--   not having it and as having it.
WITH counted AS (
    SELECT
        scan, above + 1 AS first_rank, above + width AS last_rank,
        sum(names) AS names,
        coalesce(sum(names) FILTER (WHERE undecided), 0) AS undecided,
        coalesce(sum(names) FILTER (WHERE signals), 0) AS signallers,
        coalesce(sum(names) FILTER (WHERE adopts), 0) AS adopters
    FROM rank_counts
    WHERE in_d1 AND above IS NOT NULL
    GROUP BY scan, above, width
)
SELECT
    scan, first_rank, last_rank, names, undecided,
    signallers,
    100.0 * signallers / nullif(names - undecided, 0) AS signallers_pct,
    100.0 * signallers / nullif(names, 0) AS signallers_low,
    100.0 * (signallers + undecided) / nullif(names, 0) AS signallers_high,
    adopters,
    100.0 * adopters / nullif(names - undecided, 0) AS adopters_pct,
    100.0 * adopters / nullif(names, 0) AS adopters_low,
    100.0 * (adopters + undecided) / nullif(names, 0) AS adopters_high
FROM counted
ORDER BY scan NULLS LAST, first_rank NULLS LAST
