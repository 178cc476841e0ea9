-- title: Errors of each signaller by stage
-- answers: One row a signaller and stage in which something was found: does an error count there, and is
--   something open?
-- denominator: none.
-- note: stages are those of the catalogue, and two sums: policy, of policy_dns to policy_text; any, of
--   record, policy, mx, smtp, mx_tls and mismatch. TLSRPT and DANE (companions) are no part of any: MTA-STS
--   works without them. open: a transient or indeterminate finding, and no error.
WITH stages AS (
    SELECT scan, domain, stage, counts_as FROM faults
    UNION ALL
    SELECT scan, domain, 'policy' AS stage, counts_as FROM faults
    WHERE stage IN ('policy_dns', 'policy_tcp', 'policy_tls', 'policy_http', 'policy_text')
    UNION ALL
    SELECT scan, domain, 'any' AS stage, counts_as FROM faults
    WHERE stage IN (
        'record', 'policy_dns', 'policy_tcp', 'policy_tls', 'policy_http', 'policy_text',
        'mx', 'smtp', 'mx_tls', 'mismatch'
    )
),
counted AS (
    SELECT
        scan, domain, stage,
        count(*) FILTER (WHERE counts_as = 'error') AS errors,
        count(*) FILTER (WHERE counts_as IN ('transient', 'indeterminate')) AS doubts
    FROM stages
    GROUP BY scan, domain, stage
)
SELECT scan, domain, stage, errors > 0 AS error, errors = 0 AND doubts > 0 AS open
FROM counted
