//! The table `mx_hosts`.

use super::{Kind, RETRIED_OF_HOSTS, SCAN, TEXTS, Table, may, must};
use crate::evidence::{
    CertFault, CertOutcome, DnsStatus, Entry, SmtpOutcome, SmtpPhase, Starttls, TlsVersion, every, every_but,
};

/// Outcomes that a look can have.
fn outcomes() -> Vec<Entry> {
    every_but(&[SmtpOutcome::TlsLargeHello])
}

/// Outcomes of connections: what has none stands in no list of attempts.
fn attempts() -> Vec<Entry> {
    every_but(SmtpOutcome::WITHOUT_CONNECTION)
}

pub(super) fn faults() -> Vec<Entry> {
    every_but(CertFault::JUDGED)
}

pub(super) fn certificates() -> Vec<Entry> {
    every_but(&[CertOutcome::Fault(CertFault::ChainIncomplete)])
}

/// One row an (MX host, address): the evidence of SMTP and its TLS.
pub const MX_HOSTS: Table = Table {
    name: "mx_hosts",
    row: "one address of one MX host, or the host itself where it has no address",
    columns: &[
        SCAN,
        must("host", Kind::Text, "MX host, lower case, no trailing dot."),
        may("addr", Kind::Text, "Its address; null where the host has none (one row then)."),
        may(
            "host_dns",
            Kind::Text,
            "DNS status of the host's addresses, as policy_host_dns; null where not asked (the host is an address).",
        ).of(every::<DnsStatus>),
        may(
            "host_cname",
            TEXTS,
            "Targets of the host's CNAME chain (RFC 5321 section 5.1 forbids one); empty where there is none; null where there was no answer.",
        ),
        may(
            "host_ad",
            Kind::Bool,
            "Whether the address answer that was used had the AD bit; null where there was no answer.",
        ),
        must(
            "smtp_outcome",
            Kind::Text,
            "ok (the handshake was reached and a certificate seen) | a smtp_, starttls_ or mx_tls_ code | limited | not_sampled | not_attempted | no_address | forbidden_address. limited: the host asked for less (421, or 450 or 451 with a text that speaks of a rate, or, with smtp_code null, it broke off three connections in a row after it had answered). What is excluded has no row.",
        ).of(outcomes).counted(),
        may(
            "smtp_phase",
            Kind::Text,
            "The phase it ended in: {words}; null where no connection was tried.",
        ).of(every::<SmtpPhase>),
        may("smtp_code", Kind::Int32, "The last reply code that was read, 200 to 599; null where none was."),
        may("smtp_text", Kind::Text, "Text of that reply, lines joined with a line feed, escaped."),
        may(
            "banner",
            Kind::Text,
            "Text of the greeting without its code, lines joined with a line feed, escaped; null where none came.",
        ),
        may(
            "ehlo",
            TEXTS,
            "Lines of the EHLO reply after the first, escaped; empty where there are none or HELO was used; null where it was not reached.",
        ),
        may(
            "starttls",
            Kind::Text,
            "{words}; null where no connection was tried.",
        ).of(every::<Starttls>),
        may("tls_version", Kind::Text, "{words}; null where the handshake did not finish.").of(every::<TlsVersion>),
        may(
            "tls_cipher",
            Kind::Text,
            "Cipher suite by its IANA name; null where the handshake did not finish.",
        ),
        may(
            "tls_group",
            Kind::Text,
            "Key exchange group by its IANA name; null where the handshake did not finish.",
        ),
        may(
            "certificate_sha256",
            Kind::Text,
            "SHA-256 of the leaf certificate, hexadecimal; null where none was seen.",
        ),
        may(
            "chain_sha256",
            TEXTS,
            "SHA-256 of the certificates after the leaf, as sent; null where none was seen.",
        ),
        may(
            "cert_outcome",
            Kind::Text,
            "As policy_cert_outcome, the name checked being the MX host's (RFC 8461 section 4.2).",
        ).of(certificates),
        may("cert_faults", TEXTS, "As policy_cert_faults.").of(faults),
        may(
            "tlsa_dns",
            Kind::Text,
            "DNS status of `TLSA _25._tcp.<host>`; where the host is an alias that of its target's TLSA, if there are any or they could not be had; null where not asked.",
        ).of(every::<DnsStatus>),
        may("tlsa_ad", Kind::Bool, "AD bit of that answer; null where there was none."),
        may(
            "tlsa",
            TEXTS,
            "TLSA records in presentation form (RFC 6698 section 2.2), the data in lower case, sorted; empty where there are none; null where there was no answer.",
        ),
        may("probed_at", Kind::Time, "When the connection was begun; null where none was."),
        may("connect_ms", Kind::Int64, "Milliseconds of the TCP connect."),
        may("handshake_ms", Kind::Int64, "Milliseconds of the TLS handshake."),
        must("waited_ms", Kind::Int64, "Milliseconds spent waiting for slots and pace."),
        must(
            "attempts",
            TEXTS,
            "The outcome of each connection, looks and further tries, in their order, at most three; further tries as in policy_attempts. Empty where none was made.",
        ).of(attempts),
        may(
            "looks",
            Kind::Int32,
            "How many looks attempts is of, 0 to 3; further tries are no look. Null in layouts before 1.2.",
        ),
        may(
            "dns_retried",
            RETRIED_OF_HOSTS,
            "What came of questions at the first look that the second look asked again (address | tlsa); empty where none was; null in layout 1.0.",
        ),
    ],
};
