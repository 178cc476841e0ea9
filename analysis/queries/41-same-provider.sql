-- title: One provider for mail and policy, or two
-- answers: Do domains whose mail and policy host are at the same provider have fewer errors?
-- denominator: the signallers among D4 (all names) whose MX set and policy host's CNAME are known; no MX host:
--   the set is known to hold none.
-- units: domains. The provider of the policy host is that of the first CNAME target; own: none, or below the
--   domain's own registrable domain. errors: domains with an error at any stage but TLSRPT, DMARC and DANE;
--   mismatched: policy and MX set differ. errors_pct is percent of the row's domains less open (something
--   transient or indeterminate was found, and no error), low and high of all of them, what is open or was not
--   seen counted as right and as wrong; mismatched_pct is percent of those with a usable policy and an MX set
--   to match.
-- shares: errors_pct = errors / domains - open
-- weight: by scan, relation
WITH relations AS (
    SELECT
        signallers.scan, signallers.domain, /*[| signallers.weight, ]*/
        CASE
            WHEN mail.cluster IS NULL THEN 'no MX host'
            WHEN coalesce(signallers.policy_cname[1] IS NULL, true) OR policy.own THEN
                CASE WHEN mail.own THEN 'both own' ELSE 'policy own, mail elsewhere' END
            WHEN mail.own THEN 'policy elsewhere, mail own'
            WHEN mail.cluster = policy.cluster THEN 'same provider'
            ELSE 'different providers'
        END AS relation
    FROM signallers
    JOIN managers AS policy
        ON policy.scan = signallers.scan AND policy.domain = signallers.domain AND policy.entity = 'policy host'
    JOIN managers AS mail
        ON mail.scan = signallers.scan AND mail.domain = signallers.domain AND mail.entity = 'MX'
    WHERE signallers.policy_cname IS NOT NULL AND (
        mail.cluster IS NOT NULL OR signallers.mx_kind IN ('null', 'none')
        OR signallers.mx_kind = 'explicit' AND signallers.mx IS NOT NULL
    )
),
counted AS (
    SELECT
        relations.scan, relations.relation, count(*) /* names of relations */ AS domains,
        count(*) /* names of relations */ FILTER (WHERE any_stage.error) AS errors,
        count(*) /* names of relations */ FILTER (WHERE any_stage.open) AS open,
        count(*) /* names of relations */ FILTER (WHERE any_stage.may) AS may,
        count(*) /* names of relations */ FILTER (WHERE mismatch.open OR mismatch.unseen OR mismatch.idle) AS not_matched,
        count(*) /* names of relations */ FILTER (WHERE mismatch.error) AS mismatched
    FROM relations
    LEFT JOIN stage_errors AS any_stage
        ON any_stage.scan = relations.scan AND any_stage.domain = relations.domain AND any_stage.stage = 'any'
    LEFT JOIN stage_errors AS mismatch
        ON mismatch.scan = relations.scan AND mismatch.domain = relations.domain AND mismatch.stage = 'mismatch'
    GROUP BY relations.scan, relations.relation
)
SELECT
    scan, relation, domains, open, errors,
    100.0 * errors / nullif(domains - open, 0) AS errors_pct,
    100.0 * errors / nullif(domains, 0) AS errors_low,
    100.0 * (errors + open + may) / nullif(domains, 0) AS errors_high,
    mismatched,
    100.0 * mismatched / nullif(domains - not_matched, 0) AS mismatched_pct
FROM counted
JOIN scan_order ON scan_order.scan_name = counted.scan
ORDER BY scan_place NULLS LAST, domains DESC NULLS LAST, relation NULLS LAST
