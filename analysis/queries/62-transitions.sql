-- title: What changed between scans
-- answers: How many names came, left, changed mode, broke, were repaired and so on, from each scan to the
--   next?
-- denominator: the names that signal in either of the two scans and are in the lists of both.
-- units: names. Transitions: see `transitions` in queries/views; a name may have several. pct is percent of
--   the denominator. median_days is of repairs: from the first scan that saw the name broken to the one that
--   saw it repaired.
WITH bases AS (
    SELECT from_scan, to_scan, place, count(*) AS names
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
    SELECT to_scan, kind, count(DISTINCT domain) AS changed, median(days) AS median_days
    FROM transitions
    GROUP BY to_scan, kind
)
SELECT
    bases.from_scan, bases.to_scan, kinds.transition, bases.names, coalesce(counted.changed, 0) AS changed,
    100.0 * coalesce(counted.changed, 0) / nullif(bases.names, 0) AS pct,
    counted.median_days
FROM bases
CROSS JOIN kinds
LEFT JOIN counted ON counted.to_scan = bases.to_scan AND counted.kind = kinds.kind
ORDER BY bases.place NULLS LAST, kinds.kind NULLS LAST
