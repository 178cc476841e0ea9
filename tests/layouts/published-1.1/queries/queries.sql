-- The queries whose answers stand in numbers/. Each begins after a line `-- query: name`.
-- In DuckDB, in the directory above this one: duckdb -init queries/tables.sql, then a query's text.

-- query: suffix
-- title: Adoption by public suffix
-- answers: Under which public suffixes (ICANN part of the Public Suffix List) do names signal and adopt MTA-STS?
-- denominator: D1 = names with MX records, null MX excluded; D2 = D1 and names with an implicit MX (no MX, but
--   an address); D3 = names that exist; D4 = all names. Suffixes by their names in D4, largest first.
--   mx_unknown counts the names of the suffix whose MX could not be had: outside D1 and D2, inside D4.
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
ORDER BY scan NULLS LAST, all_names DESC NULLS LAST, suffix NULLS LAST, denominator NULLS LAST;

-- query: rank
-- title: Adoption by rank
-- answers: Do names at the top of the list signal and adopt MTA-STS more often than those further down?
-- denominator: D1 = names with MX records, null MX excluded; D2 = D1 and names with an implicit MX (no MX, but
--   an address); D3 = names that exist; D4 = all names. Bins 1 to 6 are disjoint, 7 to 9 cumulative; a
--   bin without names has no row. mx_unknown counts the names of the bin whose MX could not be had: outside D1 and
--   D2, inside D4.
-- units: counts are names. _pct is percent of the decided names (names less undecided); _low and _high are
--   percent of all names, the undecided counted as not having it and as having it.
WITH binned AS (
    SELECT
        rank_counts.*, bins.bin, bins.ranks,
        coalesce(sum(names) FILTER (WHERE mx_unknown) OVER (PARTITION BY scan, bins.bin), 0) AS all_mx_unknown
    FROM rank_counts
    CROSS JOIN (
        VALUES
            (1, '1 to 1000', 1, 1),
            (2, '1001 to 10000', 2, 2),
            (3, '10001 to 100000', 3, 3),
            (4, '100001 to 1000000', 4, 4),
            (5, 'above 1000000', 5, 5),
            (6, 'no rank', 6, 6),
            (7, '1 to 10000', 1, 2),
            (8, '1 to 100000', 1, 3),
            (9, '1 to 1000000', 1, 4)
    ) AS bins (bin, ranks, first_step, last_step)
    WHERE rank_counts.step >= bins.first_step AND rank_counts.step <= bins.last_step
),
counted AS (
    SELECT
        scan, bin, ranks, denominator,
        sum(names) AS names,
        all_mx_unknown AS mx_unknown,
        coalesce(sum(names) FILTER (WHERE undecided), 0) AS undecided,
        coalesce(sum(names) FILTER (WHERE signals), 0) AS signallers,
        coalesce(sum(names) FILTER (WHERE adopts), 0) AS adopters
    FROM binned
    CROSS JOIN (VALUES ('D1'), ('D2'), ('D3'), ('D4')) AS denominators (denominator)
    WHERE CASE denominator WHEN 'D1' THEN in_d1 WHEN 'D2' THEN in_d2 WHEN 'D3' THEN in_d3 ELSE true END
    GROUP BY scan, bin, ranks, denominator, all_mx_unknown
)
SELECT
    scan, bin, ranks, denominator, names, mx_unknown, undecided,
    signallers,
    100.0 * signallers / nullif(names - undecided, 0) AS signallers_pct,
    100.0 * signallers / nullif(names, 0) AS signallers_low,
    100.0 * (signallers + undecided) / nullif(names, 0) AS signallers_high,
    adopters,
    100.0 * adopters / nullif(names - undecided, 0) AS adopters_pct,
    100.0 * adopters / nullif(names, 0) AS adopters_low,
    100.0 * (adopters + undecided) / nullif(names, 0) AS adopters_high
FROM counted
ORDER BY scan NULLS LAST, bin NULLS LAST, denominator NULLS LAST;

-- query: rank-width
-- title: Adoption by rank, in bins of one width
-- answers: How does adoption fall off along the list?
-- denominator: D1 = names with MX records, null MX excluded, with a rank. Bins are as wide as --rank-width says (default
--   100000 ranks); a bin without names has no row.
-- units: counts are names; the bin holds the ranks from first_rank to last_rank. _pct is percent of the decided names
--   (names less undecided); _low and _high are percent of all names, the undecided counted as not having it and as
--   having it.
WITH counted AS (
    SELECT
        scan, above + 1 AS first_rank, above + width AS last_rank,
        sum(names) AS names,
        coalesce(sum(names) FILTER (WHERE undecided), 0) AS undecided,
        coalesce(sum(names) FILTER (WHERE signals), 0) AS signallers,
        coalesce(sum(names) FILTER (WHERE adopts), 0) AS adopters
    FROM rank_counts
    WHERE in_d1 AND above IS NOT NULL
    GROUP BY scan, above, width
)
SELECT
    scan, first_rank, last_rank, names, undecided,
    signallers,
    100.0 * signallers / nullif(names - undecided, 0) AS signallers_pct,
    100.0 * signallers / nullif(names, 0) AS signallers_low,
    100.0 * (signallers + undecided) / nullif(names, 0) AS signallers_high,
    adopters,
    100.0 * adopters / nullif(names - undecided, 0) AS adopters_pct,
    100.0 * adopters / nullif(names, 0) AS adopters_low,
    100.0 * (adopters + undecided) / nullif(names, 0) AS adopters_high
FROM counted
ORDER BY scan NULLS LAST, first_rank NULLS LAST;

