-- title: Keys and signatures of certificates
-- answers: Which keys do the certificates of policy hosts and MX hosts have, and how are they signed?
-- denominator: distinct leaf certificates of policy hosts of signallers and of MX hosts, of those probed
--   (probed: hosts and addresses to which a connection was tried; the manifest says which MX hosts are
--   probed).
-- units: certificates; hosts are the policy hosts and MX addresses that show them. valid: certificates that
--   were valid for every host that showed them; undecided: the outcome of some host is a word that this
--   version does not know, and no host says otherwise. pct is percent of the certificates, valid_pct of
--   those less the undecided.
-- shares: pct = certificates / sum(certificates by scan, entity); valid_pct = valid / certificates - undecided
-- weight: no: it counts certificates, not names
WITH counted AS (
    SELECT
        scan, entity, probed, coalesce(key_type, '(not known)') AS key_type, key_bits,
        coalesce(signature, '(not known)') AS signature,
        count(*) AS certificates, sum(hosts) AS hosts, count(*) FILTER (WHERE valid_hosts = hosts) AS valid,
        count(*) FILTER (WHERE undecided_hosts > 0 AND valid_hosts + undecided_hosts = hosts) AS undecided
    FROM leaf_certificates
    GROUP BY 1, 2, 3, 4, 5, 6
)
SELECT
    scan, entity, key_type, key_bits, signature, probed, hosts, certificates,
    100.0 * certificates / nullif(sum(certificates) OVER (PARTITION BY scan, entity), 0) AS pct,
    undecided, valid, 100.0 * valid / nullif(certificates - undecided, 0) AS valid_pct
FROM counted
JOIN scan_order ON scan_order.scan_name = counted.scan
ORDER BY
    scan_place NULLS LAST, entity DESC NULLS LAST, certificates DESC NULLS LAST, key_type NULLS LAST, key_bits NULLS LAST,
    signature NULLS LAST
