-- title: Policies that name an earlier MX
-- answers: How many policies mismatch because the MX hosts moved but the policy did not?
-- denominator: signallers whose policy does not match every MX host, and whose MX set of an earlier scan is
--   known, whether they signalled then or not.
-- units: names, by kind of mismatch; (any) adds them up. obsolete: a pattern of the policy equals a host of
--   an earlier MX set, or is the wildcard over it, and no such host is in the MX set now. pct is percent of
--   the denominator.
-- shares: pct = obsolete / mismatched
WITH sets AS (
    SELECT DISTINCT later.scan, snapshots.domain
    FROM snapshots
    JOIN timeline AS before ON before.scan = snapshots.scan
    JOIN timeline AS later ON later.place > before.place
    WHERE NOT snapshots.mx_unknown
),
hosts AS (
    SELECT scan, domain, mx['host'] AS host
    FROM (SELECT scan, domain, unnest(mx) AS mx FROM snapshots WHERE mx_kind IN ('explicit', 'implicit')) AS rows
),
earlier AS (
    SELECT DISTINCT later.scan, hosts.domain, hosts.host
    FROM hosts
    JOIN timeline AS before ON before.scan = hosts.scan
    JOIN timeline AS later ON later.place > before.place
    WHERE hosts.host <> '.' AND ('.' || hosts.host) NOT LIKE '%.invalid'
),
mismatched AS (
    SELECT scan, domain, coalesce(mismatch_kind, '(not known)') AS kind, policy_mx
    FROM signallers
    WHERE list_contains(findings, 'mx_mismatch_all') OR list_contains(findings, 'mx_mismatch_some')
),
patterns AS (
    SELECT scan, domain, unnest(policy_mx) AS pattern FROM mismatched
),
stale AS (
    SELECT DISTINCT patterns.scan, patterns.domain
    FROM patterns
    JOIN earlier
        ON earlier.scan = patterns.scan AND earlier.domain = patterns.domain
        AND (
            lower(patterns.pattern) = earlier.host
            OR lower(patterns.pattern) = '*' || substr(earlier.host, strpos(earlier.host, '.'))
        )
    LEFT JOIN domain_hosts AS today
        ON today.scan = earlier.scan AND today.domain = earlier.domain AND today.host = earlier.host
    WHERE today.host IS NULL
),
known AS (
    SELECT DISTINCT mismatched.scan, mismatched.domain, mismatched.kind
    FROM mismatched
    JOIN sets ON sets.scan = mismatched.scan AND sets.domain = mismatched.domain
),
kinds AS (
    SELECT known.*, 1 AS place FROM known
    UNION ALL
    SELECT scan, domain, '(any)' AS kind, 0 AS place FROM known
)
SELECT
    kinds.scan, kinds.kind, count(*) AS mismatched,
    count(*) FILTER (WHERE stale.domain IS NOT NULL) AS obsolete,
    100.0 * count(*) FILTER (WHERE stale.domain IS NOT NULL) / nullif(count(*), 0) AS pct
FROM kinds
JOIN timeline ON timeline.scan = kinds.scan
LEFT JOIN stale ON stale.scan = kinds.scan AND stale.domain = kinds.domain
GROUP BY kinds.scan, timeline.place, kinds.place, kinds.kind
ORDER BY timeline.place NULLS LAST, kinds.place NULLS LAST, mismatched DESC NULLS LAST, kinds.kind NULLS LAST
