-- title: Leaf certificates seen
-- answers: One row per distinct leaf certificate of policy hosts of signallers, and of MX hosts: how many
--   show it, and its facts.
-- denominator: none.
-- units: hosts are the policy hosts and MX addresses that show it, valid_hosts those for which it was valid,
--   undecided_hosts those for which this version cannot say; probed are the hosts and addresses of the kind
--   to which a connection was tried.
WITH shown AS (
    SELECT
        scan, entity, sha256, count(*) AS hosts, count(*) FILTER (WHERE cert_outcome = 'valid') AS valid_hosts,
        count(*) FILTER (WHERE cert_undecided) AS undecided_hosts
    FROM endpoints
    WHERE sha256 IS NOT NULL
    GROUP BY scan, entity, sha256
),
tried AS (
    SELECT scan, entity, count(*) AS probed FROM endpoints GROUP BY scan, entity
)
SELECT
    shown.scan, shown.entity, shown.sha256, shown.hosts, shown.valid_hosts, shown.undecided_hosts, tried.probed,
    certificates.subject, certificates.issuer, certificates.key_type, certificates.key_bits, certificates.signature,
    CAST(extract(epoch FROM certificates.not_after) - extract(epoch FROM certificates.not_before) AS DOUBLE) / 86400
        AS days
FROM shown
JOIN tried ON tried.scan = shown.scan AND tried.entity = shown.entity
LEFT JOIN certificates ON certificates.scan = shown.scan AND certificates.sha256 = shown.sha256
