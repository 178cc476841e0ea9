-- title: Scans in their order
-- answers: Which scan follows which?
-- denominator: none.
-- note: by the beginnings in the manifests, then by name; a scan whose manifest has none comes last.
SELECT
    scan, started, extract(epoch FROM started) AS started_s,
    row_number() OVER (ORDER BY started NULLS LAST, scan NULLS LAST) AS place,
    count(*) OVER () AS scans
FROM scans
