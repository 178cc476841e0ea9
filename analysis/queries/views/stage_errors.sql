-- title: Errors of each signaller by stage
-- answers: One row a signaller and stage in which something was found or not seen: does an error count there,
--   is something open, and was it looked at?
-- denominator: none.
-- note: stages are those of the catalogue, and two sums: policy, of policy_dns to policy_text; any, of
--   record, policy, mx, smtp, mx_tls and mismatch. TLSRPT and DANE (companions) are no part of any: MTA-STS
--   works without them. open: a transient or indeterminate finding, and no error.
-- note: hidden: nothing of the stage was seen, or not all of it (a fetch or an address that was not tried, a
--   host without a row, an MX set that is not known, a policy that cannot be held against the hosts, a
--   signaller without judgement). unseen: nothing, and neither error nor open. may: hidden, and neither error
--   nor open: it may have an error. idle: the stage does not concern a domain without mail, which has no host.
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
),
looked AS (
    SELECT
        reach.scan, reach.domain, named.stage,
        CASE
            WHEN NOT judged THEN true
            WHEN named.stage = 'mx' THEN mx_unknown OR (hosts > 0 AND unasked = hosts)
            WHEN named.stage = 'smtp' THEN probed = 0
            WHEN named.stage = 'mx_tls' THEN observed = 0
            WHEN named.stage = 'mismatch' THEN NOT matchable
            WHEN named.stage IN ('record', 'any', 'companions', 'unknown') THEN false
            ELSE NOT fetched
        END AS nothing,
        CASE
            WHEN named.stage = 'mx' THEN unasked > 0
            WHEN named.stage IN ('smtp', 'mx_tls') THEN unasked > 0 OR skipped > 0
            WHEN named.stage = 'any' THEN NOT fetched OR mx_unknown OR unasked > 0 OR skipped > 0
            WHEN named.stage = 'companions' THEN tlsrpt = 'unknown' OR mx_unknown OR unasked > 0 OR skipped > 0
            ELSE false
        END AS partly,
        named.stage IN ('smtp', 'mx_tls', 'mismatch') AND no_mail AS idle
    FROM reach
    CROSS JOIN (
        VALUES
            ('record'), ('policy_dns'), ('policy_tcp'), ('policy_tls'), ('policy_http'), ('policy_text'), ('policy'),
            ('mx'), ('smtp'), ('mx_tls'), ('mismatch'), ('any'), ('companions'), ('unknown')
    ) AS named (stage)
),
flags AS (
    SELECT
        looked.scan, looked.domain, looked.stage, nothing, (nothing OR partly) AND NOT idle AS hidden, idle,
        coalesce(errors, 0) > 0 AS error, coalesce(errors, 0) = 0 AND coalesce(doubts, 0) > 0 AS open
    FROM looked
    LEFT JOIN counted
        ON counted.scan = looked.scan AND counted.domain = looked.domain AND counted.stage = looked.stage
)
SELECT
    scan, domain, stage, error, open, hidden,
    NOT error AND NOT open AND nothing AND NOT idle AS unseen,
    NOT error AND NOT open AND hidden AS may,
    NOT error AND NOT open AND idle AS idle
FROM flags
WHERE error OR open OR hidden OR idle
