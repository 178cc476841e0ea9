-- title: Failures of domains in testing
-- answers: Which failures of the last days would have lost mail with mode enforce, and which of these are
--   mended since?
-- denominator: the failures of told_failures of domains in_testing, on the last join_settings.window_days
--   days of all reports.
-- units: failed is sessions.
-- note: mended: the last scan since then saw that it works, or the host is no MX host any more.
SELECT
    told_failures.domain, told_failures.sender, told_failures.day, told_failures.mx, told_failures.told,
    told_failures.failed, told_failures.would_lose, explained_failures.findings, explained_failures.since,
    told_failures.would_lose AND coalesce(explained_failures.since IN ('mended', 'gone'), false) AS mended,
    explained_failures.since_s
FROM told_failures
JOIN in_testing ON in_testing.domain = told_failures.domain
CROSS JOIN recent
JOIN explained_failures
    ON explained_failures.domain = told_failures.domain AND explained_failures.stage = told_failures.stage
    AND explained_failures.mx = told_failures.mx AND explained_failures.day = told_failures.day
    AND explained_failures.told = told_failures.told
WHERE told_failures.day_s BETWEEN from_s AND last_s
