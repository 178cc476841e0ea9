-- title: Names in every list by state
-- answers: How many of the names that are in the list of every scan are in which state?
-- denominator: none.
-- units: names.
-- note: the programs of this project count this without SQL, in two passes (`src/common.rs`); this text says
--   what they count, and tests hold one against the other.
WITH common AS (
    SELECT domain FROM population GROUP BY domain HAVING count(*) = (SELECT count(*) FROM scans)
)
SELECT
    population.scan, population.in_d1, population.in_d2, population.in_d3,
    population.may_d1, population.mx_unknown, population.may_d3,
    population.signals, population.adopts, population.undecided, count(*) AS names
FROM population
JOIN common ON common.domain = population.domain
GROUP BY
    population.scan, population.in_d1, population.in_d2, population.in_d3,
    population.may_d1, population.mx_unknown, population.may_d3,
    population.signals, population.adopts, population.undecided