-- query: mx-provider
-- title: Adoption by MX provider
-- answers: Whose customers signal and adopt MTA-STS?
-- denominator: D1 = names with MX records, null MX excluded, by the provider of their MX hosts of lowest preference;
--   a name with hosts of several providers there counts once under each. (own domain): the host is below the
--   name's own registrable domain. The 40 providers with most names in a scan; (others) adds up the rest, so
--   that a name may count there more than once.
-- units: counts are names. _pct is percent of the decided names (names less undecided); _low and _high are
--   percent of all names, the undecided counted as not having it and as having it.
WITH placed AS (
    SELECT
        mx_customers.*,
        row_number() OVER (PARTITION BY scan ORDER BY names DESC NULLS LAST, provider NULLS LAST) AS place
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
)
SELECT
    scan, provider, providers, names, undecided,
    signallers,
    100.0 * signallers / nullif(names - undecided, 0) AS signallers_pct,
    100.0 * signallers / nullif(names, 0) AS signallers_low,
    100.0 * (signallers + undecided) / nullif(names, 0) AS signallers_high,
    adopters,
    100.0 * adopters / nullif(names - undecided, 0) AS adopters_pct,
    100.0 * adopters / nullif(names, 0) AS adopters_low,
    100.0 * (adopters + undecided) / nullif(names, 0) AS adopters_high
FROM folded
ORDER BY scan NULLS LAST, place NULLS LAST;

-- query: policy-host-provider
-- title: Who hosts the policies
-- answers: To which provider do signallers delegate mta-sts.<domain> by CNAME, and are the policies there usable?
-- denominator: the signallers among D4 (all names). The provider is that of the first CNAME target: (no CNAME) is
--   hosted without one, (own domain) points into the name's own registrable domain, (not known) had no answer. The
--   40 providers with most signallers in a scan; (others) adds up the rest.
-- note: pattern is the commonest form of the CNAME targets, the domain in it written {domain}; {domain-} and {domain_} where
--   its dots are hyphens (its hyphens perhaps doubled) or underscores; of_pattern are the signallers with it.
-- units: counts are names. signallers_pct is percent of the signallers whose policy host is known, _low and _high
--   percent of all signallers, those not known counted as elsewhere and as here. usable counts policies that a strict
--   sender may use; usable_pct is percent of this row's signallers less undecided (no fetch, or a fault that may
--   pass), _low and _high percent of all of them, the undecided counted as not usable and as usable.
WITH delegated AS (
    SELECT
        signallers.scan, signallers.adopts, signallers.policy_state,
        CASE
            WHEN signallers.policy_cname IS NULL THEN '(not known)'
            WHEN signallers.policy_cname[1] IS NULL THEN '(no CNAME)'
            WHEN names.registrable = signallers.registrable THEN '(own domain)'
            ELSE coalesce(names.provider, signallers.policy_cname[1])
        END AS provider,
        replace(replace(replace(replace(
            signallers.policy_cname[1],
            signallers.domain, '{domain}'),
            replace(replace(signallers.domain, '-', '--'), '.', '-'), '{domain-}'),
            replace(signallers.domain, '.', '-'), '{domain-}'),
            replace(signallers.domain, '.', '_'), '{domain_}') AS pattern
    FROM signallers
    LEFT JOIN signaller_names AS names ON names.name = signallers.policy_cname[1]
),
patterns AS (
    SELECT
        scan, provider, pattern, count(*) AS of_pattern,
        row_number() OVER (
            PARTITION BY scan, provider ORDER BY count(*) DESC NULLS LAST, pattern NULLS LAST
        ) AS choice
    FROM delegated
    GROUP BY scan, provider, pattern
),
counted AS (
    SELECT
        scan, provider,
        count(*) AS signallers,
        count(*) FILTER (WHERE adopts) AS adopters,
        count(*) FILTER (WHERE policy_state = 'usable') AS usable,
        count(*) FILTER (WHERE policy_state = 'undecided') AS undecided
    FROM delegated
    GROUP BY scan, provider
),
placed AS (
    SELECT
        counted.*,
        sum(signallers) OVER (PARTITION BY scan) AS all_signallers,
        coalesce(sum(signallers) FILTER (WHERE provider = '(not known)') OVER (PARTITION BY scan), 0) AS not_known,
        row_number() OVER (PARTITION BY scan ORDER BY signallers DESC NULLS LAST, provider NULLS LAST) AS place
    FROM counted
),
folded AS (
    SELECT
        scan, all_signallers, not_known,
        CASE WHEN place <= 40 OR provider = '(not known)' THEN provider ELSE '(others)' END AS provider,
        count(*) AS providers,
        min(place) AS place,
        sum(signallers) AS signallers,
        sum(adopters) AS adopters,
        sum(usable) AS usable,
        sum(undecided) AS undecided
    FROM placed
    GROUP BY 1, 2, 3, 4
)
SELECT
    folded.scan, folded.provider, folded.providers, patterns.pattern,
    CASE WHEN patterns.pattern IS NOT NULL THEN patterns.of_pattern END AS of_pattern,
    all_signallers,
    signallers,
    CASE WHEN folded.provider <> '(not known)' THEN 100.0 * signallers / nullif(all_signallers - not_known, 0) END
        AS signallers_pct,
    CASE WHEN folded.provider <> '(not known)' THEN 100.0 * signallers / nullif(all_signallers, 0) END
        AS signallers_low,
    CASE WHEN folded.provider <> '(not known)' THEN 100.0 * (signallers + not_known) / nullif(all_signallers, 0) END
        AS signallers_high,
    adopters, undecided, usable,
    100.0 * usable / nullif(signallers - undecided, 0) AS usable_pct,
    100.0 * usable / nullif(signallers, 0) AS usable_low,
    100.0 * (usable + undecided) / nullif(signallers, 0) AS usable_high
