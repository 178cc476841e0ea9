-- Read this in the directory above: its paths are relative to that.
-- The tables of these datasets as the queries name them, for DuckDB.
CREATE OR REPLACE VIEW domains AS
SELECT *, CAST(NULL AS STRUCT("addr" VARCHAR, "outcome" VARCHAR)[]) AS "policy_addrs", CAST(NULL AS VARCHAR) AS "policy_certificate_sha256", CAST(NULL AS VARCHAR[]) AS "policy_chain_sha256" FROM read_parquet(['domains/part-*.parquet'], union_by_name = true);
CREATE OR REPLACE VIEW mx_hosts AS
SELECT *, CAST(NULL AS VARCHAR) AS "addr", CAST(NULL AS VARCHAR) AS "certificate_sha256", CAST(NULL AS VARCHAR[]) AS "chain_sha256", CAST(NULL AS VARCHAR[]) AS "tlsa" FROM read_parquet(['mx_hosts/part-*.parquet'], union_by_name = true);
CREATE OR REPLACE VIEW certificates AS
SELECT CAST(NULL AS VARCHAR) AS "scan", CAST(NULL AS VARCHAR) AS "sha256", CAST(NULL AS VARCHAR) AS "subject", CAST(NULL AS VARCHAR) AS "issuer", CAST(NULL AS VARCHAR[]) AS "sans", CAST(NULL AS TIMESTAMPTZ) AS "not_before", CAST(NULL AS TIMESTAMPTZ) AS "not_after", CAST(NULL AS VARCHAR) AS "key_type", CAST(NULL AS INTEGER) AS "key_bits", CAST(NULL AS VARCHAR) AS "signature", CAST(NULL AS BOOLEAN) AS "is_ca", CAST(NULL AS VARCHAR[]) AS "aia", CAST(NULL AS VARCHAR) AS "spki_sha256", CAST(NULL AS BLOB) AS "der" WHERE false;
CREATE OR REPLACE VIEW assessments AS
SELECT * FROM read_parquet(['assessments/part-*.parquet'], union_by_name = true);
CREATE OR REPLACE VIEW names AS
SELECT * FROM read_parquet('queries/names.parquet');
CREATE OR REPLACE VIEW scans AS
SELECT * FROM read_parquet('queries/scans.parquet');
CREATE OR REPLACE VIEW providers AS
SELECT * FROM read_parquet('queries/providers.parquet');
CREATE OR REPLACE VIEW settings AS
SELECT * FROM read_parquet('queries/settings.parquet');
CREATE OR REPLACE VIEW catalogue AS
SELECT * FROM read_parquet('queries/catalogue.parquet');
CREATE OR REPLACE VIEW population AS
-- title: Population
-- answers: One row a domain: which of D1 to D4 it belongs to, whether it signals and adopts MTA-STS,
--   and what came of its policy. The tables count over this view.
-- denominator: none.
-- note: undecided means that the answer to _mta-sts could not be had. A domain that does not exist was
--   not asked and is no signaller.
-- note: in_d3 takes an answer from below a domain as proof that the domain exists (RFC 8020).
-- note: policy_state is null for what does not signal. It is undecided while a fault may pass (a timeout or
--   reset that the second look has not repeated), after DNS failures, after a TLS failure that may be ours,
--   and where the policy was not fetched.
-- note: wildcard means that a random sibling of _mta-sts answers alike, so that the record may be meant for nobody;
--   what was not asked counts as none.
SELECT
    domains.*,
    mx_kind = 'explicit' AS in_d1,
    mx_kind IN ('explicit', 'implicit') AS in_d2,
    coalesce(mx_dns IN ('NOERROR', 'NODATA'), false)
        OR coalesce(sts_dns IN ('NOERROR', 'NODATA'), false)
        OR coalesce(tlsrpt_dns IN ('NOERROR', 'NODATA'), false)
        OR coalesce(mx_dns = 'NXDOMAIN' AND sts_dns IS NOT NULL, false) AS in_d3,
    mx_kind = 'unknown' AS mx_unknown,
    coalesce(sts_signals, false) AS signals,
    coalesce(sts_record = 'valid', false) AS adopts,
    coalesce(sts_record = 'unknown', false) AS undecided,
    coalesce(tlsrpt_record, 'absent') AS tlsrpt,
    coalesce(sts_wildcard, false) AS wildcard,
    CASE
        WHEN NOT coalesce(sts_signals, false) THEN NULL
        WHEN policy_usable THEN 'usable'
        WHEN policy_valid IS NOT NULL THEN 'unusable text'
        WHEN coalesce(policy_outcome, 'excluded') IN (
            'excluded', 'policy_host_dns_failure', 'policy_tls_client_limit'
        ) THEN 'undecided'
        -- A second entry is a second look, unless the first is a handshake that a smaller hello was tried after at once.
        WHEN (
            coalesce(array_length(policy_attempts), 0) < 2
            OR array_length(policy_attempts) = 2
            AND policy_attempts[1] IN (
                'policy_tls_timeout', 'policy_tls_closed', 'policy_connect_reset', 'policy_tls_large_hello'
            )
        ) AND policy_outcome IN (
            'policy_connect_timeout', 'policy_connect_unreachable', 'policy_connect_reset',
            'policy_tls_timeout', 'policy_tls_closed', 'policy_timeout'
        ) THEN 'undecided'
        ELSE 'no text'
    END AS policy_state
