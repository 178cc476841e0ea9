//! The faults of reports: their codes, what each means, and the section of the RFC that says so.

/// How much a fault matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Most readers lose the report, or a part of it.
    Error,
    /// The RFC does not allow it, and most readers forgive it.
    Warning,
    /// Worth knowing, and not against the RFC.
    Info,
}

impl Severity {
    /// The word in text and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

/// What there is to say about a code.
#[derive(Debug, Clone, Copy)]
pub struct Described {
    /// The code.
    pub code: Code,
    /// How much it matters.
    pub severity: Severity,
    /// The section that says how it should be.
    pub source: &'static str,
    /// The columns of the tables where it shows, with their table.
    pub columns: &'static [&'static str],
    /// A few words for a table's row.
    pub title: &'static str,
    /// One sentence for whoever sends the report: what to do.
    pub advice: &'static str,
}

macro_rules! codes {
    ($($code:ident, $severity:ident, $source:literal, [$($column:literal),*], $title:literal, $advice:literal;)+) => {
        /// A fault's code. A variant is spelt as the code itself, so that searching for one finds both. Codes
        /// are added, never renamed.
        #[allow(non_camel_case_types, missing_docs, reason = "the code is the name; `ALL` explains it")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($code,)+ }

        /// Every code, in the order in which a reader meets them.
        pub const ALL: &[Described] = &[$(Described {
            code: Code::$code,
            severity: Severity::$severity,
            source: $source,
            columns: &[$($column),*],
            title: $title,
            advice: $advice,
        },)+];

        impl Code {
            /// The code as tables write it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$code => stringify!($code),)+ }
            }

            /// What there is to say about it.
            #[must_use]
            pub const fn described(self) -> &'static Described {
                // The table is in the order of the codes: both are made of one list.
                &ALL[self as usize]
            }

            /// How much it matters.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Self::$code => Severity::$severity,)+ }
            }
        }
    };
}