FROM folded
LEFT JOIN patterns
    ON patterns.scan = folded.scan AND patterns.provider = folded.provider AND patterns.choice = 1
ORDER BY folded.scan NULLS LAST, place NULLS LAST;

-- query: mode
-- title: Modes of the policies
-- answers: Which modes do usable policies have, and what became of the others?
-- denominator: the signallers among D4 (all names), and the adopters among them. usable: a strict sender may use it
--   (fetched, certificate valid, text valid); only these rows say what the modes are. unusable text: a text was had,
--   but behind a fault, or it is not valid. no text: a fault that lasts. undecided: not fetched, or a fault that may
--   pass.
-- units: counts are names. _pct of a usable row is percent of the usable policies, _low and _high percent of usable and
--   undecided together, the undecided counted as of another mode and as of this one. _pct of the other rows is
--   percent of all signallers (adopters), without a range.
WITH counted AS (
    SELECT
        scan, policy_state,
        CASE WHEN policy_state IN ('usable', 'unusable text') THEN coalesce(policy_mode, '(no mode)') END AS mode,
        count(*) AS signallers,
        count(*) FILTER (WHERE adopts) AS adopters
    FROM signallers
    GROUP BY 1, 2, 3
),
summed AS (
    SELECT
        counted.*,
        sum(signallers) OVER (PARTITION BY scan) AS all_signallers,
        sum(adopters) OVER (PARTITION BY scan) AS all_adopters,
        sum(signallers) FILTER (WHERE policy_state = 'usable') OVER (PARTITION BY scan) AS usable_signallers,
        sum(adopters) FILTER (WHERE policy_state = 'usable') OVER (PARTITION BY scan) AS usable_adopters,
        coalesce(sum(signallers) FILTER (WHERE policy_state = 'undecided') OVER (PARTITION BY scan), 0)
            AS undecided_signallers,
        coalesce(sum(adopters) FILTER (WHERE policy_state = 'undecided') OVER (PARTITION BY scan), 0)
            AS undecided_adopters
    FROM counted
)
SELECT
    scan, policy_state AS policy, mode,
    CASE WHEN policy_state = 'usable' THEN usable_signallers ELSE all_signallers END AS of_signallers,
    signallers,
    100.0 * signallers / nullif(CASE WHEN policy_state = 'usable' THEN usable_signallers ELSE all_signallers END, 0)
        AS signallers_pct,
    CASE WHEN policy_state = 'usable'
        THEN 100.0 * signallers / nullif(usable_signallers + undecided_signallers, 0) END AS signallers_low,
    CASE WHEN policy_state = 'usable'
        THEN 100.0 * (signallers + undecided_signallers) / nullif(usable_signallers + undecided_signallers, 0) END
        AS signallers_high,
    CASE WHEN policy_state = 'usable' THEN usable_adopters ELSE all_adopters END AS of_adopters,
    adopters,
    100.0 * adopters / nullif(CASE WHEN policy_state = 'usable' THEN usable_adopters ELSE all_adopters END, 0)
        AS adopters_pct,
    CASE WHEN policy_state = 'usable'
        THEN 100.0 * adopters / nullif(usable_adopters + undecided_adopters, 0) END AS adopters_low,
    CASE WHEN policy_state = 'usable'
        THEN 100.0 * (adopters + undecided_adopters) / nullif(usable_adopters + undecided_adopters, 0) END
        AS adopters_high
FROM summed
ORDER BY
    scan NULLS LAST,
    CASE policy_state WHEN 'usable' THEN 1 WHEN 'unusable text' THEN 2 WHEN 'no text' THEN 3 ELSE 4 END NULLS LAST,
    mode NULLS LAST;

-- query: max-age
-- title: Lifetime of the policies
-- answers: How long may senders keep a policy?
-- denominator: the usable policies of signallers, of all modes together and of each mode.
-- units: policies are names. Bins by max_age in seconds; a bin has its upper end in it. pct is percent of the usable policies
--   of the mode; low and high are percent of these and the undecided together (no fetch, or a fault that may pass),
--   the undecided counted as elsewhere and as here. upto_pct adds up the bins so far. median_s is that of the whole
--   mode.
WITH usable AS (
    SELECT scan, policy_mode, policy_max_age_s
    FROM signallers
    WHERE policy_state = 'usable'
),
parted AS (
    SELECT scan, 0 AS part, 'all' AS mode, policy_max_age_s FROM usable
    UNION ALL
    SELECT
        scan, CASE policy_mode WHEN 'enforce' THEN 1 WHEN 'testing' THEN 2 ELSE 3 END AS part,
        policy_mode AS mode, policy_max_age_s
    FROM usable
),
medians AS (
    SELECT scan, part, count(*) AS of_policies, median(CAST(policy_max_age_s AS DOUBLE)) AS median_s
    FROM parted
    GROUP BY scan, part
),
doubtful AS (
    SELECT scan, count(*) AS undecided FROM signallers WHERE policy_state = 'undecided' GROUP BY scan
),
binned AS (
    SELECT parted.scan, parted.part, parted.mode, bins.bin, bins.lifetime, count(*) AS policies
    FROM parted
    CROSS JOIN (
        VALUES
            (1, '0', -1, 0),
            (2, 'up to 1 hour', 0, 3600),
            (3, 'up to 1 day', 3600, 86400),
            (4, 'up to 1 week', 86400, 604800),
            (5, 'up to 2 weeks', 604800, 1209600),
            (6, 'up to 4 weeks', 1209600, 2419200),
            (7, 'up to 1 year', 2419200, 31536000),
            (8, 'up to 31557600 s', 31536000, 31557600)
    ) AS bins (bin, lifetime, above, upto)
    WHERE parted.policy_max_age_s > bins.above AND parted.policy_max_age_s <= bins.upto
    GROUP BY parted.scan, parted.part, parted.mode, bins.bin, bins.lifetime
)
SELECT
    binned.scan, binned.mode, binned.lifetime, medians.of_policies, binned.policies,
    100.0 * binned.policies / nullif(medians.of_policies, 0) AS pct,
    100.0 * binned.policies / nullif(medians.of_policies + coalesce(doubtful.undecided, 0), 0) AS low,
    100.0 * (binned.policies + coalesce(doubtful.undecided, 0))
        / nullif(medians.of_policies + coalesce(doubtful.undecided, 0), 0) AS high,
    100.0 * sum(binned.policies) OVER (PARTITION BY binned.scan, binned.part ORDER BY binned.bin NULLS LAST)
        / nullif(medians.of_policies, 0) AS upto_pct,
    medians.median_s
