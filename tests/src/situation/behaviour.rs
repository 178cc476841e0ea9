//! What servers do in a situation.

mod dns;

pub(super) use dns::AnswerSpec;
pub use dns::{Answer, FLOOD, Forgery, Record, Status, Tcp};

use serde::Deserialize;

/// A stage of a connection, named for what the peer waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The SMTP greeting.
    Banner,
    /// The reply to EHLO.
    Ehlo,
    /// The reply to STARTTLS.
    Starttls,
    /// The server's part of the TLS handshake.
    Tls,
    /// The reply to EHLO inside TLS.
    EhloTls,
    /// The HTTP answer.
    Answer,
    /// The rest of the HTTP body, after its first half.
    Body,
}

/// What a TLS server does.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tls {
    /// Its certificate.
    pub certificate: Certificate,
    /// The newest version it speaks: `1.3` or `1.2`.
    pub newest: Option<String>,
    /// The key exchange groups it speaks by their IANA names, best first; all of them where none is named.
    pub groups: Vec<String>,
    /// Whether it demands a certificate of the client, which has none (RFC 8446 section 4.4.2.4: alert 116
    /// in TLS 1.3, after the client's part of the handshake).
    pub wants_certificate: bool,
    /// The application protocols it takes (RFC 7301), any where none is named.
    pub protocols: Vec<String>,
    /// The alert it answers the hello with (RFC 8446 section 6.2).
    pub alert: Option<u8>,
    /// The bytes it answers the hello with.
    pub garbage: Option<String>,
    /// How many hellos for a host it meets by closing the connection, from the first on; those that are too
    /// large are not counted.
    pub closes_first: u32,
    /// What it speaks besides, if the hello offers that; only its ServerHello is played.
    pub legacy: Option<Legacy>,
    /// The largest hello that it takes, bytes of its record; a larger one is met with `oversized`.
    pub largest_hello: Option<usize>,
    /// What becomes of a hello that is too large.
    pub oversized: Oversized,
    /// How the records of its handshake are cut.
    pub records: Records,
    /// How many warnings of an unrecognized name (RFC 6066 section 3) it sends before its answer.
    pub warnings: usize,
    /// Milliseconds before each byte that it sends; all at once where it is 0.
    pub trickle_ms: u64,
}

/// How the records of a handshake are cut (RFC 8446 section 5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Records {
    /// As few as can be.
    #[default]
    Whole,
    /// A record for each byte of what is not encrypted.
    OneByte,
    /// Records without a byte before the first one.
    Empty,
}

/// Something old that rustls does not speak.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Legacy {
    /// The version it picks: `1.0`, `1.1`, `1.2`, or `1.3` with a group that it asks for.
    pub version: String,
    /// The cipher suite it picks, by its number in the IANA registry.
    pub suite: u16,
    /// The group that it wants a key share of (RFC 8446 section 4.1.4), by its number in the IANA registry;
    /// 0 where it speaks nothing as new.
    #[serde(default)]
    pub group: u16,
}

/// What becomes of a hello that is too large for a server or for what stands before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Oversized {
    /// Nothing: no answer comes.
    #[default]
    Stalls,
    /// The connection is reset.
    Resets,
}

/// What a certificate says and who signed it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Certificate {
    /// Its DNS names; `{host}` is the name the server was asked for, `{parent}` that without its first label.
    pub names: Vec<String>,
    /// Whether its time is now.
    pub validity: Validity,
    /// Who signed it.
    pub issuer: Issuer,
    /// What it is for (extended key usage, RFC 5280 section 4.2.1.12).
    pub purpose: Purpose,
    /// What its key is for (RFC 5280 section 4.2.1.3).
    pub key_usage: Vec<KeyUse>,
    /// Whether it is marked as an authority.
    pub authority: bool,
    /// Whether its names stand in no extension: the first of them is its common name all the same.
    pub common_name_only: bool,
    /// Whether its subject is of the laboratory's organization.
    pub organization: bool,
    /// Whether it has a policy, in an extension that is critical (section 4.2.1.4).
    pub critical_policy: bool,
    /// Whether its key is one of RSA with 1024 bits.
    pub small_key: bool,
    /// Whether it demands a stapled answer of OCSP (RFC 7633).
    pub must_staple: bool,
    /// Whether an answer of OCSP is stapled to it (RFC 6066 section 8).
    pub stapled: bool,
    /// Whether it holds signed certificate timestamps (RFC 6962 section 3.3).
    pub scts: bool,
    /// Bytes of an extension that means nothing.
    pub padding: usize,
}

