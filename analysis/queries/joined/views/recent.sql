-- title: The days that count
-- answers: On which days, the last of all reports, is a domain told safe to enforce?
-- denominator: the reports that count, without those that were received a day and more before their end.
-- units: seconds since 1970, of the first and of the last day.
WITH last_day AS (
    SELECT max(day_s) AS last_s FROM counted_reports WHERE coalesce(late_seconds >= -86400, true)
)
SELECT last_s - 86400.0 * (window_days - 1) AS from_s, last_s
FROM last_day
CROSS JOIN join_settings
