-- title: Reports that count
-- answers: Which reports count, of which day and from whom?
-- denominator: every report without those that a later one supersedes.
-- units: reports. day: the day in UTC on which the range begins, day_s its begin in seconds since 1970; sender: organization-name, (none) where
--   there is none.
SELECT
    report, coalesce(organization, '(none)') AS sender, substr(CAST(begin_at AS VARCHAR), 1, 10) AS day,
    86400.0 * floor(extract(epoch FROM begin_at) / 86400.0) AS day_s,
    valid, faults, late_seconds
FROM reports
WHERE NOT superseded
