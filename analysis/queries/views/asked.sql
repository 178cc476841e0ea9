-- title: Which questions a scan put
-- answers: One row a scan: were MX hosts asked?
-- denominator: none.
-- note: hosts is false where the plan says --starttls none; a manifest without a plan says nothing of it.
SELECT scan, coalesce(starttls_scope <> 'none', true) AS hosts FROM scans