FROM domains;
CREATE OR REPLACE TABLE suffix_counts AS
-- title: Names by suffix and state
-- answers: How many names of each suffix are in which of the states that the adoption tables add up?
-- denominator: D4 = all names.
-- units: names.
SELECT
    scan, suffix, in_d1, in_d2, in_d3, mx_unknown, signals, adopts, undecided, wildcard, tlsrpt,
    count(*) AS names
FROM population
GROUP BY scan, suffix, in_d1, in_d2, in_d3, mx_unknown, signals, adopts, undecided, wildcard, tlsrpt;
CREATE OR REPLACE TABLE rank_counts AS
-- title: Names by rank and state
-- answers: How many names of each bin of ranks are in which of the states that the adoption tables add up?
-- denominator: D4 = all names.
-- units: names. step: 1 up to rank 1000, 2 up to 10000, 3 up to 100000, 4 up to 1000000, 5 above, 6 without rank. above: the
--   bin of the width of the settings holds the ranks above it; null without rank.
SELECT
    scan,
    CASE
        WHEN rank <= 1000 THEN 1
        WHEN rank <= 10000 THEN 2
        WHEN rank <= 100000 THEN 3
        WHEN rank <= 1000000 THEN 4
        WHEN rank > 1000000 THEN 5
        ELSE 6
    END AS step,
    (rank - 1) - (rank - 1) % settings.rank_width AS above,
    settings.rank_width AS width,
    in_d1, in_d2, in_d3, mx_unknown, signals, adopts, undecided,
    count(*) AS names
FROM population
CROSS JOIN settings
GROUP BY 1, 2, 3, 4, in_d1, in_d2, in_d3, mx_unknown, signals, adopts, undecided;
CREATE OR REPLACE TABLE mx_customers AS
-- title: Customers of MX providers
-- answers: How many names have their mail at which provider, and how many of them signal and adopt?
-- denominator: D1 = names with MX records, null MX excluded, by the provider of their MX hosts of lowest preference;
--   a name with hosts of several providers there counts once under each. (own domain): the host is below the
--   name's own registrable domain.
-- units: names.
-- note: the programs of this project count this without SQL, in one pass (`src/customers.rs`); this text says what they
--   count, and tests hold one against the other.
WITH hosts AS (
    SELECT
        scan, domain, registrable, undecided, signals, adopts,
        mx[1]['preference'] AS lowest,
        unnest(mx) AS mx
    FROM population
    WHERE in_d1
),
customers AS (
    SELECT DISTINCT
        hosts.scan, hosts.domain, hosts.undecided, hosts.signals, hosts.adopts,
        CASE
            WHEN names.registrable = hosts.registrable THEN '(own domain)'
            ELSE coalesce(names.provider, hosts.mx['host'])
        END AS provider
    FROM hosts
    LEFT JOIN names ON names.name = hosts.mx['host']
    WHERE hosts.mx['preference'] = hosts.lowest
)
SELECT
    scan, provider,
    count(*) AS names,
    count(*) FILTER (WHERE undecided) AS undecided,
    count(*) FILTER (WHERE signals) AS signallers,
    count(*) FILTER (WHERE adopts) AS adopters
