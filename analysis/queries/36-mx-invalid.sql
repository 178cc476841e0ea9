-- title: Domains whose MX hosts have invalid certificates
-- answers: Are all or only some of a domain's MX hosts invalid, and does the domain ask senders to refuse
--   them?
-- denominator: the signallers with at least one MX host whose certificate was seen.
-- note: (not known): no fault was found, and the outcome of a certificate is a word that this version does
--   not know.
-- units: domains, by the mode of their policy where it is usable. pct is percent of the denominator. refused
--   are those that a strict sender does not deliver to, whatever the reason.
-- shares: pct = domains / sum(domains by scan)
-- weight: by scan, hosts
WITH seen AS (
    SELECT scan, domain, sum(undecided) AS undecided
    FROM domain_hosts
    GROUP BY scan, domain
    HAVING sum(observed) > 0
),
states AS (
    SELECT
        signallers.scan,
        CASE
            WHEN list_contains(signallers.findings, 'mx_cert_all_invalid') THEN 'all invalid'
            WHEN list_contains(signallers.findings, 'mx_cert_some_invalid') THEN 'some invalid'
            WHEN seen.undecided > 0 THEN '(not known)'
            ELSE 'all valid'
        END AS hosts,
        CASE WHEN signallers.policy_usable THEN signallers.policy_mode END AS mode,
        signallers.verdict_strict /*[| , signallers.weight ]*/
    FROM signallers
    JOIN seen ON seen.scan = signallers.scan AND seen.domain = signallers.domain
)
SELECT
    scan, hosts, count(*) /* names */ AS domains,
    100.0 * count(*) /* names */ / nullif(sum(count(*) /* names */) OVER (PARTITION BY scan), 0) AS pct,
    count(*) /* names */ FILTER (WHERE mode = 'enforce') AS enforce,
    count(*) /* names */ FILTER (WHERE mode = 'testing') AS testing,
    count(*) /* names */ FILTER (WHERE mode = 'none') AS none,
    count(*) /* names */ FILTER (WHERE mode IS NULL) AS no_usable_policy,
    count(*) /* names */ FILTER (WHERE verdict_strict = 'refused') AS refused
FROM states
JOIN scan_order ON scan_order.scan_name = states.scan
GROUP BY scan, hosts, scan_place
ORDER BY scan_place NULLS LAST, hosts NULLS LAST
