-- title: Findings that a report would show
-- answers: One row a finding of a reported domain that has a result type, with the MX host it was seen at.
-- denominator: the findings of reported_domains.
-- units: none. stage: policy, host or dane; host: (not told) for a policy.
-- note: a finding is of a domain; its host is told by what was seen there: the outcome of a conversation, a
--   fault of a certificate, a host that the policy does not match, an outcome of DANE. Sums over all hosts
--   (mx_cert_all_invalid, mx_cert_some_invalid) say nothing of their own and are left out.
-- note: counts: it counts as an error, settled or lasting.
WITH certificate AS (
    SELECT scan, host, unnest(cert_faults) AS fault FROM mx_hosts
),
faulty AS (
    SELECT reported_hosts.scan, reported_hosts.domain, reported_hosts.host, fault
    FROM reported_hosts
    JOIN certificate ON certificate.scan = reported_hosts.scan AND certificate.host = reported_hosts.host
),
judged AS (
    SELECT scan, domain, unnest(dane) AS dane FROM reported_domains
),
found AS (
    SELECT scan, domain, unnest(findings) AS code FROM reported_domains
),
seen AS (
    SELECT reported_hosts.scan, reported_hosts.domain, 'host' AS stage, reported_hosts.host, found.code
    FROM reported_hosts
    JOIN found ON found.scan = reported_hosts.scan AND found.domain = reported_hosts.domain
    WHERE NOT matched AND found.code IN ('mx_mismatch_all', 'mx_mismatch_some', 'mx_is_address')
    UNION ALL
    SELECT reported_hosts.scan, reported_hosts.domain, 'host' AS stage, reported_hosts.host, mx_hosts.smtp_outcome AS code
    FROM reported_hosts
    JOIN mx_hosts ON mx_hosts.scan = reported_hosts.scan AND mx_hosts.host = reported_hosts.host
    UNION ALL
    SELECT scan, domain, 'host' AS stage, host, concat('mx_cert_', fault) AS code FROM faulty
    UNION ALL
    -- What completes a path is known to the judgement only.
    SELECT faulty.scan, faulty.domain, 'host' AS stage, faulty.host, found.code
    FROM faulty
    JOIN found ON found.scan = faulty.scan AND found.domain = faulty.domain
    WHERE fault = 'untrusted' AND found.code = 'mx_cert_chain_incomplete'
    UNION ALL
    SELECT scan, domain, 'dane' AS stage, dane['host'] AS host, concat('dane_', dane['outcome']) AS code
    FROM judged
),
placed AS (
    SELECT scan, domain, 'policy' AS stage, '(not told)' AS host, found.code
    FROM found
    JOIN catalogue ON catalogue.code = found.code
    WHERE catalogue.stage IN ('policy_dns', 'policy_tcp', 'policy_tls', 'policy_http', 'policy_text')
    UNION ALL
    SELECT seen.scan, seen.domain, stage, host, seen.code
    FROM seen
    JOIN found ON found.scan = seen.scan AND found.domain = seen.domain AND found.code = seen.code
)
SELECT DISTINCT
    placed.scan, placed.domain, placed.stage, placed.host, placed.code, catalogue.place, catalogue.result_type,
    catalogue.severity = 'error' AND (
        NOT catalogue.may_pass OR coalesce(list_contains(reported_domains.lasting, placed.code), false)
    ) AS counts
FROM placed
JOIN catalogue ON catalogue.code = placed.code
JOIN reported_domains ON reported_domains.scan = placed.scan AND reported_domains.domain = placed.domain
WHERE catalogue.result_type IS NOT NULL