FROM binned
JOIN medians ON medians.scan = binned.scan AND medians.part = binned.part
LEFT JOIN doubtful ON doubtful.scan = binned.scan
ORDER BY binned.scan NULLS LAST, binned.part NULLS LAST, binned.bin NULLS LAST;

-- query: max-age-values
-- title: Values of max_age
-- answers: Which values of max_age do policies have, and what share of the policies has at most so much (CDF)?
-- denominator: the usable policies of signallers.
-- units: seconds; policies are names; pct and upto_pct are percent of the usable policies.
WITH counted AS (
    SELECT
        scan, policy_max_age_s AS max_age_s, count(*) AS policies,
        count(*) FILTER (WHERE policy_mode = 'enforce') AS enforce,
        count(*) FILTER (WHERE policy_mode = 'testing') AS testing,
        count(*) FILTER (WHERE policy_mode = 'none') AS none
    FROM signallers
    WHERE policy_state = 'usable'
    GROUP BY scan, policy_max_age_s
)
SELECT
    scan, max_age_s, enforce, testing, none, policies,
    100.0 * policies / nullif(sum(policies) OVER (PARTITION BY scan), 0) AS pct,
    100.0 * sum(policies) OVER (PARTITION BY scan ORDER BY max_age_s NULLS LAST)
        / nullif(sum(policies) OVER (PARTITION BY scan), 0) AS upto_pct
FROM counted
ORDER BY scan NULLS LAST, max_age_s NULLS LAST;

-- query: unusable-text
-- title: Texts that no sender may use
-- answers: Where a text was had behind a fault, or is not valid: which fault, and what does the text say?
-- denominator: the signallers whose policy's text was had but is not usable. Apart from the table of modes, because a
--   text behind a bad certificate or a wrong status may be anybody's.
-- units: names; pct is percent of the denominator. valid text: it would be a policy if it came without the fault.
WITH texts AS (
    SELECT
        scan, policy_outcome AS outcome,
        CASE WHEN policy_valid THEN 'valid' ELSE 'invalid' END AS text,
        coalesce(policy_mode, '(no mode)') AS mode,
        count(*) AS names,
        median(CAST(policy_max_age_s AS DOUBLE)) AS median_max_age_s
    FROM signallers
    WHERE policy_state = 'unusable text'
    GROUP BY 1, 2, 3, 4
)
SELECT
    scan, outcome, text, mode, names,
    100.0 * names / nullif(sum(names) OVER (PARTITION BY scan), 0) AS pct,
    median_max_age_s
FROM texts
ORDER BY scan NULLS LAST, names DESC NULLS LAST, outcome NULLS LAST, text NULLS LAST, mode NULLS LAST;

-- query: tlsrpt
-- title: TLSRPT beside MTA-STS
-- answers: How many names ask for reports (RFC 8460), and do those with MTA-STS do so more often?
-- denominator: D1 = names with MX records, null MX excluded; D2 = D1 and names with an implicit MX (no MX, but
--   an address); D3 = names that exist; D4 = all names. Of each: all names, signallers, adopters, and the
--   names that are known not to signal.
-- units: counts are names. valid: exactly one valid TLSRPT record. valid_pct is percent of the decided names (names less
--   undecided: the answer to _smtp._tls could not be had); _low and _high are percent of all names, the undecided
--   counted as without a record and as with a valid one.
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
ORDER BY scan NULLS LAST, denominator NULLS LAST, place NULLS LAST;

-- query: joint
-- title: MTA-STS, TLSRPT and DANE together
-- answers: Which of the three do names have together?
-- denominator: D1 = names with MX records, null MX excluded.
-- units: names; pct is percent of D1. MTA-STS: adopts (one valid record) | signals (a record that is not valid) | none |
--   unknown. TLSRPT: as in the table of TLSRPT. DANE, of the MX hosts of signallers: valid (at least one host, none
--   invalid) | invalid (at least one host) | other (insecure, unusable, bogus or none on all hosts) | (not recorded): not
--   asked, as for all names that do not signal.
WITH dane AS (
    SELECT
        scan, domain,
        count(*) FILTER (WHERE host['outcome'] = 'valid') AS valid,
        count(*) FILTER (WHERE host['outcome'] = 'invalid') AS invalid
    FROM (SELECT scan, domain, unnest(dane) AS host FROM signallers WHERE in_d1) AS hosts
    GROUP BY scan, domain
),
states AS (
    SELECT
        scan, CASE WHEN undecided THEN 'unknown' ELSE 'none' END AS mta_sts, tlsrpt,
        '(not recorded)' AS dane, sum(names) AS names
    FROM suffix_counts
    WHERE in_d1 AND NOT signals
    GROUP BY 1, 2, 3
    UNION ALL
    SELECT
        signallers.scan, CASE WHEN signallers.adopts THEN 'adopts' ELSE 'signals' END AS mta_sts, signallers.tlsrpt,
        CASE
            WHEN dane.domain IS NULL THEN '(not recorded)'
            WHEN dane.invalid > 0 THEN 'invalid'
            WHEN dane.valid > 0 THEN 'valid'
            ELSE 'other'
        END AS dane,
        count(*) AS names
    FROM signallers
    LEFT JOIN dane ON dane.scan = signallers.scan AND dane.domain = signallers.domain
    WHERE signallers.in_d1
    GROUP BY 1, 2, 3, 4
)
SELECT
    scan, mta_sts, tlsrpt, dane, names,
    100.0 * names / nullif(sum(names) OVER (PARTITION BY scan), 0) AS pct
