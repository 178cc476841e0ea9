-- title: From state to state
-- answers: What became of the names of each state by the next scan?
-- denominator: the names that signal in either of the two scans.
-- units: names. States: the strict verdict; not judged (it signals, without a verdict); absent (no MTA-STS);
--   unknown (the record could not be resolved); not in list. pct is percent of the names that signalled and
--   were in the state before; those that did not are counted only where they came, so that they have none.
WITH states AS (
    SELECT
        scan, domain, presence,
        CASE WHEN presence = 'signals' THEN coalesce(verdict_strict, 'not judged') ELSE presence END AS state
    FROM snapshots
),
names AS (
    SELECT DISTINCT domain FROM snapshots
),
flows AS (
    SELECT
        pairs.from_scan, pairs.to_scan, pairs.place,
        coalesce(before.state, 'not in list') AS from_state, coalesce(later.state, 'not in list') AS to_state,
        count(*) AS names
    FROM pairs
    CROSS JOIN names
    LEFT JOIN states AS before ON before.scan = pairs.from_scan AND before.domain = names.domain
    LEFT JOIN states AS later ON later.scan = pairs.to_scan AND later.domain = names.domain
    WHERE coalesce(before.presence, '') = 'signals' OR coalesce(later.presence, '') = 'signals'
    GROUP BY 1, 2, 3, 4, 5
)
SELECT
    from_scan, to_scan, from_state, to_state, names,
    CASE WHEN from_state NOT IN ('absent', 'unknown', 'not in list')
        THEN 100.0 * names / nullif(sum(names) OVER (PARTITION BY place, from_state), 0) END AS pct
FROM flows
ORDER BY place NULLS LAST, from_state NULLS LAST, names DESC NULLS LAST, to_state NULLS LAST
