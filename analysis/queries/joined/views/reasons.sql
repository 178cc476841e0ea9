-- title: Findings that explain failures
-- answers: Which findings of a scan are of the result type that senders told, at the host they told?
-- denominator: the failures of told_failures, and the findings of scan_faults.
-- units: none. A row a failure, scan and finding; matched: same type, or wider type.
-- note: validation-failure, sts-policy-fetch-error, dane-required, types that no RFC has and failures without
--   a type say only that something failed: where no finding is of the same type, any finding of the stage at
--   that host explains them (wider type).
WITH failed_ever AS (
    SELECT DISTINCT domain, stage, mx, at_host, told FROM told_failures
),
fitting AS (
    SELECT
        failed_ever.domain, failed_ever.stage, failed_ever.mx, failed_ever.told, scan_faults.scan,
        scan_faults.host, scan_faults.code, scan_faults.place,
        CASE
            WHEN scan_faults.result_type = failed_ever.told THEN 1
            WHEN failed_ever.told NOT IN (
                'starttls-not-supported', 'certificate-host-mismatch', 'certificate-expired',
                'certificate-not-trusted', 'sts-policy-invalid', 'sts-webpki-invalid', 'tlsa-invalid',
                'dnssec-invalid'
            ) THEN 2
        END AS fit
    FROM failed_ever
    JOIN scan_faults ON scan_faults.domain = failed_ever.domain AND scan_faults.stage = failed_ever.stage
    WHERE failed_ever.at_host = '(not told)' OR failed_ever.at_host = scan_faults.host
),
closest AS (
    SELECT
        domain, stage, mx, told, scan, host, code, place, fit,
        min(fit) OVER (PARTITION BY domain, stage, mx, told, scan) AS closest_fit
    FROM fitting
    WHERE fit IS NOT NULL
)
SELECT
    domain, stage, mx, told, scan, host, code, place,
    CASE WHEN fit = 1 THEN 'same type' ELSE 'wider type' END AS matched
FROM closest
WHERE fit = closest_fit
