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
WHERE population.sts_signals
