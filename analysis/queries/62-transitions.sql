-- title: What changed between scans
-- answers: How many names came, left, changed mode, broke, were repaired and so on, from each scan to the
--   next?
-- denominator: the names that signal in either of the two scans and are in the lists of both. Two scans that
--   are not to be compared (table comparable) have no rows.
-- units: names. Transitions: see `transitions` in queries/views; a name may have several. undecided: names of
--   which one of the states that the transition is between is not definite. pct is percent of the names less
--   undecided, low and high percent of all of them, the undecided counted as without the transition and as
--   with it. How long things take to break and to be repaired is in the table survival.
WITH bases AS (
    SELECT
        from_scan, to_scan, place, count(*) AS names,
        count(*) FILTER (WHERE from_presence = 'unknown' OR to_presence = 'unknown') AS presence_open,
        count(*) FILTER (
            WHERE from_presence = 'unknown' OR to_presence = 'unknown' OR from_health = 'open' OR to_health = 'open'
        ) AS health_open,
        count(*) FILTER (
            WHERE from_presence = 'unknown' OR to_presence = 'unknown'
                OR from_presence = 'signals' AND to_presence = 'signals' AND (
                    from_state = 'undecided' OR to_state = 'undecided'
                )
        ) AS mode_open,
        count(*) FILTER (
            WHERE from_presence = 'unknown' OR to_presence = 'unknown'
                OR from_presence = 'signals' AND to_presence = 'signals' AND NOT both_read
        ) AS texts_open
    FROM steps
    WHERE from_presence = 'signals' OR to_presence = 'signals'
    GROUP BY from_scan, to_scan, place
),
kinds AS (
    SELECT * FROM (
        VALUES
            (1, 'came'), (2, 'first_seen_broken'), (3, 'left'), (4, 'removed_after_none'),
            (5, 'removed_without_none'), (6, 'removal_not_observed'), (7, 'mode_changed'), (8, 'enforce_withdrawn'),
            (9, 'id_changed_policy_same'), (10, 'policy_changed_id_same'), (11, 'broke'), (12, 'repaired'),
            (13, 'unknown')
    ) AS kinds (kind, transition)
),
counted AS (
    SELECT to_scan, kind, count(DISTINCT domain) AS changed
    FROM transitions
    GROUP BY to_scan, kind
),
ranged AS (
    SELECT
        bases.from_scan, bases.to_scan, bases.place, kinds.kind, kinds.transition, bases.names,
        coalesce(counted.changed, 0) AS changed,
        CASE
            WHEN kinds.kind IN (1, 3) THEN presence_open
            WHEN kinds.kind IN (2, 11, 12) THEN health_open
            WHEN kinds.kind IN (9, 10) THEN texts_open
            WHEN kinds.kind < 13 THEN mode_open
        END AS undecided
    FROM bases
    CROSS JOIN kinds
    LEFT JOIN counted ON counted.to_scan = bases.to_scan AND counted.kind = kinds.kind
)
SELECT
    from_scan, to_scan, transition, names, undecided, changed,
    100.0 * changed / nullif(names - coalesce(undecided, 0), 0) AS pct,
    CASE WHEN kind < 13 THEN 100.0 * changed / nullif(names, 0) END AS low,
    CASE WHEN kind < 13 THEN 100.0 * (changed + undecided) / nullif(names, 0) END AS high
FROM ranged
ORDER BY place NULLS LAST, kind NULLS LAST
