-- title: TLSRPT beside MTA-STS
-- answers: How many names ask for reports (RFC 8460), and do those with MTA-STS do so more often?
-- denominator: D1 = names with MX records, null MX excluded; D2 = D1 and names with an implicit MX (no MX,
--   but an address); D3 = names that exist: the MX question was answered; D4 = all names. Of
--   each: all names, signallers, adopters, and the names that are known not to signal.
-- units: counts are names. valid: exactly one valid TLSRPT record. valid_pct is percent of the decided names
--   (names less undecided: there was no usable answer for _smtp._tls). _low and _high are percent of all
--   names: the undecided, and the not_placed (names that may belong to the row: their MX question or
--   _mta-sts had no usable answer), counted in the way that makes it least and most.
-- shares: valid_pct = valid / names - undecided
-- weight: by scan, denominator, part
WITH members AS (
    SELECT
        scan, denominator, place, part, tlsrpt, names,
        CASE denominator WHEN 'D1' THEN in_d1 WHEN 'D2' THEN in_d2 WHEN 'D3' THEN in_d3 ELSE true END AS member,
        CASE denominator WHEN 'D1' THEN may_d1 WHEN 'D2' THEN mx_unknown WHEN 'D3' THEN may_d3 ELSE false END AS may,
        CASE place WHEN 1 THEN true WHEN 2 THEN signals WHEN 3 THEN adopts ELSE NOT signals AND NOT undecided END
            AS of_part,
        CASE place WHEN 1 THEN false ELSE undecided END AS may_part
    FROM suffix_counts
    CROSS JOIN (VALUES ('D1'), ('D2'), ('D3'), ('D4')) AS denominators (denominator)
    CROSS JOIN (
        VALUES (1, 'all'), (2, 'signallers'), (3, 'adopters'), (4, 'not signalling')
    ) AS parts (place, part)
),
placed AS (
    SELECT
        scan, denominator, place, part, tlsrpt, names, member AND of_part AS sure,
        (member OR may) AND (of_part OR may_part) AND NOT (member AND of_part) AS doubtful
    FROM members
),
counted AS (
    SELECT
        scan, denominator, place, part,
        coalesce(sum(names) FILTER (WHERE sure), 0) AS names,
        coalesce(sum(names) FILTER (WHERE doubtful), 0) AS not_placed,
        coalesce(sum(names) FILTER (WHERE sure AND tlsrpt = 'unknown'), 0) AS undecided,
        coalesce(sum(names) FILTER (WHERE doubtful AND tlsrpt = 'unknown'), 0) AS may_undecided,
        coalesce(sum(names) FILTER (WHERE sure AND tlsrpt = 'valid'), 0) AS valid,
        coalesce(sum(names) FILTER (WHERE doubtful AND tlsrpt = 'valid'), 0) AS may_valid,
        coalesce(sum(names) FILTER (WHERE sure AND tlsrpt = 'invalid'), 0) AS invalid,
        coalesce(sum(names) FILTER (WHERE sure AND tlsrpt = 'multiple'), 0) AS multiple
    FROM placed
    WHERE sure OR doubtful
    GROUP BY scan, denominator, place, part
)
SELECT
    scan, denominator, part, names, not_placed, undecided,
    valid,
    100.0 * valid / nullif(names - undecided, 0) AS valid_pct,
    100.0 * valid / nullif(names + not_placed - may_valid, 0) AS valid_low,
    100.0 * (valid + undecided + may_valid + may_undecided) / nullif(names + may_valid + may_undecided, 0)
        AS valid_high,
    invalid, multiple
FROM counted
JOIN scan_order ON scan_order.scan_name = counted.scan
ORDER BY scan_place NULLS LAST, denominator NULLS LAST, place NULLS LAST
