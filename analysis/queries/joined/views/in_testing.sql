-- title: Domains in testing
-- answers: Which reported domains have a policy of mode testing?
-- denominator: the domains of policies that count.
-- units: none. mode_from: scan or reports, whichever is of later.
-- note: the mode of the newest scan that saw a usable policy, or, where reports are of later or no scan saw
--   one, the one that senders applied on the last day; testing, where they applied several.
WITH scanned AS (
    SELECT
        domain, policy_mode, at_s,
        row_number() OVER (PARTITION BY domain ORDER BY at_s DESC NULLS LAST, scan NULLS LAST) AS place
    FROM reported_domains
    WHERE policy_usable
),
applied AS (
    SELECT
        domain, day_s, max(mode) AS mode,
        row_number() OVER (PARTITION BY domain ORDER BY day_s DESC NULLS LAST) AS place
    FROM counted_policies
    CROSS JOIN recent
    WHERE day_s <= last_s AND policy_type = 'sts' AND mode IN ('testing', 'enforce') AND domain IS NOT NULL
    GROUP BY domain, day_s
),
told AS (
    SELECT
        applied.domain, applied.mode, scanned.policy_mode,
        scanned.at_s IS NOT NULL AND scanned.at_s >= applied.day_s AS by_scan
    FROM applied
    LEFT JOIN scanned ON scanned.domain = applied.domain AND scanned.place = 1
    WHERE applied.place = 1
)
SELECT domain, CASE WHEN by_scan THEN 'scan' ELSE 'reports' END AS mode_from
FROM told
WHERE CASE WHEN by_scan THEN policy_mode = 'testing' ELSE mode = 'testing' END
