-- title: MX hosts of reported domains
-- answers: Which MX hosts had a reported domain when a scan looked, and did its policy match them?
-- denominator: the hosts of the MX sets of reported_domains; a null MX has none.
-- units: at_s is seconds since 1970.
WITH hosts AS (
    SELECT scan, domain, at_s, unnest(mx) AS mx FROM reported_domains WHERE mx_kind IN ('explicit', 'implicit')
)
SELECT scan, domain, at_s, mx['host'] AS host, mx['matched'] AS matched FROM hosts
