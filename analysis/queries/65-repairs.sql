-- title: How long it takes to repair
-- answers: What was repaired, and how long after it was first seen broken?
-- denominator: the repairs between all scans, by the verdict before. Durations are between scans: the true
--   ones are shorter at the end and longer at the beginning.
-- units: repairs are names, days from the first scan in a row that saw the name broken to the one that saw it
--   repaired.
SELECT
    from_verdict AS was, count(*) AS repairs,
    100.0 * count(*) / nullif(sum(count(*)) OVER (), 0) AS pct,
    min(CAST(to_s - broken_since_s AS DOUBLE) / 86400) AS shortest_days,
    median(CAST(to_s - broken_since_s AS DOUBLE) / 86400) AS median_days,
    max(CAST(to_s - broken_since_s AS DOUBLE) / 86400) AS longest_days
FROM steps
WHERE from_health = 'broken' AND to_health = 'works'
GROUP BY from_verdict
ORDER BY repairs DESC NULLS LAST, was NULLS LAST
