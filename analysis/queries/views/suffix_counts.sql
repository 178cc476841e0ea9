-- title: Names by suffix and state
-- answers: How many names of each suffix are in which of the states that the adoption tables add up?
-- denominator: D4 = all names.
-- units: names.
-- note: the states of a name are one number while it is counted: grouping by one column takes less time than
--   by ten.
-- note: the programs of this project count this without SQL, in one pass (`src/passes/names.rs`); this text
--   says what they count, and tests hold one against the other.
WITH counted AS (
    SELECT
        scan, suffix, tlsrpt, dmarc,
        CASE WHEN in_d1 THEN 1 ELSE 0 END
            + CASE WHEN in_d2 THEN 2 ELSE 0 END
            + CASE WHEN in_d3 THEN 4 ELSE 0 END
            + CASE WHEN may_d1 THEN 8 ELSE 0 END
            + CASE WHEN mx_unknown THEN 16 ELSE 0 END
            + CASE WHEN may_d3 THEN 32 ELSE 0 END
            + CASE WHEN signals THEN 64 ELSE 0 END
            + CASE WHEN adopts THEN 128 ELSE 0 END
            + CASE WHEN undecided THEN 256 ELSE 0 END
            + CASE WHEN wildcard THEN 512 ELSE 0 END AS bits,
        count(*) /* names */ AS names
    FROM population
    GROUP BY 1, 2, 3, 4, 5
)
SELECT
    scan, suffix, tlsrpt, dmarc,
    (bits & 1) > 0 AS in_d1, (bits & 2) > 0 AS in_d2, (bits & 4) > 0 AS in_d3, (bits & 8) > 0 AS may_d1,
    (bits & 16) > 0 AS mx_unknown, (bits & 32) > 0 AS may_d3, (bits & 64) > 0 AS signals,
    (bits & 128) > 0 AS adopts, (bits & 256) > 0 AS undecided, (bits & 512) > 0 AS wildcard,
    names
FROM counted
