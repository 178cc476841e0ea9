-- title: MX hosts of each signaller
-- answers: One row a signaller and host of its MX set: does the policy match it, and what was seen of its
--   certificates?
-- denominator: none.
-- units: addresses. known: rows of the host, be they addresses or the answer that there is none; skipped:
--   addresses that were to be contacted and were not; probed: those to which a connection was tried;
--   observed: those where a certificate was seen; valid: those where it was valid. undecided: addresses whose
--   certificate has the outcome client_limit, or one that `words` does not have; they are not among the
--   observed.
-- note: the root of a null MX beside others is no host, nor is a name below invalid (RFC 6761 section 6.4).
WITH seen AS (
    SELECT
        scan, host,
        count(*) AS known,
        count(*) FILTER (WHERE smtp_outcome = 'not_attempted') AS skipped,
        count(*) FILTER (WHERE smtp_phase IS NOT NULL) AS probed,
        count(*) FILTER (WHERE known.word IS NOT NULL AND cert_outcome <> 'client_limit') AS observed,
        count(*) FILTER (WHERE cert_outcome IS NOT NULL AND (known.word IS NULL OR cert_outcome = 'client_limit'))
            AS undecided,
        count(*) FILTER (WHERE cert_outcome = 'valid') AS valid
    FROM mx_hosts
    LEFT JOIN words AS known
        ON known.word = mx_hosts.cert_outcome
        AND known.table_name = 'mx_hosts' AND known.column_name = 'cert_outcome'
    GROUP BY scan, host
),
hosts AS (
    SELECT scan, domain, policy_usable, policy_mode, unnest(mx) AS mx
    FROM signallers
    WHERE mx_kind IN ('explicit', 'implicit')
)
SELECT
    hosts.scan, hosts.domain, hosts.policy_usable, hosts.policy_mode,
    hosts.mx['preference'] AS preference, hosts.mx['host'] AS host, hosts.mx['matched'] AS matched,
    coalesce(seen.known, 0) AS known, coalesce(seen.skipped, 0) AS skipped, coalesce(seen.probed, 0) AS probed,
    coalesce(seen.observed, 0) AS observed, coalesce(seen.valid, 0) AS valid,
    coalesce(seen.undecided, 0) AS undecided
FROM hosts
LEFT JOIN seen ON seen.scan = hosts.scan AND seen.host = hosts.mx['host']
WHERE hosts.mx['host'] <> '.' AND ('.' || hosts.mx['host']) NOT LIKE '%.invalid'
