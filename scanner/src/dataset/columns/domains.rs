//! The table `domains`.

use super::mx_hosts::{certificates, faults};
use super::retried;
use super::table::{group, table};
use crate::dataset::cell::Filled;
use crate::dataset::item::Time;
use crate::evidence::rows::{AddrOutcome, DomainRow, Listed, Mx, PatternDns, Retried, RuaDns};
use crate::evidence::{
    AddressOutcome, CertCause, CertFault, CertOutcome, DmarcPolicy, DnsStatus, HttpVersion, Mode, MxKind,
    PolicyOutcome, RecordState, SenderDifference, TlsVersion, WordEntry, every_but,
};
use std::net::IpAddr;

group! {
    /// A list that has the name, as a dataset has it.
    SeenListed; one: Listed {
        list: String = one.list,
            "The list's name: its file name without directories, `-` for standard input.";
        rank: Option<i64> = one.rank,
            "The name's rank in that list, from 1; null where the list has no ranks.";
    }
}

group! {
    /// A member of an MX set, as a dataset has it.
    SeenMx; one: Mx {
        preference: i32 = i32::from(one.preference),
            "Preference, 0 to 65535; lower is tried first (RFC 5321 section 5.1).";
        host: String = one.host,
            "Host, lower case, no trailing dot; `.` for the root (RFC 7505).";
        matched: Option<bool> = one.matched,
            "Whether a pattern of the policy matches the host (RFC 8461 section 4.1); null where there is no usable policy, where its mode is none, and for the root.";
        pattern: Option<String> = one.pattern,
            "The first pattern of the policy that matches the host; null where none does or matched is null.";
    }
}

group! {
    /// An address of a policy host and its outcome, as a dataset has it.
    SeenAddress; one: AddrOutcome {
        addr: IpAddr = one.addr,
            "IPv4 or IPv6 address.";
        outcome: AddressOutcome = one.outcome,
            "Its outcome: `ok`, a policy_ code, `forbidden_address`, `not_sampled` (beyond --addresses-per-host, or an earlier address answered) or `not_attempted` (this machine lacks the address family, or the address was passed over as silent).", of(addresses);
    }
}

group! {
    /// A domain that a pattern names, as a dataset has it.
    SeenPatternDns; one: PatternDns {
        domain: String = one.domain,
            "Registrable domain of the pattern, lower case.";
        status: DnsStatus = one.status,
            "DNS status of MX at the domain, words as in mx_dns; NODATA also where it is an alias of a name that does not exist.";
    }
}

group! {
    /// A host that reports go to, as a dataset has it.
    SeenRuaDns; one: RuaDns {
        host: String = one.host,
            "Host of a report address, lower case.";
        status: DnsStatus = one.status,
            "DNS status of MX at the host, words as in mx_dns; NODATA also where it is an alias of a name that does not exist.";
        mx_kind: Option<MxKind> = one.mx_kind,
            "Where mail for the host goes, words as in mx_kind of the domain; null where reports are asked for by https alone.";
    }
}

/// Outcomes that a look can have.
fn outcomes() -> Vec<WordEntry> {
    every_but(&[PolicyOutcome::TlsChainIncomplete, PolicyOutcome::TlsLargeHello])
}

fn attempts() -> Vec<WordEntry> {
    every_but(PolicyOutcome::JUDGED)
}

fn addresses() -> Vec<WordEntry> {
    let never = [PolicyOutcome::TlsChainIncomplete, PolicyOutcome::TlsLargeHello];
    every_but(&never.map(AddressOutcome::Contacted))
}

