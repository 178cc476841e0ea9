use super::{Finding, table};

const INVALID: Option<&str> = Some("sts-policy-invalid");

pub(super) const TEXT: &[Finding] = table! { PolicyText:
    policy_empty, Error, "RFC 8461 3.2", ["domains.policy_body"], INVALID,
        "The policy is empty",
        "Write the policy into /.well-known/mta-sts.txt.";
    policy_html, Error, "RFC 8461 3.2", ["domains.policy_body"], INVALID,
        "A web page instead of a policy",
        "Serve the policy as a plain text file: what comes at its address begins with <, as a web page does.";
    policy_version_missing, Error, "RFC 8461 3.2", ["domains.policy_body"], INVALID,
        "The policy has no version",
        "Add the line version: STSv1.";
    policy_version_invalid, Error, "RFC 8461 3.2", ["domains.policy_body"], INVALID,
        "The version is not STSv1",
        "Write exactly version: STSv1, without quotes or a semicolon.";
    policy_mode_missing, Error, "RFC 8461 3.2", ["domains.policy_body"], INVALID,
        "The policy has no mode",
        "Add a mode: line with enforce, testing or none.";
    policy_mode_invalid, Error, "RFC 8461 3.2", ["domains.policy_body"], INVALID,
        "The mode is not enforce, testing or none",
        "Write the mode as enforce, testing or none, in lower case.";
    policy_max_age_missing, Error, "RFC 8461 3.2", ["domains.policy_body"], INVALID,
        "The policy has no max_age",
        "Add a max_age: line with a number of seconds.";
    policy_max_age_invalid, Error, "RFC 8461 3.2", ["domains.policy_body"], INVALID,
        "max_age is not a plain number",
        "Write max_age as a number of seconds, in digits only, at most 31557600.";
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
        "The policy has no mx",
        "Add an mx: line for each MX host, or a pattern that covers them.";
    policy_mx_invalid, Error, "RFC 8461 3.2, RFC 5321 4.1.2", ["domains.policy_body", "domains.policy_mx"], INVALID,
        "An mx value is not a host name or pattern",
        "Write a host name, or *. followed by a name: no address, trailing dot, URL, list, or wildcard elsewhere.";
    policy_mx_u_label, Error, "RFC 8461 3.2", ["domains.policy_body", "domains.policy_mx"], INVALID,
        "An mx value has non-ASCII characters",
        "Write the internationalised name as its A-label, which begins with xn--.";
    policy_line_invalid, Error, "RFC 8461 3.2", ["domains.policy_body"], INVALID,
        "A line is not of the form key: value",
        "Remove or fix the line: each line is a key, a colon and a value.";
    policy_duplicate_field, Warning, "RFC 8461 3.2", ["domains.policy_body"], None,
        "A field appears twice",
        "Keep only one of each field, except mx: senders use the first and ignore the rest.";
    policy_blank_line, Error, "RFC 8461 3.2", ["domains.policy_body"], INVALID,
        "The policy has a blank line",
        "Remove blank lines, including those at the end: the grammar does not allow them, though most senders ignore them.";
    policy_leading_space, Error, "RFC 8461 3.2", ["domains.policy_body"], INVALID,
        "White space before a key",
        "Start each line with its key: the grammar does not allow white space before it.";
    policy_bom, Error, "RFC 8461 3.2", ["domains.policy_body"], INVALID,
        "A byte order mark at the start",
        "Save the file as UTF-8 without a byte order mark.";
    policy_escaped, Error, "RFC 8461 3.2", ["domains.policy_body"], INVALID,
        "Quotes, backslashes or a literal \\n in the policy",
        "Write each field on a line of its own, without quotes and backslashes: line ends are characters, not a backslash and an n.";
    policy_unknown_field, Info, "RFC 8461 3.2", ["domains.policy_body"], None,
        "A field that the RFC does not define",
        "Check the spelling if version, mode, max_age or mx was meant; senders ignore unknown fields.";
    policy_wildcard, Warning, "RFC 8461 3.3", ["domains.policy_wildcard"], None,
        "Every name below the domain serves the policy",
        "Serve the policy at mta-sts only: a wildcard gives it to every name below the domain.";
    policy_mode_testing, Info, "RFC 8461 5", ["domains.policy_mode"], None,
        "The mode is testing",
        "Change the mode to enforce once the TLS reports show no failures.";
    policy_mode_none, Info, "RFC 8461 5, 8.3", ["domains.policy_mode"], None,
        "The mode is none",
        "No action is needed while MTA-STS is being withdrawn.";
};
