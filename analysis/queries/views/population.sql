-- title: Population
-- answers: One row a domain: which of D1 to D4 it belongs to, whether it signals and adopts MTA-STS,
--   and what came of its policy. The tables count over this view.
-- denominator: none.
-- note: undecided means that the answer to _mta-sts could not be had. A domain that does not exist was
--   not asked and is no signaller.
-- note: in_d3 takes an answer from below a domain as proof that the domain exists (RFC 8020).
-- note: policy_state is null for what does not signal. It is undecided while a fault may pass (a timeout or
--   reset that the second look has not repeated), after DNS failures, after a TLS failure that may be ours,
--   and where the policy was not fetched.
-- note: wildcard means that a random sibling of _mta-sts answers alike, so that the record may be meant for nobody;
--   what was not asked counts as none.
SELECT
    domains.*,
    mx_kind = 'explicit' AS in_d1,
    mx_kind IN ('explicit', 'implicit') AS in_d2,
    coalesce(mx_dns IN ('NOERROR', 'NODATA'), false)
        OR coalesce(sts_dns IN ('NOERROR', 'NODATA'), false)
        OR coalesce(tlsrpt_dns IN ('NOERROR', 'NODATA'), false)
        OR coalesce(mx_dns = 'NXDOMAIN' AND sts_dns IS NOT NULL, false) AS in_d3,
    mx_kind = 'unknown' AS mx_unknown,
    coalesce(sts_signals, false) AS signals,
    coalesce(sts_record = 'valid', false) AS adopts,
    coalesce(sts_record = 'unknown', false) AS undecided,
    coalesce(tlsrpt_record, 'absent') AS tlsrpt,
    coalesce(sts_wildcard, false) AS wildcard,
    CASE
        WHEN NOT coalesce(sts_signals, false) THEN NULL
        WHEN policy_usable THEN 'usable'
        WHEN policy_valid IS NOT NULL THEN 'unusable text'
        WHEN coalesce(policy_outcome, 'excluded') IN (
            'excluded', 'policy_host_dns_failure', 'policy_tls_client_limit'
        ) THEN 'undecided'
        WHEN coalesce(array_length(policy_attempts), 0) < 2 AND policy_outcome IN (
            'policy_connect_timeout', 'policy_connect_unreachable', 'policy_connect_reset',
            'policy_tls_timeout', 'policy_tls_closed', 'policy_timeout'
        ) THEN 'undecided'
        ELSE 'no text'
    END AS policy_state
FROM domains
