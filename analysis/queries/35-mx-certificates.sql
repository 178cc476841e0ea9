-- title: Faults of MX hosts' TLS and certificates, by who manages the mail
-- answers: Which faults do self-managed MX hosts have, and which do those of third parties have?
-- denominator: the signallers with at least one MX host that was probed (a connection was tried to one of its
--   addresses), by the manager of their mail (table managers), and all of them.
-- units: domains for which the fault is an error at one host or more; a domain counts under each of its
--   faults and once under (any). open: nothing but transient or indeterminate findings of the kind. pct is
--   percent of the probed domains of the manager less open, low and high percent of all of them, the open
--   ones counted as right and as wrong.
WITH probed AS (
    SELECT scan, domain FROM domain_hosts WHERE probed > 0 GROUP BY scan, domain
),
hosts AS (
    SELECT
        probed.scan, probed.domain, managers.manager,
        CASE managers.manager WHEN 'self' THEN 1 WHEN 'third party' THEN 2 WHEN 'unclassified' THEN 3 ELSE 4 END AS place
    FROM probed
    JOIN managers ON managers.scan = probed.scan AND managers.domain = probed.domain AND managers.entity = 'MX'
    UNION ALL
    SELECT scan, domain, 'all' AS manager, 5 AS place FROM probed
),
sizes AS (
    SELECT scan, place, manager, count(*) AS domains FROM hosts GROUP BY scan, place, manager
),
found AS (
    SELECT scan, domain, place AS step, code, counts_as = 'error' AS error, counts_as <> 'error' AS open
    FROM faults
    WHERE (stage = 'mx_tls' OR result_type = 'starttls-not-supported')
        AND counts_as IN ('error', 'transient', 'indeterminate')
    UNION ALL
    SELECT
        scan, domain, 0 AS step, '(any)' AS code,
        count(*) FILTER (WHERE counts_as = 'error') > 0 AS error,
        count(*) FILTER (WHERE counts_as = 'error') = 0 AS open
    FROM faults
    WHERE (stage = 'mx_tls' OR result_type = 'starttls-not-supported')
        AND counts_as IN ('error', 'transient', 'indeterminate')
    GROUP BY scan, domain
),
counted AS (
    SELECT
        hosts.scan, hosts.place, found.step, found.code,
        count(*) FILTER (WHERE found.error) AS faulty,
        count(*) FILTER (WHERE found.open) AS open
    FROM hosts
    JOIN found ON found.scan = hosts.scan AND found.domain = hosts.domain
    GROUP BY hosts.scan, hosts.place, found.step, found.code
)
SELECT
    counted.scan, sizes.manager, counted.code, sizes.domains AS probed, counted.open, counted.faulty,
    100.0 * counted.faulty / nullif(sizes.domains - counted.open, 0) AS pct,
    100.0 * counted.faulty / nullif(sizes.domains, 0) AS low,
    100.0 * (counted.faulty + counted.open) / nullif(sizes.domains, 0) AS high
FROM counted
JOIN sizes ON sizes.scan = counted.scan AND sizes.place = counted.place
ORDER BY counted.scan NULLS LAST, counted.place NULLS LAST, counted.step NULLS LAST
