-- title: Jumps and who is behind them
-- answers: Which cluster explains most of a change in signallers or errors from one scan to the next?
-- denominator: names in the lists of both scans whose state is definite in both: what is open, or was not
--   seen whole, is not.
-- units: names. change = gained - lost; change_pct is percent of before. jump: the change is at least
--   --jump-pct percent of before (default 10), or there is any where there was nothing before. Clusters are of
--   three kinds: provider of the first CNAME target of the policy host, provider of the first MX host, first
--   address of the policy host. The one with the most names that moved in the direction of the change stands
--   here with their number, if it is a tenth of them or more; explained_pct is percent of all that moved in
--   that direction (gained, or lost).
WITH flags AS (
    SELECT
        snapshots.scan, snapshots.place, snapshots.domain, measures.nth, measures.measure,
        CASE WHEN measures.nth = 1 THEN snapshots.presence = 'signals' ELSE coalesce(stage_errors.error, false) END AS has,
        snapshots.presence = 'unknown'
            OR (measures.nth > 1 AND coalesce(stage_errors.open OR stage_errors.may, false)) AS doubtful
    FROM snapshots
    CROSS JOIN (
        VALUES (1, 'signallers'), (2, 'any'), (3, 'record'), (4, 'policy'), (5, 'mx_tls'), (6, 'mismatch')
    ) AS measures (nth, measure)
    LEFT JOIN stage_errors
        ON stage_errors.scan = snapshots.scan AND stage_errors.domain = snapshots.domain
        AND stage_errors.stage = measures.measure
),
moves AS (
    SELECT
        before.scan AS from_scan, later.scan AS to_scan, later.place, later.nth, later.measure, later.domain,
        before.has AS had, later.has AS has,
        CASE WHEN later.has THEN 1 ELSE 0 END - CASE WHEN before.has THEN 1 ELSE 0 END AS moved
    FROM flags AS before
    JOIN pairs ON pairs.from_scan = before.scan
    JOIN flags AS later
        ON later.domain = before.domain AND later.scan = pairs.to_scan AND later.nth = before.nth
    WHERE NOT before.doubtful AND NOT later.doubtful
),
changes AS (
    SELECT
        from_scan, to_scan, place, nth, measure,
        count(*) FILTER (WHERE had) AS before, count(*) FILTER (WHERE moved = 1) AS gained,
        count(*) FILTER (WHERE moved = -1) AS lost, sum(moved) AS change
    FROM moves
    GROUP BY from_scan, to_scan, place, nth, measure
),
memberships AS (
    SELECT
        signallers.scan, signallers.domain, 1 AS rule, 'CNAME target' AS kind,
        coalesce(names.provider, signallers.policy_cname[1]) AS cluster
    FROM signallers
    LEFT JOIN signaller_names AS names ON names.name = signallers.policy_cname[1]
    WHERE signallers.policy_cname[1] IS NOT NULL
    UNION ALL
    SELECT
        first_hosts.scan, first_hosts.domain, 2 AS rule, 'MX provider' AS kind,
        coalesce(names.provider, first_hosts.host) AS cluster
    FROM first_hosts
    LEFT JOIN signaller_names AS names ON names.name = first_hosts.host
    UNION ALL
    SELECT scan, domain, 3 AS rule, 'policy address' AS kind, policy_addrs[1]['addr'] AS cluster
    FROM signallers
    WHERE policy_addrs[1]['addr'] IS NOT NULL
),
attributed AS (
    SELECT
        moves.place, moves.nth, memberships.rule, memberships.kind, memberships.cluster, count(*) AS moved
    FROM moves
    JOIN changes ON changes.place = moves.place AND changes.nth = moves.nth
    JOIN memberships
        ON memberships.domain = moves.domain
        AND memberships.scan = CASE WHEN moves.moved = 1 THEN moves.to_scan ELSE moves.from_scan END
    WHERE moves.moved * changes.change > 0
    GROUP BY moves.place, moves.nth, memberships.rule, memberships.kind, memberships.cluster
),
chosen AS (
    SELECT
        attributed.*,
        row_number() OVER (
            PARTITION BY place, nth ORDER BY moved DESC NULLS LAST, rule NULLS LAST, attributed.cluster NULLS LAST
        ) AS choice
    FROM attributed
)
SELECT
    changes.from_scan, changes.to_scan, changes.measure, changes.before, changes.gained, changes.lost, changes.change,
    100.0 * changes.change / nullif(changes.before, 0) AS change_pct,
    CASE
        WHEN changes.before = 0 THEN changes.change > 0
        ELSE 100.0 * abs(changes.change) / nullif(changes.before, 0) >= settings.jump_pct
    END AS jump,
    chosen.kind, chosen.cluster, chosen.moved AS cluster_moved,
    100.0 * chosen.moved / nullif(CASE WHEN changes.change > 0 THEN changes.gained ELSE changes.lost END, 0)
        AS explained_pct
FROM changes
CROSS JOIN settings
LEFT JOIN chosen
    ON chosen.place = changes.place AND chosen.nth = changes.nth AND chosen.choice = 1
    AND 10 * chosen.moved >= CASE WHEN changes.change > 0 THEN changes.gained ELSE changes.lost END
ORDER BY changes.place NULLS LAST, changes.nth NULLS LAST