FROM states
ORDER BY
    scan NULLS LAST,
    CASE mta_sts WHEN 'adopts' THEN 1 WHEN 'signals' THEN 2 WHEN 'none' THEN 3 ELSE 4 END NULLS LAST,
    tlsrpt NULLS LAST, dane NULLS LAST;

-- query: funnel
-- title: From a name to protected mail
-- answers: How many names get through each step on the way from the list to mail that is protected by MTA-STS?
-- denominator: all names of the scan (D4); each step counts those of the step before that get through it as well.
-- units: names. pct is percent of the decided names of the step before (all less undecided: what was observed does not say
--   whether they get through); low and high are percent of all names of the step before, the undecided counted as not
--   getting through and as getting through. of_all_pct is percent of all names.
WITH listed AS (
    SELECT
        scan,
        count(*) AS names,
        count(*) FILTER (WHERE in_d1) AS with_mx,
        count(*) FILTER (WHERE mx_unknown) AS mx_undecided,
        count(*) FILTER (WHERE in_d1 AND undecided) AS sts_undecided
    FROM population
    GROUP BY scan
),
followed AS (
    SELECT
        scan,
        count(*) AS signal,
        count(*) FILTER (WHERE adopts) AS adopt,
        count(*) FILTER (WHERE adopts AND policy_state = 'undecided') AS policy_undecided,
        count(*) FILTER (WHERE adopts AND policy_state = 'usable') AS usable,
        count(*) FILTER (WHERE adopts AND policy_state = 'usable' AND policy_mode = 'enforce') AS enforce,
        count(*) FILTER (
            WHERE adopts AND policy_state = 'usable' AND policy_mode = 'enforce'
            AND coalesce(verdict_strict, 'indeterminate') = 'indeterminate'
        ) AS verdict_undecided,
        count(*) FILTER (
            WHERE adopts AND policy_state = 'usable' AND policy_mode = 'enforce' AND verdict_strict = 'validated'
        ) AS validated
    FROM signallers
    WHERE in_d1
    GROUP BY scan
),
steps AS (
    SELECT
        listed.scan, step, stage, listed.names AS all_names,
        CASE step
            WHEN 1 THEN listed.names
            WHEN 2 THEN listed.names
            WHEN 3 THEN with_mx
            WHEN 4 THEN coalesce(signal, 0)
            WHEN 5 THEN coalesce(adopt, 0)
            WHEN 6 THEN coalesce(usable, 0)
            ELSE coalesce(enforce, 0)
        END AS before,
        CASE step
            WHEN 2 THEN mx_undecided
            WHEN 3 THEN sts_undecided
            WHEN 5 THEN coalesce(policy_undecided, 0)
            WHEN 7 THEN coalesce(verdict_undecided, 0)
            ELSE 0
        END AS undecided,
        CASE step
            WHEN 1 THEN listed.names
            WHEN 2 THEN with_mx
            WHEN 3 THEN coalesce(signal, 0)
            WHEN 4 THEN coalesce(adopt, 0)
            WHEN 5 THEN coalesce(usable, 0)
            WHEN 6 THEN coalesce(enforce, 0)
            ELSE coalesce(validated, 0)
        END AS names
    FROM listed
    LEFT JOIN followed ON followed.scan = listed.scan
    CROSS JOIN (
        VALUES
            (1, 'in the list'), (2, 'have MX records'), (3, 'signal MTA-STS'), (4, 'have one valid record'),
            (5, 'have a usable policy'), (6, 'ask to enforce it'), (7, 'every MX host passes')
    ) AS stages (step, stage)
)
SELECT
    scan, step, stage, before, undecided, names,
    100.0 * names / nullif(before - undecided, 0) AS pct,
    100.0 * names / nullif(before, 0) AS low,
    100.0 * (names + undecided) / nullif(before, 0) AS high,
    100.0 * names / nullif(all_names, 0) AS of_all_pct
FROM steps
ORDER BY scan NULLS LAST, step NULLS LAST;

-- query: record-errors
-- title: Errors of the record
-- answers: What is wrong with the records of domains that signal but do not adopt?
-- denominator: the signallers among D4 (all names).
-- units: domains; a domain counts under each of its errors and once under (any). pct is percent of the signallers, of_faulty
--   percent of the domains under (any). Records are read whole or not at all, so there is no range.
WITH errors AS (
    SELECT scan, domain, place, code, title FROM faults WHERE stage = 'record' AND counts_as = 'error'
),
counted AS (
    SELECT scan, 0 AS place, '(any)' AS code, 'Any error of the record' AS title, count(DISTINCT domain) AS domains
    FROM errors
    GROUP BY scan
    UNION ALL
    SELECT scan, place, code, title, count(*) AS domains FROM errors GROUP BY scan, place, code, title
),
totals AS (
    SELECT scan, count(*) AS signallers FROM signallers GROUP BY scan
)
SELECT
    counted.scan, counted.code, counted.title, totals.signallers, counted.domains,
    100.0 * counted.domains / nullif(totals.signallers, 0) AS pct,
    100.0 * counted.domains
        / nullif(max(CASE WHEN counted.place = 0 THEN counted.domains END) OVER (PARTITION BY counted.scan), 0)
        AS of_faulty
