-- title: The last look at a stage
-- answers: Which scan was the last to see something of a stage of a reported domain that decides?
-- denominator: the domains of scan_sights.
-- units: at_s is seconds since 1970.
WITH placed AS (
    SELECT
        domain, stage, scan, at_s,
        row_number() OVER (PARTITION BY domain, stage ORDER BY at_s DESC NULLS LAST, scan NULLS LAST) AS place
    FROM looked
)
SELECT domain, stage, scan, at_s FROM placed WHERE place = 1
