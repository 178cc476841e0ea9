-- title: Domains that were reported on
-- answers: About which domains do reports come, and which share of their sessions failed?
-- denominator: the sessions of each domain, of all policies that count.
-- units: sessions, as the summaries count them; failure_pct is percent of these.
SELECT
    coalesce(domain, '(none)') AS domain, sum(successful + failed) AS sessions, sum(failed) AS failed,
    100.0 * sum(failed) / nullif(sum(successful + failed), 0) AS failure_pct, count(DISTINCT sender) AS senders,
    max(day) AS last_day
FROM counted_policies
GROUP BY 1
ORDER BY sessions DESC NULLS LAST, domain NULLS LAST
