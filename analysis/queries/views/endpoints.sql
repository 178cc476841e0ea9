-- title: TLS servers seen
-- answers: One row per policy host of a signaller, and one an address of an MX host, that was probed: what
--   TLS it spoke, and its certificate.
-- denominator: none.
-- note: probed means that a connection was tried. handshake is true where TLS was reached, whatever the
--   certificate is worth. cert_undecided: its outcome is client_limit, or a word that `words` does not have, so
--   that it is neither valid nor invalid.
SELECT
    signallers.scan, 'policy host' AS entity, signallers.domain AS name, signallers.policy_addrs[1]['addr'] AS addr,
    signallers.policy_tls_version IS NOT NULL AS handshake,
    signallers.policy_tls_version AS tls_version, CAST(NULL AS VARCHAR) AS tls_cipher,
    signallers.policy_tls_group AS tls_group,
    signallers.policy_certificate_sha256 AS sha256, signallers.policy_cert_outcome AS cert_outcome,
    signallers.policy_cert_outcome IS NOT NULL
        AND (known.word IS NULL OR signallers.policy_cert_outcome = 'client_limit') AS cert_undecided
FROM signallers
LEFT JOIN words AS known
    ON known.word = signallers.policy_cert_outcome
    AND known.table_name = 'domains' AND known.column_name = 'policy_cert_outcome'
WHERE signallers.policy_addrs[1]['addr'] IS NOT NULL AND signallers.policy_outcome IS NOT NULL
    AND signallers.policy_outcome <> 'policy_host_forbidden_address'
UNION ALL
SELECT
    scan, 'MX' AS entity, host AS name, addr,
    tls_version IS NOT NULL AS handshake,
    tls_version, tls_cipher, tls_group,
    certificate_sha256 AS sha256, cert_outcome,
    cert_outcome IS NOT NULL AND (known.word IS NULL OR cert_outcome = 'client_limit') AS cert_undecided
FROM mx_hosts
LEFT JOIN words AS known
    ON known.word = mx_hosts.cert_outcome
    AND known.table_name = 'mx_hosts' AND known.column_name = 'cert_outcome'
WHERE smtp_phase IS NOT NULL
