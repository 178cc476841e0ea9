-- title: Most failures
-- answers: Which domain, MX host and result type lose the most sessions, and what do senders say of it?
-- denominator: the failed sessions of all details that count.
-- units: sessions. last_day: the last day on which it was reported. reason: one of the reasons that senders
--   gave, the last in the order of letters.
SELECT
    coalesce(domain, '(none)') AS domain, receiving_mx, result_type, sum(failed) AS failed,
    count(DISTINCT sender) AS senders, max(day) AS last_day, max(reason_code) AS reason
FROM counted_failures
GROUP BY 1, 2, 3
ORDER BY failed DESC NULLS LAST, domain NULLS LAST, receiving_mx NULLS LAST, result_type NULLS LAST
