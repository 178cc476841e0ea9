-- title: From one scan to the next
-- answers: One row per name that signals in any of the scans and is in the lists of two scans of `pairs`: what it was in the earlier and in the later one.
-- denominator: none.
-- note: broken_since_s: when the first of the scans in an unbroken row began that saw it broken, up to the
--   earlier one; a row ends where scans are not to be compared.
WITH runs AS (
    SELECT
        snapshots.*, eras.era,
        sum(CASE WHEN health = 'broken' THEN 0 ELSE 1 END)
            OVER (PARTITION BY domain, eras.era ORDER BY snapshots.place NULLS LAST) AS run
    FROM snapshots
    JOIN eras ON eras.scan = snapshots.scan
),
since AS (
    SELECT
        runs.*,
        min(CASE WHEN health = 'broken' THEN started_s END) OVER (PARTITION BY domain, era, run) AS broken_since_s
    FROM runs
)
SELECT
    before.scan AS from_scan, later.scan AS to_scan, later.place AS place, later.domain AS domain,
    before.started_s AS from_s, later.started_s AS to_s, later.started_s - before.started_s AS gap_s,
    before.presence AS from_presence, later.presence AS to_presence,
    before.policy_state AS from_state, later.policy_state AS to_state,
    before.mode AS from_mode, later.mode AS to_mode, before.max_age_s AS from_max_age_s,
    before.sts_id AS from_id, later.sts_id AS to_id,
    before.policy_sha256 AS from_sha256, later.policy_sha256 AS to_sha256,
    before.read_together AND later.read_together AS both_read,
    before.health AS from_health, later.health AS to_health,
    before.verdict_strict AS from_verdict, later.verdict_strict AS to_verdict,
    before.broken_since_s AS broken_since_s
FROM since AS before
JOIN pairs ON pairs.from_scan = before.scan
JOIN snapshots AS later ON later.domain = before.domain AND later.scan = pairs.to_scan
