-- title: Names by rank and state
-- answers: How many names of each bin of ranks are in which of the states that the adoption tables add up?
-- denominator: D4 = all names.
-- units: names. step: 1 up to rank 1000, 2 up to 10000, 3 up to 100000, 4 up to 1000000, 5 above, 6 without
--   rank. above: the bin of the width of the settings holds the ranks above it; null without rank.
SELECT
    scan,
    CASE
        WHEN rank <= 1000 THEN 1
        WHEN rank <= 10000 THEN 2
        WHEN rank <= 100000 THEN 3
        WHEN rank <= 1000000 THEN 4
        WHEN rank > 1000000 THEN 5
        ELSE 6
    END AS step,
    (rank - 1) - (rank - 1) % settings.rank_width AS above,
    settings.rank_width AS width,
    in_d1, in_d2, in_d3, mx_unknown, signals, adopts, undecided,
    count(*) AS names
FROM population
CROSS JOIN settings
GROUP BY 1, 2, 3, 4, in_d1, in_d2, in_d3, mx_unknown, signals, adopts, undecided