codes! {
    report_not_json, Error, "RFC 8460 4.4, RFC 7493 2", ["reports.faults"],
        "The text is not JSON",
        "Write the report with a JSON library: single quotes, comments and commas before a bracket are not JSON.";
    report_trailing_text, Error, "RFC 8460 4.4, RFC 7493 2", ["reports.faults"],
        "Text after the JSON object",
        "End the file with the report's closing brace.";
    report_not_a_report, Error, "RFC 8460 4.4", ["reports.faults"],
        "JSON, but no TLS report",
        "Send an object with the members of RFC 8460 section 4.4.";
    report_too_large, Error, "RFC 8460 4.2", ["reports.faults"],
        "More policies, failures or members than any real report has",
        "Split the report: at most 10,000 policies and 100,000 failure-details are read.";
    report_not_utf8, Warning, "RFC 7493 2.1", ["reports.faults"],
        "Bytes that are not UTF-8",
        "Write the report in UTF-8.";
    report_bom, Warning, "RFC 8259 8.1", ["reports.faults"],
        "A byte order mark before the JSON",
        "Leave out the byte order mark.";
    report_duplicate_member, Warning, "RFC 7493 2.3", ["reports.faults", "reports.other"],
        "A member occurs twice: the last counts",
        "Write each member once.";
    report_member_misnamed, Warning, "RFC 8460 4.4", ["reports.faults"],
        "A member under a name that only drafts or a well-known misspelling have",
        "Use the names of RFC 8460 section 4.4.";
    report_member_type, Warning, "RFC 8460 4.4", ["reports.faults", "reports.other"],
        "A member of another type than the RFC's",
        "Write the member as the type that RFC 8460 section 4.4 gives it.";
    report_unknown_member, Info, "RFC 8460 4.4", ["reports.faults", "reports.other"],
        "A member that the RFC does not have",
        "No action is needed; it is kept as it stands.";
    report_organization_missing, Warning, "RFC 8460 4.4", ["reports.organization"],
        "No organization-name",
        "Name the organization that sends the report.";
    report_contact_missing, Warning, "RFC 8460 4.4", ["reports.contact"],
        "No contact-info",
        "Give an address for questions about the report.";
    report_contact_null, Warning, "RFC 8460 4.4", ["reports.contact"],
        "contact-info is null",
        "Give an address for questions about the report.";
    report_member_null, Warning, "RFC 8460 4.4", ["reports.faults"],
        "A member is null",
        "Leave out what has no value, and give what the RFC requires.";
    report_id_missing, Warning, "RFC 8460 4.4", ["reports.report_id"],
        "No report-id",
        "Give each report an identifier of its own.";
    report_range_missing, Warning, "RFC 8460 4.4", ["reports.begin_at", "reports.end_at"],
        "No date-range, or one without begin or end",
        "Say which day the report covers.";
    report_time_no_zone, Warning, "RFC 8460 4.4, RFC 3339 5.6", ["reports.begin_at", "reports.end_at"],
        "A time without zone: read as UTC",
        "Write times with `Z` or an offset.";
    report_time_date_only, Warning, "RFC 8460 4.4, RFC 3339 5.6", ["reports.begin_at", "reports.end_at"],
        "A date without time: read as its first second, UTC",
        "Write times with hours, minutes, seconds and `Z`.";
    report_time_invalid, Warning, "RFC 8460 4.4, RFC 3339 5.6", ["reports.begin_at", "reports.end_at", "reports.other"],
        "Not a time",
        "Write times as RFC 3339 section 5.6 has them.";
    report_range_reversed, Warning, "RFC 8460 4.4", ["reports.begin_at", "reports.end_at"],
        "The range ends before it begins",
        "Write the earlier time as start-datetime.";
    report_range_not_a_day, Info, "RFC 8460 4.1", ["reports.begin_at", "reports.end_at"],
        "The range is not one day in UTC",
        "Report on whole days from 00:00 UTC, so that reports of different senders can be compared.";
    report_policies_missing, Warning, "RFC 8460 4.4", ["reports.policies"],
        "No policies",
        "List each policy that was applied, with its counts.";
    report_policies_type, Error, "RFC 8460 4.4", ["reports.policies", "reports.other"],
        "policies is not an array",
        "Write policies as an array, also if there is one only.";
    report_policy_missing, Warning, "RFC 8460 4.4", ["policies.policy_type"],
        "An entry of policies without the object policy",
        "Say in `policy` which policy the counts are about.";
    report_policy_not_nested, Error, "RFC 8460 4.4", ["policies.policy_type"],
        "The members of policy stand beside it",
        "Put policy-type, policy-string, policy-domain and mx-host into the object `policy`.";
    report_policy_type_missing, Warning, "RFC 8460 4.4", ["policies.policy_type"],
        "No policy-type",
        "Say whether the policy is tlsa, sts or no-policy-found.";
    report_policy_type_unknown, Warning, "RFC 8460 4.4", ["policies.policy_type"],
        "A policy-type other than tlsa, sts and no-policy-found",
        "Use one of the three.";
    report_policy_string_text, Warning, "RFC 8460 4.4", ["policies.policy_strings"],
        "policy-string is one string, not an array",
        "Write policy-string as an array of strings, one for each line of the policy or each TLSA record.";
    report_policy_string_packed, Warning, "RFC 8460 4.4", ["policies.policy_strings"],
        "A string of policy-string holds a JSON array",
        "Write the records as strings of the array policy-string itself.";
    report_policy_domain_missing, Warning, "RFC 8460 4.4", ["policies.policy_domain"],
        "No policy-domain",
        "Name the domain, also under no-policy-found.";
    report_mx_host_text, Warning, "RFC 8460 4.4", ["policies.mx_hosts"],
        "mx-host is a string, not an array",
        "Write mx-host as an array of strings.";
    report_summary_missing, Warning, "RFC 8460 4.4", ["policies.successful", "policies.failed"],
        "No summary",
        "Give the counts of sessions for each policy.";
    report_count_missing, Warning, "RFC 8460 4.4", ["policies.successful", "policies.failed", "failures.failed"],
        "A count is missing",
        "Give every count, 0 included.";
    report_count_text, Warning, "RFC 8460 4.4", ["policies.successful", "policies.failed", "failures.failed"],
        "A count is a string",
        "Write counts as JSON numbers.";
    report_count_negative, Warning, "RFC 8460 4.4", ["policies.successful", "policies.failed", "failures.failed", "policies.other", "failures.other"],
        "A count below zero",
        "Count sessions from 0.";
    report_count_invalid, Warning, "RFC 8460 4.4", ["policies.successful", "policies.failed", "failures.failed", "policies.other", "failures.other"],
        "A count that is no whole number below 2^63",
        "Write counts as whole numbers.";
    report_details_null, Error, "RFC 8460 4.4", ["policies.failures"],
        "failure-details is null",
        "Write an empty array, or leave it out.";
    report_details_type, Error, "RFC 8460 4.4", ["policies.failures", "policies.other"],
        "failure-details is not an array of objects",
        "Write failure-details as an array of objects.";
    report_details_absent, Info, "RFC 8460 4.4", ["policies.failures", "policies.failed"],
        "Failures without details",
        "Say in failure-details what failed.";
    report_details_sum, Info, "RFC 8460 4.4", ["policies.failed", "policies.failed_in_details"],
        "The details do not add up to the summary",
        "Count every failed session once in the details, or say in the summary what they add up to.";
    report_result_type_missing, Warning, "RFC 8460 4.3", ["failures.result_type"],
        "A failure without result-type",
        "Say what failed with a result type of RFC 8460 section 4.3.";
    report_result_type_unknown, Info, "RFC 8460 4.3, 6.6", ["failures.result_type"],
        "A result-type that is not registered",
        "Use a result type of RFC 8460 section 4.3, and failure-reason-code for more.";
    report_address_invalid, Info, "RFC 8460 4.4", ["failures.sending_ip", "failures.receiving_ip"],
        "Not an IP address",
        "Write addresses as IPv4 or IPv6 texts.";
    report_helo_reply, Info, "RFC 8460 4.4", ["failures.receiving_helo"],
        "receiving-mx-helo has more than one line",
        "Give the name of the greeting alone, not the whole reply.";
    report_late, Info, "RFC 8460 4.2", ["reports.late_seconds"],
        "Received more than a day after what it covers",
        "Send reports soon after the end of the day.";
    report_subject_domain, Warning, "RFC 8460 5.3, 5.4", ["reports.mail_domain", "policies.policy_domain"],
        "The mail's subject names a domain that no policy of the report is of",
        "Name the policy's domain in the subject and in TLS-Report-Domain.";
    report_subject_id, Info, "RFC 8460 5.4", ["reports.mail_report_id", "reports.report_id"],
        "The mail's subject has another report-id than the report",
        "Repeat the report's report-id in the subject.";
    report_id_reused, Warning, "RFC 8460 4.4", ["reports.key", "reports.superseded"],
        "Another report of the same organization, id, domains and begin: the later counts",
        "Give a report that corrects another an identifier of its own.";
}

#[cfg(test)]
mod tests {
    use super::ALL;
    use std::collections::BTreeSet;

    #[test]
    fn every_code_is_told_once_in_whole_sentences_with_a_source() {
        let codes: BTreeSet<&str> = ALL.iter().map(|one| one.code.as_str()).collect();
        assert_eq!(codes.len(), ALL.len());
        for one in ALL {
            assert!(one.code.as_str().starts_with("report_") && one.source.starts_with("RFC "), "{one:?}");
            assert!(one.advice.ends_with('.') && !one.title.ends_with('.'), "{one:?}");
            assert_eq!(one.severity, one.code.severity());
        }
    }
}
