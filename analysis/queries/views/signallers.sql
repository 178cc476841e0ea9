-- title: Signallers
-- answers: One row per domain that signals MTA-STS: its states, its evidence but for texts and bodies, its
--   judgement.
-- denominator: none.
-- note: policy_state is usable | unusable text (a text was received, but behind a fault, or it is not valid)
--   | undecided | no text. It is undecided while a fault may pass (a timeout or reset that the second look
--   has not repeated), where the catalogue says that what was observed is not conclusive (DNS failures, a TLS
--   failure that may be ours), and where the policy was not fetched. Whether a second look repeated the fault
--   says `looks`; layouts before 1.2 do not have it, there the judgement says it (`lasting`).
-- note: a word that `words` does not have is of a newer layout and decides nothing: with an unknown
--   policy_outcome or policy_mode the policy is undecided, an unknown verdict stands as indeterminate, an
--   unknown mismatch_kind as null.
-- note: a signaller without a row in assessments (a dataset that was not assessed) has no findings and no
--   verdict.
SELECT
    population.scan, population.domain, population.rank, population.suffix, population.registrable,
    population.in_d1, population.in_d2, population.in_d3, population.may_d1, population.mx_unknown,
    population.may_d3, population.adopts,
    population.wildcard, population.sts_wildcard, population.tlsrpt, population.dmarc, /*[| population.weight, ]*/
    CASE
        WHEN population.policy_outcome IS NOT NULL AND outcome.word IS NULL THEN 'undecided'
        WHEN population.policy_mode IS NOT NULL AND mode.word IS NULL THEN 'undecided'
        WHEN population.policy_usable THEN 'usable'
        WHEN population.policy_outcome IS NULL OR catalogue.severity = 'indeterminate' THEN 'undecided'
        WHEN population.policy_valid IS NOT NULL THEN 'unusable text'
        WHEN outcome.may_pass AND NOT coalesce(
            population.looks > 1, list_contains(assessments.lasting, population.policy_outcome), false
        ) THEN 'undecided'
        ELSE 'no text'
    END AS policy_state,
    population.mx_kind, population.mx, population.ns,
    population.sts_at, population.sts_record, population.sts_id, population.sts_cname,
    population.policy_at, population.policy_host_dns, population.policy_cname, population.policy_addrs,
    population.policy_outcome, population.policy_cert_outcome, population.policy_tls_version,
    population.policy_tls_group, population.policy_certificate_sha256, population.policy_http_status,
    population.policy_sha256, population.policy_valid, population.policy_usable, population.policy_mode,
    population.policy_max_age_s, population.policy_mx,
    assessments.domain IS NOT NULL AS judged, assessments.findings, assessments.lasting, mismatch.word AS mismatch_kind,
    CASE WHEN assessments.verdict_strict IS NOT NULL THEN coalesce(strict.word, 'indeterminate') END AS verdict_strict,
    CASE WHEN assessments.verdict_lenient IS NOT NULL THEN coalesce(lenient.word, 'indeterminate') END AS verdict_lenient,
    CASE WHEN assessments.verdict_primary IS NOT NULL THEN coalesce(lowest.word, 'indeterminate') END AS verdict_primary,
    CASE
        WHEN assessments.verdict_postfix_classic IS NOT NULL THEN coalesce(classic.word, 'indeterminate')
    END AS verdict_postfix_classic,
    CASE
        WHEN assessments.verdict_dane_first IS NOT NULL THEN coalesce(dane_first.word, 'indeterminate')
    END AS verdict_dane_first,
    assessments.dane
FROM population
LEFT JOIN assessments ON assessments.scan = population.scan AND assessments.domain = population.domain
LEFT JOIN words AS outcome
    ON outcome.word = population.policy_outcome
    AND outcome.table_name = 'domains' AND outcome.column_name = 'policy_outcome'
LEFT JOIN words AS mode
    ON mode.word = population.policy_mode AND mode.table_name = 'domains' AND mode.column_name = 'policy_mode'
LEFT JOIN catalogue ON catalogue.code = population.policy_outcome
LEFT JOIN words AS mismatch
    ON mismatch.word = assessments.mismatch_kind
    AND mismatch.table_name = 'assessments' AND mismatch.column_name = 'mismatch_kind'
LEFT JOIN words AS strict
    ON strict.word = assessments.verdict_strict
    AND strict.table_name = 'assessments' AND strict.column_name = 'verdict_strict'
LEFT JOIN words AS lenient
    ON lenient.word = assessments.verdict_lenient
    AND lenient.table_name = 'assessments' AND lenient.column_name = 'verdict_lenient'
LEFT JOIN words AS lowest
    ON lowest.word = assessments.verdict_primary
    AND lowest.table_name = 'assessments' AND lowest.column_name = 'verdict_primary'
LEFT JOIN words AS classic
    ON classic.word = assessments.verdict_postfix_classic
    AND classic.table_name = 'assessments' AND classic.column_name = 'verdict_postfix_classic'
LEFT JOIN words AS dane_first
    ON dane_first.word = assessments.verdict_dane_first
    AND dane_first.table_name = 'assessments' AND dane_first.column_name = 'verdict_dane_first'
-- The first of the two needs one small column of all names, the second is asked for a few.
WHERE population.sts_signals AND population.signals
