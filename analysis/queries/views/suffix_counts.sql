-- title: Names by suffix and state
-- answers: How many names of each suffix are in which of the states that the adoption tables add up?
-- denominator: D4 = all names.
-- units: names.
SELECT
    scan, suffix, in_d1, in_d2, in_d3, mx_unknown, signals, adopts, undecided, wildcard, tlsrpt,
    count(*) AS names
FROM population
GROUP BY scan, suffix, in_d1, in_d2, in_d3, mx_unknown, signals, adopts, undecided, wildcard, tlsrpt
