-- title: The scan to hold a day's reports against
-- answers: Which scan looked at a stage of a domain closest to a day that reports are about?
-- denominator: the domains and days of policies that count.
-- units: days_after is whole days from the day to the look: 0 on the day itself, below 0 before it.
-- note: comparable is a scan that saw something of that stage of that domain which decides, no more days away
--   than join_settings.near_days. Of two as close the earlier one: what it saw was there before.
WITH reported AS (
    SELECT DISTINCT domain, day, day_s FROM counted_policies WHERE domain IS NOT NULL AND day IS NOT NULL
),
apart AS (
    SELECT
        reported.domain, day, looked.stage, looked.scan,
        CAST(floor((at_s - day_s) / 86400.0) AS BIGINT) AS days_after
    FROM reported
    JOIN looked ON looked.domain = reported.domain
),
placed AS (
    SELECT
        domain, day, stage, scan, days_after,
        row_number() OVER (
            PARTITION BY domain, day, stage
            ORDER BY abs(days_after) NULLS LAST, days_after NULLS LAST, scan NULLS LAST
        ) AS place
    FROM apart
    CROSS JOIN join_settings
    WHERE abs(days_after) <= near_days
)
SELECT domain, day, stage, scan, days_after FROM placed WHERE place = 1
