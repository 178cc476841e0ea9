-- title: MTA-STS, TLSRPT, DANE and DMARC together
-- answers: Which of the four do names combine?
-- denominator: D1 = names with MX records, null MX excluded.
-- units: names; pct is percent of D1. MTA-STS: adopts (one valid record) | signals (a record that is not
--   valid) | none | unknown. TLSRPT: as in the table of TLSRPT. DANE, of the MX hosts of signallers: valid
--   (at least one host, none invalid or unknown) | invalid (at least one host) | unknown (of at least one host,
--   none invalid) | other (insecure, MX set insecure, unusable, bogus or none on all hosts) | (not recorded): not
--   asked, as for all names that do not signal.
--   DMARC: the policy for mail of the name (reject | quarantine | none), that of a record above it among them |
--   absent | multiple | invalid (no policy, so that receivers apply none) | unknown | (not recorded): not asked,
--   as where the companion is off.
-- shares: pct = names / sum(names by scan)
-- weight: by scan, mta_sts, tlsrpt, dane, dmarc
WITH dane AS (
    SELECT
        scan, domain,
        count(*) FILTER (WHERE host['outcome'] = 'valid') AS valid,
        count(*) FILTER (WHERE host['outcome'] = 'invalid') AS invalid,
        count(*) FILTER (
            WHERE host['outcome'] <> 'valid' AND host['outcome'] NOT IN ('insecure', 'mx_insecure', 'unusable', 'bogus', 'none', 'invalid')
        ) AS unknown
    FROM (SELECT scan, domain, unnest(dane) AS host FROM signallers WHERE in_d1) AS hosts
    GROUP BY scan, domain
),
states AS (
    SELECT
        scan, CASE WHEN undecided THEN 'unknown' ELSE 'none' END AS mta_sts, tlsrpt,
        '(not recorded)' AS dane, dmarc, sum(names) AS names
    FROM suffix_counts
    WHERE in_d1 AND NOT signals
    GROUP BY 1, 2, 3, 5
    UNION ALL
    SELECT
        signallers.scan, CASE WHEN signallers.adopts THEN 'adopts' ELSE 'signals' END AS mta_sts, signallers.tlsrpt,
        CASE
            WHEN dane.domain IS NULL THEN '(not recorded)'
            WHEN dane.invalid > 0 THEN 'invalid'
            WHEN dane.unknown > 0 THEN 'unknown'
            WHEN dane.valid > 0 THEN 'valid'
            ELSE 'other'
        END AS dane,
        signallers.dmarc,
        count(*) /* names of signallers */ AS names
    FROM signallers
    LEFT JOIN dane ON dane.scan = signallers.scan AND dane.domain = signallers.domain
    WHERE signallers.in_d1
    GROUP BY 1, 2, 3, 4, 5
)
SELECT
    scan, mta_sts, tlsrpt, dane, dmarc, names,
    100.0 * names / nullif(sum(names) OVER (PARTITION BY scan), 0) AS pct
FROM states
JOIN scan_order ON scan_order.scan_name = states.scan
ORDER BY
    scan_place NULLS LAST,
    CASE mta_sts WHEN 'adopts' THEN 1 WHEN 'signals' THEN 2 WHEN 'none' THEN 3 ELSE 4 END NULLS LAST,
    tlsrpt NULLS LAST, dane NULLS LAST, dmarc NULLS LAST
