//! The groups of `dns_retried`, which the tables `domains` and `mx_hosts` have alike.

use super::table::group;
use crate::dataset::contract::{Column, Kind};
use crate::evidence::rows::Retried;
use crate::evidence::{DnsStatus, Question, Vocabulary as _, WordEntries, WordEntry};

group! {
    /// A question that was asked again, as a dataset has it.
    SeenRetried; one: Retried {
        question: Question = one.question,
            "The question.";
        status: DnsStatus = one.status,
            "DNS status at the first look.";
    }
}

/// Those of `domains`.
pub(super) const OF_DOMAINS: Kind = Kind::List(&Kind::Struct(&of(|| asked(Question::is_of_domains))));
/// Those of `mx_hosts`.
pub(super) const OF_HOSTS: Kind = Kind::List(&Kind::Struct(&of(|| asked(Question::is_of_hosts))));

const fn of(questions: WordEntries) -> [Column; 2] {
    [SeenRetried::FIELDS[0].of(questions), SeenRetried::FIELDS[1]]
}

fn asked(wanted: fn(Question) -> bool) -> Vec<WordEntry> {
    Question::ALL.iter().filter(|question| wanted(**question)).map(|question| question.entry()).collect()
}
