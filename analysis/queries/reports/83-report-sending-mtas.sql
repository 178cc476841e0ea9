-- title: Failures by sending MTA
-- answers: From which addresses of senders did sessions fail?
-- denominator: the failed sessions of all details that count.
-- units: sessions; (not told): details without sending-mta-ip.
SELECT
    sender, coalesce(sending_ip, '(not told)') AS sending_ip, sum(failed) AS failed,
    count(DISTINCT result_type) AS result_types, count(DISTINCT domain) AS domains
FROM counted_failures
GROUP BY 1, 2
ORDER BY failed DESC NULLS LAST, sender NULLS LAST, sending_ip NULLS LAST
