-- title: Adoption by public suffix
-- answers: Under which public suffixes (ICANN part of the Public Suffix List) do names signal and adopt
--   MTA-STS?
-- denominator: D1 = names with MX records, null MX excluded; D2 = D1 and names with an implicit MX (no MX,
--   but an address); D3 = names that exist: the MX question was answered; D4 = all names.
--   Suffixes by their names in D4, largest first.
-- units: counts are names. _pct is percent of the decided names (names less undecided). _low and _high are
--   percent of all names: the undecided, and the mx_unknown (names that may belong to the denominator: their
--   MX question failed), counted in the way that makes it least and most.
-- shares: signallers_pct = signallers / names - undecided; adopters_pct = adopters / names - undecided
-- weight: by scan, suffix, denominator
WITH sized AS (
    SELECT suffix_counts.*, sum(names) OVER (PARTITION BY scan, suffix) AS all_names FROM suffix_counts
),
members AS (
    SELECT
        scan, suffix, all_names, denominator, signals, adopts, undecided, names,
        CASE denominator WHEN 'D1' THEN in_d1 WHEN 'D2' THEN in_d2 WHEN 'D3' THEN in_d3 ELSE true END AS member,
        CASE denominator WHEN 'D1' THEN may_d1 WHEN 'D2' THEN mx_unknown WHEN 'D3' THEN may_d3 ELSE false END AS may
    FROM sized
    CROSS JOIN (VALUES ('D1'), ('D2'), ('D3'), ('D4')) AS denominators (denominator)
),
counted AS (
    SELECT
        scan, suffix, denominator, all_names,
        coalesce(sum(names) FILTER (WHERE member), 0) AS names,
        coalesce(sum(names) FILTER (WHERE may), 0) AS mx_unknown,
        coalesce(sum(names) FILTER (WHERE member AND undecided), 0) AS undecided,
        coalesce(sum(names) FILTER (WHERE may AND undecided), 0) AS may_undecided,
        coalesce(sum(names) FILTER (WHERE member AND signals), 0) AS signallers,
        coalesce(sum(names) FILTER (WHERE may AND signals), 0) AS may_signallers,
        coalesce(sum(names) FILTER (WHERE member AND adopts), 0) AS adopters,
        coalesce(sum(names) FILTER (WHERE may AND adopts), 0) AS may_adopters
    FROM members
    WHERE member OR may
    GROUP BY scan, suffix, denominator, all_names
)
SELECT
    scan, suffix, denominator, names, mx_unknown, undecided,
    signallers,
    100.0 * signallers / nullif(names - undecided, 0) AS signallers_pct,
    100.0 * signallers / nullif(names + mx_unknown - may_signallers, 0) AS signallers_low,
    100.0 * (signallers + undecided + may_signallers + may_undecided) / nullif(names + may_signallers + may_undecided, 0) AS signallers_high,
    adopters,
    100.0 * adopters / nullif(names - undecided, 0) AS adopters_pct,
    100.0 * adopters / nullif(names + mx_unknown - may_adopters, 0) AS adopters_low,
    100.0 * (adopters + undecided + may_adopters + may_undecided) / nullif(names + may_adopters + may_undecided, 0) AS adopters_high
FROM counted
JOIN scan_order ON scan_order.scan_name = counted.scan
ORDER BY scan_place NULLS LAST, all_names DESC NULLS LAST, suffix NULLS LAST, denominator NULLS LAST
