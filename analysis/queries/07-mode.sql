-- title: Modes of the policies
-- answers: Which modes do usable policies have, and what became of the others?
-- denominator: the signallers among D4 (all names), and the adopters among them. usable: a strict sender may
--   use it (fetched, certificate valid, text valid); only these rows say what the modes are. unusable text: a
--   text came, but behind a fault, or it is not valid. no text: a fault that lasts. undecided: not fetched,
--   or a fault that may pass.
-- units: counts are names. _pct of a usable row is percent of the usable policies, _low and _high percent of
--   usable and undecided together, the undecided counted as of another mode and as of this one. _pct of the
--   other rows is percent of all signallers (adopters), without a range.
-- shares: signallers_pct = signallers / of_signallers; adopters_pct = adopters / of_adopters
-- weight: by scan, policy, mode
WITH counted AS (
    SELECT
        scan, policy_state,
        CASE WHEN policy_state IN ('usable', 'unusable text') THEN coalesce(policy_mode, '(no mode)') END AS mode,
        count(*) /* names */ AS signallers,
        count(*) /* names */ FILTER (WHERE adopts) AS adopters
    FROM signallers
    GROUP BY 1, 2, 3
),
summed AS (
    SELECT
        counted.*,
        sum(signallers) OVER (PARTITION BY scan) AS all_signallers,
        sum(adopters) OVER (PARTITION BY scan) AS all_adopters,
        sum(CASE WHEN policy_state = 'usable' THEN signallers END) OVER (PARTITION BY scan) AS usable_signallers,
        sum(CASE WHEN policy_state = 'usable' THEN adopters END) OVER (PARTITION BY scan) AS usable_adopters,
        coalesce(sum(CASE WHEN policy_state = 'undecided' THEN signallers END) OVER (PARTITION BY scan), 0)
            AS undecided_signallers,
        coalesce(sum(CASE WHEN policy_state = 'undecided' THEN adopters END) OVER (PARTITION BY scan), 0)
            AS undecided_adopters
    FROM counted
)
SELECT
    scan, policy_state AS policy, mode,
    CASE WHEN policy_state = 'usable' THEN usable_signallers ELSE all_signallers END AS of_signallers,
    signallers,
    100.0 * signallers / nullif(CASE WHEN policy_state = 'usable' THEN usable_signallers ELSE all_signallers END, 0)
        AS signallers_pct,
    CASE WHEN policy_state = 'usable'
        THEN 100.0 * signallers / nullif(usable_signallers + undecided_signallers, 0) END AS signallers_low,
    CASE WHEN policy_state = 'usable'
        THEN 100.0 * (signallers + undecided_signallers) / nullif(usable_signallers + undecided_signallers, 0) END
        AS signallers_high,
    CASE WHEN policy_state = 'usable' THEN usable_adopters ELSE all_adopters END AS of_adopters,
    adopters,
    100.0 * adopters / nullif(CASE WHEN policy_state = 'usable' THEN usable_adopters ELSE all_adopters END, 0)
        AS adopters_pct,
    CASE WHEN policy_state = 'usable'
        THEN 100.0 * adopters / nullif(usable_adopters + undecided_adopters, 0) END AS adopters_low,
    CASE WHEN policy_state = 'usable'
        THEN 100.0 * (adopters + undecided_adopters) / nullif(usable_adopters + undecided_adopters, 0) END
        AS adopters_high
FROM summed
JOIN scan_order ON scan_order.scan_name = summed.scan
ORDER BY
    scan_place NULLS LAST,
    CASE policy_state WHEN 'usable' THEN 1 WHEN 'unusable text' THEN 2 WHEN 'no text' THEN 3 ELSE 4 END NULLS LAST,
    mode NULLS LAST
