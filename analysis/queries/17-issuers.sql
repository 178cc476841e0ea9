-- title: Issuers of certificates
-- answers: Who issues the certificates of policy hosts and MX hosts?
-- denominator: distinct leaf certificates of policy hosts of signallers and of MX hosts, of those probed
--   (probed: hosts and addresses to which a connection was tried; the manifest says which MX hosts are
--   probed). The 30 issuers with most certificates; (others) adds up the rest. A certificate signed by its
--   own key has itself as issuer: (itself).
-- units: certificates; hosts are the policy hosts and MX addresses that show them; valid: certificates that
--   were valid for every host that showed them; undecided: the outcome of some host is a word that this
--   version does not know, and no host says otherwise. pct is percent of the certificates, valid_pct of
--   those less the undecided.
-- shares: pct = certificates / sum(certificates by scan, entity); valid_pct = valid / certificates - undecided
-- weight: no: it counts certificates, not names
WITH counted AS (
    SELECT
        scan, entity, probed,
        CASE WHEN issuer = subject THEN '(itself)' ELSE coalesce(issuer, '(not known)') END AS issuer,
        count(*) AS certificates, sum(hosts) AS hosts, count(*) FILTER (WHERE valid_hosts = hosts) AS valid,
        count(*) FILTER (WHERE undecided_hosts > 0 AND valid_hosts + undecided_hosts = hosts) AS undecided
    FROM leaf_certificates
    GROUP BY 1, 2, 3, 4
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
        scan, entity, probed, CASE WHEN place <= 30 THEN issuer ELSE '(others)' END AS issuer,
        count(*) AS issuers, min(place) AS place,
        sum(certificates) AS certificates, sum(hosts) AS hosts, sum(valid) AS valid, sum(undecided) AS undecided
    FROM placed
    GROUP BY 1, 2, 3, 4
)
SELECT
    scan, entity, issuer, issuers, probed, hosts, certificates,
    100.0 * certificates / nullif(sum(certificates) OVER (PARTITION BY scan, entity), 0) AS pct,
    undecided, valid, 100.0 * valid / nullif(certificates - undecided, 0) AS valid_pct
FROM folded
JOIN scan_order ON scan_order.scan_name = folded.scan
ORDER BY scan_place NULLS LAST, entity DESC NULLS LAST, place NULLS LAST