impl Default for Certificate {
    fn default() -> Self {
        Self {
            names: vec!["{host}".into()],
            validity: Validity::Now,
            issuer: Issuer::Lab,
            purpose: Purpose::Server,
            key_usage: vec![KeyUse::Signs],
            authority: false,
            common_name_only: false,
            organization: false,
            critical_policy: false,
            small_key: false,
            must_staple: false,
            stapled: false,
            scts: false,
            padding: 0,
        }
    }
}

/// Whether a certificate's time is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Validity {
    /// 2020 to 2049.
    Now,
    /// The one after: 2021 to 2048.
    Renewed,
    /// Ended in 2021.
    Ended,
    /// Begins in 2090.
    NotYet,
    /// 90 days, ten of which are left on the day on which the laboratory begins.
    Ending,
}

/// What a certificate is for (RFC 5280 section 4.2.1.12).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// TLS servers.
    Server,
    /// TLS clients, and nothing else.
    Client,
}

/// What a key is for (RFC 5280 section 4.2.1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyUse {
    /// digitalSignature.
    Signs,
    /// keyEncipherment.
    Encrypts,
    /// keyCertSign.
    Certifies,
}

/// Who signed a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Issuer {
    /// The laboratory's intermediate authority, sent along.
    Lab,
    /// The same, but the intermediate is not sent.
    LabAlone,
    /// Another intermediate authority of the laboratory, which no server ever sends.
    HiddenAlone,
    /// The same, and behind the intermediate 98 authorities that have nothing to do with it.
    LabInACrowd,
    /// The same, and before it a certificate of it that has ended.
    LabEndedFirst,
    /// The last of seven authorities, one below the other, all sent along.
    LabDeep,
    /// One that may certify subjects of the laboratory's organization alone, sent along.
    Constrained,
    /// One that may certify hosts of a domain that nobody has alone, sent along.
    Outside,
    /// One whose certificate has ended, sent along.
    Ended,
    /// One whose key is not for signing certificates, sent along.
    Unfit,
    /// One below another that allows none below itself, both sent along.
    Surplus,
    /// One that demands a policy, sent along.
    Policed,
    /// One with an RSA key of 1024 bits, sent along.
    Small,
    /// The same, and the certificate says that it is signed with MD5.
    SmallWithMd5,
    /// An authority that nobody trusts, sent along.
    Stranger,
    /// Its own key.
    Itself,
}

/// What a policy host does (RFC 8461 section 3.3).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Https {
    /// HTTP status.
    pub status: u16,
    /// Content-Type; none where it is empty.
    pub content_type: String,
    /// Location; none where it is empty.
    pub location: String,
    /// The body.
    pub body: String,
    /// How many times over the body is sent, for large ones.
    pub times: usize,
    /// What Content-Length says: the truth where it is `None`, nothing where it is empty.
    pub content_length: Option<String>,
    /// Whether the body is compressed, which nobody asked for (RFC 9110 section 8.4.1.3).
    pub gzip: bool,
    /// The bytes it answers the request with instead of HTTP.
    pub garbage: Option<String>,
    /// What is sent over and over behind all that, without an end.
    pub flood: String,
    /// Milliseconds before each 4 KiB of it.
    pub flood_pause_ms: u64,
    /// From where on it sends a byte at a time: the answer, or the body.
    pub trickles_at: Option<Stage>,
    /// Milliseconds before each of these bytes.
    pub trickle_ms: u64,
    /// Where it says nothing more and keeps the connection.
    pub stalls_at: Option<Stage>,
    /// Where it closes the connection.
    pub closes_at: Option<Stage>,
    /// Whether it closes TCP behind its answer without closing TLS (RFC 8446 section 6.1).
    pub closes_abruptly: bool,
    /// What it does in HTTP/2, where it speaks that in place of HTTP/1.1.
    pub http2: Option<Http2>,
    /// Its TLS.
    pub tls: Tls,
}

