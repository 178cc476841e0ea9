-- title: TLS servers seen
-- answers: One row a policy host of a signaller, and one an address of an MX host, that was probed: what TLS it spoke, and
--   its certificate.
-- denominator: none.
-- note: probed means that a connection was tried. handshake is true where TLS was reached, whatever the certificate is worth.
SELECT
    signallers.scan, 'policy host' AS entity, signallers.domain AS name, signallers.policy_addrs[1]['addr'] AS addr,
    signallers.policy_tls_version IS NOT NULL AS handshake,
    signallers.policy_tls_version AS tls_version, CAST(NULL AS VARCHAR) AS tls_cipher,
    signallers.policy_tls_group AS tls_group,
    signallers.policy_certificate_sha256 AS sha256, signallers.policy_cert_outcome AS cert_outcome
FROM signallers
WHERE signallers.policy_addrs[1]['addr'] IS NOT NULL AND signallers.policy_outcome <> 'excluded'
UNION ALL
SELECT
    scan, 'MX' AS entity, host AS name, addr,
    tls_version IS NOT NULL AS handshake,
    tls_version, tls_cipher, tls_group,
    certificate_sha256 AS sha256, cert_outcome
FROM mx_hosts
WHERE smtp_phase IS NOT NULL
