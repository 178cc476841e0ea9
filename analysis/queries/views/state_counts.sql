-- title: Names by state
-- answers: How many names are in which state, of those that are in the list of every scan and of the others?
-- denominator: none.
-- units: names. common: they are in the list of every scan.
-- note: the programs of this project count this without SQL, in one pass (`src/passes/common.rs`); this text
--   says what they count, and tests hold one against the other.
WITH common AS (
    SELECT domain FROM population GROUP BY domain HAVING count(*) = (SELECT count(*) FROM scans)
)
SELECT
    population.scan, common.domain IS NOT NULL AS common,
    population.in_d1, population.in_d2, population.in_d3, population.may_d1, population.mx_unknown,
    population.may_d3, population.signals, population.adopts, population.undecided, count(*) AS names
FROM population
LEFT JOIN common ON common.domain = population.domain
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
