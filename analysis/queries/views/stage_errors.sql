-- title: Errors of each signaller by stage
-- answers: One row a signaller and stage in which something was found or not seen: does an error count there,
--   is something open, and was it looked at?
-- denominator: none.
-- note: stages are those of the catalogue, and two sums: policy, of policy_dns to policy_text; any, of
--   record, policy, mx, smtp, mx_tls and mismatch. A policy counts at the first stage at which it has an error. The stage companions stands here as its parts, tlsrpt,
--   dmarc and dane; they are no part of any: MTA-STS works without them. open: a transient or indeterminate finding,
--   and no error; so are the stages of a policy behind one that is open, which it may have failed at. doubt:
--   such a finding, whatever else there is.
-- note: hidden: nothing of the stage was seen, or not all of it (a fetch or an address that was not tried, a
--   host without a row, an MX set that is not known, a policy that cannot be held against the hosts, a
--   signaller without judgement). unseen: nothing, and neither error nor open. may: hidden, and neither error
--   nor open: it may have an error. idle: the stage does not concern a domain without mail, which has no host.
WITH ways AS (
    SELECT * FROM (
        VALUES (1, 'policy_dns'), (2, 'policy_tcp'), (3, 'policy_tls'), (4, 'policy_http'), (5, 'policy_text')
    ) AS ways (step, stage)
),
failed AS (
    SELECT faults.scan, faults.domain, min(ways.step) AS step
    FROM faults
    JOIN ways ON ways.stage = faults.stage
    WHERE faults.counts_as = 'error'
    GROUP BY faults.scan, faults.domain
),
stages AS (
    SELECT faults.scan, faults.domain, faults.stage, faults.counts_as
    FROM faults
    LEFT JOIN ways ON ways.stage = faults.stage
    LEFT JOIN failed ON failed.scan = faults.scan AND failed.domain = faults.domain
    WHERE coalesce(ways.step <= failed.step, true)
    UNION ALL
    SELECT scan, domain, 'policy' AS stage, counts_as FROM faults
    WHERE stage IN ('policy_dns', 'policy_tcp', 'policy_tls', 'policy_http', 'policy_text')
    UNION ALL
    SELECT scan, domain, 'any' AS stage, counts_as FROM faults
    WHERE stage IN (
        'record', 'policy_dns', 'policy_tcp', 'policy_tls', 'policy_http', 'policy_text',
        'mx', 'smtp', 'mx_tls', 'mismatch'
    )
    UNION ALL
    SELECT
        scan, domain,
        CASE WHEN code LIKE 'tlsrpt%' THEN 'tlsrpt' WHEN code LIKE 'dmarc%' THEN 'dmarc' ELSE 'dane' END AS stage,
        counts_as
    FROM faults
    WHERE stage = 'companions'
),
counted AS (
    SELECT
        scan, domain, stage,
        count(*) FILTER (WHERE counts_as = 'error') AS errors,
        count(*) FILTER (WHERE counts_as IN ('transient', 'indeterminate')) AS doubts
    FROM stages
    GROUP BY scan, domain, stage
),
stopped AS (
    SELECT counted.scan, counted.domain, min(ways.step) AS step
    FROM counted
    JOIN ways ON ways.stage = counted.stage
    WHERE errors = 0 AND doubts > 0
    GROUP BY counted.scan, counted.domain
),
looked AS (
    SELECT
        reach.scan, reach.domain, /*[| reach.weight, ]*/ named.stage, ways.step > stopped.step AS behind,
        CASE
            WHEN NOT judged THEN true
            WHEN named.stage = 'mx' THEN mx_unknown OR (hosts > 0 AND unasked = hosts)
            WHEN named.stage = 'smtp' THEN probed = 0
            WHEN named.stage = 'mx_tls' THEN observed = 0
            WHEN named.stage = 'mismatch' THEN NOT matchable
            WHEN named.stage = 'tlsrpt' THEN reach.tlsrpt = 'unknown'
            WHEN named.stage = 'dmarc' THEN reach.dmarc IN ('unknown', '(not recorded)')
            WHEN named.stage IN ('record', 'any', 'dane', 'unknown') THEN false
            ELSE NOT fetched
        END AS nothing,
        CASE
            WHEN named.stage = 'mx' THEN unasked > 0
            WHEN named.stage IN ('smtp', 'mx_tls') THEN unasked > 0 OR skipped > 0
            WHEN named.stage = 'any' THEN NOT fetched OR mx_unknown OR unasked > 0 OR skipped > 0
            WHEN named.stage = 'dane' THEN mx_unknown OR unasked > 0 OR skipped > 0
            ELSE false
        END AS partly,
        named.stage IN ('smtp', 'mx_tls', 'mismatch') AND no_mail AS idle
    FROM reach
    CROSS JOIN (
        VALUES
            ('record'), ('policy_dns'), ('policy_tcp'), ('policy_tls'), ('policy_http'), ('policy_text'), ('policy'),
            ('mx'), ('smtp'), ('mx_tls'), ('mismatch'), ('any'), ('tlsrpt'), ('dmarc'), ('dane'),
            ('unknown')
    ) AS named (stage)
    LEFT JOIN ways ON ways.stage = named.stage
    LEFT JOIN stopped ON stopped.scan = reach.scan AND stopped.domain = reach.domain
),
flags AS (
    SELECT
        looked.scan, looked.domain, /*[| looked.weight, ]*/ looked.stage, nothing, (nothing OR partly) AND NOT idle AS hidden, idle,
        coalesce(errors, 0) > 0 AS error, coalesce(doubts, 0) > 0 OR coalesce(behind, false) AS doubt
    FROM looked
    LEFT JOIN counted
        ON counted.scan = looked.scan AND counted.domain = looked.domain AND counted.stage = looked.stage
)
SELECT
    scan, domain, /*[| weight, ]*/ stage, error, NOT error AND doubt AS open, doubt, hidden,
    NOT error AND NOT doubt AND nothing AND NOT idle AS unseen,
    NOT error AND NOT doubt AND hidden AS may,
    NOT error AND NOT doubt AND idle AS idle
FROM flags
WHERE error OR doubt OR hidden OR idle
