-- title: Findings
-- answers: What is wrong with domains or worth knowing about them, how many are affected, and where does it
--   cluster?
-- denominator: the signallers among D4 (all names) that the finding's stage concerns (table stages).
-- units: domains. counts_as: error; warning; info; indeterminate (what was observed is not conclusive: never
--   an error). domains are those for which the finding counts; transient are those where it may pass and the
--   second look has not repeated it, shown separately and never included; unseen are those of which nothing of
--   the stage was seen. pct is percent of the concerned less transient and unseen; low and high are percent of
--   all concerned: what is transient, unseen or seen in part, and domains of which something else of the
--   stage is transient or indeterminate, counted as without the finding and as with it (mx_cert_all_invalid
--   holds in low only where every host was seen). TLSRPT, DMARC and DANE are looked at apart. result_type is what a
--   sender's report shows (RFC 8460 section 4.3). The largest cluster is the one with the most of domains: by
--   policy host for record and policy stages, else by MX provider. examples are the first three domains by
--   name. Of findings of the class claimable (ETHICS.md) neither cluster nor examples are told.
-- shares: pct = domains / concerned - unseen - transient
-- weight: by scan, stage, code, counts_as
WITH marked AS (
    SELECT
        faults.scan, faults.place, faults.stage, faults.code, faults.result_type, faults.domain, /*[| faults.weight, ]*/
        CASE WHEN faults.counts_as = 'transient' THEN 'error' ELSE faults.counts_as END AS counts_as,
        faults.counts_as = 'transient' AS transient,
        coalesce(managers.cluster, '(not known)') AS cluster,
        coalesce(stage_errors.hidden, false) AS hidden, coalesce(stage_errors.unseen, false) AS unseen,
        coalesce(stage_errors.hidden OR stage_errors.doubt, false) AS may,
        coalesce(stage_errors.idle, false) AS idle
    FROM faults
    LEFT JOIN stage_errors
        ON stage_errors.scan = faults.scan AND stage_errors.domain = faults.domain
        AND stage_errors.stage = CASE
            WHEN faults.stage <> 'companions' THEN faults.stage
            WHEN faults.code LIKE 'tlsrpt%' THEN 'tlsrpt'
            WHEN faults.code LIKE 'dmarc%' THEN 'dmarc'
            ELSE 'dane'
        END
    LEFT JOIN managers
        ON managers.scan = faults.scan AND managers.domain = faults.domain
        AND managers.entity = CASE
            WHEN faults.stage IN ('mx', 'smtp', 'mx_tls', 'mismatch', 'companions') THEN 'MX'
            ELSE 'policy host'
        END
),
placed AS (
    SELECT
        marked.*,
        row_number() OVER (
            PARTITION BY scan, code ORDER BY CASE WHEN transient THEN 1 ELSE 0 END NULLS LAST, domain NULLS LAST
        ) AS nth
    FROM marked
),
clusters AS (
    SELECT
        scan, code, marked.cluster, count(*) FILTER (WHERE NOT transient) AS domains,
        row_number() OVER (
            PARTITION BY scan, code
            ORDER BY count(*) FILTER (WHERE NOT transient) DESC NULLS LAST, cluster NULLS LAST
        ) AS choice
    FROM marked
    GROUP BY scan, code, cluster
),
totals AS (
    SELECT scan, count(*) /* names */ AS signallers, count(*) /* names */ FILTER (WHERE sts_wildcard IS NULL) AS siblings
    FROM signallers
    GROUP BY scan
),
looked AS (
    SELECT
        scan, stage, count(*) /* names */ FILTER (WHERE idle) AS idle, count(*) /* names */ FILTER (WHERE unseen) AS unseen,
        count(*) /* names */ FILTER (WHERE hidden OR doubt) AS may
    FROM stage_errors
    GROUP BY scan, stage
),
counted AS (
    SELECT
        scan, place, stage, code, counts_as, result_type,
        code IN (
            'policy_host_cname_claimable', 'policy_pattern_domain_missing', 'tlsrpt_rua_domain_missing', 'tlsrpt_rua_no_mx'
        ) AS claimable,
        count(*) /* names */ FILTER (WHERE NOT transient) AS domains,
        count(*) /* names */ FILTER (WHERE transient) AS transient,
        count(*) /* names */ FILTER (WHERE may) AS may, count(*) /* names */ FILTER (WHERE unseen) AS unseen,
        count(*) /* names */ FILTER (WHERE idle) AS idle,
        count(*) /* names */ FILTER (WHERE hidden AND code = 'mx_cert_all_invalid' AND NOT transient) AS unsure,
        max(CASE WHEN nth = 1 THEN domain END) AS first_example,
        max(CASE WHEN nth = 2 THEN domain END) AS second_example,
        max(CASE WHEN nth = 3 THEN domain END) AS third_example
    FROM placed
    GROUP BY scan, place, stage, code, counts_as, result_type
),
ranged AS (
    SELECT
        counted.scan, counted.code,
        totals.signallers - coalesce(looked.idle, 0) + counted.idle AS concerned,
        coalesce(looked.unseen, 0) - counted.unseen AS unseen,
        coalesce(looked.may, 0) - counted.may
            + CASE WHEN counted.code = 'record_wildcard' THEN totals.siblings ELSE 0 END AS may
    FROM counted
    JOIN totals ON totals.scan = counted.scan
    LEFT JOIN looked
        ON looked.scan = counted.scan AND looked.stage = CASE
            WHEN counted.stage <> 'companions' THEN counted.stage
            WHEN counted.code LIKE 'tlsrpt%' THEN 'tlsrpt'
            WHEN counted.code LIKE 'dmarc%' THEN 'dmarc'
            ELSE 'dane'
        END
)
SELECT
    counted.scan, counted.stage, counted.code, counted.counts_as, counted.result_type, totals.signallers,
    ranged.concerned, ranged.unseen, counted.domains, counted.transient,
    100.0 * counted.domains / nullif(ranged.concerned - ranged.unseen - counted.transient, 0) AS pct,
    100.0 * (counted.domains - counted.unsure) / nullif(ranged.concerned, 0) AS low,
    100.0 * (counted.domains + counted.transient + ranged.may) / nullif(ranged.concerned, 0) AS high,
    CASE WHEN clusters.domains > 0 AND NOT counted.claimable THEN clusters.cluster END AS largest_cluster,
    clusters.domains AS in_cluster,
    counted.domains - clusters.domains AS elsewhere,
    CASE WHEN NOT counted.claimable THEN first_example END
        || CASE WHEN second_example IS NULL THEN '' ELSE ' ' || second_example END
        || CASE WHEN third_example IS NULL THEN '' ELSE ' ' || third_example END AS examples
FROM counted
JOIN totals ON totals.scan = counted.scan
JOIN ranged ON ranged.scan = counted.scan AND ranged.code = counted.code
JOIN scan_order ON scan_order.scan_name = counted.scan
JOIN clusters ON clusters.scan = counted.scan AND clusters.code = counted.code AND clusters.choice = 1
ORDER BY scan_place NULLS LAST, counted.place NULLS LAST, counted.code NULLS LAST
