//! Every finding this project counts: its code, what it means, and what the domain's operator can do about
//! it.
//!
//! The dictionary table `findings` is made from it. The codes themselves, and whether each may pass, are in
//! `evidence`.

mod causes;
mod companions;
mod mx;
mod policy_host;
mod policy_text;
mod record;

use crate::evidence::Code;
pub use crate::evidence::{Severity, Stage};
pub use causes::Told;
use std::sync::LazyLock;

/// One entry of the catalogue.
#[derive(Debug, Clone, Copy)]
pub struct Finding {
    /// The code, stage first.
    pub code: Code,
    /// Where it belongs.
    pub stage: Stage,
    /// How much it matters.
    pub severity: Severity,
    /// A few words for a table's row.
    pub title: &'static str,
    /// One sentence for the domain's operator: what to do.
    pub advice: &'static str,
    /// The RFC's section, or the guidance where no RFC says it.
    pub source: &'static str,
    /// The columns it is drawn from, with their table.
    pub columns: &'static [&'static str],
    /// The result type of RFC 8460 section 4.3 that a sender's report would show; `None` where it would show
    /// none.
    pub result: Option<&'static str>,
}

/// Entries of one stage: code, severity, source, columns, result type, title, advice.
macro_rules! table {
    ($stage:ident: $($code:ident, $severity:ident, $source:literal, [$($column:literal),*], $result:expr,
        $title:literal, $advice:literal;)+) => {
        &[$($crate::assess::catalogue::Finding {
            code: $crate::evidence::Code::$code,
            stage: $crate::assess::catalogue::Stage::$stage,
            severity: $crate::assess::catalogue::Severity::$severity,
            title: $title,
            advice: $advice,
            source: $source,
            columns: &[$($column),*],
            result: $result,
        },)+]
    };
}
use table;

impl Code {
    /// Its entry.
    #[must_use]
    pub fn finding(self) -> &'static Finding {
        static ENTRIES: LazyLock<Vec<&Finding>> = LazyLock::new(|| all().collect());
        // A test holds the tables to the order of the codes.
        ENTRIES[self as usize]
    }
}

/// The whole catalogue in its order.
pub fn all() -> impl Iterator<Item = &'static Finding> {
    [
        record::RECORD,
        policy_host::DNS,
        policy_host::TCP,
        policy_host::TLS,
        policy_host::HTTP,
        policy_text::TEXT,
        mx::MX,
        mx::SMTP,
        mx::TLS,
        mx::MISMATCH,
        companions::COMPANIONS,
        companions::LIFE_CYCLE,
    ]
    .into_iter()
    .flatten()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
    use super::*;
    use crate::dataset::columns::TABLES;

    #[test]
    fn every_code_has_its_entry_in_the_order_of_the_catalogue() {
        let entries: Vec<Code> = all().map(|finding| finding.code).collect();
        assert_eq!(entries, Code::ALL);
        for &code in Code::ALL {
            assert_eq!(Code::from_word(code.as_str()), Some(code));
            assert_eq!(code.finding().code, code);
        }
        assert_eq!(Code::from_word("ok"), None);
    }

    #[test]
    fn every_column_a_finding_is_drawn_from_exists() {
        for finding in all() {
            assert!(!finding.columns.is_empty(), "{:?}", finding.code);
            for column in finding.columns {
                let (table, column) = column.split_once('.').unwrap();
                let table = TABLES.iter().find(|t| t.name == table).unwrap();
                assert!(table.columns.iter().any(|c| c.name == column), "{:?}: {column}", finding.code);
            }
        }
    }

    #[test]
    fn every_entry_is_a_whole_sentence_with_a_source() {
        for finding in all() {
            let code = finding.code;
            assert!(finding.advice.ends_with('.') && finding.advice.len() > 20, "{code:?}");
            assert!(!finding.title.is_empty() && !finding.title.ends_with('.'), "{code:?}");
            assert!(finding.source.starts_with("RFC ") || finding.source.starts_with("guidance"), "{code:?}");
        }
    }

    #[test]
    fn result_types_are_those_of_rfc_8460() {
        const TYPES: [&str; 11] = [
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
        assert!(all().filter_map(|finding| finding.result).all(|result| TYPES.contains(&result)));
    }
}
