-- title: Keys and signatures of certificates
-- answers: Which keys do the certificates of policy hosts and MX hosts have, and how are they signed?
-- denominator: distinct leaf certificates of policy hosts of signallers and of MX hosts, of those probed (probed: hosts and
--   addresses to which a connection was tried; which MX hosts are probed says the manifest).
-- units: certificates; hosts are the policy hosts and MX addresses that show them. valid: certificates that were valid for
--   every host that showed them. _pct is percent of the certificates.
WITH shown AS (
    SELECT
        endpoints.scan, endpoints.entity, endpoints.sha256, count(*) AS hosts,
        count(*) FILTER (WHERE cert_outcome = 'valid') AS valid_hosts
    FROM endpoints
    WHERE endpoints.sha256 IS NOT NULL
    GROUP BY endpoints.scan, endpoints.entity, endpoints.sha256
),
probed AS (
    SELECT scan, entity, count(*) AS probed FROM endpoints GROUP BY scan, entity
),
counted AS (
    SELECT
        shown.scan, shown.entity,
        coalesce(certificates.key_type, '(not known)') AS key_type, certificates.key_bits,
        coalesce(certificates.signature, '(not known)') AS signature,
        count(*) AS certificates, sum(shown.hosts) AS hosts,
        count(*) FILTER (WHERE shown.valid_hosts = shown.hosts) AS valid
    FROM shown
    LEFT JOIN certificates ON certificates.scan = shown.scan AND certificates.sha256 = shown.sha256
    GROUP BY 1, 2, 3, 4, 5
)
SELECT
    counted.scan, counted.entity, key_type, key_bits, signature, probed.probed, hosts, certificates,
    100.0 * certificates / nullif(sum(certificates) OVER (PARTITION BY counted.scan, counted.entity), 0) AS pct,
    valid, 100.0 * valid / nullif(certificates, 0) AS valid_pct
FROM counted
JOIN probed ON probed.scan = counted.scan AND probed.entity = counted.entity
ORDER BY
    counted.scan NULLS LAST, counted.entity DESC NULLS LAST, certificates DESC NULLS LAST, key_type NULLS LAST,
    key_bits NULLS LAST, signature NULLS LAST
