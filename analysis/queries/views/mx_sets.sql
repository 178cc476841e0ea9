-- title: MX sets of signallers
-- answers: Which hosts are in the MX set of each signaller, where the set is known, and does the policy match
--   them?
-- denominator: none.
-- note: hosts is empty where the set is known to be. fits: all (every host matches) | some | nothing, where
--   there is a usable policy that asks for hosts; null where not.
WITH hosted AS (
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
)
SELECT signallers.scan, signallers.domain, coalesce(hosted.hosts, '') AS hosts, hosted.fits
FROM signallers
LEFT JOIN hosted ON hosted.scan = signallers.scan AND hosted.domain = signallers.domain
WHERE NOT signallers.mx_unknown
