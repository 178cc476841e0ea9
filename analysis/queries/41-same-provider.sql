-- title: One provider for mail and policy, or two
-- answers: Do domains whose mail and policy host are at the same provider have fewer errors?
-- denominator: the signallers among D4 (all names) whose MX set and policy host's CNAME are known.
-- units: domains. The provider of the policy host is that of the first CNAME target; own: none, or below the
--   domain's own registrable domain. errors: domains with an error at any stage but TLSRPT and DANE;
--   mismatched: policy and MX set differ. _pct is percent of the row's domains less open (something transient
--   or indeterminate was found, and no error), low and high of all of them.
WITH relations AS (
    SELECT
        signallers.scan, signallers.domain,
        CASE
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
    WHERE mail.cluster IS NOT NULL AND signallers.policy_cname IS NOT NULL
),
counted AS (
    SELECT
        relations.scan, relations.relation, count(*) AS domains,
        count(*) FILTER (WHERE any_stage.error) AS errors,
        count(*) FILTER (WHERE any_stage.open) AS open,
        count(*) FILTER (WHERE mismatch.error) AS mismatched
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
    100.0 * (errors + open) / nullif(domains, 0) AS errors_high,
    mismatched,
    100.0 * mismatched / nullif(domains - open, 0) AS mismatched_pct
FROM counted
ORDER BY scan NULLS LAST, domains DESC NULLS LAST, relation NULLS LAST
