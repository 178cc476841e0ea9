-- title: Who reports
-- answers: Which organizations send reports, about how many sessions, and how late?
-- denominator: the sessions of each sender, of all reports that count.
-- units: sessions, as the summaries count them; reports, days, domains. failure_pct is percent of sessions.
--   faulty: reports with a fault that RFC 8460 does not allow. latest_hours: whole hours from the end of a
--   report's range to its receipt, at the most; nothing where no receipt is known.
WITH sent AS (
    SELECT
        sender, count(*) AS reports, count(DISTINCT day) AS days, count(*) FILTER (WHERE NOT valid) AS faulty,
        CAST(floor(max(late_seconds) / 3600.0) AS BIGINT) AS latest_hours
    FROM counted_reports
    GROUP BY sender
),
sessions AS (
    SELECT
        sender, count(DISTINCT domain) AS domains, sum(successful) AS successful, sum(failed) AS failed
    FROM counted_policies
    GROUP BY sender
)
SELECT
    sent.sender, reports, days, coalesce(domains, 0) AS domains, coalesce(successful + failed, 0) AS sessions,
    coalesce(failed, 0) AS failed, 100.0 * failed / nullif(successful + failed, 0) AS failure_pct, faulty,
    latest_hours
FROM sent
LEFT JOIN sessions ON sessions.sender = sent.sender
ORDER BY sessions DESC NULLS LAST, sent.sender NULLS LAST
