-- title: Customers of MX providers
-- answers: How many names have their mail at which provider, and how many of them signal and adopt?
-- denominator: D1 = names with MX records, null MX excluded, by the provider of their MX hosts of lowest
--   preference; a name with hosts of several providers there counts once under each. (own domain): the host
--   is below the name's own registrable domain. The root of a null MX beside others is no host, nor is a name below invalid.
-- units: names.
-- note: the programs of this project count this without SQL, in one pass (`src/passes/customers.rs`); this text says
--   what they count, and tests hold one against the other.
WITH hosts AS (
    SELECT
        scan, domain, registrable, undecided, signals, adopts, /*[| weight, ]*/
        unnest(mx) AS mx
    FROM population
    WHERE in_d1
),
mail_hosts AS (
    SELECT hosts.*, min(mx['preference']) OVER (PARTITION BY scan, domain) AS lowest
    FROM hosts
    WHERE mx['host'] <> '.' AND ('.' || mx['host']) NOT LIKE '%.invalid'
),
customers AS (
    SELECT DISTINCT
        hosts.scan, hosts.domain, hosts.undecided, hosts.signals, hosts.adopts, /*[| hosts.weight, ]*/
        CASE
            WHEN names.registrable = hosts.registrable THEN '(own domain)'
            ELSE coalesce(names.provider, hosts.mx['host'])
        END AS provider
    FROM mail_hosts AS hosts
    LEFT JOIN names ON names.name = hosts.mx['host']
    WHERE hosts.mx['preference'] = hosts.lowest
)
SELECT
    scan, provider,
    count(*) /* names */ AS names,
    count(*) /* names */ FILTER (WHERE undecided) AS undecided,
    count(*) /* names */ FILTER (WHERE signals) AS signallers,
    count(*) /* names */ FILTER (WHERE adopts) AS adopters
    /*[| , count(*) AS n_names ]*/
FROM customers
GROUP BY scan, provider
