-- title: Misconfiguration by stage
-- answers: How many domains with MTA-STS have an error, and at which stage?
-- denominator: the signallers among D4 (all names) that a stage concerns: smtp, mx_tls and mismatch do not
--   concern domains that are known to take no mail. policy adds up the stages policy_dns to policy_text, where
--   a policy counts at its first fault; any adds up all stages (a domain counts once; TLSRPT, DMARC and DANE
--   are no part of it).
-- units: domains. unseen: nothing of the stage was seen (no fetch, no address that could be tried, no
--   certificate, no policy to hold against the hosts), and nothing was found. pct is percent of the concerned
--   that are decided (less unseen, and less open: something transient or indeterminate was found, and no
--   error); low and high are percent of all concerned: low counts as right what is open, unseen or seen in
--   part, high counts it as wrong. A stage whose question was put to nobody has no numbers; where MX hosts
--   were not asked (--starttls none), mx and any have no pct. The last columns leave out the largest cluster:
--   the one with the most errors of the stage, by policy host up to policy_text and for any, by MX provider
--   from mx on.
-- shares: pct = errors / concerned - unseen - open
-- weight: by scan, stage
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
        count(*) /* names of managers */ AS signallers,
        count(*) /* names of managers */ FILTER (WHERE stage_errors.idle) AS idle,
        count(*) /* names of managers */ FILTER (WHERE stage_errors.unseen) AS unseen,
        count(*) /* names of managers */ FILTER (WHERE stage_errors.may) AS may,
        count(*) /* names of managers */ FILTER (WHERE stage_errors.error) AS errors,
        count(*) /* names of managers */ FILTER (WHERE stage_errors.open) AS open
        /*[| , count(*) AS n_signallers, count(*) FILTER (WHERE stage_errors.idle) AS n_idle,
        count(*) FILTER (WHERE stage_errors.unseen) AS n_unseen, count(*) FILTER (WHERE stage_errors.error) AS n_errors ]*/
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
            PARTITION BY scan, place ORDER BY /*[*/errors/*| n_errors ]*/ DESC NULLS LAST, cluster NULLS LAST
        ) AS choice
    FROM clustered
),
counted AS (
    SELECT
        scan, place, stage, sum(signallers) AS signallers, sum(signallers - idle) AS concerned,
        sum(unseen) AS unseen, sum(may) AS may, sum(errors) AS errors, sum(open) AS open,
        max(CASE WHEN choice = 1 AND /*[*/errors/*| n_errors ]*/ > 0 THEN cluster END) AS largest_cluster,
        coalesce(sum(errors) FILTER (WHERE choice = 1 AND /*[*/errors/*| n_errors ]*/ > 0), 0) AS cluster_errors,
        coalesce(sum(signallers) FILTER (WHERE choice = 1 AND /*[*/errors/*| n_errors ]*/ > 0), 0) AS cluster_signallers,
        coalesce(sum(idle + unseen + open) FILTER (WHERE choice = 1 AND /*[*/errors/*| n_errors ]*/ > 0), 0) AS cluster_open
        /*[| , sum(n_signallers - n_idle) AS n_concerned, sum(n_unseen) AS n_unseen ]*/
    FROM placed
    GROUP BY scan, place, stage
),
told AS (
    SELECT
        counted.*, /*[*/concerned > unseen/*| n_concerned > n_unseen ]*/ AS put, asked.hosts OR stage NOT IN ('mx', 'smtp', 'mx_tls', 'any') AS whole
    FROM counted
    JOIN asked ON asked.scan = counted.scan
)
SELECT
    scan, stage, signallers, concerned, unseen,
    CASE WHEN put THEN open END AS open,
    CASE WHEN put THEN errors END AS errors,
    CASE WHEN put AND whole THEN 100.0 * errors / nullif(concerned - unseen - open, 0) END AS pct,
    CASE WHEN put THEN 100.0 * errors / nullif(concerned, 0) END AS low,
    CASE WHEN put THEN 100.0 * (errors + open + may) / nullif(concerned, 0) END AS high,
    largest_cluster,
    CASE WHEN put THEN cluster_signallers END AS cluster_signallers,
    CASE WHEN put THEN cluster_errors END AS cluster_errors,
    CASE WHEN put THEN errors - cluster_errors END AS other_errors,
    CASE WHEN put AND whole THEN 100.0 * (errors - cluster_errors)
        / nullif(concerned - unseen - open - cluster_signallers + cluster_open, 0) END AS other_pct
FROM told
JOIN scan_order ON scan_order.scan_name = told.scan
ORDER BY scan_place NULLS LAST, place NULLS LAST
