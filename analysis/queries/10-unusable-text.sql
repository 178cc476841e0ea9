-- title: Texts that no sender may use
-- answers: Where a text was received despite a fault, or is not valid: which fault, and what does the text
--   say?
-- denominator: the signallers whose policy's text was received but is not usable. Shown apart from the table
--   of modes, because a text behind a bad certificate or a wrong status may be anybody's.
-- units: names; pct is percent of the denominator. valid text: it would be a policy if it came without the
--   fault.
-- shares: pct = names / sum(names by scan)
-- weight: by scan, outcome, text, mode; not median_max_age_s
WITH texts AS (
    SELECT
        scan, policy_outcome AS outcome,
        CASE WHEN policy_valid THEN 'valid' ELSE 'invalid' END AS text,
        coalesce(policy_mode, '(no mode)') AS mode,
        count(*) /* names */ AS names,
        median(CAST(policy_max_age_s AS DOUBLE)) AS median_max_age_s
    FROM signallers
    WHERE policy_state = 'unusable text'
    GROUP BY 1, 2, 3, 4
)
SELECT
    scan, outcome, text, mode, names,
    100.0 * names / nullif(sum(names) OVER (PARTITION BY scan), 0) AS pct,
    median_max_age_s
FROM texts
JOIN scan_order ON scan_order.scan_name = texts.scan
ORDER BY scan_place NULLS LAST, names DESC NULLS LAST, outcome NULLS LAST, text NULLS LAST, mode NULLS LAST
