-- title: Faults of MX hosts' TLS and certificates, by who manages the mail
-- answers: Which faults do self-managed MX hosts have, and which do those of third parties have?
-- denominator: the signallers with an MX host, and those whose MX question failed (manager unknown), by the
--   manager of their mail (table managers), and all of them.
-- units: domains for which the fault is an error at one host or more; a domain counts under each of its
--   faults and once under (any). unseen: no certificate was seen at any host, and none of these faults. open:
--   nothing but transient or indeterminate findings of the kind. pct is percent of the domains less unseen and
--   open; low and high are percent of all of them: what is open, unseen or seen in part counted as right and
--   as wrong (mx_cert_all_invalid holds in low only where every host was seen). Every fault that occurs has a
--   row for every manager, be it zero.
-- shares: pct = faulty / domains - unseen - open
-- weight: by scan, manager, code
WITH found AS (
    SELECT scan, domain, place AS step, code, counts_as = 'error' AS error, counts_as <> 'error' AS open
    FROM faults
    WHERE (stage = 'mx_tls' OR result_type = 'starttls-not-supported' OR code = 'smtp_answer_injection')
        AND counts_as IN ('error', 'transient', 'indeterminate')
    UNION ALL
    SELECT
        scan, domain, 0 AS step, '(any)' AS code,
        count(*) FILTER (WHERE counts_as = 'error') > 0 AS error,
        count(*) FILTER (WHERE counts_as = 'error') = 0 AS open
    FROM faults
    WHERE (stage = 'mx_tls' OR result_type = 'starttls-not-supported' OR code = 'smtp_answer_injection')
        AND counts_as IN ('error', 'transient', 'indeterminate')
    GROUP BY scan, domain
),
looked AS (
    SELECT
        reach.scan, reach.domain, /*[| reach.weight, ]*/
        reach.observed = 0 AND any_fault.domain IS NULL AS unseen,
        NOT reach.judged OR reach.observed = 0 OR reach.unasked > 0 OR reach.skipped > 0 AS hidden
    FROM reach
    LEFT JOIN found AS any_fault
        ON any_fault.scan = reach.scan AND any_fault.domain = reach.domain AND any_fault.step = 0
    WHERE reach.hosts > 0 OR reach.mx_unknown
),
hosts AS (
    SELECT
        looked.scan, looked.domain, looked.unseen, looked.hidden, /*[| looked.weight, ]*/ managers.manager,
        CASE managers.manager WHEN 'self' THEN 1 WHEN 'third party' THEN 2 WHEN 'unclassified' THEN 3 ELSE 4 END AS place
    FROM looked
    JOIN managers ON managers.scan = looked.scan AND managers.domain = looked.domain AND managers.entity = 'MX'
    UNION ALL
    SELECT scan, domain, unseen, hidden, /*[| weight, ]*/ 'all' AS manager, 5 AS place FROM looked
),
sizes AS (
    SELECT
        scan, place, manager, count(*) /* names */ AS domains, count(*) /* names */ FILTER (WHERE unseen) AS unseen,
        count(*) /* names */ FILTER (WHERE hidden) AS hidden
    FROM hosts
    GROUP BY scan, place, manager
),
codes AS (
    SELECT DISTINCT scan, step, code FROM found
    UNION
    SELECT DISTINCT scan, 0 AS step, '(any)' AS code FROM looked
),
counted AS (
    SELECT
        hosts.scan, hosts.place, found.step, found.code,
        count(*) /* names */ FILTER (WHERE found.error) AS faulty,
        count(*) /* names */ FILTER (WHERE found.open) AS open,
        count(*) /* names */ FILTER (WHERE hosts.hidden) AS hidden,
        count(*) /* names */ FILTER (WHERE found.error AND hosts.hidden AND found.code = 'mx_cert_all_invalid') AS unsure
    FROM hosts
    JOIN found ON found.scan = hosts.scan AND found.domain = hosts.domain
    GROUP BY hosts.scan, hosts.place, found.step, found.code
),
filled AS (
    SELECT
        sizes.scan, sizes.place, sizes.manager, codes.step, codes.code, sizes.domains, sizes.unseen,
        coalesce(counted.open, 0) AS open, coalesce(counted.faulty, 0) AS faulty,
        coalesce(counted.unsure, 0) AS unsure, sizes.hidden - coalesce(counted.hidden, 0) AS may
    FROM sizes
    JOIN codes ON codes.scan = sizes.scan
    LEFT JOIN counted
        ON counted.scan = sizes.scan AND counted.place = sizes.place AND counted.step = codes.step
        AND counted.code = codes.code
)
SELECT
    scan, manager, code, domains, unseen, open, faulty,
    100.0 * faulty / nullif(domains - unseen - open, 0) AS pct,
    100.0 * (faulty - unsure) / nullif(domains, 0) AS low,
    100.0 * (faulty + open + may) / nullif(domains, 0) AS high
FROM filled
JOIN scan_order ON scan_order.scan_name = filled.scan
ORDER BY scan_place NULLS LAST, place NULLS LAST, step NULLS LAST
