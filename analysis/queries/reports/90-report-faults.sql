-- title: Faults of reports, by sender
-- answers: What is wrong with whose reports?
-- denominator: the reports of each sender that count.
-- units: reports with the fault; pct is percent of the sender's reports.
WITH faulty AS (
    SELECT report, sender, unnest(faults) AS fault FROM counted_reports
),
coded AS (
    SELECT report, sender, fault['code'] AS code FROM faulty
),
counted AS (
    SELECT sender, code, count(DISTINCT report) AS reports FROM coded GROUP BY sender, code
),
totals AS (
    SELECT sender, count(*) AS of_reports FROM counted_reports GROUP BY sender
)
SELECT counted.sender, code, reports, of_reports, 100.0 * reports / nullif(of_reports, 0) AS pct
FROM counted
JOIN totals ON totals.sender = counted.sender
ORDER BY reports DESC NULLS LAST, counted.sender NULLS LAST, code NULLS LAST
