-- title: Policies that senders applied
-- answers: Under which policy types and modes were sessions counted?
-- denominator: the sessions of all policies that count.
-- units: sessions, as the summaries count them. pct is percent of all sessions, failure_pct of the row's.
WITH total AS (
    SELECT sum(successful + failed) AS all_sessions FROM counted_policies
),
counted AS (
    SELECT
        applied, sum(successful + failed) AS sessions, sum(failed) AS failed, count(DISTINCT domain) AS domains,
        count(DISTINCT sender) AS senders
    FROM counted_policies
    GROUP BY applied
)
SELECT
    applied, sessions, all_sessions, 100.0 * sessions / nullif(all_sessions, 0) AS pct, failed,
    100.0 * failed / nullif(sessions, 0) AS failure_pct, domains, senders
FROM counted
CROSS JOIN total
ORDER BY sessions DESC NULLS LAST, applied NULLS LAST
