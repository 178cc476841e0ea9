-- title: Failures, each beside the nearest scan
-- answers: What explains a failure that senders told, and what did the last scan since then see?
-- denominator: the failures of told_failures.
-- units: failed is sessions.
-- note: seen is explained (a finding explains it) | senders only (the nearest scan saw that it works, or is
--   not there) | not looked at (no scan is near, or that one saw nothing of the host that decides).
-- note: since is of the last scan that looked a day or more after the day: still (a finding explains it
--   there) | other fault | mended (it works) | gone (the host is no MX host any more, no record signals);
--   null where none looked or nothing decides. since_s: when that was.
WITH failed_each AS (
    SELECT
        domain, stage, mx, at_host, day, day_s, told, sum(failed) AS failed, count(DISTINCT sender) AS senders
    FROM told_failures
    GROUP BY domain, stage, mx, at_host, day, day_s, told
),
codes AS (
    SELECT DISTINCT domain, stage, mx, told, scan, code, place, matched FROM reasons
),
reason AS (
    SELECT
        domain, stage, mx, told, scan, max(matched) AS matched, string_agg(code, ' ' ORDER BY place) AS findings
    FROM codes
    GROUP BY domain, stage, mx, told, scan
)
SELECT
    failed_each.domain, failed_each.stage, failed_each.mx, failed_each.day, failed_each.day_s, failed_each.told,
    failed_each.failed, failed_each.senders, nearest.scan, nearest.days_after, near.findings, near.matched,
    CASE
        WHEN near.findings IS NOT NULL THEN 'explained'
        WHEN sight.state IN ('works', 'absent', 'fault') THEN 'senders only'
        ELSE 'not looked at'
    END AS seen,
    CASE
        WHEN newest.scan IS NULL THEN NULL
        WHEN newest_reason.findings IS NOT NULL THEN 'still'
        WHEN newest_sight.state IS NULL OR newest_sight.state = 'absent' THEN 'gone'
        WHEN newest_sight.state = 'works' THEN 'mended'
        WHEN newest_sight.state = 'fault' THEN 'other fault'
    END AS since,
    newest.at_s AS since_s
FROM failed_each
LEFT JOIN nearest
    ON nearest.domain = failed_each.domain AND nearest.day = failed_each.day AND nearest.stage = failed_each.stage
LEFT JOIN reason AS near
    ON near.domain = failed_each.domain AND near.stage = failed_each.stage AND near.mx = failed_each.mx
    AND near.told = failed_each.told AND near.scan = nearest.scan
LEFT JOIN scan_sights AS sight
    ON sight.scan = nearest.scan AND sight.domain = failed_each.domain AND sight.stage = failed_each.stage
    AND sight.host = failed_each.at_host
LEFT JOIN newest
    ON newest.domain = failed_each.domain AND newest.stage = failed_each.stage
    AND newest.at_s >= failed_each.day_s + 86400
LEFT JOIN reason AS newest_reason
    ON newest_reason.domain = failed_each.domain AND newest_reason.stage = failed_each.stage AND newest_reason.mx = failed_each.mx
    AND newest_reason.told = failed_each.told AND newest_reason.scan = newest.scan
LEFT JOIN scan_sights AS newest_sight
    ON newest_sight.scan = newest.scan AND newest_sight.domain = failed_each.domain
    AND newest_sight.stage = failed_each.stage AND newest_sight.host = failed_each.at_host
