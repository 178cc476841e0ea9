-- title: Population
-- answers: One row per domain: which of D1 to D4 it belongs to, and whether it signals and adopts MTA-STS.
--   The tables count over this view; what came of the policies is in `signallers`.
-- denominator: none.
-- note: undecided means that there was no usable answer for _mta-sts, or that it was not asked. Only a domain
--   that does not exist (NXDOMAIN for its MX) was not asked and is no signaller, and publishes no TLSRPT.
-- note: a word that is not in the lists here is of a newer layout and decides nothing: an unknown mx_kind is
--   mx_unknown, an unknown sts_record undecided (and no signaller), an unknown tlsrpt_record, dmarc_record or
--   dmarc_policy unknown. The commonest word is asked for first, so that the others are asked for a few rows only.
-- note: in_d3 are the names whose MX question was answered with NOERROR or NODATA. may_d1, mx_unknown (for
--   D2) and may_d3: the answer was not had or is not known, so that the name may belong there.
-- note: wildcard means that a random sibling of _mta-sts answers alike, so that the record may be meant for
--   nobody; what was not asked counts as none.
SELECT
    domains.*,
    mx_kind = 'explicit' AS in_d1,
    mx_kind IN ('explicit', 'implicit') AS in_d2,
    mx_dns IN ('NOERROR', 'NODATA') AS in_d3,
    mx_kind <> 'explicit' AND mx_kind NOT IN ('implicit', 'null', 'none')
        AND mx_dns <> 'NODATA' AND mx_dns <> 'NXDOMAIN' AS may_d1,
    mx_kind <> 'explicit' AND mx_kind NOT IN ('implicit', 'null', 'none') AS mx_unknown,
    mx_dns <> 'NOERROR' AND mx_dns NOT IN ('NODATA', 'NXDOMAIN') AS may_d3,
    coalesce(sts_signals, false)
        AND NOT coalesce(sts_record <> 'absent' AND sts_record NOT IN ('valid', 'invalid', 'multiple'), false) AS signals,
    coalesce(sts_record = 'valid', false) AS adopts,
    coalesce(sts_record <> 'absent' AND sts_record NOT IN ('valid', 'invalid', 'multiple'), mx_dns <> 'NXDOMAIN', true)
        AS undecided,
    CASE
        WHEN coalesce(tlsrpt_record = 'absent', mx_dns = 'NXDOMAIN', false) THEN 'absent'
        WHEN tlsrpt_record IN ('valid', 'invalid', 'multiple') THEN tlsrpt_record
        ELSE 'unknown'
    END AS tlsrpt,
    CASE
        WHEN dmarc_dns IS NULL THEN '(not recorded)'
        WHEN dmarc_policy IN ('none', 'quarantine', 'reject') THEN coalesce(dmarc_policy, 'unknown')
        WHEN dmarc_policy IS NULL AND dmarc_record IN ('absent', 'invalid', 'multiple')
            THEN coalesce(dmarc_record, 'unknown')
        ELSE 'unknown'
    END AS dmarc,
    coalesce(sts_wildcard, false) AS wildcard
FROM domains
