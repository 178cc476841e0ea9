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
        timeline.place, timeline.scans, timeline.started_s, population.scan, population.domain,
        population.mx_kind, population.mx_unknown, population.mx,
        population.undecided, population.signals, population.adopts, signallers.policy_state,
        population.policy_mode, population.policy_max_age_s, population.sts_id, population.policy_sha256,
        population.policy_valid AND abs(
            CAST(extract(epoch FROM population.policy_at) AS DOUBLE) - CAST(extract(epoch FROM population.sts_at) AS DOUBLE)
        ) <= 60 AS read_together,
        signallers.verdict_strict
    FROM population
    JOIN ever ON ever.domain = population.domain
    JOIN timeline ON timeline.scan = population.scan
    LEFT JOIN signallers ON signallers.scan = population.scan AND signallers.domain = population.domain
)
SELECT
    place, started_s, scan, domain, mx_kind, mx_unknown, mx,
    count(*) OVER (PARTITION BY domain) = scans AS common,
    CASE WHEN undecided THEN 'unknown' WHEN signals THEN 'signals' ELSE 'absent' END AS presence,
    adopts, policy_state,
    CASE WHEN policy_state = 'usable' THEN policy_mode END AS mode,
    CASE WHEN policy_state = 'usable' THEN policy_max_age_s END AS max_age_s,
    sts_id, policy_sha256, coalesce(read_together, false) AS read_together, verdict_strict,
    CASE
        WHEN NOT signals THEN NULL
        WHEN verdict_strict IN ('validated', 'testing_passing', 'withdrawn', 'no_mail') THEN 'works'
        WHEN verdict_strict IN ('no_policy', 'refused', 'partial', 'testing_failing') THEN 'broken'
        ELSE 'open'
    END AS health
FROM rows
