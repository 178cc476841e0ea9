-- title: Adoption by public suffix
-- answers: Under which public suffixes (ICANN part of the Public Suffix List) do names signal and adopt
--   MTA-STS?
-- denominator: D1 = names with MX records, null MX excluded; D2 = D1 and names with an implicit MX (no MX,
--   but an address); D3 = names that exist; D4 = all names. Suffixes by their names in D4, largest first.
--   mx_unknown counts the names of the suffix whose MX could not be resolved: outside D1 and D2, inside D4.
-- units: counts are names. _pct is percent of the decided names (names less undecided); _low and _high are
--   percent of all names, the undecided counted as not having it and as having it.
WITH sized AS (
    SELECT
        suffix_counts.*,
        sum(names) OVER (PARTITION BY scan, suffix) AS all_names,
        coalesce(sum(names) FILTER (WHERE mx_unknown) OVER (PARTITION BY scan, suffix), 0) AS all_mx_unknown
    FROM suffix_counts
),
counted AS (
    SELECT
        scan, suffix, denominator, all_names,
        sum(names) AS names,
        all_mx_unknown AS mx_unknown,
        coalesce(sum(names) FILTER (WHERE undecided), 0) AS undecided,
        coalesce(sum(names) FILTER (WHERE signals), 0) AS signallers,
        coalesce(sum(names) FILTER (WHERE adopts), 0) AS adopters
    FROM sized
    CROSS JOIN (VALUES ('D1'), ('D2'), ('D3'), ('D4')) AS denominators (denominator)
    WHERE CASE denominator WHEN 'D1' THEN in_d1 WHEN 'D2' THEN in_d2 WHEN 'D3' THEN in_d3 ELSE true END
    GROUP BY scan, suffix, denominator, all_names, all_mx_unknown
)
SELECT
    scan, suffix, denominator, names, mx_unknown, undecided,
    signallers,
    100.0 * signallers / nullif(names - undecided, 0) AS signallers_pct,
    100.0 * signallers / nullif(names, 0) AS signallers_low,
    100.0 * (signallers + undecided) / nullif(names, 0) AS signallers_high,
    adopters,
    100.0 * adopters / nullif(names - undecided, 0) AS adopters_pct,
    100.0 * adopters / nullif(names, 0) AS adopters_low,
    100.0 * (adopters + undecided) / nullif(names, 0) AS adopters_high
FROM counted
ORDER BY scan NULLS LAST, all_names DESC NULLS LAST, suffix NULLS LAST, denominator NULLS LAST
