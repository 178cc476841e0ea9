-- title: Scans between which changes are shown
-- answers: Which scan follows which, and may a change between them be taken for one of the world?
-- denominator: none.
-- note: two scans that follow one another and whose instruments do not differ in a way that blocks (table
--   comparable); with --force all that follow one another.
SELECT
    before.scan AS from_scan, later.scan AS to_scan, later.place,
    before.started_s AS from_s, later.started_s AS to_s
FROM timeline AS before
JOIN timeline AS later ON later.place = before.place + 1
JOIN comparable ON comparable.from_scan = before.scan AND comparable.to_scan = later.scan
CROSS JOIN settings
WHERE comparable.comparable <> 'no' OR settings.force = 1
