-- title: Publishers of TLSRPT
-- answers: One row per name that was judged and publishes TLSRPT (valid, invalid or several records): does it
--   signal MTA-STS too, and what are its findings?
-- denominator: none.
-- note: names of which it is not known whether they signal are left out.
SELECT scan, domain, findings, /*[| weight, ]*/ 'signallers' AS part
FROM signallers
WHERE judged AND tlsrpt IN ('valid', 'invalid', 'multiple')
UNION ALL
SELECT assessments.scan, assessments.domain, assessments.findings, /*[| population.weight, ]*/ 'not signalling' AS part
FROM assessments
JOIN population ON population.scan = assessments.scan AND population.domain = assessments.domain
-- Of names with these words tlsrpt is tlsrpt_record, which is one small column of all names; the others are
-- asked for a few.
WHERE population.tlsrpt_record IN ('valid', 'invalid', 'multiple') AND NOT population.signals
    AND NOT population.undecided
