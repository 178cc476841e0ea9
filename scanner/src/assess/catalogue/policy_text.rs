use super::{Finding, table};

const INVALID: Option<&str> = Some("sts-policy-invalid");

pub(super) const TEXT: &[Finding] = table! { PolicyText:
    policy_empty, Error, "RFC 8461 3.2", ["domains.policy_body"], INVALID,
        "The policy is empty",
        "Write the policy into /.well-known/mta-sts.txt.";
    policy_html, Error, "RFC 8461 3.2", ["domains.policy_body"], INVALID,
        "A web page in place of the policy",
        "Serve the plain text file: the web server answers with a page for every path.";
    policy_version_missing, Error, "RFC 8461 3.2", ["domains.policy_body"], INVALID,
        "No version",
        "Add the line version: STSv1.";
    policy_version_invalid, Error, "RFC 8461 3.2", ["domains.policy_body"], INVALID,
        "Version is not STSv1",
        "Write version: STSv1 exactly, without quotes or a semicolon.";
    policy_mode_missing, Error, "RFC 8461 3.2", ["domains.policy_body"], INVALID,
        "No mode",
        "Add a line mode: with enforce, testing or none.";
    policy_mode_invalid, Error, "RFC 8461 3.2", ["domains.policy_body"], INVALID,
        "Mode is none of the three",
        "Write the mode as enforce, testing or none, in small letters.";
    policy_max_age_missing, Error, "RFC 8461 3.2", ["domains.policy_body"], INVALID,
        "No max_age",
        "Add a line max_age: with a number of seconds.";
    policy_max_age_invalid, Error, "RFC 8461 3.2", ["domains.policy_body"], INVALID,
        "max_age is not a plain number",
        "Write max_age in digits only, as seconds, at most 31557600.";
    policy_max_age_too_large, Error, "RFC 8461 3.2, erratum 7282", ["domains.policy_body", "domains.policy_max_age_s"], INVALID,
        "max_age is over 31557600",
        "Lower max_age to 31557600, about a year, or less.";
    policy_max_age_zero, Warning, "RFC 8461 3.2", ["domains.policy_body", "domains.policy_max_age_s"], None,
        "max_age is 0",
        "Raise max_age: with 0 no sender keeps the policy, so it protects nothing.";
    policy_max_age_short, Warning, "guidance: NCSC", ["domains.policy_body", "domains.policy_max_age_s"], None,
        "max_age is short",
        "Raise max_age to 1209600 (two weeks) or more in mode enforce, 86400 or more in mode testing.";
    policy_mx_missing, Error, "RFC 8461 3.2", ["domains.policy_body"], INVALID,
        "No mx",
        "Add a line mx: for each MX host, or a pattern that covers them.";
    policy_mx_invalid, Error, "RFC 8461 3.2, RFC 5321 4.1.2", ["domains.policy_body", "domains.policy_mx"], INVALID,
        "An mx is not a host name or pattern",
        "Write a host name, or *. and a name: no address, trailing dot, URL, list or wildcard elsewhere.";
    policy_mx_u_label, Error, "RFC 8461 3.2", ["domains.policy_body", "domains.policy_mx"], INVALID,
        "An mx has characters beyond ASCII",
        "Write the internationalised name as its A-label, which begins with xn--.";
    policy_line_invalid, Error, "RFC 8461 3.2", ["domains.policy_body"], INVALID,
        "A line is not key: value",
        "Remove or mend the line: each is a key, a colon and a value.";
    policy_duplicate_field, Warning, "RFC 8461 3.2", ["domains.policy_body"], None,
        "A field twice",
        "Keep one of each field but mx: senders use the first and ignore the rest.";
    policy_blank_line, Error, "RFC 8461 3.2", ["domains.policy_body"], INVALID,
        "A blank line",
        "Remove blank lines, at the end too: they are outside the grammar, though most senders pass over them.";
    policy_leading_space, Error, "RFC 8461 3.2", ["domains.policy_body"], INVALID,
        "White space before a key",
        "Begin each line with its key: white space before it is outside the grammar.";
    policy_bom, Error, "RFC 8461 3.2", ["domains.policy_body"], INVALID,
        "A byte order mark at the beginning",
        "Save the file as UTF-8 without byte order mark.";
    policy_unknown_field, Info, "RFC 8461 3.2", ["domains.policy_body"], None,
        "A field that the RFC does not define",
        "Check the spelling if it was meant to be version, mode, max_age or mx; senders ignore the field.";
    policy_wildcard, Warning, "RFC 8461 3.3", ["domains.policy_wildcard"], None,
        "Any name below the domain serves the policy",
        "Serve the policy at mta-sts only: a wildcard gives it to every name below the domain.";
    policy_mode_testing, Info, "RFC 8461 5", ["domains.policy_mode"], None,
        "Mode is testing",
        "Change the mode to enforce once the TLS reports show no failures.";
    policy_mode_none, Info, "RFC 8461 5, 8.3", ["domains.policy_mode"], None,
        "Mode is none",
        "Nothing has to be done while MTA-STS is being withdrawn.";
};
