-- title: Episodes
-- answers: How long was a name in a state, and how did that end?
-- denominator: names that signal in any of the scans; for adoption those that are in the list of every scan,
--   whether they signal or not.
-- units: names with the same episode. days from the scan that first saw the state to the one that saw its end
--   (event), or to the last one that saw it (censored: no event). Scans in which the state is not definite, or
--   the name is not in the list, are passed over; an episode ends without event where scans are not to be
--   compared.
-- note: what: repair (broken until it works), breakage (works until it is broken), removal (signals until it
--   is absent), adoption (absent until it signals). Another end (a broken name that leaves) is none of the
--   event: censored. begun: the beginning was seen, that is, the scan before saw another state; not so of
--   what was there when the row of scans began or the name entered the list (left-truncated: it is older).
--   class: of repairs the strict verdict when it was first seen broken, (all) otherwise.
WITH definite AS (
    SELECT
        snapshots.domain, snapshots.place, snapshots.started_s, eras.era, snapshots.common, 1 AS axis,
        snapshots.health AS state, snapshots.verdict_strict AS verdict
    FROM snapshots
    JOIN eras ON eras.scan = snapshots.scan
    WHERE snapshots.health IN ('works', 'broken')
    UNION ALL
    SELECT
        snapshots.domain, snapshots.place, snapshots.started_s, eras.era, snapshots.common, 1 AS axis,
        'absent' AS state, NULL AS verdict
    FROM snapshots
    JOIN eras ON eras.scan = snapshots.scan
    WHERE snapshots.presence = 'absent'
    UNION ALL
    SELECT
        snapshots.domain, snapshots.place, snapshots.started_s, eras.era, snapshots.common, 2 AS axis,
        snapshots.presence AS state, NULL AS verdict
    FROM snapshots
    JOIN eras ON eras.scan = snapshots.scan
    WHERE snapshots.presence IN ('signals', 'absent')
),
chained AS (
    SELECT
        definite.*,
        lag(state) OVER (PARTITION BY axis, domain, era ORDER BY place NULLS LAST) AS state_before
    FROM definite
),
runs AS (
    SELECT
        chained.*,
        sum(CASE WHEN state = state_before THEN 0 ELSE 1 END)
            OVER (PARTITION BY axis, domain, era ORDER BY place NULLS LAST) AS run
    FROM chained
),
spans AS (
    SELECT
        axis, domain, era, run, state, common,
        min(started_s) AS first_s, max(started_s) AS last_s, min(place) AS first_place,
        max(CASE WHEN state_before IS NOT NULL AND state_before <> state THEN 1 ELSE 0 END) = 1 AS begun
    FROM runs
    GROUP BY axis, domain, era, run, state, common
),
ended AS (
    SELECT
        spans.*, runs.verdict,
        lead(spans.state) OVER (PARTITION BY spans.axis, spans.domain, spans.era ORDER BY spans.run NULLS LAST)
            AS state_after,
        lead(spans.first_s) OVER (PARTITION BY spans.axis, spans.domain, spans.era ORDER BY spans.run NULLS LAST)
            AS after_s
    FROM spans
    JOIN runs
        ON runs.axis = spans.axis AND runs.domain = spans.domain AND runs.place = spans.first_place
),
named AS (
    SELECT
        CASE
            WHEN axis = 1 AND state = 'broken' THEN 'repair'
            WHEN axis = 1 AND state = 'works' THEN 'breakage'
            WHEN axis = 2 AND state = 'signals' THEN 'removal'
            WHEN axis = 2 AND state = 'absent' AND common THEN 'adoption'
        END AS what,
        CASE WHEN axis = 1 AND state = 'broken' THEN verdict ELSE '(all)' END AS class,
        begun, first_s, last_s, after_s,
        CASE state
            WHEN 'broken' THEN coalesce(state_after = 'works', false)
            WHEN 'works' THEN coalesce(state_after = 'broken', false)
            WHEN 'signals' THEN coalesce(state_after = 'absent', false)
            ELSE coalesce(state_after = 'signals', false)
        END AS event
    FROM ended
),
never AS (
    SELECT coalesce(max(names), 0) - (SELECT count(DISTINCT domain) FROM snapshots WHERE common) AS names
    FROM (SELECT scan, sum(names) AS names FROM state_counts WHERE common GROUP BY scan) AS sums
)
SELECT
    what, class, begun,
    CAST(CASE WHEN event THEN after_s ELSE last_s END - first_s AS DOUBLE) / 86400 AS days,
    event, count(*) AS names
FROM named
WHERE what IS NOT NULL
GROUP BY 1, 2, 3, 4, 5
UNION ALL
SELECT
    'adoption' AS what, '(all)' AS class, false AS begun,
    CAST(eras_of.last_s - eras_of.first_s AS DOUBLE) / 86400 AS days, false AS event, never.names
FROM never
CROSS JOIN (
    SELECT era, min(started_s) AS first_s, max(started_s) AS last_s FROM eras GROUP BY era
) AS eras_of
WHERE never.names > 0
