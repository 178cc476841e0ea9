-- title: Misconfiguration by stage
-- answers: How many domains with MTA-STS have an error, and at which stage?
-- denominator: the signallers among D4 (all names). policy adds up the stages policy_dns to policy_text; any
--   adds up all stages (a domain counts once; TLSRPT and DANE are no part of it). Faults behind a policy that
--   cannot be retrieved are not seen: such a domain has no mismatch.
-- units: domains. pct is percent of the signallers that are decided (all less open: something transient or
--   indeterminate was found, and no error); low and high are percent of all signallers, the open ones counted
--   as right and as wrong. The last columns leave out the largest cluster: the one with the most errors of
--   the stage, by policy host up to policy_text and for any, by MX provider from mx on.
WITH stages AS (
    SELECT * FROM (
        VALUES
            (1, 'record', 'policy host'), (2, 'policy_dns', 'policy host'), (3, 'policy_tcp', 'policy host'),
            (4, 'policy_tls', 'policy host'), (5, 'policy_http', 'policy host'), (6, 'policy_text', 'policy host'),
            (7, 'policy', 'policy host'), (8, 'mx', 'MX'), (9, 'smtp', 'MX'), (10, 'mx_tls', 'MX'),
            (11, 'mismatch', 'MX'), (12, 'any', 'policy host')
    ) AS stages (place, stage, entity)
),
clustered AS (
    SELECT
        managers.scan, stages.place, stages.stage, coalesce(managers.cluster, '(not known)') AS cluster,
        count(*) AS signallers,
        count(*) FILTER (WHERE stage_errors.error) AS errors,
        count(*) FILTER (WHERE stage_errors.open) AS open
    FROM managers
    JOIN stages ON stages.entity = managers.entity
    LEFT JOIN stage_errors
        ON stage_errors.scan = managers.scan AND stage_errors.domain = managers.domain
        AND stage_errors.stage = stages.stage
    GROUP BY 1, 2, 3, 4
),
placed AS (
    SELECT
        clustered.*,
        row_number() OVER (
            PARTITION BY scan, place ORDER BY errors DESC NULLS LAST, signallers NULLS LAST, cluster NULLS LAST
        ) AS choice
    FROM clustered
),
counted AS (
    SELECT
        scan, place, stage, sum(signallers) AS signallers, sum(errors) AS errors, sum(open) AS open,
        max(CASE WHEN choice = 1 AND errors > 0 THEN cluster END) AS largest_cluster,
        coalesce(sum(errors) FILTER (WHERE choice = 1 AND errors > 0), 0) AS cluster_errors,
        coalesce(sum(signallers) FILTER (WHERE choice = 1 AND errors > 0), 0) AS cluster_signallers,
        coalesce(sum(open) FILTER (WHERE choice = 1 AND errors > 0), 0) AS cluster_open
    FROM placed
    GROUP BY scan, place, stage
)
SELECT
    scan, stage, signallers, open, errors,
    100.0 * errors / nullif(signallers - open, 0) AS pct,
    100.0 * errors / nullif(signallers, 0) AS low,
    100.0 * (errors + open) / nullif(signallers, 0) AS high,
    largest_cluster, cluster_signallers, cluster_errors,
    errors - cluster_errors AS other_errors,
    100.0 * (errors - cluster_errors)
        / nullif(signallers - cluster_signallers - open + cluster_open, 0) AS other_pct
FROM counted
ORDER BY scan NULLS LAST, place NULLS LAST
