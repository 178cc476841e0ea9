-- title: Names by rank and state
-- answers: How many names of each bin of ranks are in which of the states that the adoption tables add up?
-- denominator: D4 = all names.
-- units: names. step: 1 up to rank 1000, 2 up to 10000, 3 up to 100000, 4 up to 1000000, 5 above, 6 without
--   rank. above: the bin of the width of the settings holds the ranks above it; null without rank.
-- note: the programs of this project count this without SQL, in one pass (`src/passes/names.rs`); this text
--   says what they count, and tests hold one against the other.
WITH counted AS (
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
        CASE WHEN in_d1 THEN 1 ELSE 0 END
            + CASE WHEN in_d2 THEN 2 ELSE 0 END
            + CASE WHEN in_d3 THEN 4 ELSE 0 END
            + CASE WHEN may_d1 THEN 8 ELSE 0 END
            + CASE WHEN mx_unknown THEN 16 ELSE 0 END
            + CASE WHEN may_d3 THEN 32 ELSE 0 END
            + CASE WHEN signals THEN 64 ELSE 0 END
            + CASE WHEN adopts THEN 128 ELSE 0 END
            + CASE WHEN undecided THEN 256 ELSE 0 END AS bits,
        count(*) /* names */ AS names
    FROM population
    CROSS JOIN settings
    GROUP BY 1, 2, 3, 4, 5
)
SELECT
    scan, step, above, width,
    (bits & 1) > 0 AS in_d1, (bits & 2) > 0 AS in_d2, (bits & 4) > 0 AS in_d3, (bits & 8) > 0 AS may_d1,
    (bits & 16) > 0 AS mx_unknown, (bits & 32) > 0 AS may_d3, (bits & 64) > 0 AS signals,
    (bits & 128) > 0 AS adopts, (bits & 256) > 0 AS undecided,
    names
FROM counted
