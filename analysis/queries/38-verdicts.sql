-- title: Verdicts of a strict and of a lenient sender
-- answers: What happens to mail to domains with MTA-STS: who loses mail, and who is protected?
-- denominator: the signallers among D4 (all names); primary is the strict sender over the MX hosts of lowest
--   preference.
-- units: domains. _pct is percent of the decided domains (of_: all less indeterminate); _low and _high are percent
--   of all signallers. Undecided is what is indeterminate, and between the verdicts over MX hosts what they
--   would be if a host or an address that was not tried were seen: validated, refused and testing_passing may
--   become partial or testing_failing. The last columns
--   leave out the largest cluster: the policy host cluster with the most domains of the strict verdict.
-- shares: strict_pct = strict / of_strict; lenient_pct = lenient / of_lenient;
--   primary_pct = primary_hosts / of_primary; other_strict_pct = other_strict / of_other_strict
-- weight: by scan, verdict
WITH verdicts AS (
    SELECT * FROM (
        VALUES
            (1, 'validated'), (2, 'partial'), (3, 'refused'), (4, 'testing_passing'), (5, 'testing_failing'),
            (6, 'withdrawn'), (7, 'no_mail'), (8, 'no_policy'), (9, 'indeterminate')
    ) AS verdicts (place, verdict)
),
seen AS (
    SELECT
        signallers.scan, signallers.domain, signallers.verdict_strict, signallers.verdict_lenient,
        signallers.verdict_primary, /*[| signallers.weight, ]*/
        reach.unasked > 0 OR reach.skipped > 0 AS partly
    FROM signallers
    JOIN reach ON reach.scan = signallers.scan AND reach.domain = signallers.domain
),
clustered AS (
    SELECT
        signallers.scan, verdicts.place, verdicts.verdict, coalesce(managers.cluster, '(not known)') AS cluster,
        count(*) /* names of signallers */ AS signallers,
        count(*) /* names of signallers */ FILTER (WHERE verdict_strict = verdicts.verdict) AS strict,
        count(*) /* names of signallers */ FILTER (WHERE verdict_lenient = verdicts.verdict) AS lenient,
        count(*) /* names of signallers */ FILTER (WHERE verdict_primary = verdicts.verdict) AS primary_hosts,
        count(*) /* names of signallers */ FILTER (
            WHERE partly AND verdict_strict = verdicts.verdict AND verdicts.verdict IN ('validated', 'refused', 'testing_passing')
        ) AS strict_unsure,
        count(*) /* names of signallers */ FILTER (
            WHERE partly AND (
                verdict_strict IN ('validated', 'refused') AND verdicts.verdict = 'partial'
                OR verdict_strict = 'testing_passing' AND verdicts.verdict = 'testing_failing'
            )
        ) AS strict_may,
        count(*) /* names of signallers */ FILTER (
            WHERE partly AND verdict_lenient = verdicts.verdict AND verdicts.verdict IN ('validated', 'refused', 'testing_passing')
        ) AS lenient_unsure,
        count(*) /* names of signallers */ FILTER (
            WHERE partly AND (
                verdict_lenient IN ('validated', 'refused') AND verdicts.verdict = 'partial'
                OR verdict_lenient = 'testing_passing' AND verdicts.verdict = 'testing_failing'
            )
        ) AS lenient_may,
        count(*) /* names of signallers */ FILTER (WHERE coalesce(verdict_strict, 'indeterminate') = 'indeterminate') AS strict_open,
        count(*) /* names of signallers */ FILTER (WHERE coalesce(verdict_lenient, 'indeterminate') = 'indeterminate') AS lenient_open,
        count(*) /* names of signallers */ FILTER (WHERE coalesce(verdict_primary, 'indeterminate') = 'indeterminate') AS primary_open
        /*[| , count(*) FILTER (WHERE verdict_strict = verdicts.verdict) AS n_strict ]*/
    FROM seen AS signallers
    JOIN managers
        ON managers.scan = signallers.scan AND managers.domain = signallers.domain
        AND managers.entity = 'policy host'
    CROSS JOIN verdicts
    GROUP BY 1, 2, 3, 4
),
placed AS (
    SELECT
        clustered.*,
        row_number() OVER (
            PARTITION BY scan, place ORDER BY /*[*/strict/*| n_strict ]*/ DESC NULLS LAST, cluster NULLS LAST
        ) AS choice
    FROM clustered
),
counted AS (
    SELECT
        scan, place, verdict, sum(signallers) AS signallers,
        sum(strict) AS strict, sum(lenient) AS lenient, sum(primary_hosts) AS primary_hosts,
        sum(strict_unsure) AS strict_unsure, sum(lenient_unsure) AS lenient_unsure,
        sum(strict_may) AS strict_may, sum(lenient_may) AS lenient_may,
        sum(strict_open) AS strict_open, sum(lenient_open) AS lenient_open, sum(primary_open) AS primary_open,
        max(CASE WHEN choice = 1 AND /*[*/strict/*| n_strict ]*/ > 0 THEN cluster END) AS largest_cluster,
        coalesce(sum(strict) FILTER (WHERE choice = 1 AND /*[*/strict/*| n_strict ]*/ > 0), 0) AS cluster_strict,
        coalesce(sum(signallers) FILTER (WHERE choice = 1 AND /*[*/strict/*| n_strict ]*/ > 0), 0) AS cluster_signallers,
        coalesce(sum(strict_open) FILTER (WHERE choice = 1 AND /*[*/strict/*| n_strict ]*/ > 0), 0) AS cluster_open
    FROM placed
    GROUP BY scan, place, verdict
)
SELECT
    scan, verdict,
    strict,
    CASE WHEN place < 9 THEN signallers - strict_open END AS of_strict,
    CASE WHEN place < 9 THEN 100.0 * strict / nullif(signallers - strict_open, 0) END AS strict_pct,
    CASE WHEN place < 9 THEN 100.0 * (strict - strict_unsure) / nullif(signallers, 0) END AS strict_low,
    CASE WHEN place < 9 THEN 100.0 * (strict + strict_open + strict_may) / nullif(signallers, 0) END AS strict_high,
    lenient,
    CASE WHEN place < 9 THEN signallers - lenient_open END AS of_lenient,
    CASE WHEN place < 9 THEN 100.0 * lenient / nullif(signallers - lenient_open, 0) END AS lenient_pct,
    CASE WHEN place < 9 THEN 100.0 * (lenient - lenient_unsure) / nullif(signallers, 0) END AS lenient_low,
    CASE WHEN place < 9 THEN 100.0 * (lenient + lenient_open + lenient_may) / nullif(signallers, 0) END AS lenient_high,
    primary_hosts,
    CASE WHEN place < 9 THEN signallers - primary_open END AS of_primary,
    CASE WHEN place < 9 THEN 100.0 * primary_hosts / nullif(signallers - primary_open, 0) END AS primary_pct,
    largest_cluster, cluster_signallers, cluster_strict,
    strict - cluster_strict AS other_strict,
    CASE WHEN place < 9 THEN signallers - cluster_signallers - strict_open + cluster_open END AS of_other_strict,
    CASE
        WHEN place < 9
            THEN 100.0 * (strict - cluster_strict)
                / nullif(signallers - cluster_signallers - strict_open + cluster_open, 0)
    END AS other_strict_pct
FROM counted
JOIN scan_order ON scan_order.scan_name = counted.scan
ORDER BY scan_place NULLS LAST, place NULLS LAST