FROM customers
GROUP BY scan, provider;
CREATE OR REPLACE TABLE signallers AS
-- title: Signallers
-- answers: One row a domain that signals MTA-STS: its states, its evidence but for texts and bodies, its judgement.
-- denominator: none.
-- note: a signaller without a row in assessments (a dataset that was not assessed) has no findings and no verdict.
SELECT
    population.scan, population.domain, population.rank, population.suffix, population.registrable,
    population.in_d1, population.in_d2, population.in_d3, population.mx_unknown, population.adopts,
    population.wildcard, population.tlsrpt, population.policy_state,
    population.mx_kind, population.mx, population.ns,
    population.sts_at, population.sts_record, population.sts_id, population.sts_cname,
    population.policy_at, population.policy_host_dns, population.policy_cname, population.policy_addrs,
    population.policy_outcome, population.policy_cert_outcome, population.policy_tls_version,
    population.policy_tls_group, population.policy_certificate_sha256, population.policy_http_status,
    population.policy_sha256, population.policy_valid, population.policy_usable, population.policy_mode,
    population.policy_max_age_s, population.policy_mx,
    assessments.findings, assessments.lasting, assessments.mismatch_kind,
    assessments.verdict_strict, assessments.verdict_lenient, assessments.verdict_primary, assessments.dane
FROM population
LEFT JOIN assessments ON assessments.scan = population.scan AND assessments.domain = population.domain
WHERE population.sts_signals;
CREATE OR REPLACE TABLE signaller_names AS
-- title: Names of hosts of signallers
-- answers: Registrable domain and provider of every host that a signaller names.
-- denominator: none.
SELECT name, registrable, provider FROM names;
CREATE OR REPLACE TABLE managers AS
-- title: Who manages what
-- answers: To which cluster do the policy host, the MX hosts and the name servers of each signaller belong, and does the
--   domain itself or a third party manage them?
-- denominator: the signallers among D4 (all names).
-- units: size is the signallers of the scan in the same cluster.
-- note: the cluster of a policy host is the provider of the first CNAME target; without a CNAME it is the first address.
--   That of the mail is the provider of the first MX host of lowest preference, that of the DNS the provider of the first
--   name server. A host below the domain's own registrable domain is `own`, and so is a policy host's name without
--   CNAME and address, which only the domain's own zone can hold. cluster is null where it could not be had.
-- note: manager, by the thresholds of the settings: self where it is own and no shared address, or where the cluster is
--   small; third party where it is large; else unclassified; unknown without a cluster.
WITH clusters AS (
    SELECT
        signallers.scan, signallers.domain, 'policy host' AS entity,
        CASE
            WHEN signallers.policy_cname[1] IS NOT NULL AND names.registrable = signallers.registrable
                THEN signallers.registrable
            WHEN signallers.policy_cname[1] IS NOT NULL THEN coalesce(names.provider, signallers.policy_cname[1])
            WHEN signallers.policy_addrs[1]['addr'] IS NOT NULL THEN signallers.policy_addrs[1]['addr']
            WHEN signallers.policy_host_dns IN ('NXDOMAIN', 'NODATA') THEN signallers.domain
        END AS cluster,
        coalesce(names.registrable = signallers.registrable, false)
            OR coalesce(
                signallers.policy_cname[1] IS NULL AND signallers.policy_host_dns IN ('NXDOMAIN', 'NODATA'), false
            ) AS own
    FROM signallers
    LEFT JOIN signaller_names AS names ON names.name = signallers.policy_cname[1]
    UNION ALL
    SELECT
        signallers.scan, signallers.domain, 'MX' AS entity,
        coalesce(names.provider, signallers.mx[1]['host']) AS cluster,
        coalesce(names.registrable = signallers.registrable, false) AS own
    FROM signallers
    LEFT JOIN signaller_names AS names ON names.name = signallers.mx[1]['host']
    UNION ALL
    SELECT
        signallers.scan, signallers.domain, 'DNS' AS entity,
        coalesce(names.provider, signallers.ns[1]) AS cluster,
        coalesce(names.registrable = signallers.registrable, false) AS own
    FROM signallers
    LEFT JOIN signaller_names AS names ON names.name = signallers.ns[1]
),
sized AS (
    SELECT
        clusters.*,
        CASE WHEN cluster IS NOT NULL THEN count(*) OVER (PARTITION BY scan, entity, cluster) END AS size
    FROM clusters
)
SELECT
    sized.scan, sized.domain, sized.entity, sized.cluster, sized.own, sized.size,
    CASE
        WHEN sized.cluster IS NULL THEN 'unknown'
        WHEN sized.own OR sized.size <= settings.self_up_to THEN 'self'
        WHEN sized.size >= settings.third_party_from THEN 'third party'
        ELSE 'unclassified'
    END AS manager
