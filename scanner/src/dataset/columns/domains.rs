//! The table `domains`.

use super::mx_hosts::{certificates, faults};
use super::{INTS, Kind, RETRIED_OF_DOMAINS, SCAN, TEXTS, Table, may, must};
use crate::evidence::{
    AddressOutcome, DnsStatus, Entry, Mode, MxKind, PolicyOutcome, RecordState, TlsVersion, every, every_but,
};

const LISTED: Kind = Kind::Struct(&[
    must("list", Kind::Text, "The list's name: its file name without directories, `-` for standard input."),
    may("rank", Kind::Int64, "The name's rank in that list, from 1; null where the list has no ranks."),
]);
const MX: Kind = Kind::Struct(&[
    must("preference", Kind::Int32, "Preference, 0 to 65535; lower is tried first (RFC 5321 section 5.1)."),
    must("host", Kind::Text, "Host, lower case, no trailing dot; `.` for the root (RFC 7505)."),
    may(
        "matched",
        Kind::Bool,
        "Whether a pattern of the policy matches the host (RFC 8461 section 4.1); null where there is no usable policy, where its mode is none, and for the root.",
    ),
    may(
        "pattern",
        Kind::Text,
        "The first pattern of the policy that matches the host; null where none does or matched is null.",
    ),
]);
const ADDR: Kind = Kind::Struct(&[
    must("addr", Kind::Text, "IPv4 or IPv6 address."),
    must(
        "outcome",
        Kind::Text,
        "What came of it: `ok`, a policy_ code, `forbidden_address`, `not_sampled` (over --addresses-per-host, or an earlier address has answered) or `not_attempted` (no such family here).",
    ).of(addresses),
]);

/// Outcomes that a look can have.
fn outcomes() -> Vec<Entry> {
    every_but(&[PolicyOutcome::TlsChainIncomplete, PolicyOutcome::TlsLargeHello])
}

fn attempts() -> Vec<Entry> {
    every_but(PolicyOutcome::JUDGED)
}

fn addresses() -> Vec<Entry> {
    let never = [PolicyOutcome::TlsChainIncomplete, PolicyOutcome::TlsLargeHello];
    every_but(&never.map(AddressOutcome::Contacted))
}

