-- title: TLS of policy hosts and MX hosts
-- answers: Which TLS versions, cipher suites and key exchange groups are negotiated, and how much of it is
--   post-quantum?
-- denominator: policy hosts of signallers and addresses of MX hosts where a TLS handshake was finished, of
--   those probed (probed: a connection was tried; the manifest says which MX hosts, by default those of
--   signallers). The cipher of policy hosts is not recorded.
-- units: handshakes; pct is percent of the finished handshakes. post-quantum: a group with ML-KEM in it.
-- shares: pct = handshakes / of_handshakes
-- weight: no: it counts handshakes, not names
WITH seen AS (
    SELECT scan, entity, 1 AS place, 'version' AS what, tls_version AS value FROM endpoints WHERE handshake
    UNION ALL
    SELECT scan, entity, 2 AS place, 'cipher' AS what, coalesce(tls_cipher, '(not seen)') AS value
    FROM endpoints
    WHERE handshake AND entity = 'MX'
    UNION ALL
    SELECT scan, entity, 3 AS place, 'key exchange' AS what, coalesce(tls_group, '(not seen)') AS value
    FROM endpoints
    WHERE handshake
    UNION ALL
    SELECT
        scan, entity, 4 AS place, 'post-quantum' AS what,
        CASE WHEN tls_group IS NULL THEN '(not seen)' WHEN tls_group LIKE '%MLKEM%' THEN 'yes' ELSE 'no' END AS value
    FROM endpoints
    WHERE handshake
),
probed AS (
    SELECT scan, entity, count(*) AS probed FROM endpoints GROUP BY scan, entity
),
counted AS (
    SELECT scan, entity, place, what, value, count(*) AS handshakes
    FROM seen
    GROUP BY scan, entity, place, what, value
)
SELECT
    counted.scan, counted.entity, counted.what, counted.value, probed.probed,
    sum(handshakes) OVER (PARTITION BY counted.scan, counted.entity, place) AS of_handshakes,
    handshakes,
    100.0 * handshakes / nullif(sum(handshakes) OVER (PARTITION BY counted.scan, counted.entity, place), 0) AS pct
FROM counted
JOIN probed ON probed.scan = counted.scan AND probed.entity = counted.entity
JOIN scan_order ON scan_order.scan_name = counted.scan
ORDER BY
    scan_place NULLS LAST, counted.entity DESC NULLS LAST, place NULLS LAST, handshakes DESC NULLS LAST,
    counted.value NULLS LAST
