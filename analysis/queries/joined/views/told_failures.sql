-- title: Failures that senders told
-- answers: What failed for whom, at which domain, MX host and day, and at which stage of a scan would it
--   show?
-- denominator: the details of the policies that count, and what the summaries have beyond them.
-- units: failed is sessions. Left out: entries without policy-domain, and reports without a day. mx: (not
--   told) where the report names no MX host. told: the result type; (none) where the detail has none, (not
--   told) for sessions of a summary that no detail is about.
-- note: stage is policy (the policy could not be had), dane, or host (an MX host). at_host is where a scan
--   would have seen it: a policy has no host. would_lose: a sender held the host against an MTA-STS policy,
--   so that with mode enforce it would not have delivered there (RFC 8461 section 5). A policy that could not
--   be had loses no mail, whatever its mode, and DANE does not heed the mode.
WITH details AS (
    SELECT report, policy, sum(coalesce(failed, 0)) AS failed FROM failures GROUP BY report, policy
),
told_all AS (
    SELECT
        counted_policies.sender, counted_policies.day, counted_policies.day_s, counted_policies.domain,
        counted_policies.policy_type, counted_policies.mode, rtrim(lower(failures.receiving_mx), '.') AS mx,
        coalesce(failures.result_type, '(none)') AS told, coalesce(failures.failed, 0) AS failed
    FROM failures
    JOIN counted_policies
        ON counted_policies.report = failures.report AND counted_policies.policy = failures.policy
    UNION ALL
    SELECT
        counted_policies.sender, counted_policies.day, counted_policies.day_s, counted_policies.domain,
        counted_policies.policy_type, counted_policies.mode, CAST(NULL AS VARCHAR) AS mx, '(not told)' AS told,
        counted_policies.failed - coalesce(details.failed, 0) AS failed
    FROM counted_policies
    LEFT JOIN details ON details.report = counted_policies.report AND details.policy = counted_policies.policy
    WHERE counted_policies.failed > coalesce(details.failed, 0)
),
staged AS (
    SELECT
        sender, day, day_s, domain, policy_type, coalesce(mx, '(not told)') AS mx, told, failed,
        CASE
            WHEN told IN ('sts-policy-fetch-error', 'sts-policy-invalid', 'sts-webpki-invalid') THEN 'policy'
            WHEN told IN ('tlsa-invalid', 'dnssec-invalid', 'dane-required') THEN 'dane'
            WHEN told = '(not told)' AND policy_type = 'tlsa' THEN 'dane'
            WHEN told = '(not told)' AND mode IS NULL THEN 'policy'
            ELSE 'host'
        END AS stage
    FROM told_all
    WHERE domain IS NOT NULL AND day IS NOT NULL
)
SELECT
    sender, day, day_s, domain, mx, told, failed, stage,
    CASE WHEN stage = 'policy' THEN '(not told)' ELSE mx END AS at_host,
    coalesce(policy_type = 'sts', false) AND stage = 'host' AS would_lose
FROM staged
