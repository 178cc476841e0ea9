//! What one row of `mx_hosts` shows: its outcome, its certificate, its TLSA records, and how it fares with a
//! sender.

use super::seen::SeenHost;
use crate::evidence::attempts::{self, Attempt};
use crate::evidence::{
    CertFault, Code, Delivery, DnsStatus, Question, SenderDifference, SmtpOutcome, Word, client_certificate,
};
use crate::tls::tlsa::{self, Tlsa};

/// How often something was looked at before it was seen as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Look {
    /// Once: failures that may pass are transient.
    Once,
    /// Again after a failure that might have passed: failures that may pass are lasting.
    Repeated,
}

impl Look {
    /// That of what was looked at so often.
    #[must_use]
    pub const fn of(looks: usize) -> Self {
        if looks > 1 { Self::Repeated } else { Self::Once }
    }

    /// That of a row by its column `looks`; layouts before 1.2 lack it, and tell it by the attempts alone.
    pub(super) fn of_row<A: Attempt>(looks: Option<i32>, attempts: &[A]) -> Self {
        let counted = || attempts::looks(attempts);
        Self::of(looks.and_then(|looks| usize::try_from(looks).ok()).unwrap_or_else(counted))
    }
}

/// The faults of a certificate, each checked by itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CertFaults(u16);

impl CertFaults {
    /// Beside the faults, one bit each: a word that this program does not know.
    const UNKNOWN: u16 = 1 << 15;

    /// The faults of a row.
    #[must_use]
    pub fn of(words: &[Word<CertFault>]) -> Self {
        let bit = |word: &Word<CertFault>| word.known().map_or(Self::UNKNOWN, |fault| 1 << fault as u8);
        Self(words.iter().map(bit).fold(0, |bits, bit| bits | bit))
    }

    /// Whether the certificate is valid; `None` where it has a fault that this program does not know, or none
    /// but one that says nothing of what senders do.
    #[must_use]
    pub fn is_valid(self) -> Option<bool> {
        let is_known = self.0 & Self::UNKNOWN == 0;
        if self.0 == 0 {
            Some(true)
        } else {
            (is_known && self.each().any(CertFault::decides)).then_some(false)
        }
    }

    /// Whether senders take it that go by what others do not: its names are the one thing that is said
    /// against it, and they `are_taken` by some, or nothing is.
    fn may_be_taken(self, are_taken: bool) -> bool {
        self.0 & Self::UNKNOWN == 0
            && self.each().all(|fault| match fault {
                CertFault::ClientLimit => true,
                CertFault::Name => are_taken,
                CertFault::SelfSigned
                | CertFault::Untrusted
                | CertFault::ChainIncomplete
                | CertFault::Other
                | CertFault::Expired
                | CertFault::NotYetValid => false,
            })
    }

    /// Whether nothing is wrong with the certificate but that it may not name the host; `None` as above.
    #[must_use]
    pub fn is_valid_but_for_name(self) -> Option<bool> {
        let others = || self.each().filter(|fault| *fault != CertFault::Name);
        if self.0 & Self::UNKNOWN != 0 {
            None
        } else if others().next().is_none() {
            Some(true)
        } else {
            others().any(CertFault::decides).then_some(false)
        }
    }

    /// Whether it leads to a trusted root, whatever its dates and names are.
    #[must_use]
    pub fn is_trusted(self) -> bool {
        self.0 & Self::UNKNOWN == 0
            && self.each().all(|fault| match fault {
                CertFault::Expired | CertFault::NotYetValid | CertFault::Name => true,
                CertFault::SelfSigned
                | CertFault::Untrusted
                | CertFault::ChainIncomplete
                | CertFault::Other
                | CertFault::ClientLimit => false,
            })
    }

    /// The faults that are known, in their order.
    pub fn each(self) -> impl Iterator<Item = CertFault> {
        CertFault::ALL.iter().copied().filter(move |fault| self.0 >> *fault as u8 & 1 == 1)
    }
}

/// What the TLSA records of a host come to at one of its addresses, the domain apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostDane {
    /// They were not asked for.
    NotAsked,
    /// There are none.
    Absent,
    /// They failed though the host's addresses were secure, and not for want of a server that can be reached:
    /// no sender may take that for none (RFC 7672 section 2.1).
    Bogus,
    /// They could not be had.
    Unknown,
    /// The host's addresses are not secure, so that no sender asks for any (RFC 7672 section 2.2.2).
    Unsigned,
    /// There are some, but they or the host's addresses are not secure.
    Insecure,
    /// They are secure, and none is one that a mail sender can use.
    Unusable,
    /// They can be used, and nothing was seen to hold them against.
    Unseen,
    /// They can be used, and there is no TLS, or no record matches.
    Fails,
    /// A record matches.
    Matches,
    /// A record's authority vouches for the certificate, but its names are not the host's.
    MatchesOthers,
}

