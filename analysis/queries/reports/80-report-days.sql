-- title: Sessions per day
-- answers: How many sessions did senders report per day, and how many of them failed?
-- denominator: the sessions of each day, of all reports that count.
-- units: sessions, as the summaries count them; reports and senders beside them. success_pct and failure_pct
--   are percent of sessions.
WITH senders AS (
    SELECT day, count(*) AS reports, count(DISTINCT sender) AS senders FROM counted_reports GROUP BY day
),
sessions AS (
    SELECT day, sum(successful) AS successful, sum(failed) AS failed FROM counted_policies GROUP BY day
)
SELECT
    senders.day, senders, reports, coalesce(successful + failed, 0) AS sessions,
    coalesce(successful, 0) AS successful, coalesce(failed, 0) AS failed,
    100.0 * successful / nullif(successful + failed, 0) AS success_pct,
    100.0 * failed / nullif(successful + failed, 0) AS failure_pct
FROM senders
LEFT JOIN sessions ON coalesce(sessions.day, '') = coalesce(senders.day, '')
ORDER BY senders.day NULLS LAST
