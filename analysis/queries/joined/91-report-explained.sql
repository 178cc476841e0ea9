-- title: Failures and what explains them
-- answers: For each domain, MX host, day and result type: which finding of the nearest scan explains what
--   senders told, and what did only one side see?
-- denominator: the failures that senders told, and the errors of the nearest scan on days on which senders
--   applied a policy that would have shown them.
-- units: failed is sessions; days_after is days from the day to the scan, below 0 where it was before. (not
--   told): the report names no MX host, or no result type for a part of its sum. finding: the codes that
--   explain it, of the same result type or, where there is none, of a wider one (matched). since: what the
--   last scan saw that looked after that day.
SELECT
    domain, mx AS receiving_mx, day, told AS result_type, failed, senders, seen, findings AS finding,
    matched, scan, days_after, since
FROM explained_failures
UNION ALL
SELECT
    domain, mx AS receiving_mx, day, result_type, 0 AS failed, 0 AS senders, 'scan only' AS seen,
    findings AS finding, CAST(NULL AS VARCHAR) AS matched, scan, days_after, CAST(NULL AS VARCHAR) AS since
FROM scan_only
ORDER BY
    failed DESC NULLS LAST, domain NULLS LAST, receiving_mx NULLS LAST, day NULLS LAST, result_type NULLS LAST
