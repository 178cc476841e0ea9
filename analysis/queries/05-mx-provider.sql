-- title: Adoption by MX provider
-- answers: Whose customers signal and adopt MTA-STS?
-- denominator: D1 = names with MX records, null MX excluded, by the provider of their MX hosts of lowest
--   preference; a name with hosts of several providers there counts once under each. (own domain): the host
--   is below the name's own registrable domain. The 40 providers with the most names in a scan; (others) adds
--   up the rest, so that a name may count there more than once. mx_unknown: names whose MX question failed,
--   which may be any provider's.
-- units: counts are names. _pct is percent of the decided names (names less undecided); _low and _high are
--   percent of all names: the undecided, and the mx_unknown, counted in the way that makes it least and most.
-- shares: signallers_pct = signallers / names - undecided; adopters_pct = adopters / names - undecided
-- weight: by scan, provider
WITH placed AS (
    SELECT
        mx_customers.*,
        row_number() OVER (PARTITION BY scan ORDER BY /*[*/names/*| n_names ]*/ DESC NULLS LAST, provider NULLS LAST) AS place
    FROM mx_customers
),
folded AS (
    SELECT
        scan,
        CASE WHEN place <= 40 THEN provider ELSE '(others)' END AS provider,
        count(*) AS providers,
        min(place) AS place,
        sum(names) AS names,
        sum(undecided) AS undecided,
        sum(signallers) AS signallers,
        sum(adopters) AS adopters
    FROM placed
    GROUP BY 1, 2
),
others AS (
    SELECT
        scan,
        coalesce(sum(names) FILTER (WHERE may_d1), 0) AS mx_unknown,
        coalesce(sum(names) FILTER (WHERE may_d1 AND undecided), 0) AS may_undecided,
        coalesce(sum(names) FILTER (WHERE may_d1 AND signals), 0) AS may_signallers,
        coalesce(sum(names) FILTER (WHERE may_d1 AND adopts), 0) AS may_adopters
    FROM suffix_counts
    GROUP BY scan
)
SELECT
    folded.scan, provider, providers, names, mx_unknown, undecided,
    signallers,
    100.0 * signallers / nullif(names - undecided, 0) AS signallers_pct,
    100.0 * signallers / nullif(names + mx_unknown - may_signallers, 0) AS signallers_low,
    100.0 * (signallers + undecided + may_signallers + may_undecided) / nullif(names + may_signallers + may_undecided, 0) AS signallers_high,
    adopters,
    100.0 * adopters / nullif(names - undecided, 0) AS adopters_pct,
    100.0 * adopters / nullif(names + mx_unknown - may_adopters, 0) AS adopters_low,
    100.0 * (adopters + undecided + may_adopters + may_undecided) / nullif(names + may_adopters + may_undecided, 0) AS adopters_high
FROM folded
JOIN others ON others.scan = folded.scan
JOIN scan_order ON scan_order.scan_name = folded.scan
ORDER BY scan_place NULLS LAST, place NULLS LAST
