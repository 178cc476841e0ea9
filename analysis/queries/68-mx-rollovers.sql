-- title: Changes of MX sets
-- answers: When a domain with MTA-STS changes its MX hosts, do senders that hold its policy still deliver?
-- denominator: names that signal in both of two scans that follow one another, whose MX sets are known and
--   differ.
-- units: names. covered: the policy of before matches every host of the new set, or the new set is empty; id
--   changed: it does not, and the record has another id, so that senders fetch the policy anew; neither: it
--   does not and the id is the same, so that mail of senders that hold the policy is lost for up to max_age;
--   no policy: none was usable before, or its mode is none. pct is percent of the denominator. enforce: the
--   policy of before said so, only these lose mail. right_names: the policy of now matches all hosts of now.
--   longest_s is the largest max_age of before.
-- shares: pct = names / sum(names by to_scan)
WITH changes AS (
    SELECT
        before.scan AS from_scan, later.scan AS to_scan, pairs.place, later.domain, later.hosts,
        later.fits = 'all' AS right_now,
        CASE WHEN was.policy_usable AND was.policy_mode <> 'none' THEN was.policy_mode END AS mode,
        was.policy_max_age_s AS max_age_s, was.sts_id AS id_before, now.sts_id AS id_now
    FROM mx_sets AS before
    JOIN pairs ON pairs.from_scan = before.scan
    JOIN mx_sets AS later
        ON later.scan = pairs.to_scan AND later.domain = before.domain AND later.hosts <> before.hosts
    JOIN signallers AS was ON was.scan = before.scan AND was.domain = before.domain
    JOIN signallers AS now ON now.scan = later.scan AND now.domain = later.domain
),
patterns AS (
    SELECT changes.to_scan, changes.domain, lower(unnest(signallers.policy_mx)) AS pattern
    FROM changes
    JOIN signallers ON signallers.scan = changes.from_scan AND signallers.domain = changes.domain
),
bare AS (
    SELECT changes.to_scan, changes.domain, hosts.host
    FROM changes
    JOIN domain_hosts AS hosts ON hosts.scan = changes.to_scan AND hosts.domain = changes.domain
),
matched AS (
    SELECT DISTINCT bare.to_scan, bare.domain, bare.host
    FROM bare
    JOIN patterns
        ON patterns.to_scan = bare.to_scan AND patterns.domain = bare.domain
        AND (
            patterns.pattern = bare.host
            OR patterns.pattern = '*' || substr(bare.host, strpos(bare.host, '.')) AND strpos(bare.host, '.') > 0
        )
),
left_out AS (
    SELECT bare.to_scan, bare.domain
    FROM bare
    LEFT JOIN matched
        ON matched.to_scan = bare.to_scan AND matched.domain = bare.domain AND matched.host = bare.host
    WHERE matched.host IS NULL
    GROUP BY bare.to_scan, bare.domain
),
classed AS (
    SELECT
        changes.*,
        CASE
            WHEN mode IS NULL THEN 'no policy'
            WHEN left_out.domain IS NULL THEN 'covered'
            WHEN coalesce(id_before <> id_now, false) THEN 'id changed'
            ELSE 'neither'
        END AS change
    FROM changes
    LEFT JOIN left_out ON left_out.to_scan = changes.to_scan AND left_out.domain = changes.domain
)
SELECT
    from_scan, to_scan, change, count(*) AS names,
    100.0 * count(*) / nullif(sum(count(*)) OVER (PARTITION BY place), 0) AS pct,
    count(*) FILTER (WHERE mode = 'enforce') AS enforce,
    count(*) FILTER (WHERE right_now) AS right_names,
    max(CASE WHEN mode IS NOT NULL THEN max_age_s END) AS longest_s
FROM classed
GROUP BY from_scan, to_scan, place, change
ORDER BY place NULLS LAST, names DESC NULLS LAST, change NULLS LAST
