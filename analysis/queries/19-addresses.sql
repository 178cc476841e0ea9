-- title: IPv4 and IPv6
-- answers: Can policy hosts and MX hosts be reached over IPv4, over IPv6, or both?
-- denominator: policy hosts of signallers, and MX hosts in the dataset, whose addresses are known.
-- units: hosts; pct is percent of the denominator. none: the name has no address.
-- shares: pct = hosts / sum(hosts by scan, entity)
-- weight: no: it counts hosts, not names
WITH addresses AS (
    SELECT
        scan, 'policy host' AS entity, domain AS name,
        unnest(policy_addrs)['addr'] AS addr
    FROM signallers
    WHERE policy_addrs[1]['addr'] IS NOT NULL
    UNION ALL
    SELECT scan, 'policy host' AS entity, domain AS name, NULL AS addr
    FROM signallers
    WHERE policy_addrs IS NOT NULL AND policy_addrs[1]['addr'] IS NULL
    UNION ALL
    SELECT scan, 'MX' AS entity, host AS name, addr
    FROM mx_hosts
    WHERE addr IS NOT NULL OR host_dns IN ('NODATA', 'NXDOMAIN')
),
hosts AS (
    SELECT
        scan, entity, name,
        count(*) FILTER (WHERE strpos(addr, ':') > 0) AS v6,
        count(*) FILTER (WHERE strpos(addr, ':') = 0) AS v4
    FROM addresses
    GROUP BY scan, entity, name
),
counted AS (
    SELECT
        scan, entity,
        CASE
            WHEN v4 > 0 AND v6 > 0 THEN 'IPv4 and IPv6'
            WHEN v4 > 0 THEN 'IPv4 alone'
            WHEN v6 > 0 THEN 'IPv6 alone'
            ELSE 'none'
        END AS families,
        count(*) AS hosts
    FROM hosts
    GROUP BY 1, 2, 3
)
SELECT
    scan, entity, families, hosts,
    100.0 * hosts / nullif(sum(hosts) OVER (PARTITION BY scan, entity), 0) AS pct
FROM counted
JOIN scan_order ON scan_order.scan_name = counted.scan
ORDER BY scan_place NULLS LAST, entity DESC NULLS LAST, families NULLS LAST
