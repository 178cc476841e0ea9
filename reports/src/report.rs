//! A report as it was read: what RFC 8460 section 4.4 has, and what else stood there.

use crate::fault::{Code, Severity};

/// The result types of RFC 8460 section 4.3.
pub const RESULT_TYPES: [&str; 11] = [
    "starttls-not-supported",
    "certificate-host-mismatch",
    "certificate-expired",
    "certificate-not-trusted",
    "validation-failure",
    "tlsa-invalid",
    "dnssec-invalid",
    "dane-required",
    "sts-policy-fetch-error",
    "sts-policy-invalid",
    "sts-webpki-invalid",
];

/// The policy types of RFC 8460 section 4.4.
pub const POLICY_TYPES: [&str; 3] = ["tlsa", "sts", "no-policy-found"];

/// A report. Texts are as the sender wrote them; `None` is what was missing, null or of another type.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// `organization-name`.
    pub organization: Option<String>,
    /// `contact-info`.
    pub contact: Option<String>,
    /// `report-id`.
    pub id: Option<String>,
    /// `start-datetime`, in microseconds since 1970-01-01T00:00:00Z.
    pub begin: Option<i64>,
    /// `end-datetime`, in microseconds since 1970-01-01T00:00:00Z.
    pub end: Option<i64>,
    /// `policies`; empty where there are none.
    pub policies: Vec<Policy>,
    /// Members that are not the RFC's or could not be read, as a JSON object; `None` where there are none.
    pub other: Option<String>,
}

/// An entry of `policies`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    /// `policy-type`, known or not.
    pub policy_type: Option<String>,
    /// `policy-string`, one for each line or record.
    pub strings: Option<Vec<String>>,
    /// `policy-domain`.
    pub domain: Option<String>,
    /// `mx-host`.
    pub mx_hosts: Option<Vec<String>>,
    /// `total-successful-session-count`, in sessions.
    pub successful: Option<i64>,
    /// `total-failure-session-count`, in sessions.
    pub failed: Option<i64>,
    /// `failure-details`; `None` where it is missing or null.
    pub failures: Option<Vec<Failure>>,
    /// As [`Report::other`], of the entry, its policy and its summary.
    pub other: Option<String>,
}

impl Policy {
    /// The mode in `policy-string` of an `sts` policy, as it stands there (RFC 8461 section 3.2).
    #[must_use]
    pub fn mode(&self) -> Option<&str> {
        if self.policy_type.as_deref() != Some("sts") {
            return None;
        }
        let mode = |line: &'_ String| -> Option<(usize, usize)> {
            let (name, value) = line.split_once(':')?;
            let value_at = line.len() - value.trim_start().len();
            name.trim().eq_ignore_ascii_case("mode").then(|| (value_at, line.trim_end().len()))
        };
        let strings = self.strings.as_ref()?;
        strings.iter().find_map(|line| mode(line).and_then(|(from, to)| line.get(from..to)))
    }

    /// What the details add up to, in sessions; `None` where there are no details, or one has no count.
    #[must_use]
    pub fn failed_in_details(&self) -> Option<i64> {
        let failures = self.failures.as_ref().filter(|failures| !failures.is_empty())?;
        failures.iter().try_fold(0_i64, |sum, failure| sum.checked_add(failure.failed?))
    }
}

/// An entry of `failure-details`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Failure {
    /// `result-type`, known or not.
    pub result_type: Option<String>,
    /// `sending-mta-ip`.
    pub sending_ip: Option<String>,
    /// `receiving-mx-hostname`.
    pub receiving_mx: Option<String>,
    /// `receiving-mx-helo`.
    pub receiving_helo: Option<String>,
    /// `receiving-ip`.
    pub receiving_ip: Option<String>,
    /// `failed-session-count`, in sessions.
    pub failed: Option<i64>,
    /// `additional-information`.
    pub additional_information: Option<String>,
    /// `failure-reason-code`.
    pub reason_code: Option<String>,
    /// As [`Report::other`].
    pub other: Option<String>,
}

/// A fault, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Its code.
    pub code: Code,
    /// Where: a normalized path of RFC 9535 section 2.7; `$` is the whole.
    pub path: String,
}

/// A report and what is to be said of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Judged {
    /// What was read; `None` where the text is no report, and a note says why.
    pub report: Option<Report>,
    /// Its faults, in the order of the text; at most [`MOST_NOTES`].
    pub notes: Vec<Note>,
    /// How many faults there were beyond those.
    pub unlisted: u64,
}

/// How many faults of one report are listed.
pub const MOST_NOTES: usize = 1000;

impl Judged {
    /// Adds a fault.
    pub fn note(&mut self, code: Code, path: String) {
        if self.notes.len() < MOST_NOTES {
            self.notes.push(Note { code, path });
        } else {
            self.unlisted += 1;
        }
    }

    /// Why the text is no report; `None` where it is one.
    #[must_use]
    pub fn why_not(&self) -> Option<Code> {
        let mut errors =
            self.notes.iter().map(|note| note.code).filter(|code| code.severity() == Severity::Error);
        if self.report.is_some() { None } else { errors.next() }
    }

    /// Whether it is as RFC 8460 has it.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.report.is_some() && self.notes.iter().all(|note| note.code.severity() == Severity::Info)
    }

    /// Whether most readers take it.
    #[must_use]
    pub fn is_tolerated(&self) -> bool {
        self.report.is_some() && self.notes.iter().all(|note| note.code.severity() != Severity::Error)
    }
}
