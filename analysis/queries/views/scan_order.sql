-- title: Places of scans
-- answers: In which order do the rows of scans stand in tables?
-- denominator: none.
-- note: that of their beginnings, as in `timeline`; the columns have other names than those of the tables that
--   are ordered.
SELECT scan AS scan_name, place AS scan_place FROM timeline