FROM counted
JOIN totals ON totals.scan = counted.scan
ORDER BY counted.scan NULLS LAST, counted.place NULLS LAST;

-- query: mx-certificates
-- title: Faults of MX hosts' TLS and certificates, by who manages the mail
-- answers: Which faults do MX hosts have that domains manage themselves, and which those of third parties?
-- denominator: the signallers of which at least one MX host was probed (a connection was tried to one of its addresses), by the
--   manager of their mail (table managers), and all of them.
-- units: domains for which the fault is an error at one host at least; a domain counts under each of its faults and once under
--   (any). open: nothing but transient or indeterminate findings of the kind. pct is percent of the probed domains of the
--   manager less open, low and high percent of all of them, the open ones counted as right and as wrong.
WITH probed AS (
    SELECT scan, domain FROM domain_hosts WHERE probed > 0 GROUP BY scan, domain
),
hosts AS (
    SELECT
        probed.scan, probed.domain, managers.manager,
        CASE managers.manager WHEN 'self' THEN 1 WHEN 'third party' THEN 2 WHEN 'unclassified' THEN 3 ELSE 4 END AS place
    FROM probed
    JOIN managers ON managers.scan = probed.scan AND managers.domain = probed.domain AND managers.entity = 'MX'
    UNION ALL
    SELECT scan, domain, 'all' AS manager, 5 AS place FROM probed
),
sizes AS (
    SELECT scan, place, manager, count(*) AS domains FROM hosts GROUP BY scan, place, manager
),
found AS (
    SELECT scan, domain, place AS step, code, counts_as = 'error' AS error, counts_as <> 'error' AS open
    FROM faults
    WHERE (stage = 'mx_tls' OR code IN ('starttls_not_offered', 'starttls_refused'))
        AND counts_as IN ('error', 'transient', 'indeterminate')
    UNION ALL
    SELECT
        scan, domain, 0 AS step, '(any)' AS code,
        count(*) FILTER (WHERE counts_as = 'error') > 0 AS error,
        count(*) FILTER (WHERE counts_as = 'error') = 0 AS open
    FROM faults
    WHERE (stage = 'mx_tls' OR code IN ('starttls_not_offered', 'starttls_refused'))
        AND counts_as IN ('error', 'transient', 'indeterminate')
    GROUP BY scan, domain
),
counted AS (
    SELECT
        hosts.scan, hosts.place, found.step, found.code,
        count(*) FILTER (WHERE found.error) AS faulty,
        count(*) FILTER (WHERE found.open) AS open
    FROM hosts
    JOIN found ON found.scan = hosts.scan AND found.domain = hosts.domain
    GROUP BY hosts.scan, hosts.place, found.step, found.code
)
SELECT
    counted.scan, sizes.manager, counted.code, sizes.domains AS probed, counted.open, counted.faulty,
    100.0 * counted.faulty / nullif(sizes.domains - counted.open, 0) AS pct,
    100.0 * counted.faulty / nullif(sizes.domains, 0) AS low,
    100.0 * (counted.faulty + counted.open) / nullif(sizes.domains, 0) AS high
FROM counted
JOIN sizes ON sizes.scan = counted.scan AND sizes.place = counted.place
ORDER BY counted.scan NULLS LAST, counted.place NULLS LAST, counted.step NULLS LAST;

-- query: mx-invalid
-- title: Domains whose MX hosts have invalid certificates
-- answers: Are all of a domain's MX hosts invalid or some, and does the domain ask senders to refuse them?
-- denominator: the signallers of which at least one MX host's certificate was seen.
-- units: domains, by the mode of their policy where it is usable. pct is percent of the denominator. refused are those that a
--   strict sender does not deliver to, whatever the reason.
WITH seen AS (
    SELECT scan, domain FROM domain_hosts WHERE observed > 0 GROUP BY scan, domain
),
states AS (
    SELECT
        signallers.scan,
        CASE
            WHEN list_contains(signallers.findings, 'mx_cert_all_invalid') THEN 'all invalid'
            WHEN list_contains(signallers.findings, 'mx_cert_some_invalid') THEN 'some invalid'
            ELSE 'all valid'
        END AS hosts,
        CASE WHEN signallers.policy_usable THEN signallers.policy_mode END AS mode,
        signallers.verdict_strict
    FROM signallers
    JOIN seen ON seen.scan = signallers.scan AND seen.domain = signallers.domain
)
SELECT
    scan, hosts, count(*) AS domains,
    100.0 * count(*) / nullif(sum(count(*)) OVER (PARTITION BY scan), 0) AS pct,
    count(*) FILTER (WHERE mode = 'enforce') AS enforce,
    count(*) FILTER (WHERE mode = 'testing') AS testing,
    count(*) FILTER (WHERE mode = 'none') AS none,
    count(*) FILTER (WHERE mode IS NULL) AS no_usable_policy,
    count(*) FILTER (WHERE verdict_strict = 'refused') AS refused
FROM states
GROUP BY scan, hosts
ORDER BY scan NULLS LAST, hosts NULLS LAST;

