-- title: MX hosts of each signaller
-- answers: One row a signaller and host of its MX set: does the policy match it, and what was seen of its certificates?
-- denominator: none.
-- units: addresses. observed: addresses where a certificate was seen; valid: those where it was valid.
WITH seen AS (
    SELECT
        scan, host,
        count(*) FILTER (WHERE smtp_phase IS NOT NULL) AS probed,
        count(*) FILTER (WHERE cert_outcome IS NOT NULL) AS observed,
        count(*) FILTER (WHERE cert_outcome = 'valid') AS valid
    FROM mx_hosts
    GROUP BY scan, host
),
hosts AS (
    SELECT scan, domain, policy_usable, policy_mode, unnest(mx) AS mx
    FROM signallers
    WHERE mx_kind IN ('explicit', 'implicit')
)
SELECT
    hosts.scan, hosts.domain, hosts.policy_usable, hosts.policy_mode,
    hosts.mx['preference'] AS preference, hosts.mx['host'] AS host, hosts.mx['matched'] AS matched,
    coalesce(seen.probed, 0) AS probed, coalesce(seen.observed, 0) AS observed, coalesce(seen.valid, 0) AS valid
FROM hosts
LEFT JOIN seen ON seen.scan = hosts.scan AND seen.host = hosts.mx['host']
