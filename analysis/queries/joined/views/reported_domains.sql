-- title: Domains that were reported on, in the scans
-- answers: One row a scan and domain that a report is about: when it was looked at, and what was found.
-- denominator: the rows of domains whose name is a policy-domain of a report that counts.
-- units: at_s is seconds since 1970.
WITH reported AS (
    SELECT DISTINCT domain FROM counted_policies WHERE domain IS NOT NULL
)
SELECT
    domains.scan, domains.domain, extract(epoch FROM domains.mx_at) AS at_s, domains.mx_kind, domains.mx,
    domains.sts_signals, domains.policy_usable, domains.policy_mode,
    assessments.findings, assessments.lasting, assessments.dane
FROM domains
JOIN reported ON reported.domain = domains.domain
LEFT JOIN assessments ON assessments.scan = domains.scan AND assessments.domain = domains.domain
WHERE domains.mx_at IS NOT NULL
