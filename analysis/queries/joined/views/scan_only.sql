-- title: Findings that no sender told
-- answers: Which errors of the nearest scan does no failure of the day show, though senders could have met
--   them?
-- denominator: the errors of scan_faults, on days on which a policy was applied that would have shown them.
-- units: one row a domain, day, host and result type.
-- note: a host where a sender met one fault is left out: a session fails by its first. A sender need not have
--   come to every host: it turns to one of lower preference only where the others fail.
WITH applied_days AS (
    SELECT DISTINCT domain, day, 'policy' AS stage FROM counted_policies WHERE policy_type IN ('sts', 'no-policy-found')
    UNION ALL
    SELECT DISTINCT domain, day, 'host' AS stage FROM counted_policies
    WHERE policy_type = 'sts' AND mode IN ('testing', 'enforce') AND successful + failed > 0
    UNION ALL
    SELECT DISTINCT domain, day, 'dane' AS stage FROM counted_policies
    WHERE policy_type = 'tlsa' AND successful + failed > 0
),
explained_hosts AS (
    SELECT DISTINCT told_failures.domain, told_failures.day, told_failures.stage, reasons.host
    FROM told_failures
    JOIN nearest
        ON nearest.domain = told_failures.domain AND nearest.day = told_failures.day
        AND nearest.stage = told_failures.stage
    JOIN reasons
        ON reasons.domain = told_failures.domain AND reasons.stage = told_failures.stage
        AND reasons.mx = told_failures.mx AND reasons.told = told_failures.told AND reasons.scan = nearest.scan
),
untold AS (
    SELECT
        nearest.domain, nearest.stage, scan_faults.host, nearest.day, scan_faults.result_type, nearest.scan,
        nearest.days_after, scan_faults.code, scan_faults.place
    FROM applied_days
    JOIN nearest
        ON nearest.domain = applied_days.domain AND nearest.day = applied_days.day
        AND nearest.stage = applied_days.stage
    JOIN scan_faults
        ON scan_faults.scan = nearest.scan AND scan_faults.domain = nearest.domain
        AND scan_faults.stage = nearest.stage
    LEFT JOIN explained_hosts
        ON explained_hosts.domain = nearest.domain AND explained_hosts.day = nearest.day
        AND explained_hosts.stage = nearest.stage AND explained_hosts.host = scan_faults.host
    WHERE scan_faults.counts AND explained_hosts.host IS NULL
)
SELECT
    domain, stage, host AS mx, day, result_type, scan, days_after, string_agg(code, ' ' ORDER BY place) AS findings
FROM untold
GROUP BY domain, stage, host, day, result_type, scan, days_after