table! {
    /// One row per domain: the evidence of DNS and of the policy host.
    DOMAINS = "domains", "one domain of the list"; row: DomainRow {
        domain: String = row.domain,
            "The domain: lower case, A-labels, no trailing dot.";
        input: String = row.input,
            "The name as it is written in the list, escaped.";
        rank: Option<i64> = row.rank,
            "Rank in the first list that has it, from 1; null where no list ranks it. A plain text list has ranks only where the scan was told so (`--ranked`); the manifest says where each list's ranks were taken from.";
        lists: Vec<Listed> = row.lists,
            "Every list of the scan that has the domain, in the order given on the command line.";
        suffix: Option<String> = row.suffix,
            "Public suffix from the ICANN part of the Public Suffix List; the last label where no rule fits.";
        registrable: Option<String> = row.registrable,
            "The suffix and one more label; null where the domain is itself a suffix.";
        attempts: i32 = row.attempts,
            "How many times the domain was looked at: 1, or 2 with the second look.";
        waited_ms: i64 = row.waited_ms,
            "Milliseconds spent waiting for slots and rate limits, all stages together.";
        total_ms: i64 = row.total_ms,
            "Milliseconds from the first question to the final evidence of the last look, waiting included.";
        dns_retried: Option<Vec<Retried>> = row.dns_retried,
            "First-look outcomes of the questions that the second look asked again (mx | address | sts | tlsrpt | dmarc | ns | policy_host | sts_sibling); empty where there were none; null in layout 1.0.", kind(retried::OF_DOMAINS), since("1.1");
        mx_at: Option<Time> = row.mx_at,
            "When the answer to the MX question was final.";
        mx_dns: Filled<DnsStatus> = row.mx_dns,
            "DNS status of MX: NOERROR, NODATA, NXDOMAIN, SERVFAIL, REFUSED, FORMERR, NOTIMP, TIMEOUT, TRUNCATED or BADANSWER.", counted();
        mx_ede: Option<Vec<i32>> = row.mx_ede,
            "Extended DNS error codes of that answer (RFC 8914); empty where it has none, null where there was no answer.";
        mx_ad: Option<bool> = row.mx_ad,
            "AD bit of that answer (RFC 4035); where authoritative servers were asked (`vantage.resolution` is iterating) whether the scan's own validation found it secure, of domains that signal, false where it is bogus; null where there was no answer, and where nothing was validated.";
        mx_ttl: Option<i64> = row.mx_ttl,
            "Smallest TTL of the MX records, seconds; null where there are none.";
        mx_kind: Filled<MxKind> = row.mx_kind,
            "explicit | implicit (no MX but an address, RFC 5321 section 5.1) | null (RFC 7505) | none (no MX and no address, or the name does not exist) | unknown (the MX set or the addresses could not be resolved, or were not asked for).", counted();
        mx: Option<Vec<Mx>> = row.mx,
            "The MX set by preference, then host, duplicates dropped; implicit: the domain itself with preference 0; null and none: empty; null where mx_kind is unknown. A root target beside others stays in it, and a name below invalid.";
        delegated_to: Option<Vec<String>> = row.delegated_to,
            "Name servers that the zone above names for the domain, or for the zone that it lies in, sorted; null where resolvers were asked (`vantage.resolution` is forwarding), where no server of it was found, and in layouts before 1.3.", since("1.3");
        ds: Option<bool> = row.ds,
            "Whether the zone above has a DS (RFC 4034 section 5) for the zone that delegated_to is about: as that zone says when it refers to it, or as the zone file has it that brought the domain; null where neither tells (that zone is no registry's, its servers do not know EDNS, a list of another form brings the servers), where resolvers were asked (`vantage.resolution` is forwarding), and in layouts before 1.3.", since("1.3");
        ns: Option<Vec<String>> = row.ns,
            "Name servers of the domain, sorted; empty where the answer has none; null where not asked for (domains that do not signal) or not resolved.";
        sts_at: Option<Time> = row.sts_at,
            "When the answer to `TXT _mta-sts.<domain>` was final; null where not asked.";
        sts_dns: Option<DnsStatus> = row.sts_dns,
            "DNS status of that question, words as in mx_dns; null where not asked (the domain does not exist).", counted();
        sts_ede: Option<Vec<i32>> = row.sts_ede,
            "Its extended DNS error codes; empty where it has none, null where there was no answer.";
        sts_ttl: Option<i64> = row.sts_ttl,
            "Smallest TTL of the TXT records, seconds; null where there are none.";
        sts_cname: Option<Vec<String>> = row.sts_cname,
            "Targets of the CNAME chain at `_mta-sts.<domain>` in their order; empty where there is none; null where there was no answer.";
        sts_txt: Option<Vec<String>> = row.sts_txt,
            "The TXT records, character-strings joined (RFC 8461 section 3.1), sorted, escaped; empty where there are none; null where there was no answer.";
        sts_signals: Option<bool> = row.sts_signals,
            "Whether a TXT record begins, blind to case and after trimming, with `v=sts`, from layout 1.3 on also behind quotes or backslashes; null where there was no answer.";
        sts_record: Option<RecordState> = row.sts_record,
            "valid | invalid | multiple | absent, strictly by RFC 8461 section 3.1, or unknown (no answer); null where not asked.", counted();
        sts_id: Option<String> = row.sts_id,
            "The id of the one record that counts, as written, even where it is not valid; null where there is none.";
        sts_wildcard: Option<bool> = row.sts_wildcard,
            "Whether a random sibling label (`_sts-census-…`) answers with the same TXT set; null where not asked or undecided.";
        sts_ns_agree: Option<bool> = row.sts_ns_agree,
            "Whether all name servers of `_mta-sts.<domain>` that answer with authority have the same TXT set there; false where two looks saw a difference; null where not asked (domains that do not signal), where resolvers were asked (`vantage.resolution` is forwarding), where fewer than two servers answered, where one look alone saw a difference, and in layouts before 1.3.", since("1.3");
        tlsrpt_dns: Option<DnsStatus> = row.tlsrpt_dns,
            "DNS status of `TXT _smtp._tls.<domain>`; null where not asked.", counted();
        tlsrpt_txt: Option<Vec<String>> = row.tlsrpt_txt,
            "Its TXT records, joined, sorted, escaped; empty where there are none; null where there was no answer.";
        tlsrpt_record: Option<RecordState> = row.tlsrpt_record,
            "valid | invalid | multiple | absent (RFC 8460 section 3), or unknown; null where not asked.", counted();
        tlsrpt_rua: Option<Vec<String>> = row.tlsrpt_rua,
            "Its report addresses in their order, as written; empty where the record has none; null where no record counts.";
        tlsrpt_rua_dns: Option<Vec<RuaDns>> = row.tlsrpt_rua_dns,
            "Hosts of the report addresses, in their order, the domain itself left out, with what the DNS says of them: each name is asked for once per run, and at most eight for a domain together with pattern_dns. Empty where there is nothing to ask for; null where not asked (domains that do not signal, or without a valid TLSRPT record), and in layouts before 1.3. Of the class claimable, which `sts-publish` leaves out.", since("1.3");
        dmarc_dns: Option<DnsStatus> = row.dmarc.dns,
            "DNS status of `TXT _dmarc.<domain>`; where no record stands there and a question of the walk above it failed (RFC 9989 section 4.10), that failure; null where not asked (the companion is off, the domain does not exist), and in layouts before 1.3.", counted(), since("1.3");
        dmarc_txt: Option<Vec<String>> = row.dmarc.txt,
            "The TXT records of that question, joined, sorted, escaped; where nothing at the domain was meant as a record, those at `_dmarc.<dmarc_at>`; empty where there are none; null where there was no answer.", since("1.3");
        dmarc_record: Option<RecordState> = row.dmarc.record,
            "valid | invalid | multiple | absent (RFC 9989 section 4.8) of those records, or unknown; an invalid one may have a policy all the same, and where several stand or only what was meant as one, one above may apply. Null where not asked.", counted(), since("1.3");
        dmarc_policy: Option<DmarcPolicy> = row.dmarc.policy,
            "What receivers are asked to do with the domain's mail that fails (RFC 9989 section 4.10.1), {words}: p of the record at dmarc_at, where that is above the domain its sp, or else its p; none also where p is missing or one of p, sp and np is wrong, and reports are asked for. Null where they apply no DMARC.", counted(), since("1.3");
        dmarc_subdomain_policy: Option<DmarcPolicy> = row.dmarc.subdomain_policy,
            "The same of mail of existing subdomains without a record: sp of the record at dmarc_at, or else its p; {words}. Null as in dmarc_policy.", since("1.3");
        dmarc_testing: Option<bool> = row.dmarc.testing,
            "Whether that record asks receivers not to apply its policy yet: t=y, or pct=0 where it has no t (RFC 9989 appendix A.6); null where no record counts.", since("1.3");
        dmarc_at: Option<String> = row.dmarc.at,
            "The name whose record counts: the domain, or the one above it that the walk of RFC 9989 section 4.10 finds; null where there is none.", since("1.3");
        policy_at: Option<Time> = row.policy.at,
            "When the policy's outcome was final; null where not attempted.";
        policy_host_dns: Option<DnsStatus> = row.policy.host_dns,
            "DNS status of the addresses of `mta-sts.<domain>`: NOERROR where any was found, else the failure of A, else that of AAAA, else NODATA or NXDOMAIN; null where not asked.";
        policy_cname: Option<Vec<String>> = row.policy.cname,
            "Targets of the CNAME chain at `mta-sts.<domain>` in their order; empty where there is none; null where there was no answer.";
        policy_addrs: Option<Vec<AddrOutcome>> = row.policy.addrs,
            "Its addresses in the order in which they were to be tried (IPv4 and IPv6 in turn, IPv4 first, ascending within a family), with the outcome of each; empty where there are none; null where not asked for or not resolved.";
        policy_outcome: Option<PolicyOutcome> = row.policy.outcome,
            "`ok`, or the code of the first thing that failed on the way to the text (DNS, TCP, TLS, certificate, HTTP, size, deadline); null where not attempted, as it also is for an excluded policy host.", of(outcomes), counted();
        policy_cert_outcome: Option<CertOutcome> = row.policy.tls.cert_outcome,
            "valid | name | expired | not_yet_valid | self_signed | untrusted | other | client_limit: the first of policy_cert_faults in the order chain, time, name, our limit; null where no certificate was seen. An untrusted certificate whose intermediate was seen elsewhere is chain_incomplete among the findings.", of(certificates);
        policy_cert_faults: Option<Vec<CertFault>> = row.policy.tls.cert_faults,
            "Every fault of the certificate, each checked by itself, in the order self_signed, untrusted, other, expired, not_yet_valid, name, client_limit; empty where there is none; null where no certificate was seen.", of(faults);
        policy_cert_cause: Option<CertCause> = row.policy.tls.cert_cause,
            "Why it is untrusted: {words}; null where it is not, and in layouts before 1.3.", since("1.3");
        policy_cert_differs: Option<Vec<SenderDifference>> = row.policy.tls.cert_differs,
            "What senders judge differently about the certificate and the list that was sent, whatever its faults: {words}; empty where there is nothing, null where no certificate was seen, and in layouts before 1.3.", since("1.3");
        policy_stapled: Option<bool> = row.policy.tls.stapled,
            "Whether an answer of OCSP was stapled to the certificate (RFC 6066 section 8); null where no certificate was seen, or it was read from a handshake that the server ended with an alert, and in layouts before 1.3.", since("1.3");
        policy_tls_version: Option<TlsVersion> = row.policy.tls.version,
            "{words}; null where no handshake got that far.";
        policy_tls_group: Option<String> = row.policy.tls.group,
            "Key exchange group by its IANA name; null where it was not seen.";
        policy_alert: Option<i32> = row.policy.alert,
            "The alert (RFC 8446 section 6) that ended TLS, by its number; null where none came, and in layouts before 1.3.", since("1.3");
        policy_certificate_sha256: Option<String> = row.policy.tls.certificate_sha256,
            "SHA-256 of the leaf certificate, hexadecimal, lower case; null where none was seen.";
        policy_chain_sha256: Option<Vec<String>> = row.policy.tls.chain_sha256,
            "SHA-256 of the certificates after the leaf, as sent; null where none was seen.";
        policy_http_status: Option<i32> = row.policy.http_status,
            "HTTP status; null where there was no HTTP response.";
        policy_http_version: Option<HttpVersion> = row.policy.http_version,
            "{words}; HTTP/2 is asked for only where the server refuses HTTP/1.1. Null where there was no HTTP response, and in layouts before 1.3.", since("1.3");
        policy_redirect_to: Option<String> = row.policy.redirect_to,
            "The Location of a redirect, at most 4,096 bytes of it, escaped; it is never followed (RFC 8461 section 3.3).";
        policy_content_type: Option<String> = row.policy.content_type,
            "Content-Type as sent, at most 4,096 bytes of it, escaped; null where there was none.";
        policy_bytes: Option<i64> = row.policy.bytes(),
            "Bytes of the body that were kept, at most 65536; null where there was no body.";
        policy_sha256: Option<String> = row.policy.sha256,
            "SHA-256 of policy_body, hexadecimal.";
        policy_body: Option<Vec<u8>> = row.policy.body,
            "The body as received, cut at 65536 bytes, whatever the status and the certificate; null where the HTTP response was not received in full.";
        policy_fetch_ms: Option<i64> = row.policy.fetch_ms,
            "Milliseconds of the fetch from the last address tried: connection, TLS and HTTP, waiting excluded.";
        policy_attempts: Option<Vec<PolicyOutcome>> = row.policy.attempts,
            "The outcome of each look, preceded by those outcomes that led to a further try within it, in order. The first policy_tls_timeout or policy_tls_closed is followed by a try without a post-quantum share (where that one is answered, the failure is recorded as policy_tls_large_hello), the first policy_tls_client_limit by one that offers old versions and suites, each policy_tls_no_protocol by one for HTTP/2. Null where not attempted.", of(attempts);
        looks: Option<i32> = row.policy.looks(),
            "Number of looks that policy_attempts covers: 1, or 2 with the second look; further tries do not count. Null where not attempted, and in layouts before 1.2.", since("1.2");
        policy_wildcard: Option<bool> = row.policy.wildcard,
            "Whether a random sibling host (`sts-census-…`) serves the same body with status 200, whatever its certificate; asked where the policy host answered 200 with a text; null where not asked or undecided.";
        policy_valid: Option<bool> = row.policy.valid,
            "Whether policy_body is a valid policy, strictly (RFC 8461 section 3.2); null where there is no body, or it was cut.";
        policy_usable: Option<bool> = row.policy.usable,
            "Whether a strict sender may use the policy: outcome ok, certificate valid, text valid; null where not attempted.";
        policy_mode: Option<Mode> = row.policy.mode,
            "Mode of whatever text there is: {words}; null where it has no valid mode.";
        policy_max_age_s: Option<i64> = row.policy.max_age_s,
            "max_age of whatever text there is, in seconds, as written; null unless it is one to ten digits.";
        policy_mx: Option<Vec<String>> = row.policy.mx,
            "Values of the mx fields of whatever text there is, in their order, escaped, valid or not; null where there is no body.";
        pattern_dns: Option<Vec<PatternDns>> = row.pattern_dns,
            "Registrable domains of the patterns of a usable policy that match no MX host, in the order of the patterns, the domain's own left out, with what the DNS says of them, as in tlsrpt_rua_dns. Empty where there is nothing to ask for; null where not asked (no usable policy, mode none, or no MX host to match), and in layouts before 1.3. Of the class claimable, which `sts-publish` leaves out.", since("1.3");
    }
}
