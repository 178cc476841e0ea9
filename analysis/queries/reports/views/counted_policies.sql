-- title: Policies that count
-- answers: What do the policies of the reports that count say, with day and sender?
-- denominator: the policies of counted_reports.
-- units: policies; successful and failed are sessions, 0 where the report has no such count. applied: the
--   policy's type, and for sts its mode. domain: policy-domain in lower case.
SELECT
    counted_reports.report, policy, sender, day, day_s, lower(policy_domain) AS domain, policy_type, mode,
    CASE
        WHEN policy_type = 'sts' THEN concat('sts ', coalesce(mode, '(mode not told)'))
        ELSE coalesce(policy_type, '(none)')
    END AS applied,
    coalesce(successful, 0) AS successful, coalesce(failed, 0) AS failed
FROM policies
JOIN counted_reports ON counted_reports.report = policies.report
