//! The table `mx_hosts`.

use super::retried;
use super::table::table;
use crate::dataset::cell::Filled;
use crate::dataset::item::Time;
use crate::evidence::rows::{HostRow, Retried};
use crate::evidence::{
    CertCause, CertFault, CertOutcome, DnsStatus, SenderDifference, SmtpOutcome, SmtpPhase, Starttls,
    TlsVersion, WordEntry, every_but,
};
use std::net::IpAddr;

/// Outcomes that a look can have.
fn outcomes() -> Vec<WordEntry> {
    every_but(&[SmtpOutcome::TlsLargeHello])
}

/// Outcomes of connections: an outcome without a connection is in no list of attempts.
fn attempts() -> Vec<WordEntry> {
    every_but(SmtpOutcome::WITHOUT_CONNECTION)
}

pub(super) fn faults() -> Vec<WordEntry> {
    every_but(CertFault::JUDGED)
}

pub(super) fn certificates() -> Vec<WordEntry> {
    every_but(&[CertOutcome::Fault(CertFault::ChainIncomplete)])
}

table! {
    /// One row per (MX host, address): the evidence of SMTP and its TLS.
    MX_HOSTS = "mx_hosts", "one address of one MX host, or the host itself where it has no address"; row: HostRow {
        host: String = row.host,
            "MX host, lower case, no trailing dot.";
        addr: Option<IpAddr> = row.addr,
            "Its address; null where the host has none (one row then).";
        host_dns: Option<DnsStatus> = row.host_dns,
            "DNS status of the host's addresses, as policy_host_dns; null where not asked (the host is an address).";
        host_ede: Option<Vec<i32>> = row.host_ede,
            "As mx_ede, of the address answer that was used, or that failed; null in layouts before 1.3.", since("1.3");
        host_cname: Option<Vec<String>> = row.host_cname,
            "Targets of the host's CNAME chain (RFC 5321 section 5.1 forbids one); empty where there is none; null where there was no answer.";
        host_ad: Option<bool> = row.host_ad,
            "Whether the address answer that was used had the AD bit, or was secure by the scan's own validation (`vantage.resolution` is iterating); null where there was no answer, and where nothing was validated.";
        cname_ad: Option<bool> = row.cname_ad,
            "Where the host is an alias and its addresses are not secure: whether the alias by itself is, the AD bit of the answer to a question for CNAME, or the scan's own validation (RFC 7672 section 2.2.2); null elsewhere, where there was no answer, and in layouts before 1.3.", since("1.3");
        smtp_outcome: Filled<SmtpOutcome> = row.smtp.outcome,
            "ok (the handshake was reached and a certificate seen) | a smtp_, starttls_ or mx_tls_ code | limited | not_sampled | not_attempted | no_address | forbidden_address. limited: the host asked the scanner to slow down (421, or another 4xx with a text that mentions a rate; or, with smtp_code null, it broke off three connections in a row after it had answered before). Excluded hosts and addresses have no row.", of(outcomes), counted();
        smtp_phase: Option<SmtpPhase> = row.smtp.phase,
            "The phase in which the conversation ended: {words}; null where no connection was tried.";
        smtp_code: Option<i32> = row.smtp.code,
            "The last reply code that was read before TLS, 200 to 599 (with limited inside TLS, the one there); null where none was.";
        smtp_text: Option<String> = row.smtp.text,
            "Text of that reply, lines joined with a line feed, escaped.";
        banner: Option<String> = row.smtp.banner,
            "Text of the greeting without its code, lines joined with a line feed, escaped; null where none came.";
        ehlo: Option<Vec<String>> = row.smtp.ehlo,
            "Lines of the EHLO reply after the first, escaped; empty where there are none or HELO was used; null where it was not reached.";
        starttls: Option<Starttls> = row.smtp.starttls,
            "{words}; null where no connection was tried.";
        tls_version: Option<TlsVersion> = row.smtp.tls.version,
            "{words}; null where the handshake did not finish.";
        tls_cipher: Option<String> = row.smtp.tls.cipher,
            "Cipher suite by its IANA name; null where the handshake did not finish.";
        tls_group: Option<String> = row.smtp.tls.group,
            "Key exchange group by its IANA name; null where the handshake did not finish.";
        tls_alert: Option<i32> = row.smtp.tls_alert,
            "The alert (RFC 8446 section 6) that ended TLS, by its number: in the handshake, or in place of an answer after it; null where none came, and in layouts before 1.3.", since("1.3");
        ehlo_tls: Option<Vec<String>> = row.smtp.ehlo_tls,
            "As ehlo, of the EHLO inside TLS; null where none was answered with 250 within ten seconds, and in layouts before 1.3.", since("1.3");
        requiretls: Option<bool> = row.smtp.requiretls,
            "Whether REQUIRETLS (RFC 8689) is in ehlo_tls; null where that is.", since("1.3");
        quit_code: Option<i32> = row.smtp.quit_code,
            "Code of the answer to QUIT inside TLS, or of the one to EHLO there where that was 4xx or 5xx; null where none came, and in layouts before 1.3.", since("1.3");
        quit_text: Option<String> = row.smtp.quit_text,
            "Text of that reply, lines joined with a line feed, escaped; null where quit_code is.", since("1.3");
        certificate_sha256: Option<String> = row.smtp.tls.certificate_sha256,
            "SHA-256 of the leaf certificate, hexadecimal; null where none was seen.";
        chain_sha256: Option<Vec<String>> = row.smtp.tls.chain_sha256,
            "SHA-256 of the certificates after the leaf, as sent; null where none was seen.";
        cert_outcome: Option<CertOutcome> = row.smtp.tls.cert_outcome,
            "As policy_cert_outcome, but checked against the MX host's name (RFC 8461 section 4.2).", of(certificates);
        cert_faults: Option<Vec<CertFault>> = row.smtp.tls.cert_faults,
            "As policy_cert_faults.", of(faults);
        cert_cause: Option<CertCause> = row.smtp.tls.cert_cause,
            "As policy_cert_cause.", since("1.3");
        cert_differs: Option<Vec<SenderDifference>> = row.smtp.tls.cert_differs,
            "As policy_cert_differs.", since("1.3");
        stapled: Option<bool> = row.smtp.tls.stapled,
            "As policy_stapled.", since("1.3");
        tlsa_dns: Option<DnsStatus> = row.tlsa_dns,
            "DNS status of `TLSA _25._tcp.<host>`; where the host is an alias, that of its target's TLSA records, if there are any or they could not be resolved; null where not asked, as where the addresses are known not to be secure and the host is no secure alias (cname_ad).";
        tlsa_ede: Option<Vec<i32>> = row.tlsa_ede,
            "As mx_ede, of that answer; null in layouts before 1.3.", since("1.3");
        tlsa_ad: Option<bool> = row.tlsa_ad,
            "AD bit of that answer, or whether it was secure by the scan's own validation, false where it is bogus; null where there was none, and where nothing was validated.";
        tlsa: Option<Vec<String>> = row.tlsa,
            "TLSA records in presentation form (RFC 6698 section 2.2), the data in lower case, sorted; empty where there are none; null where there was no answer.";
        probed_at: Option<Time> = row.smtp.probed_at,
            "When the connection was started; null where none was.";
        connect_ms: Option<i64> = row.smtp.connect_ms,
            "Milliseconds of the TCP connect.";
        banner_ms: Option<i64> = row.smtp.banner_ms,
            "Milliseconds from the end of the TCP handshake to the end of the greeting; null where no complete greeting came, and in layouts before 1.2.", since("1.2");
        handshake_ms: Option<i64> = row.smtp.handshake_ms,
            "Milliseconds of the TLS handshake.";
        waited_ms: i64 = row.waited_ms,
            "Milliseconds spent waiting for slots and rate limits.";
        attempts: Vec<SmtpOutcome> = row.attempts,
            "The outcome of each connection, looks and further tries, in order, at most three; further tries as in policy_attempts. Empty where none was made.", of(attempts);
        looks: Option<i32> = row.looks(),
            "Number of looks that attempts covers, 0 to 3; further tries do not count. Null in layouts before 1.2.", since("1.2");
        dns_retried: Option<Vec<Retried>> = row.dns_retried,
            "First-look outcomes of the questions that the second look asked again (address | tlsa); empty where there were none; null in layout 1.0.", kind(retried::OF_HOSTS), since("1.1");
    }
}