/// Whether the TLSA answer says that no server of the zone could be reached, and nothing worse (RFC 8914
/// sections 4.23 and 4.24).
fn nobody_was_reached(row: &SeenHost) -> bool {
    row.tlsa_ede
        .as_ref()
        .is_some_and(|codes| !codes.is_empty() && codes.iter().all(|code| matches!(code, 22 | 23)))
}

impl HostDane {
    /// What a row says by itself; for `Unseen` the certificates may say more.
    pub(super) fn of(row: &SeenHost, facts: &AddressFacts) -> Self {
        let status = row.tlsa_dns.as_ref().map(Word::known);
        if row.host_ad == Some(false) && row.cname_ad != Some(true) {
            return match status {
                // The question for the alias by itself failed: where it was not asked, the records were.
                None if row.host_cname.iter().flatten().next().is_some() && row.cname_ad.is_none() => {
                    Self::Unknown
                }
                // As datasets of layouts before 1.3 have it, where they were asked for all the same.
                Some(Some(DnsStatus::NoError)) => Self::Insecure,
                _ => Self::Unsigned,
            };
        }
        let Some(status) = status else { return Self::NotAsked };
        let is_secure = row.host_ad == Some(true) || row.cname_ad == Some(true);
        match status {
            Some(DnsStatus::NoData | DnsStatus::NxDomain) => Self::Absent,
            Some(DnsStatus::ServFail) if is_secure && !nobody_was_reached(row) => Self::Bogus,
            Some(DnsStatus::NoError) if row.tlsa_ad == Some(false) => Self::Insecure,
            // Validated, and nobody knows.
            Some(DnsStatus::NoError) if !is_secure || row.tlsa_ad.is_none() => Self::Unknown,
            Some(DnsStatus::NoError) if usable_records(row).is_empty() => Self::Unusable,
            // Section 2.2: with usable records TLS is a must.
            Some(DnsStatus::NoError) => match facts.delivery() {
                Delivery::Fails => Self::Fails,
                Delivery::FailsIfRepeated if facts.look == Look::Repeated => Self::Fails,
                Delivery::Tls | Delivery::FailsIfRepeated | Delivery::Open => Self::Unseen,
            },
            Some(_) | None => Self::Unknown,
        }
    }
}

/// The TLSA records of a row that a mail sender holds certificates against.
pub(super) fn usable_records(row: &SeenHost) -> Vec<Tlsa> {
    tlsa::strongest(row.tlsa.iter().flatten().filter_map(|text| Tlsa::usable(text)).collect())
}

/// How a host or one of its addresses fares with a sender that demands TLS and a valid certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Passes,
    Fails,
    Mixed,
}

/// What a row of `mx_hosts` says that findings and verdicts are drawn from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressFacts {
    /// What came of the address; `None` for a word that this program does not know.
    pub outcome: Option<SmtpOutcome>,
    /// DNS status of the host's addresses; `None` where they were not asked for, or it is not known.
    pub dns: Option<DnsStatus>,
    /// Faults of the certificate; `None` where none was seen.
    pub cert: Option<CertFaults>,
    /// Whether the host is an alias (CNAME).
    pub is_alias: bool,
    /// Whether the address was contacted more than once; where there is none, whether the addresses were
    /// asked for again.
    pub look: Look,
    /// Whether it answered a hello only when that was small.
    pub large_hello: bool,
    /// Whether it demanded a certificate of its client; `None` where it refused the session inside TLS and
    /// its text, which may say so, was withheld.
    pub client_certificate: Option<bool>,
    /// Whether it announced REQUIRETLS.
    pub requiretls: bool,
    /// Whether its certificate is valid and should have been renewed by now.
    pub renewal_late: bool,
    /// Whether its certificate has an RSA key of less than 2048 bits.
    pub weak_key: bool,
    /// Whether some senders take its certificate and others do not.
    pub senders_differ: bool,
    /// Whether a TLSA record of usage 2 pins an authority that issues for the public.
    pub pins_public_ca: bool,
    /// What the host's TLSA records come to here.
    pub dane: HostDane,
}

