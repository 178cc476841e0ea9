-- title: What failed, per day
-- answers: How many sessions failed per day with which result type?
-- denominator: the failed sessions of all details that count.
-- units: sessions, as the details count them.
SELECT day, result_type, sum(failed) AS failed, count(DISTINCT sender) AS senders
FROM counted_failures
GROUP BY day, result_type
ORDER BY day NULLS LAST, failed DESC NULLS LAST, result_type NULLS LAST
