-- title: Who manages what
-- answers: To which cluster do the policy host, the MX hosts and the name servers of each signaller belong,
--   and does the domain itself or a third party manage them?
-- denominator: the signallers among D4 (all names).
-- units: size is the signallers of the scan in the same cluster.
-- note: the cluster of a policy host is the provider of the first CNAME target; without a CNAME it is the
--   first address. That of the mail is the provider of the first MX host of lowest preference (the root of a
--   null MX is no host, nor is a name below invalid), that of the DNS the provider of the first name server.
--   A host below the domain's own registrable domain is `own`, and so is a policy host's name without CNAME
--   and address, which only the domain's own zone can hold. cluster is null where it could not be
--   determined.
-- note: manager, by the thresholds of the settings: self where it is own and no shared address, or where the
--   cluster is small; third party where it is large; else unclassified; unknown without a cluster.
WITH clusters AS (
    SELECT
        signallers.scan, signallers.domain, 'policy host' AS entity,
        CASE
            WHEN signallers.policy_cname[1] IS NOT NULL AND names.registrable = signallers.registrable
                THEN signallers.registrable
            WHEN signallers.policy_cname[1] IS NOT NULL THEN coalesce(names.provider, signallers.policy_cname[1])
            WHEN signallers.policy_addrs[1]['addr'] IS NOT NULL THEN signallers.policy_addrs[1]['addr']
            WHEN signallers.policy_host_dns IN ('NXDOMAIN', 'NODATA') THEN signallers.domain
        END AS cluster,
        coalesce(names.registrable = signallers.registrable, false)
            OR coalesce(
                signallers.policy_cname[1] IS NULL AND signallers.policy_host_dns IN ('NXDOMAIN', 'NODATA'), false
            ) AS own /*[| , signallers.weight ]*/
    FROM signallers
    LEFT JOIN signaller_names AS names ON names.name = signallers.policy_cname[1]
    UNION ALL
    SELECT
        signallers.scan, signallers.domain, 'MX' AS entity,
        coalesce(names.provider, signallers.first_mx) AS cluster,
        coalesce(names.registrable = signallers.registrable, false) AS own /*[| , signallers.weight ]*/
    FROM (
        SELECT
            signallers.scan, signallers.domain, signallers.registrable, /*[| signallers.weight, ]*/
            first_hosts.host AS first_mx
        FROM signallers
        LEFT JOIN first_hosts ON first_hosts.scan = signallers.scan AND first_hosts.domain = signallers.domain
    ) AS signallers
    LEFT JOIN signaller_names AS names ON names.name = signallers.first_mx
    UNION ALL
    SELECT
        signallers.scan, signallers.domain, 'DNS' AS entity,
        coalesce(names.provider, signallers.ns[1]) AS cluster,
        coalesce(names.registrable = signallers.registrable, false) AS own /*[| , signallers.weight ]*/
    FROM signallers
    LEFT JOIN signaller_names AS names ON names.name = signallers.ns[1]
),
sized AS (
    SELECT
        clusters.*,
        CASE WHEN cluster IS NOT NULL THEN count(*) OVER (PARTITION BY scan, entity, cluster) END AS size
    FROM clusters
)
SELECT
    sized.scan, sized.domain, sized.entity, sized.cluster, sized.own, sized.size, /*[| sized.weight, ]*/
    CASE
        WHEN sized.cluster IS NULL THEN 'unknown'
        WHEN sized.own OR sized.size <= settings.self_up_to THEN 'self'
        WHEN sized.size >= settings.third_party_from THEN 'third party'
        ELSE 'unclassified'
    END AS manager
FROM sized
CROSS JOIN settings
