-- title: Certificate roll-overs
-- answers: When policy hosts and MX hosts change their certificate, do they do it correctly?
-- denominator: policy hosts of signallers, and addresses of MX hosts, whose certificate was seen in both of
--   two scans that follow one another.
-- units: hosts (policy hosts, MX addresses). kept: the same certificate; kept, expired: it was valid and has
--   expired; renewed: another one, valid before and now; renewed wrong: it was valid and is not; mended: it
--   was invalid and is valid; still invalid: another one, no better; (not known): this version does not know
--   the word of an outcome. same_key: the new certificate has the old one's key. pct is percent of the
--   denominator.
-- shares: pct = hosts / sum(hosts by to_scan, entity)
WITH named AS (
    SELECT
        endpoints.scan, timeline.place, endpoints.entity,
        CASE WHEN endpoints.entity = 'MX' THEN endpoints.name || ' ' || endpoints.addr ELSE endpoints.name END AS host,
        endpoints.sha256, endpoints.cert_outcome, endpoints.cert_undecided, certificates.spki_sha256
    FROM endpoints
    JOIN timeline ON timeline.scan = endpoints.scan
    LEFT JOIN certificates ON certificates.scan = endpoints.scan AND certificates.sha256 = endpoints.sha256
    WHERE endpoints.sha256 IS NOT NULL
),
changes AS (
    SELECT
        before.scan AS from_scan, later.scan AS to_scan, later.place, later.entity,
        CASE
            WHEN before.cert_undecided OR later.cert_undecided THEN '(not known)'
            WHEN before.sha256 = later.sha256 THEN
                CASE
                    WHEN before.cert_outcome = 'valid' AND later.cert_outcome = 'expired' THEN 'kept, expired'
                    ELSE 'kept'
                END
            WHEN before.cert_outcome = 'valid' AND later.cert_outcome = 'valid' THEN 'renewed'
            WHEN before.cert_outcome = 'valid' THEN 'renewed wrong'
            WHEN later.cert_outcome = 'valid' THEN 'mended'
            ELSE 'still invalid'
        END AS change,
        before.sha256 <> later.sha256 AND coalesce(before.spki_sha256 = later.spki_sha256, false) AS same_key
    FROM named AS before
    JOIN pairs ON pairs.from_scan = before.scan
    JOIN named AS later
        ON later.scan = pairs.to_scan AND later.entity = before.entity AND later.host = before.host
)
SELECT
    from_scan, to_scan, entity, change, count(*) AS hosts,
    100.0 * count(*) / nullif(sum(count(*)) OVER (PARTITION BY place, entity), 0) AS pct,
    count(*) FILTER (WHERE same_key) AS same_key
FROM changes
GROUP BY from_scan, to_scan, place, entity, change
ORDER BY place NULLS LAST, entity DESC NULLS LAST, hosts DESC NULLS LAST, change NULLS LAST
