-- title: Failures by receiving MX
-- answers: At which MX hosts did sessions fail, and how?
-- denominator: the failed sessions of all details that count.
-- units: sessions; (not told): details without receiving-mx-hostname, as those of a policy that could not be
--   had.
SELECT
    coalesce(receiving_mx, '(not told)') AS receiving_mx, result_type, sum(failed) AS failed,
    count(DISTINCT sender) AS senders, count(DISTINCT domain) AS domains
FROM counted_failures
GROUP BY 1, 2
ORDER BY failed DESC NULLS LAST, receiving_mx NULLS LAST, result_type NULLS LAST
