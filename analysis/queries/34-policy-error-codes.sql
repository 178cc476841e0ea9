-- title: Faults on the way to the policy one by one, by who manages the policy host
-- answers: Which faults do self-managed policy hosts have, and which do those of third parties have?
-- denominator: the signallers among D4 (all names); self, third_party, unclassified and unknown are the
--   managers of their policy hosts (table managers).
-- units: domains for which the fault is an error; a domain counts under each of its faults. transient are
--   those where it may pass and the second look has not repeated it: shown separately, never included. pct is
--   percent of the signallers less transient, low and high percent of all signallers.
WITH totals AS (
    SELECT scan, count(*) AS signallers FROM signallers GROUP BY scan
),
counted AS (
    SELECT
        faults.scan, faults.place, faults.stage, faults.code,
        count(*) FILTER (WHERE counts_as = 'error') AS domains,
        count(*) FILTER (WHERE counts_as = 'error' AND managers.manager = 'self') AS self,
        count(*) FILTER (WHERE counts_as = 'error' AND managers.manager = 'third party') AS third_party,
        count(*) FILTER (WHERE counts_as = 'error' AND managers.manager = 'unclassified') AS unclassified,
        count(*) FILTER (WHERE counts_as = 'error' AND managers.manager = 'unknown') AS unknown,
        count(*) FILTER (WHERE counts_as = 'transient') AS transient
    FROM faults
    JOIN managers
        ON managers.scan = faults.scan AND managers.domain = faults.domain AND managers.entity = 'policy host'
    WHERE faults.stage IN ('policy_dns', 'policy_tcp', 'policy_tls', 'policy_http', 'policy_text')
        AND faults.counts_as IN ('error', 'transient')
    GROUP BY faults.scan, faults.place, faults.stage, faults.code
)
SELECT
    counted.scan, stage, code, self, third_party, unclassified, unknown, domains, transient,
    100.0 * domains / nullif(signallers - transient, 0) AS pct,
    100.0 * domains / nullif(signallers, 0) AS low,
    100.0 * (domains + transient) / nullif(signallers, 0) AS high
FROM counted
JOIN totals ON totals.scan = counted.scan
ORDER BY counted.scan NULLS LAST, place NULLS LAST