/// One row a domain: the evidence of DNS and of the policy host.
pub const DOMAINS: Table = Table {
    name: "domains",
    row: "one domain of the list",
    columns: &[
        SCAN,
        must("domain", Kind::Text, "The domain: lower case, A-labels, no trailing dot."),
        must("input", Kind::Text, "The name as the list writes it, escaped."),
        may(
            "rank",
            Kind::Int64,
            "Rank in the first list that has it, from 1; null where no list ranks it. A plain text list ranks by its order; a CSV or Parquet list by its column `rank`.",
        ),
        must(
            "lists",
            Kind::List(&LISTED),
            "Every list of the scan that has the domain, in the order given on the command line.",
        ),
        may(
            "suffix",
            Kind::Text,
            "Public suffix from the ICANN part of the Public Suffix List; the last label where no rule fits.",
        ),
        may(
            "registrable",
            Kind::Text,
            "Suffix and one label more; null where the domain is itself a suffix.",
        ),
        must(
            "attempts",
            Kind::Int32,
            "How many times the domain was looked at: 1, or 2 with the second look.",
        ),
        must("waited_ms", Kind::Int64, "Milliseconds spent waiting for slots and pace, all stages together."),
        must(
            "total_ms",
            Kind::Int64,
            "Milliseconds from the first question to the final evidence, waiting included, of the last look.",
        ),
        may(
            "dns_retried",
            RETRIED_OF_DOMAINS,
            "What came of questions at the first look that the second look asked again (mx | address | sts | tlsrpt | ns | policy_host | sts_sibling); empty where none was; null in layout 1.0.",
        ),
        may("mx_at", Kind::Time, "When the answer to the MX question was final."),
        must(
            "mx_dns",
            Kind::Text,
            "DNS status of MX: NOERROR, NODATA, NXDOMAIN, SERVFAIL, REFUSED, FORMERR, NOTIMP, TIMEOUT, TRUNCATED or BADANSWER.",
        ).of(every::<DnsStatus>).counted(),
        may(
            "mx_ede",
            INTS,
            "Extended DNS error codes of that answer (RFC 8914); empty where it has none, null where there was no answer.",
        ),
        may("mx_ad", Kind::Bool, "AD bit of that answer (RFC 4035); null where there was no answer."),
        may("mx_ttl", Kind::Int64, "Smallest TTL of the MX records, seconds; null where there are none."),
        must(
            "mx_kind",
            Kind::Text,
            "explicit | implicit (no MX but an address, RFC 5321 section 5.1) | null (RFC 7505) | none (no MX and no address, or the name does not exist) | unknown (MX or the addresses could not be had or were not asked).",
        ).of(every::<MxKind>).counted(),
        may(
            "mx",
            Kind::List(&MX),
            "The MX set by preference, then host, duplicates dropped; implicit: the domain itself with preference 0; null and none: empty; null where mx_kind is unknown. A root target beside others stays in it.",
        ),
        may(
            "ns",
            TEXTS,
            "Name servers of the domain, sorted; empty where the answer has none; null where not asked (domains that do not signal) or not had.",
        ),
        may(
            "sts_at",
            Kind::Time,
            "When the answer to `TXT _mta-sts.<domain>` was final; null where not asked.",
        ),
        may(
            "sts_dns",
            Kind::Text,
            "DNS status of that question, words as in mx_dns; null where not asked (the domain does not exist).",
        ).of(every::<DnsStatus>).counted(),
        may(
            "sts_ede",
            INTS,
            "Its extended DNS error codes; empty where it has none, null where there was no answer.",
        ),
        may("sts_ttl", Kind::Int64, "Smallest TTL of the TXT records, seconds; null where there are none."),
        may(
            "sts_cname",
            TEXTS,
            "Targets of the CNAME chain at `_mta-sts.<domain>` in their order; empty where there is none; null where there was no answer.",
        ),
        may(
            "sts_txt",
            TEXTS,
            "The TXT records, character-strings joined (RFC 8461 section 3.1), sorted, escaped; empty where there are none; null where there was no answer.",
        ),
        may(
            "sts_signals",
            Kind::Bool,
            "Whether a TXT record begins, blind to case and after trimming, with `v=sts`; null where there was no answer.",
        ),
        may(
            "sts_record",
            Kind::Text,
            "valid | invalid | multiple | absent, strictly by RFC 8461 section 3.1, or unknown (no answer); null where not asked.",
        ).of(every::<RecordState>).counted(),
        may(
            "sts_id",
            Kind::Text,
            "The id of the one record that stands, as it is written, even where it is not valid; null where none is.",
        ),
        may(
            "sts_wildcard",
            Kind::Bool,
            "Whether a random sibling label (`_sts-census-…`) answers with the same TXT set; null where not asked or not decided.",
        ),
        may("tlsrpt_dns", Kind::Text, "DNS status of `TXT _smtp._tls.<domain>`; null where not asked.").of(every::<DnsStatus>).counted(),
        may(
            "tlsrpt_txt",
            TEXTS,
            "Its TXT records, joined, sorted, escaped; empty where there are none; null where there was no answer.",
        ),
        may(
            "tlsrpt_record",
            Kind::Text,
            "valid | invalid | multiple | absent (RFC 8460 section 3), or unknown; null where not asked.",
        ).of(every::<RecordState>).counted(),
        may(
            "tlsrpt_rua",
            TEXTS,
            "Its report addresses in their order, as written; empty where the record has none; null where no record stands.",
        ),
        may("policy_at", Kind::Time, "When the policy's outcome was final; null where not attempted."),
        may(
            "policy_host_dns",
            Kind::Text,
            "DNS status of the addresses of `mta-sts.<domain>`: NOERROR where any was had, else the failure of A, else that of AAAA, else NODATA or NXDOMAIN; null where not asked.",
        ).of(every::<DnsStatus>),
        may(
            "policy_cname",
            TEXTS,
            "Targets of the CNAME chain at `mta-sts.<domain>` in their order; empty where there is none; null where there was no answer.",
        ),
        may(
            "policy_addrs",
            Kind::List(&ADDR),
            "Its addresses in the order they were to be tried (IPv4 and IPv6 in turn, IPv4 first, ascending within a family), with what came of each; empty where there are none; null where not asked or not had.",
        ),
        may(
            "policy_outcome",
            Kind::Text,
            "`ok`, or the code of the first thing that failed on the way to the text (DNS, TCP, TLS, certificate, HTTP, size, deadline); null where not attempted, which is what an excluded policy host looks like too.",
        ).of(outcomes).counted(),
        may(
            "policy_cert_outcome",
            Kind::Text,
            "valid | name | expired | not_yet_valid | self_signed | untrusted | other: the first of policy_cert_faults in the order chain, time, name; null where no certificate was seen. An untrusted one whose intermediate others send is judged chain_incomplete among the findings.",
        ).of(certificates),
        may(
            "policy_cert_faults",
            TEXTS,
            "Every fault of the certificate, each checked by itself, in the order self_signed, untrusted, other, expired, not_yet_valid, name; empty where there is none; null where no certificate was seen.",
        ).of(faults),
        may("policy_tls_version", Kind::Text, "{words}; null where no handshake came so far.").of(every::<TlsVersion>),
        may(
            "policy_tls_group",
            Kind::Text,
            "Key exchange group by its IANA name; null where it was not seen.",
        ),
        may(
            "policy_certificate_sha256",
            Kind::Text,
            "SHA-256 of the leaf certificate, hexadecimal, lower case; null where none was seen.",
        ),
        may(
            "policy_chain_sha256",
            TEXTS,
            "SHA-256 of the certificates after the leaf, as sent; null where none was seen.",
        ),
        may("policy_http_status", Kind::Int32, "HTTP status; null where there was no HTTP answer."),
        may(
            "policy_redirect_to",
            Kind::Text,
            "The Location of a redirect, 4,096 bytes of it at most, escaped; it is never followed (RFC 8461 section 3.3).",
        ),
        may(
            "policy_content_type",
            Kind::Text,
            "Content-Type as sent, 4,096 bytes of it at most, escaped; null where there was none.",
        ),
        may(
            "policy_bytes",
            Kind::Int64,
            "Bytes of the body that were kept, at most 65536; null where there was no body.",
        ),
        may("policy_sha256", Kind::Text, "SHA-256 of policy_body, hexadecimal."),
        may(
            "policy_body",
            Kind::Binary,
            "The body as received, cut at 65536 bytes, whatever the status and the certificate; null where the HTTP answer was not had whole.",
        ),
        may(
            "policy_fetch_ms",
            Kind::Int64,
            "Milliseconds of the fetch on its last address: connection, TLS and HTTP, no waiting.",
        ),
        may(
            "policy_attempts",
            TEXTS,
            "The outcome of each look and of what came before a further try in it, in their order. After the first policy_tls_timeout or policy_tls_closed comes a try without a post-quantum share (where that one is answered, policy_tls_large_hello stands in its place), after the first policy_tls_client_limit one that asks for old versions and suites. Null where not attempted.",
        ).of(attempts),
        may(
            "looks",
            Kind::Int32,
            "How many looks policy_attempts is of: 1, or 2 with the second look; further tries are no look. Null where not attempted, and in layouts before 1.2.",
        ),
        may(
            "policy_wildcard",
            Kind::Bool,
            "Whether a random sibling host (`sts-census-…`) serves the same body with status 200, whatever its certificate; asked where the policy host answered 200 with a text; null where not asked or not decided.",
        ),
        may(
            "policy_valid",
            Kind::Bool,
            "Whether policy_body is a valid policy, strictly (RFC 8461 section 3.2); null where there is no body.",
        ),
        may(
            "policy_usable",
            Kind::Bool,
            "Whether a strict sender may use it: outcome ok, certificate valid, text valid; null where not attempted.",
        ),
        may(
            "policy_mode",
            Kind::Text,
            "Mode of whatever text there is: {words}; null where it has no valid mode.",
        ).of(every::<Mode>),
        may(
            "policy_max_age_s",
            Kind::Int64,
            "max_age of whatever text there is, seconds, as written, where it is one to ten digits; else null.",
        ),
        may(
            "policy_mx",
            TEXTS,
            "Values of the mx fields of whatever text there is, in their order, escaped, valid or not; null where there is no body.",
        ),
    ],
};
