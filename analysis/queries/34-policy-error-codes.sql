-- title: Faults on the way to the policy one by one, by who manages the policy host
-- answers: Which faults do self-managed policy hosts have, and which do those of third parties have?
-- denominator: the signallers among D4 (all names); self, third_party, unclassified and unknown are the
--   managers of their policy hosts (table managers).
-- units: domains for which the fault is an error; a domain counts under each of its faults. transient are
--   those where it may pass and the second look has not repeated it: shown separately, never included; unseen
--   are the signallers whose policy was not fetched. pct is percent of the signallers less unseen and
--   transient, low and high percent of all signallers, the unseen, the transient and the domains of which
--   something else on the way to the policy is open counted as without the fault and as with it.
-- shares: pct = domains / signallers - unseen - transient
-- weight: by scan, stage, code
WITH totals AS (
    SELECT
        signallers.scan, count(*) /* names of signallers */ AS signallers, count(*) /* names of signallers */ FILTER (WHERE stage_errors.unseen) AS unseen
    FROM signallers
    LEFT JOIN stage_errors
        ON stage_errors.scan = signallers.scan AND stage_errors.domain = signallers.domain
        AND stage_errors.stage = 'policy'
    GROUP BY signallers.scan
),
looked AS (
    SELECT scan, stage, count(*) /* names */ FILTER (WHERE hidden OR doubt) AS may FROM stage_errors GROUP BY scan, stage
),
counted AS (
    SELECT
        faults.scan, faults.place, faults.stage, faults.code,
        count(*) /* names of faults */ FILTER (WHERE counts_as = 'error') AS domains,
        count(*) /* names of faults */ FILTER (WHERE counts_as = 'error' AND managers.manager = 'self') AS self,
        count(*) /* names of faults */ FILTER (WHERE counts_as = 'error' AND managers.manager = 'third party') AS third_party,
        count(*) /* names of faults */ FILTER (WHERE counts_as = 'error' AND managers.manager = 'unclassified') AS unclassified,
        count(*) /* names of faults */ FILTER (WHERE counts_as = 'error' AND managers.manager = 'unknown') AS unknown,
        count(*) /* names of faults */ FILTER (WHERE counts_as = 'transient') AS transient,
        count(*) /* names of faults */ FILTER (WHERE stage_errors.hidden OR stage_errors.doubt) AS of_may
    FROM faults
    LEFT JOIN stage_errors
        ON stage_errors.scan = faults.scan AND stage_errors.domain = faults.domain
        AND stage_errors.stage = faults.stage
    JOIN managers
        ON managers.scan = faults.scan AND managers.domain = faults.domain AND managers.entity = 'policy host'
    WHERE faults.stage IN ('policy_dns', 'policy_tcp', 'policy_tls', 'policy_http', 'policy_text')
        AND faults.counts_as IN ('error', 'transient')
    GROUP BY faults.scan, faults.place, faults.stage, faults.code
)
SELECT
    counted.scan, counted.stage, code, signallers, self, third_party, unclassified, unknown, domains, transient, unseen,
    100.0 * domains / nullif(signallers - unseen - transient, 0) AS pct,
    100.0 * domains / nullif(signallers, 0) AS low,
    100.0 * (domains + transient + coalesce(may, 0) - of_may) / nullif(signallers, 0) AS high
FROM counted
JOIN totals ON totals.scan = counted.scan
LEFT JOIN looked ON looked.scan = counted.scan AND looked.stage = counted.stage
JOIN scan_order ON scan_order.scan_name = counted.scan
ORDER BY scan_place NULLS LAST, place NULLS LAST
