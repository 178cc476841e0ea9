-- title: What changed for whom
-- answers: Which name had which transition between which scans?
-- denominator: none; each row is a transition of a name that is in the lists of both scans.
-- units: days is of repairs: from the first scan that saw the name broken to the one that saw it repaired.
--   detail: of modes, ids and verdicts what it was and what it became.
SELECT from_scan, to_scan, transition, domain, detail, days
FROM transitions
ORDER BY place NULLS LAST, kind NULLS LAST, domain NULLS LAST, detail NULLS LAST
