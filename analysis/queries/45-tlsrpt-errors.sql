-- title: Errors of TLSRPT
-- answers: Can reports reach the domains that ask for them?
-- denominator: names that publish TLSRPT (valid, invalid or several records) among D4 (all names), those that
--   signal MTA-STS and those that do not; names of which that is not known are left out.
-- units: names; a name counts under each of its errors and once under (any). pct is percent of the row's
--   publishers.
-- shares: pct = names / publishers
-- weight: by scan, part, code
WITH totals AS (
    SELECT scan, part, count(*) /* names */ AS publishers FROM tlsrpt_publishers GROUP BY scan, part
),
found AS (
    SELECT scan, domain, part, /*[| weight, ]*/ unnest(findings) AS code FROM tlsrpt_publishers
),
errors AS (
    SELECT found.scan, found.domain, found.part, /*[| found.weight, ]*/ catalogue.place, found.code
    FROM found
    JOIN catalogue ON catalogue.code = found.code
    WHERE catalogue.code LIKE 'tlsrpt%' AND catalogue.severity = 'error'
),
counted AS (
    SELECT scan, part, 0 AS place, '(any)' AS code, /*[*/count(DISTINCT domain)/*| sum(weight) ]*/ AS names
    FROM /*[*/errors/*| (SELECT DISTINCT scan, part, domain, weight FROM errors) AS once ]*/
    GROUP BY scan, part
    UNION ALL
    SELECT scan, part, place, code, count(*) /* names */ AS names FROM errors GROUP BY scan, part, place, code
)
SELECT
    counted.scan, counted.part, code, publishers, names,
    100.0 * names / nullif(publishers, 0) AS pct
FROM counted
JOIN totals ON totals.scan = counted.scan AND totals.part = counted.part
JOIN scan_order ON scan_order.scan_name = counted.scan
ORDER BY scan_place NULLS LAST, counted.part DESC NULLS LAST, place NULLS LAST
