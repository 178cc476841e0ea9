-- title: Adoption of MTA-STS
-- answers: How many names signal MTA-STS, and how many adopt it with exactly one valid record?
-- denominator: D1 = names with MX records, null MX excluded; D2 = D1 and names with an implicit MX (no MX,
--   but an address); D3 = names that exist: the MX question was answered; D4 = all names. Names
--   whose MX could not be resolved are outside D1 and D2 and have a row of their own. Each of all names; of
--   those without a wildcard at _mta-sts (a random sibling answers alike, so the record may not be meant for
--   anybody; not asked counts as none); and of those without the signallers of the largest cluster of policy
--   hosts (table managers).
-- units: counts are names. _pct is percent of the decided names (names less undecided). _low and _high are
--   percent of all names: the undecided, and the mx_unknown (names that may belong to the denominator: their
--   MX question failed), counted in the way that makes it least and most.
-- shares: signallers_pct = signallers / names - undecided; adopters_pct = adopters / names - undecided
-- weight: by scan, denominator, part
WITH clusters AS (
    SELECT
        scan, managers.cluster,
        row_number() OVER (PARTITION BY scan ORDER BY count(*) DESC NULLS LAST, managers.cluster NULLS LAST) AS choice
    FROM managers
    WHERE entity = 'policy host' AND managers.cluster IS NOT NULL
    GROUP BY scan, managers.cluster
),
classes AS (
    SELECT
        scan, parts.place, in_d1, in_d2, in_d3, may_d1, mx_unknown, may_d3, signals, adopts, undecided, names
    FROM suffix_counts
    CROSS JOIN (VALUES (1), (2), (3)) AS parts (place)
    WHERE parts.place <> 2 OR NOT wildcard
    UNION ALL
    SELECT
        signallers.scan, 3 AS place, in_d1, in_d2, in_d3, may_d1, mx_unknown, may_d3, true AS signals, adopts,
        false AS undecided, /*[*/-1/*| -signallers.weight ]*/ AS names
    FROM signallers
    JOIN managers
        ON managers.scan = signallers.scan AND managers.domain = signallers.domain AND managers.entity = 'policy host'
    JOIN clusters
        ON clusters.scan = managers.scan AND clusters.cluster = managers.cluster AND clusters.choice = 1
),
members AS (
    SELECT
        scan, place, signals, adopts, undecided, names, denominators.denominator,
        CASE denominators.denominator
            WHEN 'D1' THEN in_d1
            WHEN 'D2' THEN in_d2
            WHEN 'D3' THEN in_d3
            WHEN 'D4' THEN true
            ELSE classes.mx_unknown
        END AS member,
        CASE denominators.denominator
            WHEN 'D1' THEN may_d1 WHEN 'D2' THEN classes.mx_unknown WHEN 'D3' THEN may_d3 ELSE false
        END AS may
    FROM classes
    CROSS JOIN (VALUES ('D1'), ('D2'), ('D3'), ('D4'), ('MX unknown')) AS denominators (denominator)
),
counted AS (
    SELECT
        scan, denominator, place,
        CASE place WHEN 1 THEN 'all' WHEN 2 THEN 'without wildcards' ELSE 'without the largest cluster' END AS part,
        coalesce(sum(names) FILTER (WHERE member), 0) AS names,
        coalesce(sum(names) FILTER (WHERE may), 0) AS mx_unknown,
        coalesce(sum(names) FILTER (WHERE member AND undecided), 0) AS undecided,
        coalesce(sum(names) FILTER (WHERE may AND undecided), 0) AS may_undecided,
        coalesce(sum(names) FILTER (WHERE member AND signals), 0) AS signallers,
        coalesce(sum(names) FILTER (WHERE may AND signals), 0) AS may_signallers,
        coalesce(sum(names) FILTER (WHERE member AND adopts), 0) AS adopters,
        coalesce(sum(names) FILTER (WHERE may AND adopts), 0) AS may_adopters
    FROM members
    GROUP BY scan, denominator, place
)
SELECT
    scan, denominator, part, names, mx_unknown, undecided,
    signallers,
    100.0 * signallers / nullif(names - undecided, 0) AS signallers_pct,
    100.0 * signallers / nullif(names + mx_unknown - may_signallers, 0) AS signallers_low,
    100.0 * (signallers + undecided + may_signallers + may_undecided) / nullif(names + may_signallers + may_undecided, 0) AS signallers_high,
    adopters,
    100.0 * adopters / nullif(names - undecided, 0) AS adopters_pct,
    100.0 * adopters / nullif(names + mx_unknown - may_adopters, 0) AS adopters_low,
    100.0 * (adopters + undecided + may_adopters + may_undecided) / nullif(names + may_adopters + may_undecided, 0) AS adopters_high
FROM counted
JOIN scan_order ON scan_order.scan_name = counted.scan
ORDER BY scan_place NULLS LAST, denominator NULLS LAST, place NULLS LAST
