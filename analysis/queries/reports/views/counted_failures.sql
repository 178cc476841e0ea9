-- title: Failures that count
-- answers: What failed in the reports that count, with day, sender and domain?
-- denominator: the failure-details of counted_policies.
-- units: entries; failed is sessions, 0 where the entry has no count. receiving_mx and sending_ip in lower
--   case.
SELECT
    counted_policies.report, sender, day, domain, applied, coalesce(result_type, '(none)') AS result_type,
    lower(sending_ip) AS sending_ip, lower(receiving_mx) AS receiving_mx, reason_code,
    coalesce(failures.failed, 0) AS failed
FROM failures
JOIN counted_policies
    ON counted_policies.report = failures.report AND counted_policies.policy = failures.policy
