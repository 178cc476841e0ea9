-- title: Which scans can be compared
-- answers: What differs between the instruments of two scans, and which tables over time does that touch?
-- denominator: none; a row for two scans that follow one another, with --all-pairs for every two.
-- units: comparable: yes; with care (something of warning differs, or a manifest does not tell what is under
--   unknown); no (something of blocking differs: no change between the two is shown, but with --force).
--   same_lists: by their hashes; lists that differ block nothing, since names in both are told apart.
SELECT
    from_scan, to_scan, comparable, blocking, warning, unknown, touches, same_lists
FROM comparable
JOIN timeline AS before ON before.scan = comparable.from_scan
JOIN timeline AS later ON later.scan = comparable.to_scan
CROSS JOIN settings
WHERE neighbours OR all_pairs = 1
ORDER BY later.place NULLS LAST, before.place NULLS LAST
