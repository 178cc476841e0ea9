-- title: From a name to protected mail
-- answers: How many names get through each step on the way from the list to mail that is protected by
--   MTA-STS?
-- denominator: all names of the scan (D4); each step counts those of the step before that get through it as
--   well.
-- units: names. pct is percent of the decided names of the step before (all less undecided: what was observed
--   does not say whether they get through). low and high are percent of all names of the step before: the
--   undecided, and those for which an earlier step is undecided, counted as not getting through and as getting
--   through; at the last step also those with an MX host or an address that was not tried. of_all_pct is
--   percent of all names.
-- shares: pct = names / before - undecided
-- weight: by scan, step
WITH listed AS (
    SELECT
        scan,
        count(*) /* names */ AS names,
        count(*) /* names */ FILTER (WHERE in_d1) AS with_mx,
        count(*) /* names */ FILTER (WHERE may_d1) AS mx_undecided,
        count(*) /* names */ FILTER (WHERE may_d1 AND (signals OR undecided)) AS may_signal,
        count(*) /* names */ FILTER (WHERE in_d1 AND undecided) AS sts_undecided
    FROM population
    GROUP BY scan
),
followed AS (
    SELECT
        signallers.scan,
        count(*) /* names of signallers */ AS signal,
        count(*) /* names of signallers */ FILTER (WHERE adopts) AS adopt,
        count(*) /* names of signallers */ FILTER (WHERE adopts AND policy_state = 'undecided') AS policy_undecided,
        count(*) /* names of signallers */ FILTER (WHERE adopts AND policy_state = 'usable') AS usable,
        count(*) /* names of signallers */ FILTER (WHERE adopts AND policy_state = 'usable' AND policy_mode = 'enforce') AS enforce,
        count(*) /* names of signallers */ FILTER (
            WHERE adopts AND policy_state = 'usable' AND policy_mode = 'enforce'
            AND coalesce(verdict_strict, 'indeterminate') = 'indeterminate'
        ) AS verdict_undecided,
        count(*) /* names of signallers */ FILTER (
            WHERE adopts AND policy_state = 'usable' AND policy_mode = 'enforce' AND verdict_strict = 'validated'
        ) AS validated,
        count(*) /* names of signallers */ FILTER (
            WHERE adopts AND policy_state = 'usable' AND policy_mode = 'enforce' AND verdict_strict = 'validated'
            AND (unasked > 0 OR skipped > 0)
        ) AS validated_unsure
    FROM signallers
    JOIN reach ON reach.scan = signallers.scan AND reach.domain = signallers.domain
    WHERE in_d1
    GROUP BY signallers.scan
),
steps AS (
    SELECT
        listed.scan, step, stage, listed.names AS all_names,
        CASE step
            WHEN 1 THEN listed.names
            WHEN 2 THEN listed.names
            WHEN 3 THEN with_mx
            WHEN 4 THEN coalesce(signal, 0)
            WHEN 5 THEN coalesce(adopt, 0)
            WHEN 6 THEN coalesce(usable, 0)
            ELSE coalesce(enforce, 0)
        END AS before,
        CASE step
            WHEN 2 THEN mx_undecided
            WHEN 3 THEN sts_undecided
            WHEN 5 THEN coalesce(policy_undecided, 0)
            WHEN 7 THEN coalesce(verdict_undecided, 0)
            ELSE 0
        END AS undecided,
        CASE step
            WHEN 1 THEN listed.names
            WHEN 2 THEN with_mx
            WHEN 3 THEN coalesce(signal, 0)
            WHEN 4 THEN coalesce(adopt, 0)
            WHEN 5 THEN coalesce(usable, 0)
            WHEN 6 THEN coalesce(enforce, 0)
            ELSE coalesce(validated, 0)
        END AS names,
        CASE step
            WHEN 1 THEN 0
            WHEN 2 THEN 0
            WHEN 3 THEN mx_undecided
            WHEN 4 THEN may_signal + sts_undecided
            WHEN 5 THEN may_signal + sts_undecided
            ELSE may_signal + sts_undecided + coalesce(policy_undecided, 0)
        END AS before_undecided,
        CASE step WHEN 7 THEN coalesce(validated_unsure, 0) ELSE 0 END AS unsure
    FROM listed
    LEFT JOIN followed ON followed.scan = listed.scan
    CROSS JOIN (
        VALUES
            (1, 'in the list'), (2, 'have MX records'), (3, 'signal MTA-STS'), (4, 'have one valid record'),
            (5, 'have a usable policy'), (6, 'ask to enforce it'), (7, 'every MX host passes')
    ) AS stages (step, stage)
)
SELECT
    scan, step, stage, before, undecided, names,
    100.0 * names / nullif(before - undecided, 0) AS pct,
    100.0 * (names - unsure) / nullif(before + before_undecided, 0) AS low,
    100.0 * (names + undecided + before_undecided) / nullif(before + before_undecided, 0) AS high,
    100.0 * names / nullif(all_names, 0) AS of_all_pct
FROM steps
JOIN scan_order ON scan_order.scan_name = steps.scan
ORDER BY scan_place NULLS LAST, step NULLS LAST
