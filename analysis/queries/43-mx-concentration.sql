-- title: Concentration of MX hosts
-- answers: How few MX hosts does the mail of domains with MTA-STS depend on, good hosts and bad ones (CDF)?
-- denominator: the pairs of a signaller and a host of its MX set; those with a host that was seen valid (at
--   every observed address), and those with one seen invalid (at one address or more). A host that was not
--   observed is in neither.
-- units: pairs. Hosts by the number of domains; the first 20 places, then some, then the last. upto_ columns
--   add up the hosts so far, in percent of the denominator (of_).
-- shares: upto_pct = / of_domains; upto_valid_pct = / of_valid; upto_invalid_pct = / of_invalid
-- weight: no: it counts pairs of a name and a host, not names
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
        sum(domains) OVER (PARTITION BY scan) AS of_domains,
        sum(CASE WHEN certificate = 'valid' THEN domains ELSE 0 END) OVER (PARTITION BY scan) AS of_valid,
        sum(CASE WHEN certificate = 'invalid' THEN domains ELSE 0 END) OVER (PARTITION BY scan) AS of_invalid,
        sum(domains) OVER (PARTITION BY scan ORDER BY place NULLS LAST) AS upto,
        sum(CASE WHEN certificate = 'valid' THEN domains ELSE 0 END)
            OVER (PARTITION BY scan ORDER BY place NULLS LAST) AS upto_valid,
        sum(CASE WHEN certificate = 'invalid' THEN domains ELSE 0 END)
            OVER (PARTITION BY scan ORDER BY place NULLS LAST) AS upto_invalid
    FROM placed
)
SELECT
    scan, place, hosts, host, certificate, domains,
    of_domains, 100.0 * upto / nullif(of_domains, 0) AS upto_pct,
    of_valid, 100.0 * upto_valid / nullif(of_valid, 0) AS upto_valid_pct,
    of_invalid, 100.0 * upto_invalid / nullif(of_invalid, 0) AS upto_invalid_pct
FROM summed
JOIN scan_order ON scan_order.scan_name = summed.scan
WHERE place <= 20 OR place = hosts
    OR place IN (30, 50, 100, 200, 300, 500, 1000, 2000, 3000, 5000, 10000, 20000, 30000, 50000, 100000)
ORDER BY scan_place NULLS LAST, place NULLS LAST
