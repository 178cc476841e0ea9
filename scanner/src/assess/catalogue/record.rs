use super::{Finding, table};

pub(super) const RECORD: &[Finding] = table! { Record:
    record_dns_servfail, Indeterminate, "RFC 8461 3.1", ["domains.sts_dns"], None,
        "No name server gave a usable answer for _mta-sts (SERVFAIL)",
        "Check the name servers and DNSSEC of the zone: each has to answer for _mta-sts, and where the zone is signed its signatures have to be valid.";
    record_dns_timeout, Indeterminate, "RFC 8461 3.1", ["domains.sts_dns", "domains.attempts"], None,
        "No answer for _mta-sts in time",
        "Check that every name server of the zone answers TXT queries for _mta-sts.";
    record_dns_refused, Indeterminate, "RFC 8461 3.1", ["domains.sts_dns"], None,
        "The resolver refused the query for _mta-sts",
        "Check that every name server listed by the parent zone is configured to serve the zone.";
    record_dns_unusable, Indeterminate, "RFC 8461 3.1", ["domains.sts_dns"], None,
        "No usable answer for _mta-sts",
        "Check the name servers' answers for _mta-sts: look for a CNAME loop, truncated answers or an error code.";
    record_multiple, Error, "RFC 8461 3.1", ["domains.sts_txt"], None,
        "Several MTA-STS records",
        "Publish exactly one TXT record that begins with v=STSv1; at _mta-sts: senders treat several records as none.";
    record_version_invalid, Error, "RFC 8461 3.1", ["domains.sts_txt"], None,
        "No record begins with v=STSv1;",
        "Start the record with exactly v=STSv1; (capitals and semicolon matter), with nothing before it.";
    record_id_missing, Error, "RFC 8461 3.1", ["domains.sts_txt"], None,
        "The record has no id",
        "Add an id of 1 to 32 letters and digits, for example id=20260101000000.";
    record_id_invalid, Error, "RFC 8461 3.1", ["domains.sts_txt"], None,
        "The id is empty or has characters other than letters and digits",
        "Use only letters and digits in the id: no hyphen, colon or dot.";
    record_id_too_long, Error, "RFC 8461 3.1", ["domains.sts_txt"], None,
        "The id is longer than 32 characters",
        "Shorten the id to at most 32 letters and digits.";
    record_field_invalid, Error, "RFC 8461 3.1", ["domains.sts_txt"], None,
        "A field does not follow the grammar",
        "Remove everything that is not name=value between semicolons: empty fields, line ends, blanks around the equals sign.";
    record_space_before_semicolon, Warning, "RFC 8461 3.1, erratum 6285", ["domains.sts_txt"], None,
        "White space before the first semicolon",
        "Write v=STSv1; without white space before the semicolon: some senders ignore the record otherwise.";
    record_duplicate_field, Warning, "RFC 8461 3.2", ["domains.sts_txt"], None,
        "A field appears twice",
        "Keep one field of each name: senders use the first and ignore the rest.";
    record_trailing_space, Warning, "RFC 8461 3.1", ["domains.sts_txt"], None,
        "White space at the end of the record",
        "Remove the white space at the end of the record: the grammar does not allow it, though many senders trim it.";
    record_escaped, Error, "RFC 8461 3.1", ["domains.sts_txt"], None,
        "Quotes or backslashes in the record",
        "Take the quotes and backslashes out of the record's text: they belong to zone files and forms, and what was published has them in it.";
    record_unrelated_txt, Info, "RFC 8461 3.1", ["domains.sts_txt"], None,
        "Other TXT records at _mta-sts",
        "No action is needed; a wildcard TXT record may be the cause.";
    record_wildcard, Warning, "RFC 8461 3.1", ["domains.sts_wildcard"], None,
        "The record comes from a wildcard",
        "Publish the record at _mta-sts itself: a wildcard gives it to every name below the domain.";
    record_delegated, Info, "RFC 8461 8.2", ["domains.sts_cname"], None,
        "The record is delegated by CNAME",
        "No action is needed; the target's operator maintains the record.";
    record_ns_disagree, Warning, "RFC 8461 3.1, RFC 1034 4.3.5", ["domains.sts_ns_agree"], None,
        "Name servers of the domain have different MTA-STS records",
        "Compare the TXT records at _mta-sts on each name server of the zone, and check that zone transfers reach all of them: senders see whichever server they happen to ask.";
};
