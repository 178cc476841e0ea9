-- title: Policies that do not match the MX hosts
-- answers: How do policy and MX set differ, and does the domain ask senders to refuse?
-- denominator: the signallers with a usable policy and an MX set to match (explicit or implicit).
-- units: domains; a domain has one kind, the first that fits (METHODS.md); (any) adds them up. pct is percent
--   of the denominator. all_hosts: no host matches; some_hosts: at least one matches. refused: a strict
--   sender does not deliver.
-- shares: pct = domains / with_policy
-- weight: by scan, kind
WITH mismatched AS (
    SELECT
        scan, domain, coalesce(mismatch_kind, '(not known)') AS kind,
        list_contains(findings, 'mx_mismatch_all') AS all_hosts,
        policy_mode, verdict_strict /*[| , weight ]*/
    FROM signallers
    WHERE list_contains(findings, 'mx_mismatch_all') OR list_contains(findings, 'mx_mismatch_some')
),
kinds AS (
    SELECT mismatched.*, 1 AS place FROM mismatched
    UNION ALL
    SELECT scan, domain, '(any)' AS kind, all_hosts, policy_mode, verdict_strict, /*[| weight, ]*/ 0 AS place FROM mismatched
),
totals AS (
    SELECT scan, count(*) /* names */ AS with_policy
    FROM reach
    WHERE matchable
    GROUP BY scan
),
counted AS (
    SELECT
        scan, place, kind, count(*) /* names */ AS domains,
        count(*) /* names */ FILTER (WHERE all_hosts) AS all_hosts,
        count(*) /* names */ FILTER (WHERE NOT all_hosts) AS some_hosts,
        count(*) /* names */ FILTER (WHERE policy_mode = 'enforce') AS enforce,
        count(*) /* names */ FILTER (WHERE policy_mode = 'testing') AS testing,
        count(*) /* names */ FILTER (WHERE verdict_strict = 'refused') AS refused
    FROM kinds
    GROUP BY scan, place, kind
)
SELECT
    counted.scan, kind, with_policy, domains,
    100.0 * domains / nullif(with_policy, 0) AS pct,
    all_hosts, some_hosts, enforce, testing, refused
FROM counted
JOIN totals ON totals.scan = counted.scan
JOIN scan_order ON scan_order.scan_name = counted.scan
ORDER BY scan_place NULLS LAST, place NULLS LAST, domains DESC NULLS LAST, kind NULLS LAST
