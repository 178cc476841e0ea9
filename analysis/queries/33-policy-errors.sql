-- title: Errors on the way to the policy, by who manages the policy host
-- answers: At which stage do policy hosts fail, and do those of third parties fail less often?
-- denominator: the signallers among D4 (all names), by the manager of their policy host (table managers;
--   thresholds --third-party-from and --self-up-to), and all of them.
-- units: domains, that is, policy hosts. (any) counts a domain once. pct is percent of the decided domains of
--   the manager (all less open: something transient or indeterminate was found, and no error); low and high
--   are percent of all of the manager, the open ones counted as right and as wrong.
-- shares: pct = faulty / domains - unseen - open
-- weight: by scan, manager, stage
WITH hosts AS (
    SELECT scan, domain, 5 AS place, 'all' AS manager /*[| , weight ]*/ FROM managers WHERE entity = 'policy host'
    UNION ALL
    SELECT
        scan, domain,
        CASE manager WHEN 'self' THEN 1 WHEN 'third party' THEN 2 WHEN 'unclassified' THEN 3 ELSE 4 END AS place, manager /*[| , weight ]*/
    FROM managers
    WHERE entity = 'policy host'
),
counted AS (
    SELECT
        hosts.scan, hosts.place, hosts.manager, stages.step, stages.shown AS stage,
        count(*) /* names of hosts */ AS domains,
        count(*) /* names of hosts */ FILTER (WHERE stage_errors.error) AS faulty,
        count(*) /* names of hosts */ FILTER (WHERE stage_errors.open) AS open,
        count(*) /* names of hosts */ FILTER (WHERE stage_errors.unseen) AS unseen
    FROM hosts
    CROSS JOIN (
        VALUES
            (1, 'policy_dns', 'policy_dns'), (2, 'policy_tcp', 'policy_tcp'), (3, 'policy_tls', 'policy_tls'),
            (4, 'policy_http', 'policy_http'), (5, 'policy_text', 'policy_text'), (6, 'policy', '(any)')
    ) AS stages (step, stage, shown)
    LEFT JOIN stage_errors
        ON stage_errors.scan = hosts.scan AND stage_errors.domain = hosts.domain AND stage_errors.stage = stages.stage
    GROUP BY 1, 2, 3, 4, 5
)
SELECT
    scan, manager, stage, domains, unseen, open, faulty,
    100.0 * faulty / nullif(domains - unseen - open, 0) AS pct,
    100.0 * faulty / nullif(domains, 0) AS low,
    100.0 * (faulty + open + unseen) / nullif(domains, 0) AS high
FROM counted
JOIN scan_order ON scan_order.scan_name = counted.scan
ORDER BY scan_place NULLS LAST, place NULLS LAST, step NULLS LAST
