//! The dataset's contract: every table, its columns, their types and what they mean.
//!
//! This is the one place where a column is defined. The Arrow schemas, the dictionary table and the
//! committed `columns.json` (which the laboratory and the analysis read) are all made from it.

use serde_json::{Value, json};

/// Version of the tables' layout, `major.minor`. A reader refuses another major version.
pub const SCHEMA_VERSION: &str = "1.0";

/// The type of a column's values.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// UTF-8 text. Text from the network has what is not printable ASCII escaped as `\DDD` (and a backslash as `\092`).
    Text,
    /// 32-bit signed integer.
    Int32,
    /// 64-bit signed integer.
    Int64,
    /// True or false.
    Bool,
    /// Microseconds since 1970-01-01T00:00:00Z, UTC.
    Time,
    /// Bytes as they were received.
    Binary,
    /// A list. Empty means seen and empty; null means not asked or not seen.
    List(&'static Kind),
    /// A group of named fields.
    Struct(&'static [Column]),
}

impl Kind {
    /// The type's name as `columns.json` writes it, for example `list<struct<addr:text,outcome:text>>`.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Text => "text".into(),
            Self::Int32 => "int32".into(),
            Self::Int64 => "int64".into(),
            Self::Bool => "bool".into(),
            Self::Time => "timestamp_us".into(),
            Self::Binary => "binary".into(),
            Self::List(item) => format!("list<{}>", item.name()),
            Self::Struct(fields) => {
                let fields: Vec<String> =
                    fields.iter().map(|f| format!("{}:{}", f.name, f.kind.name())).collect();
                format!("struct<{}>", fields.join(","))
            }
        }
    }
}

/// One column: its name, type, whether it may be null, and what its value means.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Name, as it stands in the files.
    pub name: &'static str,
    /// Type of the values.
    pub kind: Kind,
    /// Whether null occurs; null means not asked or not seen.
    pub nullable: bool,
    /// What the value means, with unit, words and source.
    pub meaning: &'static str,
}

/// One table of the dataset.
#[derive(Debug, Clone, Copy)]
pub struct Table {
    /// Name of the table and of its folder.
    pub name: &'static str,
    /// What one row stands for.
    pub row: &'static str,
    /// The columns in their order in the files.
    pub columns: &'static [Column],
}

const fn must(name: &'static str, kind: Kind, meaning: &'static str) -> Column {
    Column { name, kind, nullable: false, meaning }
}

const fn may(name: &'static str, kind: Kind, meaning: &'static str) -> Column {
    Column { name, kind, nullable: true, meaning }
}

const TEXTS: Kind = Kind::List(&Kind::Text);
const INTS: Kind = Kind::List(&Kind::Int32);
const SCAN: Column =
    must("scan", Kind::Text, "Name of the scan: the last part of its output directory's name when it began.");

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
        "What came of it: `ok`, a policy_ code, `forbidden_address`, `excluded`, `not_sampled` (over --addresses-per-host, or an earlier address has answered) or `not_attempted` (no such family here).",
    ),
]);
const DANE: Kind = Kind::Struct(&[
    must("host", Kind::Text, "MX host."),
    must("outcome", Kind::Text, "valid | invalid | insecure | unusable | bogus | none | unknown (RFC 7672)."),
]);

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
        may("mx_at", Kind::Time, "When the answer to the MX question was final."),
        must(
            "mx_dns",
            Kind::Text,
            "DNS status of MX: NOERROR, NODATA, NXDOMAIN, SERVFAIL, REFUSED, FORMERR, NOTIMP, TIMEOUT, TRUNCATED or BADANSWER.",
        ),
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
        ),
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
        ),
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
        ),
        may(
            "sts_id",
            Kind::Text,
            "The id of the one record that stands, as it is written, even where it is not valid; null where none is.",
        ),
        may(
            "sts_wildcard",
            Kind::Bool,
            "Whether a random sibling label answers with the same TXT set; null where not asked.",
        ),
        may("tlsrpt_dns", Kind::Text, "DNS status of `TXT _smtp._tls.<domain>`; null where not asked."),
        may(
            "tlsrpt_txt",
            TEXTS,
            "Its TXT records, joined, sorted, escaped; empty where there are none; null where there was no answer.",
        ),
        may(
            "tlsrpt_record",
            Kind::Text,
            "valid | invalid | multiple | absent (RFC 8460 section 3), or unknown; null where not asked.",
        ),
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
        ),
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
            "`ok`, or the code of the first thing that failed on the way to the text (DNS, TCP, TLS, certificate, HTTP, size, deadline), or `excluded`; null where not attempted.",
        ),
        may(
            "policy_cert_outcome",
            Kind::Text,
            "valid | name | expired | not_yet_valid | self_signed | untrusted | other: the first of policy_cert_faults in the order chain, time, name; null where no certificate was seen.",
        ),
        may(
            "policy_cert_faults",
            TEXTS,
            "Every fault of the certificate, each checked by itself, in the order self_signed, untrusted, other, expired, not_yet_valid, name; empty where there is none; null where no certificate was seen.",
        ),
        may("policy_tls_version", Kind::Text, "TLSv1.2 | TLSv1.3; null where no handshake came so far."),
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
            "The Location of a redirect, escaped; it is never followed (RFC 8461 section 3.3).",
        ),
        may("policy_content_type", Kind::Text, "Content-Type as sent, escaped; null where there was none."),
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
        may("policy_attempts", TEXTS, "The outcome of each look, in their order; null where not attempted."),
        may(
            "policy_wildcard",
            Kind::Bool,
            "Whether a random sibling host serves the same body; null where not asked.",
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
            "Mode of whatever text there is: enforce | testing | none; null where it has no valid mode.",
        ),
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
            "DNS status of the host's addresses, as policy_host_dns; null where not asked (the host is an address or excluded).",
        ),
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
            "ok (the handshake was reached and a certificate seen) | a smtp_, starttls_ or mx_tls_ code | limited | not_sampled | not_attempted | not_probed | no_address | forbidden_address | excluded.",
        ),
        may(
            "smtp_phase",
            Kind::Text,
            "The phase it ended in: connect | banner | ehlo | starttls | tls; null where no connection was tried.",
        ),
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
            "offered | not_offered | refused | unknown; null where no connection was tried.",
        ),
        may("tls_version", Kind::Text, "TLSv1.2 | TLSv1.3; null where the handshake did not finish."),
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
        ),
        may("cert_faults", TEXTS, "As policy_cert_faults."),
        may("tlsa_dns", Kind::Text, "DNS status of `TLSA _25._tcp.<host>`; null where not asked."),
        may("tlsa_ad", Kind::Bool, "AD bit of that answer; null where not asked."),
        may("tlsa", TEXTS, "TLSA records in presentation form, sorted; null where not asked."),
        may("probed_at", Kind::Time, "When the connection was begun; null where none was."),
        may("connect_ms", Kind::Int64, "Milliseconds of the TCP connect."),
        may("handshake_ms", Kind::Int64, "Milliseconds of the TLS handshake."),
        must("waited_ms", Kind::Int64, "Milliseconds spent waiting for slots and pace."),
        must(
            "attempts",
            TEXTS,
            "The outcome of each look that made a connection, in their order; empty where none was made.",
        ),
    ],
};

