-- title: Rows of scans that can be compared
-- answers: To which unbroken row of comparable scans does each scan belong?
-- denominator: none.
-- note: a row ends where no change between a scan and the next is shown (see `pairs`).
SELECT
    timeline.scan, timeline.place, timeline.started_s,
    sum(CASE WHEN pairs.to_scan IS NULL THEN 1 ELSE 0 END) OVER (ORDER BY timeline.place NULLS LAST) AS era
FROM timeline
LEFT JOIN pairs ON pairs.to_scan = timeline.scan
