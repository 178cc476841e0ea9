-- title: The scans
-- answers: When, from where and with which instrument was each scan made?
-- denominator: none; a row a scan, in the order of their beginnings.
-- units: domains are rows, mx_hosts addresses of MX hosts, assessments judgements. shard 1/1: the whole list,
--   be it of several folders; sample: the fraction of the list. outages_pct is percent of the scan's time in
--   which its network was away. Null: the manifest does not tell.
SELECT
    scans.scan, scans.started, scans.ended, scans.complete, schema_version, tool, domains, mx_hosts, assessments,
    unknown_words, lists, lists_sha256, seed, shard, sample, trust_store_sha256, starttls_scope, resolution, validates,
    family, vantage, pace, outages_pct
FROM scans
JOIN timeline ON timeline.scan = scans.scan
ORDER BY timeline.place NULLS LAST
