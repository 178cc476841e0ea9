-- title: Failures per day and sender
-- answers: How many sessions of each sender failed per day?
-- denominator: the sessions of the day and sender.
-- units: sessions, as the summaries count them; failure_pct is percent of these.
SELECT
    day, sender, sum(successful + failed) AS sessions, sum(failed) AS failed,
    100.0 * sum(failed) / nullif(sum(successful + failed), 0) AS failure_pct
FROM counted_policies
GROUP BY day, sender
ORDER BY day NULLS LAST, sessions DESC NULLS LAST, sender NULLS LAST