/// One row a distinct certificate.
pub const CERTIFICATES: Table = Table {
    name: "certificates",
    row: "one distinct certificate seen at a policy host or an MX host, leaf or not",
    columns: &[
        SCAN,
        must("sha256", Kind::Text, "SHA-256 of the DER, hexadecimal, lower case."),
        may(
            "subject",
            Kind::Text,
            "Subject, as RFC 4514 writes it, escaped; this and what follows is null where the DER does not parse.",
        ),
        may("issuer", Kind::Text, "Issuer, as RFC 4514 writes it, escaped."),
        may(
            "sans",
            TEXTS,
            "Subject alternative names in their order: DNS names as written, addresses in text form.",
        ),
        may("not_before", Kind::Time, "Begin of validity."),
        may("not_after", Kind::Time, "End of validity."),
        may("key_type", Kind::Text, "RSA | EC | Ed25519 | Ed448 | DSA | the key's object identifier."),
        may(
            "key_bits",
            Kind::Int32,
            "Size of the key in bits (of the modulus, of the curve); null where it is not known.",
        ),
        may(
            "signature",
            Kind::Text,
            "Signature algorithm by its usual name, for example sha256WithRSAEncryption, ecdsa-with-SHA256, Ed25519, or its object identifier.",
        ),
        may("is_ca", Kind::Bool, "CA flag of the basic constraints; false where there are none."),
        may("aia", TEXTS, "URLs of the issuer's certificate (authority information access, caIssuers)."),
        may("spki_sha256", Kind::Text, "SHA-256 of the subject public key info, hexadecimal."),
        must("der", Kind::Binary, "The certificate."),
    ],
};

/// One row a domain that signals or publishes TLSRPT: what the evidence shows.
pub const ASSESSMENTS: Table = Table {
    name: "assessments",
    row: "one domain that signals MTA-STS or publishes a TLSRPT record",
    columns: &[
        SCAN,
        must("domain", Kind::Text, "The domain, as in domains."),
        must("findings", TEXTS, "Codes of its findings in the order of the catalogue, each once."),
        must("lasting", TEXTS, "Those of its findings that may pass and that the second look repeated."),
        may(
            "mismatch_kind",
            Kind::Text,
            "Kind of mismatch between policy and MX: mta_sts_label | wildcard_depth | third_level | top_level_only | typo | different_domain; null where every host matches.",
        ),
        may(
            "verdict_strict",
            Kind::Text,
            "What a strict sender does: validated | partial | refused | testing_passing | testing_failing | withdrawn | no_mail | no_policy | indeterminate; null where the domain does not signal or could not be asked.",
        ),
        may("verdict_lenient", Kind::Text, "The same for a lenient sender."),
        may("verdict_primary", Kind::Text, "The strict verdict over the MX hosts of lowest preference only."),
        may("dane", Kind::List(&DANE), "DANE outcome of each MX host; null where not asked."),
    ],
};

/// All tables that a scan writes as parts.
pub const TABLES: [&Table; 4] = [&DOMAINS, &MX_HOSTS, &CERTIFICATES, &ASSESSMENTS];

/// The contract as the committed `columns.json` has it.
#[must_use]
pub fn as_json() -> Value {
    let tables: Vec<Value> = TABLES
        .iter()
        .map(|table| {
            let columns: Vec<Value> = table
                .columns
                .iter()
                .map(|c| json!({"name": c.name, "type": c.kind.name(), "nullable": c.nullable, "meaning": c.meaning}))
                .collect();
            json!({"name": table.name, "row": table.row, "columns": columns})
        })
        .collect();
    json!({"schema_version": SCHEMA_VERSION, "tables": tables})
}
