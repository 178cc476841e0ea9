-- title: Transitions
-- answers: What changed for which name between a scan and the next?
-- denominator: none.
-- note: a transition needs a definite state in both scans. unknown: one of the two states is not (detail says
--   of what), so that a transition may have been or not.
-- note: came, left: signals MTA-STS, or no longer. Of those that left: removed_after_none (the policy said
--   none before, RFC 8461 section 8.3), removed_without_none (it said otherwise, and the gap between the
--   scans is shorter than its max_age, so that mode none would have been seen), removal_not_observed (the gap
--   is longer, or not known). One whose policy was not usable before has none of the three.
-- note: id_changed_policy_same and policy_changed_id_same only where both TXT and policy were read within 60
--   s of each other in both scans. broke, repaired: the strict verdict (health of `snapshots`) went from
--   works to broken, or back; days since the first scan that saw it broken are in `days`. first_seen_broken:
--   came, and is broken.
SELECT from_scan, to_scan, place, domain, 1 AS kind, 'came' AS transition, to_verdict AS detail, CAST(NULL AS DOUBLE) AS days
FROM steps WHERE from_presence = 'absent' AND to_presence = 'signals'
UNION ALL
SELECT from_scan, to_scan, place, domain, 2, 'first_seen_broken', to_verdict, CAST(NULL AS DOUBLE)
FROM steps WHERE from_presence = 'absent' AND to_presence = 'signals' AND to_health = 'broken'
UNION ALL
SELECT from_scan, to_scan, place, domain, 3, 'left', from_verdict, CAST(NULL AS DOUBLE)
FROM steps WHERE from_presence = 'signals' AND to_presence = 'absent'
UNION ALL
SELECT from_scan, to_scan, place, domain, 4, 'removed_after_none', from_mode, CAST(NULL AS DOUBLE)
FROM steps WHERE from_presence = 'signals' AND to_presence = 'absent' AND from_mode = 'none'
UNION ALL
SELECT from_scan, to_scan, place, domain, 5, 'removed_without_none', from_mode, CAST(NULL AS DOUBLE)
FROM steps
WHERE from_presence = 'signals' AND to_presence = 'absent' AND from_mode <> 'none'
    AND coalesce(gap_s < from_max_age_s, false)
UNION ALL
SELECT from_scan, to_scan, place, domain, 6, 'removal_not_observed', from_mode, CAST(NULL AS DOUBLE)
FROM steps
WHERE from_presence = 'signals' AND to_presence = 'absent' AND from_mode <> 'none'
    AND NOT coalesce(gap_s < from_max_age_s, false)
UNION ALL
SELECT from_scan, to_scan, place, domain, 7, 'mode_changed', from_mode || ' > ' || to_mode, CAST(NULL AS DOUBLE)
FROM steps WHERE from_mode <> to_mode
UNION ALL
SELECT from_scan, to_scan, place, domain, 8, 'enforce_withdrawn', to_mode, CAST(NULL AS DOUBLE)
FROM steps WHERE from_mode = 'enforce' AND to_mode <> 'enforce'
UNION ALL
SELECT from_scan, to_scan, place, domain, 9, 'id_changed_policy_same', from_id || ' > ' || to_id, CAST(NULL AS DOUBLE)
FROM steps WHERE both_read AND from_id <> to_id AND from_sha256 = to_sha256
UNION ALL
SELECT from_scan, to_scan, place, domain, 10, 'policy_changed_id_same', to_id, CAST(NULL AS DOUBLE)
FROM steps WHERE both_read AND from_id = to_id AND from_sha256 <> to_sha256
UNION ALL
SELECT from_scan, to_scan, place, domain, 11, 'broke', from_verdict || ' > ' || to_verdict, CAST(NULL AS DOUBLE)
FROM steps WHERE from_health = 'works' AND to_health = 'broken'
UNION ALL
SELECT
    from_scan, to_scan, place, domain, 12, 'repaired', from_verdict || ' > ' || to_verdict,
    CAST(to_s - broken_since_s AS DOUBLE) / 86400
FROM steps WHERE from_health = 'broken' AND to_health = 'works'
UNION ALL
SELECT from_scan, to_scan, place, domain, 13, 'unknown', 'presence', CAST(NULL AS DOUBLE)
FROM steps
WHERE (from_presence = 'unknown' AND to_presence = 'signals') OR (from_presence = 'signals' AND to_presence = 'unknown')
UNION ALL
SELECT from_scan, to_scan, place, domain, 13, 'unknown', 'health', CAST(NULL AS DOUBLE)
FROM steps
WHERE from_presence = 'signals' AND to_presence = 'signals' AND (from_health = 'open' OR to_health = 'open')
    AND NOT (from_health = 'open' AND to_health = 'open' AND from_verdict IS NULL AND to_verdict IS NULL)
