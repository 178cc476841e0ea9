-- title: Safe to enforce
-- answers: Which domains in testing could change to mode enforce without losing mail?
-- denominator: the sessions of the last days (28, or as --days says) of all reports in which senders held the
--   domain against a policy of mode testing or enforce.
-- units: sessions. lost: enforce would have lost them. mended: the same, but the last scan since then saw
--   that it works, or the host is no MX host any more. proven: those that succeeded; where something is
--   mended, only those of days after the last scan. verdict: not_safe where any is lost, safe where 100 or
--   more are proven, else too_little. mode_from: who says that the mode is testing.
WITH failing AS (
    SELECT
        domain, coalesce(sum(failed) FILTER (WHERE would_lose AND NOT mended), 0) AS lost,
        coalesce(sum(failed) FILTER (WHERE mended), 0) AS mended,
        max(since_s) FILTER (WHERE mended) AS mended_s
    FROM testing_failures
    GROUP BY domain
),
held AS (
    SELECT
        domain, sender, day, day_s, successful, failed
    FROM counted_policies
    WHERE policy_type = 'sts' AND mode IN ('testing', 'enforce') AND day IS NOT NULL
),
counted AS (
    SELECT
        held.domain, count(DISTINCT sender) AS senders, min(day) AS first_day, max(day) AS last_day,
        sum(successful + failed) AS sessions,
        coalesce(sum(successful) FILTER (WHERE day_s >= coalesce(mended_s, 0)), 0) AS proven
    FROM held
    CROSS JOIN recent
    LEFT JOIN failing ON failing.domain = held.domain
    WHERE day_s BETWEEN from_s AND last_s
    GROUP BY held.domain
)
SELECT
    in_testing.domain,
    CASE
        WHEN coalesce(lost, 0) > 0 THEN 'not_safe'
        WHEN coalesce(proven, 0) >= 100 THEN 'safe'
        ELSE 'too_little'
    END AS verdict,
    coalesce(sessions, 0) AS sessions, coalesce(proven, 0) AS proven, coalesce(lost, 0) AS lost,
    coalesce(mended, 0) AS mended, coalesce(senders, 0) AS senders, first_day, last_day, mode_from
FROM in_testing
LEFT JOIN counted ON counted.domain = in_testing.domain
LEFT JOIN failing ON failing.domain = in_testing.domain
ORDER BY lost DESC NULLS LAST, sessions DESC NULLS LAST, in_testing.domain NULLS LAST
