-- title: MX sets of signallers
-- answers: Which hosts are in the MX set of each signaller, and does the policy match them?
-- denominator: none.
-- note: fits: all (every host matches) | some | nothing, where there is a usable policy that asks for hosts;
--   null where not.
SELECT
    scan, domain, string_agg(host, ' ' ORDER BY host) AS hosts,
    CASE
        WHEN count(*) FILTER (WHERE matched IS NULL) > 0 THEN NULL
        WHEN count(*) FILTER (WHERE NOT matched) = 0 THEN 'all'
        WHEN count(*) FILTER (WHERE matched) > 0 THEN 'some'
        ELSE 'nothing'
    END AS fits
FROM domain_hosts
GROUP BY scan, domain
