-- title: Changes of MX sets
-- answers: When a domain with MTA-STS changes its MX hosts, does its policy follow?
-- denominator: names that signal in both of two scans that follow one another, whose MX sets are known and
--   differ.
-- units: names. right: the policy matched all hosts and still does; wrong: it did, and does not match all
--   now; mended: it did not, and does now; still wrong: it does not match all before or after; policy lost:
--   it was usable before and is not now; no policy: none was usable before, or its mode is none. pct is
--   percent of the denominator.
WITH changes AS (
    SELECT
        before.scan AS from_scan, later.scan AS to_scan, later_at.place,
        CASE
            WHEN before.fits IS NULL THEN 'no policy'
            WHEN later.fits IS NULL THEN 'policy lost'
            WHEN before.fits = 'all' AND later.fits = 'all' THEN 'right'
            WHEN before.fits = 'all' THEN 'wrong'
            WHEN later.fits = 'all' THEN 'mended'
            ELSE 'still wrong'
        END AS change
    FROM mx_sets AS before
    JOIN timeline AS before_at ON before_at.scan = before.scan
    JOIN mx_sets AS later ON later.domain = before.domain AND later.hosts <> before.hosts
    JOIN timeline AS later_at ON later_at.scan = later.scan AND later_at.place = before_at.place + 1
)
SELECT
    from_scan, to_scan, change, count(*) AS names,
    100.0 * count(*) / nullif(sum(count(*)) OVER (PARTITION BY place), 0) AS pct
FROM changes
GROUP BY from_scan, to_scan, place, change
ORDER BY place NULLS LAST, names DESC NULLS LAST, change NULLS LAST