/// What a policy host does in HTTP/2 (RFC 9113), which its TLS must take as `h2`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Http2 {
    /// Frames in hexadecimal that are sent in place of an answer; it answers where there are none.
    pub frames: Vec<String>,
    /// Frames in hexadecimal that follow over and over, without an end.
    pub flood: String,
}

impl Default for Https {
    fn default() -> Self {
        Self {
            status: 200,
            content_type: "text/plain".into(),
            location: String::new(),
            body: String::new(),
            times: 1,
            content_length: None,
            gzip: false,
            garbage: None,
            flood: String::new(),
            flood_pause_ms: 0,
            trickles_at: None,
            trickle_ms: 0,
            stalls_at: None,
            closes_at: None,
            closes_abruptly: false,
            http2: None,
            tls: Tls::default(),
        }
    }
}

/// What an MX host does (RFC 5321, RFC 3207). Replies are whole, with their codes; lines are parted by a line
/// feed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Smtp {
    /// The greeting.
    pub banner: String,
    /// How many milliseconds pass before it.
    pub banner_after_ms: u64,
    /// How many connections to its address it meets with 421 and nothing else, from the first on.
    pub limits_first: u64,
    /// How many connections to its address it offers no STARTTLS, from the first on.
    pub plain_first: u64,
    /// Lines that are sent at once before that, as postscreen does.
    pub teaser: String,
    /// Bytes in hexadecimal that are sent in place of the greeting.
    pub noise: String,
    /// What is sent over and over, without an end.
    pub flood: String,
    /// In place of which reply.
    pub floods_at: Stage,
    /// Which reply is sent a byte at a time.
    pub trickles_at: Option<Stage>,
    /// Milliseconds before each of these bytes.
    pub trickle_ms: u64,
    /// Whether each byte of the replies before TLS is a packet of its own.
    pub splits: bool,
    /// Whether the replies to EHLO and STARTTLS come with the greeting, in one piece, and none after that.
    pub at_once: bool,
    /// Over how many networks (/24) its addresses are spread.
    pub networks: u8,
    /// Whether it hangs up with a reply of 5xx.
    pub drops: bool,
    /// The reply to EHLO.
    pub ehlo: String,
    /// The reply to HELO.
    pub helo: String,
    /// The reply to STARTTLS.
    pub starttls: String,
    /// What is sent in the clear right behind that reply.
    pub injected: String,
    /// The reply to EHLO inside TLS.
    pub ehlo_tls: String,
    /// The reply to QUIT.
    pub quit: String,
    /// Where it says nothing more and keeps the connection.
    pub stalls_at: Option<Stage>,
    /// Where it closes the connection.
    pub closes_at: Option<Stage>,
    /// Its TLS.
    pub tls: Tls,
}

impl Default for Smtp {
    fn default() -> Self {
        Self {
            banner: "220 lab ESMTP".into(),
            banner_after_ms: 0,
            limits_first: 0,
            plain_first: 0,
            teaser: String::new(),
            noise: String::new(),
            flood: String::new(),
            floods_at: Stage::Banner,
            trickles_at: None,
            trickle_ms: 0,
            splits: false,
            at_once: false,
            networks: 1,
            drops: false,
            ehlo: "250-lab\n250-PIPELINING\n250 STARTTLS".into(),
            helo: "250 lab".into(),
            starttls: "220 2.0.0 Ready to start TLS".into(),
            ehlo_tls: "250-lab\n250 PIPELINING".into(),
            quit: "221 2.0.0 Bye".into(),
            injected: String::new(),
            stalls_at: None,
            closes_at: None,
            tls: Tls::default(),
        }
    }
}