FROM sized
CROSS JOIN settings;
CREATE OR REPLACE TABLE faults AS
-- title: Findings one by one
-- answers: One row a finding of a signaller, with what the catalogue says of it.
-- denominator: none.
-- note: counts_as is error where it counts (severity error, and settled or lasting); transient where it may pass and the
--   second look has not repeated it; indeterminate where what was observed does not decide; else warning or info.
--   A code that the catalogue does not know stands with stage unknown and counts as info.
WITH found AS (
    SELECT scan, domain, lasting, unnest(findings) AS code
    FROM signallers
)
SELECT
    found.scan, found.domain, found.code,
    coalesce(catalogue.place, 9999) AS place,
    coalesce(catalogue.stage, 'unknown') AS stage,
    coalesce(catalogue.title, found.code) AS title,
    catalogue.result_type,
    CASE
        WHEN catalogue.severity = 'error' AND catalogue.may_pass AND NOT coalesce(list_contains(found.lasting, found.code), false)
            THEN 'transient'
        ELSE coalesce(catalogue.severity, 'info')
    END AS counts_as
FROM found
LEFT JOIN catalogue ON catalogue.code = found.code;
CREATE OR REPLACE TABLE stage_errors AS
-- title: Errors of each signaller by stage
-- answers: One row a signaller and stage in which something was found: does an error count there, and is something open?
-- denominator: none.
-- note: stages are those of the catalogue, and two sums: policy, of policy_dns to policy_text; any, of record, policy, mx,
--   smtp, mx_tls and mismatch. TLSRPT and DANE (companions) are no part of any: MTA-STS works without them. open: a
--   transient or indeterminate finding, and no error.
WITH stages AS (
    SELECT scan, domain, stage, counts_as FROM faults
    UNION ALL
    SELECT scan, domain, 'policy' AS stage, counts_as FROM faults
    WHERE stage IN ('policy_dns', 'policy_tcp', 'policy_tls', 'policy_http', 'policy_text')
    UNION ALL
    SELECT scan, domain, 'any' AS stage, counts_as FROM faults
    WHERE stage IN (
        'record', 'policy_dns', 'policy_tcp', 'policy_tls', 'policy_http', 'policy_text',
        'mx', 'smtp', 'mx_tls', 'mismatch'
    )
),
counted AS (
    SELECT
        scan, domain, stage,
        count(*) FILTER (WHERE counts_as = 'error') AS errors,
        count(*) FILTER (WHERE counts_as IN ('transient', 'indeterminate')) AS doubts
    FROM stages
    GROUP BY scan, domain, stage
)
SELECT scan, domain, stage, errors > 0 AS error, errors = 0 AND doubts > 0 AS open
FROM counted;
CREATE OR REPLACE TABLE domain_hosts AS
-- title: MX hosts of each signaller
-- answers: One row a signaller and host of its MX set: does the policy match it, and what was seen of its certificates?
-- denominator: none.
-- units: addresses. observed: addresses where a certificate was seen; valid: those where it was valid.
WITH seen AS (
    SELECT
        scan, host,
        count(*) FILTER (WHERE smtp_phase IS NOT NULL) AS probed,
        count(*) FILTER (WHERE cert_outcome IS NOT NULL) AS observed,
        count(*) FILTER (WHERE cert_outcome = 'valid') AS valid
    FROM mx_hosts
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
    coalesce(seen.probed, 0) AS probed, coalesce(seen.observed, 0) AS observed, coalesce(seen.valid, 0) AS valid
FROM hosts
LEFT JOIN seen ON seen.scan = hosts.scan AND seen.host = hosts.mx['host'];
CREATE OR REPLACE TABLE endpoints AS
-- title: TLS servers seen
-- answers: One row a policy host of a signaller, and one an address of an MX host, that was probed: what TLS it spoke, and
--   its certificate.
-- denominator: none.
-- note: probed means that a connection was tried. handshake is true where TLS was reached, whatever the certificate is worth.
SELECT
    signallers.scan, 'policy host' AS entity, signallers.domain AS name, signallers.policy_addrs[1]['addr'] AS addr,
    signallers.policy_tls_version IS NOT NULL AS handshake,
    signallers.policy_tls_version AS tls_version, CAST(NULL AS VARCHAR) AS tls_cipher,
    signallers.policy_tls_group AS tls_group,
    signallers.policy_certificate_sha256 AS sha256, signallers.policy_cert_outcome AS cert_outcome
FROM signallers
WHERE signallers.policy_addrs[1]['addr'] IS NOT NULL AND signallers.policy_outcome <> 'excluded'
UNION ALL
SELECT
    scan, 'MX' AS entity, host AS name, addr,
    tls_version IS NOT NULL AS handshake,
    tls_version, tls_cipher, tls_group,
    certificate_sha256 AS sha256, cert_outcome
FROM mx_hosts
WHERE smtp_phase IS NOT NULL;
CREATE OR REPLACE TABLE leaf_certificates AS
-- title: Leaf certificates seen
-- answers: One row a distinct leaf certificate of policy hosts of signallers, and of MX hosts: how many show it, and its facts.
-- denominator: none.
-- units: hosts are the policy hosts and MX addresses that show it, valid_hosts those for which it was valid; probed are the
--   hosts and addresses of the kind to which a connection was tried.
WITH shown AS (
    SELECT
        scan, entity, sha256, count(*) AS hosts, count(*) FILTER (WHERE cert_outcome = 'valid') AS valid_hosts
    FROM endpoints
    WHERE sha256 IS NOT NULL
    GROUP BY scan, entity, sha256
),
tried AS (
    SELECT scan, entity, count(*) AS probed FROM endpoints GROUP BY scan, entity
)
SELECT
    shown.scan, shown.entity, shown.sha256, shown.hosts, shown.valid_hosts, tried.probed,
    certificates.subject, certificates.issuer, certificates.key_type, certificates.key_bits, certificates.signature,
    CAST(extract(epoch FROM certificates.not_after) - extract(epoch FROM certificates.not_before) AS DOUBLE) / 86400
        AS days
FROM shown
JOIN tried ON tried.scan = shown.scan AND tried.entity = shown.entity
LEFT JOIN certificates ON certificates.scan = shown.scan AND certificates.sha256 = shown.sha256;
CREATE OR REPLACE TABLE timeline AS
-- title: Scans in their order
-- answers: Which scan follows which?
-- denominator: none.
-- note: by the beginnings in the manifests, then by name; a scan whose manifest has none comes last.
SELECT
    scan, started, extract(epoch FROM started) AS started_s,
    row_number() OVER (ORDER BY started NULLS LAST, scan NULLS LAST) AS place,
    count(*) OVER () AS scans
FROM scans;
CREATE OR REPLACE TABLE snapshots AS
-- title: Signallers over time
-- answers: One row a scan for each name that signals in any of the scans: what it was then.
-- denominator: none.
-- note: presence: signals | absent (the answer is there, or the name does not exist) | unknown. A name that is not in the list
--   of a scan has no row for it. common: it is in the list of every scan.
-- note: health: works (validated, testing_passing, withdrawn, no_mail) | broken (no_policy, refused, partial,
--   testing_failing) | open (indeterminate, or not assessed), of the strict sender; null where it does not signal.
-- note: read_together: TXT and policy were read within 60 s of each other, and the text is a valid policy.
WITH ever AS (
    SELECT DISTINCT domain FROM signallers
),
rows AS (
    SELECT
        timeline.place, timeline.scans, timeline.started_s, population.scan, population.domain,
        population.undecided, population.signals, population.adopts, population.policy_state,
        population.policy_mode, population.policy_max_age_s, population.sts_id, population.policy_sha256,
        population.policy_valid AND abs(
            CAST(extract(epoch FROM population.policy_at) AS DOUBLE) - CAST(extract(epoch FROM population.sts_at) AS DOUBLE)
        ) <= 60 AS read_together,
        assessments.verdict_strict
    FROM population
    JOIN ever ON ever.domain = population.domain
    JOIN timeline ON timeline.scan = population.scan
    LEFT JOIN assessments ON assessments.scan = population.scan AND assessments.domain = population.domain
)
SELECT
    place, started_s, scan, domain,
    count(*) OVER (PARTITION BY domain) = scans AS common,
    CASE WHEN undecided THEN 'unknown' WHEN signals THEN 'signals' ELSE 'absent' END AS presence,
    adopts, policy_state,
    CASE WHEN policy_state = 'usable' THEN policy_mode END AS mode,
    CASE WHEN policy_state = 'usable' THEN policy_max_age_s END AS max_age_s,
    sts_id, policy_sha256, coalesce(read_together, false) AS read_together, verdict_strict,
    CASE
        WHEN NOT signals THEN NULL
        WHEN verdict_strict IN ('validated', 'testing_passing', 'withdrawn', 'no_mail') THEN 'works'
        WHEN verdict_strict IN ('no_policy', 'refused', 'partial', 'testing_failing') THEN 'broken'
        ELSE 'open'
    END AS health
FROM rows;
CREATE OR REPLACE TABLE steps AS
-- title: From one scan to the next
-- answers: One row a name that signals in any of the scans and stands in the lists of two scans that follow one another:
--   what it was in the earlier and in the later one.
-- denominator: none.
-- note: broken_since_s: when the first of the scans in an unbroken row began that saw it broken, up to the earlier one.
WITH runs AS (
    SELECT
        snapshots.*,
        sum(CASE WHEN health = 'broken' THEN 0 ELSE 1 END)
            OVER (PARTITION BY domain ORDER BY place NULLS LAST) AS run
    FROM snapshots
),
since AS (
    SELECT
        runs.*,
        min(CASE WHEN health = 'broken' THEN started_s END) OVER (PARTITION BY domain, run) AS broken_since_s
    FROM runs
)
SELECT
    before.scan AS from_scan, later.scan AS to_scan, later.place AS place, later.domain AS domain,
    before.started_s AS from_s, later.started_s AS to_s, later.started_s - before.started_s AS gap_s,
    before.presence AS from_presence, later.presence AS to_presence,
    before.mode AS from_mode, later.mode AS to_mode, before.max_age_s AS from_max_age_s,
    before.sts_id AS from_id, later.sts_id AS to_id,
    before.policy_sha256 AS from_sha256, later.policy_sha256 AS to_sha256,
    before.read_together AND later.read_together AS both_read,
    before.health AS from_health, later.health AS to_health,
    before.verdict_strict AS from_verdict, later.verdict_strict AS to_verdict,
    before.broken_since_s AS broken_since_s
FROM since AS before
JOIN snapshots AS later ON later.domain = before.domain AND later.place = before.place + 1;
CREATE OR REPLACE TABLE transitions AS
-- title: Transitions
-- answers: What changed for which name between a scan and the next?
-- denominator: none.
-- note: a transition needs a definite state in both scans. unknown: one of the two states is not (detail says of what), so that
--   a transition may have been or not.
-- note: came, left: signals MTA-STS, or no longer. Of those that left: removed_after_none (the policy said none before, RFC 8461
--   section 8.3), removed_without_none (it said otherwise, and the gap between the scans is shorter than its max_age, so
--   that mode none would have been seen), removal_not_observed (the gap is longer, or not known). One whose policy was not
--   usable before has none of the three.
-- note: id_changed_policy_same and policy_changed_id_same only where both TXT and policy were read within 60 s of each other in
--   both scans. broke, repaired: the strict verdict (health of `snapshots`) went from works to broken, or back; days since
--   the first scan that saw it broken are in `days`. first_seen_broken: came, and is broken.
SELECT from_scan, to_scan, place, domain, 1 AS kind, 'came' AS transition, to_verdict AS detail, CAST(NULL AS DOUBLE) AS days
FROM steps WHERE from_presence = 'absent' AND to_presence = 'signals'
UNION ALL
SELECT from_scan, to_scan, place, domain, 2, 'first_seen_broken', to_verdict, CAST(NULL AS DOUBLE)
FROM steps WHERE from_presence = 'absent' AND to_presence = 'signals' AND to_health = 'broken'
UNION ALL
SELECT from_scan, to_scan, place, domain, 3, 'left', from_verdict, CAST(NULL AS DOUBLE)
FROM steps WHERE from_presence = 'signals' AND to_presence = 'absent'
UNION ALL
SELECT from_scan, to_scan, place, domain, 4, 'removed_after_none', from_mode, CAST(NULL AS DOUBLE)
FROM steps WHERE from_presence = 'signals' AND to_presence = 'absent' AND from_mode = 'none'
UNION ALL
SELECT from_scan, to_scan, place, domain, 5, 'removed_without_none', from_mode, CAST(NULL AS DOUBLE)
FROM steps
WHERE from_presence = 'signals' AND to_presence = 'absent' AND from_mode <> 'none'
    AND coalesce(gap_s < from_max_age_s, false)
UNION ALL
SELECT from_scan, to_scan, place, domain, 6, 'removal_not_observed', from_mode, CAST(NULL AS DOUBLE)
FROM steps
WHERE from_presence = 'signals' AND to_presence = 'absent' AND from_mode <> 'none'
    AND NOT coalesce(gap_s < from_max_age_s, false)
UNION ALL
SELECT from_scan, to_scan, place, domain, 7, 'mode_changed', from_mode || ' > ' || to_mode, CAST(NULL AS DOUBLE)
FROM steps WHERE from_mode <> to_mode
UNION ALL
SELECT from_scan, to_scan, place, domain, 8, 'enforce_withdrawn', to_mode, CAST(NULL AS DOUBLE)
FROM steps WHERE from_mode = 'enforce' AND to_mode <> 'enforce'
UNION ALL
SELECT from_scan, to_scan, place, domain, 9, 'id_changed_policy_same', from_id || ' > ' || to_id, CAST(NULL AS DOUBLE)
FROM steps WHERE both_read AND from_id <> to_id AND from_sha256 = to_sha256
UNION ALL
SELECT from_scan, to_scan, place, domain, 10, 'policy_changed_id_same', to_id, CAST(NULL AS DOUBLE)
FROM steps WHERE both_read AND from_id = to_id AND from_sha256 <> to_sha256
UNION ALL
SELECT from_scan, to_scan, place, domain, 11, 'broke', from_verdict || ' > ' || to_verdict, CAST(NULL AS DOUBLE)
FROM steps WHERE from_health = 'works' AND to_health = 'broken'
UNION ALL
SELECT
    from_scan, to_scan, place, domain, 12, 'repaired', from_verdict || ' > ' || to_verdict,
    CAST(to_s - broken_since_s AS DOUBLE) / 86400
FROM steps WHERE from_health = 'broken' AND to_health = 'works'
UNION ALL
SELECT from_scan, to_scan, place, domain, 13, 'unknown', 'presence', CAST(NULL AS DOUBLE)
FROM steps
WHERE (from_presence = 'unknown' AND to_presence = 'signals') OR (from_presence = 'signals' AND to_presence = 'unknown')
UNION ALL
SELECT from_scan, to_scan, place, domain, 13, 'unknown', 'health', CAST(NULL AS DOUBLE)
FROM steps
WHERE from_presence = 'signals' AND to_presence = 'signals' AND (from_health = 'open' OR to_health = 'open')
    AND NOT (from_health = 'open' AND to_health = 'open' AND from_verdict IS NULL AND to_verdict IS NULL);
CREATE OR REPLACE TABLE common_counts AS
-- title: Names in every list by state
-- answers: How many of the names that are in the list of every scan are in which state?
-- denominator: none.
-- units: names.
WITH common AS (
    SELECT domain FROM population GROUP BY domain HAVING count(*) = (SELECT count(*) FROM scans)
)
SELECT
    population.scan, population.in_d1, population.in_d2, population.in_d3,
    population.signals, population.adopts, population.undecided, count(*) AS names
FROM population
JOIN common ON common.domain = population.domain
GROUP BY
    population.scan, population.in_d1, population.in_d2, population.in_d3,
    population.signals, population.adopts, population.undecided;
CREATE OR REPLACE TABLE mx_sets AS
-- title: MX sets of signallers
-- answers: Which hosts are in the MX set of each signaller, and does the policy match them?
-- denominator: none.
-- note: fits: all (every host matches) | some | nothing, where there is a usable policy that asks for hosts; null where not.
SELECT
    scan, domain, string_agg(host, ' ' ORDER BY host) AS hosts,
    CASE
        WHEN count(*) FILTER (WHERE matched IS NULL) > 0 THEN NULL
        WHEN count(*) FILTER (WHERE NOT matched) = 0 THEN 'all'
        WHEN count(*) FILTER (WHERE matched) > 0 THEN 'some'
        ELSE 'nothing'
    END AS fits
FROM domain_hosts
GROUP BY scan, domain;
