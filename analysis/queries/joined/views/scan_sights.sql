-- title: What the scans saw of reported domains
-- answers: One row a scan, domain, stage and host: did it work when the scan looked?
-- denominator: the policy, and the MX hosts, of reported_domains.
-- units: at_s is seconds since 1970.
-- note: state is fault (a finding that a report would show) | works (a usable policy; a certificate that is
--   valid at every address where one was seen; DANE that holds, or is not there) | absent (no record signals,
--   so that there is no policy) | undecided (nothing that decides was seen). Host (not told) is all hosts of
--   the MX set together.
WITH faulty AS (
    SELECT DISTINCT scan, domain, stage, host FROM scan_faults
),
addresses AS (
    SELECT
        scan, host, count(*) FILTER (WHERE cert_outcome <> 'client_limit') AS seen,
        count(*) FILTER (WHERE cert_outcome = 'valid') AS valid
    FROM mx_hosts
    GROUP BY scan, host
),
judged AS (
    SELECT scan, domain, at_s, unnest(dane) AS dane FROM reported_domains
),
sights AS (
    SELECT
        scan, domain, 'policy' AS stage, '(not told)' AS host, at_s,
        CASE WHEN policy_usable THEN 'works' WHEN NOT sts_signals THEN 'absent' ELSE 'undecided' END AS state
    FROM reported_domains
    UNION ALL
    SELECT
        reported_hosts.scan, reported_hosts.domain, 'host' AS stage, reported_hosts.host, reported_hosts.at_s,
        CASE WHEN valid > 0 AND valid = seen THEN 'works' ELSE 'undecided' END AS state
    FROM reported_hosts
    LEFT JOIN addresses ON addresses.scan = reported_hosts.scan AND addresses.host = reported_hosts.host
    UNION ALL
    SELECT
        scan, domain, 'dane' AS stage, dane['host'] AS host, at_s,
        CASE WHEN dane['outcome'] IN ('valid', 'none', 'insecure') THEN 'works' ELSE 'undecided' END AS state
    FROM judged
),
each_host AS (
    SELECT
        sights.scan, sights.domain, sights.stage, sights.host, sights.at_s,
        CASE WHEN faulty.host IS NOT NULL THEN 'fault' ELSE sights.state END AS state
    FROM sights
    LEFT JOIN faulty
        ON faulty.scan = sights.scan AND faulty.domain = sights.domain AND faulty.stage = sights.stage
        AND faulty.host = sights.host
)
SELECT scan, domain, stage, host, at_s, state FROM each_host
UNION ALL
SELECT
    scan, domain, stage, '(not told)' AS host, min(at_s) AS at_s,
    CASE
        WHEN count(*) FILTER (WHERE state = 'fault') > 0 THEN 'fault'
        WHEN count(*) FILTER (WHERE state = 'undecided') > 0 THEN 'undecided'
        ELSE 'works'
    END AS state
FROM each_host
WHERE stage <> 'policy'
GROUP BY scan, domain, stage