impl AddressFacts {
    /// The facts of a row of a layout that knows whether STARTTLS may come back.
    #[must_use]
    pub fn of(row: &SeenHost) -> Self {
        Self::of_layout(row, false)
    }

    /// The facts of a row. In layouts before 1.3 (`one_look_lasts`; before 1.2 a row itself shows it) no
    /// second look was taken at a host without STARTTLS: what the one saw is lasting.
    pub(super) fn of_layout(row: &SeenHost, one_look_lasts: bool) -> Self {
        let mut facts = Self {
            outcome: row.smtp_outcome.as_ref().and_then(Word::known),
            dns: row.host_dns.as_ref().and_then(Word::known),
            cert: row.cert_faults.as_deref().map(CertFaults::of),
            is_alias: row.host_cname.as_ref().is_some_and(|chain| !chain.is_empty()),
            look: look(row),
            large_hello: row.attempts.iter().any(|outcome| *outcome == SmtpOutcome::TlsLargeHello),
            client_certificate: wants_client_certificate(row),
            requiretls: row.requiretls == Some(true),
            renewal_late: false,
            weak_key: differs(row).any(|word| *word == SenderDifference::WeakKey),
            senders_differ: false,
            pins_public_ca: false,
            dane: HostDane::NotAsked,
        };
        let cn_counts = differs(row).any(|word| *word == SenderDifference::CnOnly);
        facts.senders_differ =
            differs(row).next().is_some() && facts.cert.is_some_and(|cert| cert.may_be_taken(cn_counts));
        let lasts = one_look_lasts || row.looks.is_none();
        if lasts && facts.outcome == Some(SmtpOutcome::NotOffered) {
            facts.look = Look::Repeated;
        }
        facts.dane = HostDane::of(row, &facts);
        facts
    }

    /// The finding that its outcome is.
    pub(super) fn code(&self) -> Option<Code> {
        self.outcome?.code()
    }

    /// Who has no certificate of its own delivers nowhere that one is demanded.
    fn delivery(&self) -> Delivery {
        match self.client_certificate {
            Some(true) => Delivery::Fails,
            Some(false) => self.outcome.map_or(Delivery::Open, SmtpOutcome::delivery),
            None => Delivery::Open,
        }
    }

    /// How the address fares; `None` where mail does not reach it with or without MTA-STS, or it was not
    /// observed.
    pub(super) fn fate(&self) -> Option<Fate> {
        self.fate_by(CertFaults::is_valid)
    }

    /// The same with a sender that judges certificates in its own way; that gives `None` where it cannot be
    /// told.
    pub(super) fn fate_by(&self, is_good: impl FnOnce(CertFaults) -> Option<bool>) -> Option<Fate> {
        match self.delivery() {
            Delivery::Tls => {
                is_good(self.cert?).map(|is_good| if is_good { Fate::Passes } else { Fate::Fails })
            }
            Delivery::Fails => Some(Fate::Fails),
            Delivery::FailsIfRepeated => (self.look == Look::Repeated).then_some(Fate::Fails),
            Delivery::Open => None,
        }
    }
}

/// What senders judge differently about the certificate; in layouts before 1.3 nothing is known of it.
fn differs(row: &SeenHost) -> impl Iterator<Item = &Word<SenderDifference>> {
    row.cert_differs.iter().flatten()
}

fn wants_client_certificate(row: &SeenHost) -> Option<bool> {
    let is_refused = row.quit_code.is_some_and(|code| (400..=599).contains(&code));
    match &row.quit_text {
        _ if row.tls_alert == Some(client_certificate::REQUIRED) => Some(true),
        Some(text) if is_refused => Some(client_certificate::is_named_in(text)),
        None if is_refused => None,
        _ => Some(false),
    }
}

