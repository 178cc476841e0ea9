-- title: Issuers of certificates
-- answers: Who issues the certificates of policy hosts and MX hosts?
-- denominator: distinct leaf certificates of policy hosts of signallers and of MX hosts, of those probed (probed: hosts and
--   addresses to which a connection was tried; which MX hosts are probed says the manifest). The 30 issuers with most
--   certificates; (others) adds up the rest. A certificate signed by its own key has itself as issuer: (itself).
-- units: certificates; hosts are the policy hosts and MX addresses that show them; valid: certificates that were valid for
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
        CASE
            WHEN certificates.issuer = certificates.subject THEN '(itself)'
            ELSE coalesce(certificates.issuer, '(not known)')
        END AS issuer,
        count(*) AS certificates, sum(shown.hosts) AS hosts,
        count(*) FILTER (WHERE shown.valid_hosts = shown.hosts) AS valid
    FROM shown
    LEFT JOIN certificates ON certificates.scan = shown.scan AND certificates.sha256 = shown.sha256
    GROUP BY 1, 2, 3
),
placed AS (
    SELECT
        counted.*,
        row_number() OVER (
            PARTITION BY scan, entity ORDER BY certificates DESC NULLS LAST, issuer NULLS LAST
        ) AS place
    FROM counted
),
folded AS (
    SELECT
        scan, entity, CASE WHEN place <= 30 THEN issuer ELSE '(others)' END AS issuer,
        count(*) AS issuers, min(place) AS place,
        sum(certificates) AS certificates, sum(hosts) AS hosts, sum(valid) AS valid
    FROM placed
    GROUP BY 1, 2, 3
)
SELECT
    folded.scan, folded.entity, issuer, issuers, probed.probed, hosts, certificates,
    100.0 * certificates / nullif(sum(certificates) OVER (PARTITION BY folded.scan, folded.entity), 0) AS pct,
    valid, 100.0 * valid / nullif(certificates, 0) AS valid_pct
FROM folded
JOIN probed ON probed.scan = folded.scan AND probed.entity = folded.entity
ORDER BY folded.scan NULLS LAST, folded.entity DESC NULLS LAST, place NULLS LAST
