-- title: First MX host of each signaller
-- answers: One row a signaller with MX hosts: which is the first of lowest preference?
-- denominator: none.
SELECT scan, domain, host
FROM (
    SELECT
        scan, domain, host,
        row_number() OVER (PARTITION BY scan, domain ORDER BY preference NULLS LAST, host NULLS LAST) AS place
    FROM domain_hosts
) AS places
WHERE place = 1
