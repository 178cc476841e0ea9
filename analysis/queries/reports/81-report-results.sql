-- title: What failed
-- answers: Which result types do the failures have, in how many sessions, at how many domains?
-- denominator: the failed sessions of all details that count.
-- units: sessions, as the details count them; pct is percent of these. Details need not add up to the
--   summaries: see report-days.
WITH total AS (
    SELECT sum(failed) AS failed_in_details FROM counted_failures
),
counted AS (
    SELECT
        result_type, sum(failed) AS failed, count(DISTINCT domain) AS domains, count(DISTINCT sender) AS senders
    FROM counted_failures
    GROUP BY result_type
)
SELECT
    result_type, failed, failed_in_details, 100.0 * failed / nullif(failed_in_details, 0) AS pct, domains, senders
FROM counted
CROSS JOIN total
ORDER BY failed DESC NULLS LAST, result_type NULLS LAST
