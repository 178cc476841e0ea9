-- title: The world's changes and the list's
-- answers: How much of the change in signallers is domains that came and left, and how much is names that
--   entered and left the list?
-- denominator: none; the row adds up: before - left_mta_sts - left_list - became_unknown + came +
--   entered_list + was_unknown = after.
-- units: names. entered_list and left_list: signallers whose name is in one of the two lists only.
--   was_unknown and became_unknown: signallers whose record could not be resolved in the other scan.
WITH names AS (
    SELECT DISTINCT domain FROM snapshots
),
states AS (
    SELECT
        pairs.from_scan, pairs.to_scan, pairs.place,
        coalesce(before.presence, 'not in list') AS was, coalesce(later.presence, 'not in list') AS becomes
    FROM pairs
    CROSS JOIN names
    LEFT JOIN snapshots AS before ON before.scan = pairs.from_scan AND before.domain = names.domain
    LEFT JOIN snapshots AS later ON later.scan = pairs.to_scan AND later.domain = names.domain
)
SELECT
    from_scan, to_scan,
    count(*) FILTER (WHERE was = 'signals') AS before,
    count(*) FILTER (WHERE was = 'signals' AND becomes = 'absent') AS left_mta_sts,
    count(*) FILTER (WHERE was = 'signals' AND becomes = 'not in list') AS left_list,
    count(*) FILTER (WHERE was = 'signals' AND becomes = 'unknown') AS became_unknown,
    count(*) FILTER (WHERE was = 'absent' AND becomes = 'signals') AS came,
    count(*) FILTER (WHERE was = 'not in list' AND becomes = 'signals') AS entered_list,
    count(*) FILTER (WHERE was = 'unknown' AND becomes = 'signals') AS was_unknown,
    count(*) FILTER (WHERE becomes = 'signals') AS after
FROM states
GROUP BY from_scan, to_scan, place
ORDER BY place NULLS LAST
