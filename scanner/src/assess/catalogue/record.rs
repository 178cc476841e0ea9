use super::{Finding, table};

pub(super) const RECORD: &[Finding] = table! { Record:
    record_dns_servfail, Indeterminate, "RFC 8461 3.1", ["domains.sts_dns"], None,
        "Resolver failed at _mta-sts (SERVFAIL)",
        "Check the name servers and DNSSEC of the zone: a resolver could get no answer for _mta-sts.";
    record_dns_timeout, Indeterminate, "RFC 8461 3.1", ["domains.sts_dns", "domains.attempts"], None,
        "No answer at _mta-sts in time",
        "Check that every name server of the zone answers TXT questions for _mta-sts.";
    record_dns_refused, Indeterminate, "RFC 8461 3.1", ["domains.sts_dns"], None,
        "Answer at _mta-sts refused",
        "Check that every name server the parent lists is configured to serve the zone.";
    record_dns_unusable, Indeterminate, "RFC 8461 3.1", ["domains.sts_dns"], None,
        "No usable answer at _mta-sts",
        "Check what the name servers answer for _mta-sts: a CNAME that runs in a circle, answers cut short, or an error code.";
    record_multiple, Error, "RFC 8461 3.1", ["domains.sts_txt"], None,
        "Several records",
        "Publish exactly one TXT record that begins with v=STSv1; at _mta-sts: senders act as if several were none.";
    record_version_invalid, Error, "RFC 8461 3.1", ["domains.sts_txt"], None,
        "No record begins with v=STSv1;",
        "Begin the record with v=STSv1; exactly, capitals and semicolon included and nothing before it.";
    record_id_missing, Error, "RFC 8461 3.1", ["domains.sts_txt"], None,
        "No id",
        "Add an id of 1 to 32 letters and digits, for example id=20260101000000.";
    record_id_invalid, Error, "RFC 8461 3.1", ["domains.sts_txt"], None,
        "id is empty or has other characters than letters and digits",
        "Use letters and digits only in the id: no hyphen, colon or dot.";
    record_id_too_long, Error, "RFC 8461 3.1", ["domains.sts_txt"], None,
        "id is longer than 32 characters",
        "Shorten the id to at most 32 letters and digits.";
    record_field_invalid, Error, "RFC 8461 3.1", ["domains.sts_txt"], None,
        "A field outside the grammar",
        "Remove what is not name=value between semicolons: empty fields, line ends, blanks round the equals sign.";
    record_space_before_semicolon, Warning, "RFC 8461 3.1, erratum 6285", ["domains.sts_txt"], None,
        "White space before the first semicolon",
        "Write v=STSv1; without white space before the semicolon: some senders drop the record.";
    record_duplicate_field, Warning, "RFC 8461 3.2", ["domains.sts_txt"], None,
        "A field twice",
        "Keep one field of each name: senders use the first and ignore the rest.";
    record_trailing_space, Warning, "RFC 8461 3.1", ["domains.sts_txt"], None,
        "White space at the end",
        "Remove the white space at the end of the record: it is outside the grammar, though many senders trim it.";
    record_unrelated_txt, Info, "RFC 8461 3.1", ["domains.sts_txt"], None,
        "Other TXT records at _mta-sts",
        "Nothing has to be done; a wildcard TXT record may be the cause.";
    record_wildcard, Warning, "RFC 8461 3.1", ["domains.sts_wildcard"], None,
        "The record is answered by a wildcard",
        "Publish the record at _mta-sts itself: a wildcard gives it to every name below the domain.";
    record_delegated, Info, "RFC 8461 8.2", ["domains.sts_cname"], None,
        "The record is delegated by CNAME",
        "Nothing has to be done; the target's operator keeps the record.";
};
