-- title: What both sides saw
-- answers: How many of the failed sessions does a finding of the nearest scan explain, per result type?
-- denominator: the failed sessions that senders told of domains and days.
-- units: failed, mended and failed_all are sessions, pct is percent of failed_all. cases: domains, MX hosts
--   and days; of these alone are those that only the scan saw, which have no sessions. mended: the last scan
--   since then saw that it works, or the host is no MX host any more.
WITH told_all AS (
    SELECT
        told AS result_type, seen, failed, domain,
        CASE WHEN since IN ('mended', 'gone') THEN failed ELSE 0 END AS mended
    FROM explained_failures
    UNION ALL
    SELECT result_type, 'scan only' AS seen, 0 AS failed, domain, 0 AS mended FROM scan_only
),
total AS (
    SELECT sum(failed) AS failed_all FROM told_all
),
counted AS (
    SELECT
        result_type, seen, sum(failed) AS failed, sum(mended) AS mended, count(*) AS cases,
        count(DISTINCT domain) AS domains
    FROM told_all
    GROUP BY result_type, seen
)
SELECT
    result_type, seen, failed, failed_all, 100.0 * failed / nullif(failed_all, 0) AS pct, mended, cases, domains
FROM counted
CROSS JOIN total
ORDER BY failed DESC NULLS LAST, result_type NULLS LAST, seen NULLS LAST
