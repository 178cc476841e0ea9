-- title: How far each signaller was seen
-- answers: One row a signaller: was it judged, was its policy fetched, and what of its MX hosts was seen?
-- denominator: none.
-- note: fetched: the fetch was tried, and had an outcome that `words` has. matchable: there is a usable policy
--   and an MX set to match. no_mail: it is known that no host takes mail for the domain. hosts: of the MX set;
--   unasked: those without a row; skipped, probed, observed: addresses, as in `domain_hosts`.
WITH summed AS (
    SELECT
        scan, domain, count(*) AS hosts,
        count(*) FILTER (WHERE known = 0) AS unasked,
        sum(skipped) AS skipped, sum(probed) AS probed, sum(observed + undecided) AS observed
    FROM domain_hosts
    GROUP BY scan, domain
)
SELECT
    signallers.scan, signallers.domain, signallers.judged, signallers.mx_unknown, signallers.tlsrpt,
    signallers.dmarc,
    /*[| signallers.weight, ]*/
    outcome.word IS NOT NULL AS fetched,
    coalesce(
        signallers.policy_usable AND signallers.mx_kind IN ('explicit', 'implicit')
            AND (signallers.mx_kind = 'implicit' OR signallers.mx IS NULL OR summed.hosts IS NOT NULL),
        false
    ) AS matchable,
    signallers.mx_kind IN ('null', 'none')
        OR signallers.mx_kind = 'explicit' AND signallers.mx IS NOT NULL AND summed.hosts IS NULL AS no_mail,
    coalesce(summed.hosts, 0) AS hosts, coalesce(summed.unasked, 0) AS unasked,
    coalesce(summed.skipped, 0) AS skipped, coalesce(summed.probed, 0) AS probed,
    coalesce(summed.observed, 0) AS observed
FROM signallers
LEFT JOIN summed ON summed.scan = signallers.scan AND summed.domain = signallers.domain
LEFT JOIN words AS outcome
    ON outcome.word = signallers.policy_outcome
    AND outcome.table_name = 'domains' AND outcome.column_name = 'policy_outcome'
