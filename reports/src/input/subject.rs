//! What a mail says of its report: the fields of RFC 8460 section 5.3, and the subject of section 5.4.

/// What a mail says of its report; `None` is what it does not say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Announced {
    /// The domain: `TLS-Report-Domain`, or `Report Domain:` of the subject.
    pub domain: Option<String>,
    /// Who sends it: `TLS-Report-Submitter`, or `Submitter:` of the subject.
    pub submitter: Option<String>,
    /// `Report-ID:` of the subject, without its brackets.
    pub report_id: Option<String>,
}

impl Announced {
    /// Reads a subject; the fields, where there are such, go before it.
    pub(super) fn read(subject: &str, domain: Option<&str>, submitter: Option<&str>) -> Self {
        let said =
            |field: Option<&str>| field.map(str::trim).filter(|said| !said.is_empty()).map(str::to_owned);
        let id = after(subject, "Report-ID:").map(|id| id.trim_matches(['<', '>']).to_owned());
        Self {
            domain: said(domain).or_else(|| after(subject, "Report Domain:").map(str::to_owned)),
            submitter: said(submitter).or_else(|| after(subject, "Submitter:").map(str::to_owned)),
            report_id: id.filter(|id| !id.is_empty()),
        }
    }
}

/// The word after a label, whatever the case of its letters.
fn after<'a>(subject: &'a str, label: &str) -> Option<&'a str> {
    let is_label = |at: &usize| {
        subject.get(*at..*at + label.len()).is_some_and(|found| found.eq_ignore_ascii_case(label))
    };
    let at = subject.char_indices().map(|(at, _)| at).find(is_label)?;
    subject.get(at + label.len()..)?.split_whitespace().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_of_every_sender_are_read() {
        let google = "Report Domain: d.example Submitter: google.example Report-ID: <2026.01.01T00.00.00Z+d.example@google.example>";
        let microsoft =
            "Report Domain: d.example Submitter: ms.example Report-ID: 133198585438131172+d.example";
        for (subject, submitter, id) in [
            (google, "google.example", "2026.01.01T00.00.00Z+d.example@google.example"),
            (microsoft, "ms.example", "133198585438131172+d.example"),
        ] {
            let read = Announced::read(subject, None, None);
            assert_eq!(read.domain.as_deref(), Some("d.example"));
            assert_eq!(read.submitter.as_deref(), Some(submitter));
            assert_eq!(read.report_id.as_deref(), Some(id));
        }
        let fields = Announced::read("Fwd: é", Some(" e.example "), None);
        assert_eq!(
            (fields.domain.as_deref(), fields.submitter, fields.report_id),
            (Some("e.example"), None, None)
        );
    }
}