-- query: mismatch
-- title: Policies that do not match the MX hosts
-- answers: How do policy and MX set differ, and does the domain ask senders to refuse?
-- denominator: the signallers with a usable policy and an MX set to match (explicit or implicit).
-- units: domains; a domain has one kind, the first that fits (METHODS.md); (any) adds them up. pct is percent of the
--   denominator. all_hosts: no host matches; some_hosts: one matches at least. refused: a strict sender does not deliver.
WITH mismatched AS (
    SELECT
        scan, domain, coalesce(mismatch_kind, '(not known)') AS kind,
        list_contains(findings, 'mx_mismatch_all') AS all_hosts,
        policy_mode, verdict_strict
    FROM signallers
    WHERE list_contains(findings, 'mx_mismatch_all') OR list_contains(findings, 'mx_mismatch_some')
),
kinds AS (
    SELECT mismatched.*, 1 AS place FROM mismatched
    UNION ALL
    SELECT scan, domain, '(any)' AS kind, all_hosts, policy_mode, verdict_strict, 0 AS place FROM mismatched
),
totals AS (
    SELECT scan, count(*) AS with_policy
    FROM signallers
    WHERE policy_usable AND mx_kind IN ('explicit', 'implicit')
    GROUP BY scan
),
counted AS (
    SELECT
        scan, place, kind, count(*) AS domains,
        count(*) FILTER (WHERE all_hosts) AS all_hosts,
        count(*) FILTER (WHERE NOT all_hosts) AS some_hosts,
        count(*) FILTER (WHERE policy_mode = 'enforce') AS enforce,
        count(*) FILTER (WHERE policy_mode = 'testing') AS testing,
        count(*) FILTER (WHERE verdict_strict = 'refused') AS refused
    FROM kinds
    GROUP BY scan, place, kind
)
SELECT
    counted.scan, kind, with_policy, domains,
    100.0 * domains / nullif(with_policy, 0) AS pct,
    all_hosts, some_hosts, enforce, testing, refused
FROM counted
JOIN totals ON totals.scan = counted.scan
ORDER BY counted.scan NULLS LAST, place NULLS LAST, domains DESC NULLS LAST, kind NULLS LAST;

-- query: strict-lenient
-- title: Where strict and lenient senders differ
-- answers: Which domains does a lenient sender judge otherwise than a strict one?
-- denominator: the signallers among D4 (all names) that both have judged.
-- units: domains; pct is percent of the denominator. Pairs that are alike are one row.
WITH pairs AS (
    SELECT
        scan,
        CASE WHEN verdict_strict = verdict_lenient THEN '(alike)' ELSE verdict_strict END AS strict,
        CASE WHEN verdict_strict = verdict_lenient THEN '(alike)' ELSE verdict_lenient END AS lenient
    FROM signallers
    WHERE verdict_strict IS NOT NULL AND verdict_lenient IS NOT NULL
)
SELECT
    scan, strict, lenient, count(*) AS domains,
    100.0 * count(*) / nullif(sum(count(*)) OVER (PARTITION BY scan), 0) AS pct
FROM pairs
GROUP BY scan, strict, lenient
ORDER BY scan NULLS LAST, domains DESC NULLS LAST, strict NULLS LAST, lenient NULLS LAST;

-- query: losing-mail
-- title: Who loses mail
-- answers: Under which MX provider are the domains to which a strict sender does not deliver, or only in part?
-- denominator: the signallers of an MX provider in mode enforce with a usable policy. The 40 providers with most domains that
--   lose mail in a scan; (others) adds up the rest; (own domain): the mail is below the domain's own registrable domain.
-- units: domains. refused: no host passes; partial: some pass. lost_pct is percent of the decided domains of the provider
--   (enforce less indeterminate) that are refused or partial; lost_low and lost_high are percent of all of them.
WITH enforcing AS (
    SELECT
        signallers.scan, signallers.verdict_strict,
        CASE WHEN managers.own THEN '(own domain)' ELSE coalesce(managers.cluster, '(not known)') END AS provider
    FROM signallers
    JOIN managers
        ON managers.scan = signallers.scan AND managers.domain = signallers.domain AND managers.entity = 'MX'
    WHERE signallers.policy_usable AND signallers.policy_mode = 'enforce'
),
counted AS (
    SELECT
        scan, provider, count(*) AS enforce,
        count(*) FILTER (WHERE verdict_strict = 'refused') AS refused,
        count(*) FILTER (WHERE verdict_strict = 'partial') AS partial,
        count(*) FILTER (WHERE coalesce(verdict_strict, 'indeterminate') = 'indeterminate') AS open
    FROM enforcing
    GROUP BY scan, provider
),
placed AS (
    SELECT
        counted.*,
        row_number() OVER (
            PARTITION BY scan ORDER BY refused + partial DESC NULLS LAST, enforce DESC NULLS LAST, provider NULLS LAST
        ) AS place
    FROM counted
),
folded AS (
    SELECT
        scan, CASE WHEN place <= 40 THEN provider ELSE '(others)' END AS provider,
        count(*) AS providers, min(place) AS place,
        sum(enforce) AS enforce, sum(open) AS indeterminate, sum(refused) AS refused, sum(partial) AS partial
    FROM placed
    GROUP BY 1, 2
)
SELECT
    scan, provider, providers, enforce, indeterminate, refused, partial,
    100.0 * (refused + partial) / nullif(enforce - indeterminate, 0) AS lost_pct,
    100.0 * (refused + partial) / nullif(enforce, 0) AS lost_low,
    100.0 * (refused + partial + indeterminate) / nullif(enforce, 0) AS lost_high
FROM folded
ORDER BY scan NULLS LAST, place NULLS LAST;

