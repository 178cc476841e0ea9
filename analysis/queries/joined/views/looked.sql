-- title: Looks that decide something
-- answers: Which scan saw something of a stage of a reported domain that decides?
-- denominator: the domains of scan_sights.
-- units: at_s is seconds since 1970.
SELECT DISTINCT scan, domain, stage, at_s FROM scan_sights WHERE state <> 'undecided'
