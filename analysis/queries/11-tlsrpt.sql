-- title: TLSRPT beside MTA-STS
-- answers: How many names ask for reports (RFC 8460), and do those with MTA-STS do so more often?
-- denominator: D1 = names with MX records, null MX excluded; D2 = D1 and names with an implicit MX (no MX,
--   but an address); D3 = names that exist; D4 = all names. Of each: all names, signallers, adopters, and the
--   names that are known not to signal.
-- units: counts are names. valid: exactly one valid TLSRPT record. valid_pct is percent of the decided names
--   (names less undecided: there was no usable answer for _smtp._tls); _low and _high are percent of all
--   names, the undecided counted as without a record and as with a valid one.
WITH counted AS (
    SELECT
        scan, denominator, place, part,
        sum(names) AS names,
        coalesce(sum(names) FILTER (WHERE tlsrpt = 'unknown'), 0) AS undecided,
        coalesce(sum(names) FILTER (WHERE tlsrpt = 'valid'), 0) AS valid,
        coalesce(sum(names) FILTER (WHERE tlsrpt = 'invalid'), 0) AS invalid,
        coalesce(sum(names) FILTER (WHERE tlsrpt = 'multiple'), 0) AS multiple
    FROM suffix_counts
    CROSS JOIN (VALUES ('D1'), ('D2'), ('D3'), ('D4')) AS denominators (denominator)
    CROSS JOIN (
        VALUES (1, 'all'), (2, 'signallers'), (3, 'adopters'), (4, 'not signalling')
    ) AS parts (place, part)
    WHERE
        CASE denominator WHEN 'D1' THEN in_d1 WHEN 'D2' THEN in_d2 WHEN 'D3' THEN in_d3 ELSE true END
        AND CASE place WHEN 1 THEN true WHEN 2 THEN signals WHEN 3 THEN adopts ELSE NOT signals AND NOT undecided END
    GROUP BY scan, denominator, place, part
)
SELECT
    scan, denominator, part, names, undecided,
    valid,
    100.0 * valid / nullif(names - undecided, 0) AS valid_pct,
    100.0 * valid / nullif(names, 0) AS valid_low,
    100.0 * (valid + undecided) / nullif(names, 0) AS valid_high,
    invalid, multiple
FROM counted
ORDER BY scan NULLS LAST, denominator NULLS LAST, place NULLS LAST