-- query: mx-concentration
-- title: Concentration of MX hosts
-- answers: On how few MX hosts does the mail of domains with MTA-STS hang, on good ones and on bad ones (CDF)?
-- denominator: the pairs of a signaller and a host of its MX set; those with a host that was seen valid (at every observed
--   address), and those with one seen invalid (at one at least). A host that was not observed is in neither.
-- units: pairs. Hosts by the number of domains; the first 20 places, then some, then the last. upto_ columns add up the hosts
--   so far, in percent of the denominator.
WITH counted AS (
    SELECT
        scan, host, count(*) AS domains, max(observed) AS observed, max(valid) AS valid_addresses
    FROM domain_hosts
    GROUP BY scan, host
),
placed AS (
    SELECT
        scan, host, domains,
        CASE
            WHEN observed = 0 THEN 'not observed' WHEN valid_addresses = observed THEN 'valid' ELSE 'invalid'
        END AS certificate,
        row_number() OVER (PARTITION BY scan ORDER BY domains DESC NULLS LAST, host NULLS LAST) AS place,
        count(*) OVER (PARTITION BY scan) AS hosts
    FROM counted
),
summed AS (
    SELECT
        placed.*,
        100.0 * sum(domains) OVER (PARTITION BY scan ORDER BY place NULLS LAST)
            / nullif(sum(domains) OVER (PARTITION BY scan), 0) AS upto_pct,
        100.0 * sum(CASE WHEN certificate = 'valid' THEN domains ELSE 0 END)
            OVER (PARTITION BY scan ORDER BY place NULLS LAST)
            / nullif(sum(CASE WHEN certificate = 'valid' THEN domains ELSE 0 END) OVER (PARTITION BY scan), 0)
            AS upto_valid_pct,
        100.0 * sum(CASE WHEN certificate = 'invalid' THEN domains ELSE 0 END)
            OVER (PARTITION BY scan ORDER BY place NULLS LAST)
            / nullif(sum(CASE WHEN certificate = 'invalid' THEN domains ELSE 0 END) OVER (PARTITION BY scan), 0)
            AS upto_invalid_pct
    FROM placed
)
SELECT scan, place, hosts, host, certificate, domains, upto_pct, upto_valid_pct, upto_invalid_pct
FROM summed
WHERE place <= 20 OR place = hosts
    OR place IN (30, 50, 100, 200, 300, 500, 1000, 2000, 3000, 5000, 10000, 20000, 30000, 50000, 100000)
ORDER BY scan NULLS LAST, place NULLS LAST;

-- query: result-types
-- title: What senders would report
-- answers: Which result types of RFC 8460 section 4.3 would reports about these domains show?
-- denominator: the signallers among D4 (all names).
-- units: domains; a domain counts under each type of its errors. transient: domains of which every finding of the type may
--   pass and was not repeated: beside, never inside. pct is percent of the signallers less transient, low and high percent of
--   all signallers. (none): errors that no report shows.
WITH typed AS (
    SELECT
        scan, domain, coalesce(result_type, '(none)') AS result_type,
        count(*) FILTER (WHERE counts_as = 'error') AS errors
    FROM faults
    WHERE counts_as IN ('error', 'transient')
    GROUP BY 1, 2, 3
),
totals AS (
    SELECT scan, count(*) AS signallers FROM signallers GROUP BY scan
),
counted AS (
    SELECT
        scan, result_type,
        count(*) FILTER (WHERE errors > 0) AS domains,
        count(*) FILTER (WHERE errors = 0) AS transient
    FROM typed
    GROUP BY scan, result_type
)
SELECT
    counted.scan, result_type, signallers, domains, transient,
    100.0 * domains / nullif(signallers - transient, 0) AS pct,
    100.0 * domains / nullif(signallers, 0) AS low,
    100.0 * (domains + transient) / nullif(signallers, 0) AS high
FROM counted
JOIN totals ON totals.scan = counted.scan
ORDER BY counted.scan NULLS LAST, domains DESC NULLS LAST, result_type NULLS LAST;

-- query: tlsrpt-errors
-- title: Errors of TLSRPT
-- answers: Can reports reach those who ask for them?
-- denominator: names that publish TLSRPT (valid, invalid or several records) among D4 (all names), those that signal MTA-STS
--   and the others.
-- units: names; a name counts under each of its errors and once under (any). pct is percent of the row's publishers.
WITH publishers AS (
    SELECT
        assessments.scan, assessments.domain, assessments.findings,
        CASE WHEN signallers.domain IS NULL THEN 'not signalling' ELSE 'signallers' END AS part
    FROM assessments
    LEFT JOIN signallers ON signallers.scan = assessments.scan AND signallers.domain = assessments.domain
    WHERE signallers.domain IS NULL OR signallers.tlsrpt IN ('valid', 'invalid', 'multiple')
),
totals AS (
    SELECT scan, part, count(*) AS publishers FROM publishers GROUP BY scan, part
),
found AS (
    SELECT scan, domain, part, unnest(findings) AS code FROM publishers
),
errors AS (
    SELECT found.scan, found.domain, found.part, catalogue.place, found.code
    FROM found
    JOIN catalogue ON catalogue.code = found.code
    WHERE catalogue.code LIKE 'tlsrpt%' AND catalogue.severity = 'error'
),
counted AS (
    SELECT scan, part, 0 AS place, '(any)' AS code, count(DISTINCT domain) AS names FROM errors GROUP BY scan, part
    UNION ALL
    SELECT scan, part, place, code, count(*) AS names FROM errors GROUP BY scan, part, place, code
)
SELECT
    counted.scan, counted.part, code, publishers, names,
    100.0 * names / nullif(publishers, 0) AS pct
FROM counted
JOIN totals ON totals.scan = counted.scan AND totals.part = counted.part
ORDER BY counted.scan NULLS LAST, counted.part DESC NULLS LAST, place NULLS LAST;
