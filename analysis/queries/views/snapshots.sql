-- title: Signallers over time
-- answers: One row per scan for each name that signals in any of the scans: what it was then.
-- denominator: none.
-- note: presence: signals | absent (the answer is there, or the name does not exist) | unknown. A name that
--   is not in the list of a scan has no row for it. common: it is in the list of every scan.
-- note: health: works (validated, testing_passing, withdrawn, no_mail) | broken (no_policy, refused, partial,
--   testing_failing) | open (indeterminate, or not assessed), of the strict sender; null where it does not
--   signal.
-- note: read_together: TXT and policy were read within 60 s of each other, and the text is a valid policy.
WITH ever AS (
    SELECT DISTINCT domain FROM signallers
),
rows AS (
    SELECT
        timeline.place, timeline.scans, timeline.started_s, signallers.scan, signallers.domain,
        signallers.mx_kind, signallers.mx_unknown, signallers.mx, 'signals' AS presence, signallers.adopts,
        signallers.policy_state, signallers.policy_mode, signallers.policy_max_age_s, signallers.sts_id,
        signallers.policy_sha256,
        signallers.policy_valid AND abs(
            CAST(extract(epoch FROM signallers.policy_at) AS DOUBLE) - CAST(extract(epoch FROM signallers.sts_at) AS DOUBLE)
        ) <= 60 AS read_together,
        signallers.verdict_strict
    FROM signallers
    JOIN timeline ON timeline.scan = signallers.scan
    UNION ALL
    -- Of the others only what a name without a record has: each further column is unpacked of all names.
    SELECT
        timeline.place, timeline.scans, timeline.started_s, population.scan, population.domain,
        population.mx_kind, population.mx_unknown, population.mx,
        CASE WHEN population.undecided THEN 'unknown' ELSE 'absent' END AS presence, false AS adopts,
        NULL AS policy_state, NULL AS policy_mode, NULL AS policy_max_age_s, NULL AS sts_id,
        NULL AS policy_sha256, false AS read_together, NULL AS verdict_strict
    FROM population
    JOIN ever ON ever.domain = population.domain
    JOIN timeline ON timeline.scan = population.scan
    LEFT JOIN signallers ON signallers.scan = population.scan AND signallers.domain = population.domain
    WHERE signallers.domain IS NULL
)
SELECT
    place, started_s, scan, domain, mx_kind, mx_unknown, mx,
    count(*) OVER (PARTITION BY domain) = scans AS common,
    presence, adopts, policy_state,
    CASE WHEN policy_state = 'usable' THEN policy_mode END AS mode,
    CASE WHEN policy_state = 'usable' THEN policy_max_age_s END AS max_age_s,
    sts_id, policy_sha256, coalesce(read_together, false) AS read_together, verdict_strict,
    CASE
        WHEN presence <> 'signals' THEN NULL
        WHEN verdict_strict IN ('validated', 'testing_passing', 'withdrawn', 'no_mail') THEN 'works'
        WHEN verdict_strict IN ('no_policy', 'refused', 'partial', 'testing_failing') THEN 'broken'
        ELSE 'open'
    END AS health
FROM rows
