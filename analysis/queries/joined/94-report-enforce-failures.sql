-- title: What stands against enforce
-- answers: Which failures of domains in testing did which sender tell in the last days?
-- denominator: none.
-- units: sessions. lost: enforce would have lost them; mended: the same, but mended since. Others that failed
--   would not have been lost: the policy could not be had, or DANE failed, which does not heed the mode.
SELECT
    domain, told AS result_type, sender, mx AS receiving_mx, sum(failed) AS failed,
    coalesce(sum(failed) FILTER (WHERE would_lose AND NOT mended), 0) AS lost,
    coalesce(sum(failed) FILTER (WHERE mended), 0) AS mended, max(findings) AS finding, max(day) AS last_day
FROM testing_failures
GROUP BY domain, told, sender, mx
ORDER BY
    lost DESC NULLS LAST, failed DESC NULLS LAST, domain NULLS LAST, result_type NULLS LAST, sender NULLS LAST,
    receiving_mx NULLS LAST