fn look(row: &SeenHost) -> Look {
    let asked_again = row.dns_retried.iter().flatten().any(|one| one.question == Question::Address);
    if row.addr.is_none() && asked_again { Look::Repeated } else { Look::of_row(row.looks, &row.attempts) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Vocabulary as _;

    fn row(outcome: &str) -> SeenHost {
        SeenHost { smtp_outcome: Some(Word::read(outcome)), ..SeenHost::default() }
    }

    #[test]
    fn a_word_of_a_newer_program_is_no_outcome_and_decides_nothing() {
        let facts = AddressFacts::of(&row("smtp_from_the_future"));
        assert_eq!((facts.outcome, facts.code(), facts.fate()), (None, None, None));
    }

    #[test]
    fn a_fault_of_a_newer_program_leaves_the_host_out_and_hides_no_other() {
        let faults = [Word::read("expired"), Word::read("fault_from_the_future")];
        let facts = AddressFacts::of(&SeenHost { cert_faults: Some(faults.into()), ..row("ok") });
        assert_eq!(facts.fate(), None);
        assert_eq!(facts.cert.map(|faults| faults.each().collect()), Some(vec![CertFault::Expired]));
    }

    #[test]
    fn no_starttls_at_one_look_decides_nothing_but_in_older_layouts() {
        let looked = |looks, count| SeenHost {
            looks,
            attempts: vec![Word::Known(SmtpOutcome::NotOffered); count],
            ..row("starttls_not_offered")
        };
        let fate = |row: &SeenHost, old| AddressFacts::of_layout(row, old).fate();
        assert_eq!(fate(&looked(Some(1), 1), false), None);
        assert_eq!(fate(&looked(Some(2), 2), false), Some(Fate::Fails));
        assert_eq!(fate(&looked(Some(1), 1), true), Some(Fate::Fails));
        assert_eq!(fate(&looked(None, 1), false), Some(Fate::Fails));
    }

    #[test]
    fn who_demands_a_client_certificate_fails_whatever_its_own_is() {
        let ok = || SeenHost { cert_faults: Some(Vec::new()), ..row("ok") };
        let refused = |code, text: Option<&str>| {
            let (quit_code, quit_text) = (Some(code), text.map(str::to_owned));
            AddressFacts::of(&SeenHost { quit_code, quit_text, ..ok() })
        };
        let fate = |facts: AddressFacts| (facts.client_certificate, facts.fate());
        assert_eq!(fate(refused(221, Some("Bye"))), (Some(false), Some(Fate::Passes)));
        assert_eq!(fate(refused(421, Some("No client certificate"))), (Some(true), Some(Fate::Fails)));
        assert_eq!(fate(refused(550, Some("No such thing"))), (Some(false), Some(Fate::Passes)));
        // In a published dataset without banners.
        assert_eq!(fate(refused(421, None)), (None, None));
        let alert = SeenHost { tls_alert: Some(116), ..row("mx_tls_alert") };
        assert_eq!(fate(AddressFacts::of(&alert)), (Some(true), Some(Fate::Fails)));
        assert_eq!(AddressFacts::of(&SeenHost::default()).client_certificate, Some(false));
    }

    #[test]
    fn our_limit_decides_nothing_and_hides_no_fault() {
        let of = |faults: &[CertFault]| {
            let words: Vec<_> = faults.iter().copied().map(Word::Known).collect();
            AddressFacts::of(&SeenHost { cert_faults: Some(words), ..row("ok") }).fate()
        };
        assert_eq!(of(&[CertFault::ClientLimit]), None);
        assert_eq!(of(&[CertFault::Expired, CertFault::ClientLimit]), Some(Fate::Fails));
        assert_eq!(of(&[]), Some(Fate::Passes));
    }

    #[test]
    fn senders_differ_only_where_some_of_them_take_the_certificate() {
        let of = |faults: &[CertFault], differs: &[SenderDifference]| {
            let cert_faults = Some(faults.iter().copied().map(Word::Known).collect());
            let cert_differs = Some(differs.iter().copied().map(Word::Known).collect());
            let facts = AddressFacts::of(&SeenHost { cert_faults, cert_differs, ..row("ok") });
            (facts.weak_key, facts.senders_differ)
        };
        use SenderDifference::{CnOnly, NoStaple, WeakKey};
        assert_eq!(of(&[], &[]), (false, false));
        assert_eq!(of(&[], &[NoStaple]), (false, true));
        assert_eq!(of(&[CertFault::Name], &[CnOnly]), (false, true));
        assert_eq!(of(&[CertFault::Name], &[NoStaple]), (false, false));
        assert_eq!(of(&[CertFault::SelfSigned], &[WeakKey]), (true, false));
        assert_eq!(of(&[CertFault::ClientLimit], &[WeakKey]), (true, true));
        assert!(!AddressFacts::of(&row("ok")).senders_differ);
    }

    #[test]
    fn every_fault_has_a_bit_of_its_own() {
        let all: Vec<_> = CertFault::ALL.iter().copied().map(Word::Known).collect();
        assert_eq!(CertFaults::of(&all).each().count(), CertFault::all().len());
        assert_eq!(CertFaults::of(&all).is_valid(), Some(false));
        assert_eq!(CertFaults::of(&[]).is_valid(), Some(true));
    }
}
