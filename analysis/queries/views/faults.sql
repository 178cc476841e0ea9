-- title: Findings one by one
-- answers: One row a finding of a signaller, with what the catalogue says of it.
-- denominator: none.
-- note: counts_as is error where it counts (severity error, and settled or lasting); transient where it may
--   pass and the second look has not repeated it; indeterminate where what was observed does not decide; else
--   warning or info. A code that the catalogue does not know stands with stage unknown and counts as info.
WITH found AS (
    SELECT scan, domain, /*[| weight, ]*/ lasting, unnest(findings) AS code
    FROM signallers
)
SELECT
    found.scan, found.domain, /*[| found.weight, ]*/ found.code,
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
LEFT JOIN catalogue ON catalogue.code = found.code
