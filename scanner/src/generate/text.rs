//! A deployment written out: DNS lines, the policy, and the steps in their order.

use super::Deployment;
use crate::evidence::Mode;
use std::fmt::Write as _;

/// Longest character-string of a TXT record (RFC 1035 section 3.3).
const CHARACTER_STRING: usize = 255;

/// Seconds that resolvers may keep the records: an hour, so that a mistake is soon gone.
const TTL: u32 = 3_600;

/// Everything, for a person.
pub(super) fn all(made: &Deployment) -> String {
    let mut text =
        format!("{}: mode {}, max_age {} seconds\n", made.domain, made.mode.as_str(), made.max_age_s);
    if !made.hosts.is_empty() {
        let _ = writeln!(text, "MX hosts, all matched: {}", made.hosts.join(", "));
    }
    if !made.unused.is_empty() {
        let _ = writeln!(text, "note: no MX host matches {}", made.unused.join(", "));
    }
    if let Some(unheld) = made.unheld {
        let _ = writeln!(text, "warning: {unheld}");
    }
    for code in &made.warnings {
        let _ = writeln!(text, "warning: {} ({})", code.finding().advice, code.as_str());
    }
    let _ = write!(text, "\nDNS lines\n\n{}", zone(made));
    let _ = write!(text, "\nThe policy, at {}; its lines end with CRLF\n\n", url(made));
    text.push_str(&made.policy.replace("\r\n", "\n"));
    let _ = write!(text, "\nSteps, in this order\n\n{}", steps(made));
    text
}

/// The records as a master file has them (RFC 1035 section 5).
pub(super) fn zone(made: &Deployment) -> String {
    let domain = &made.domain;
    let mut text = format!("_mta-sts.{domain}. {TTL} IN TXT {}\n", character_strings(&made.record));
    match &made.tlsrpt {
        Some(tlsrpt) => {
            let _ = writeln!(text, "_smtp._tls.{domain}. {TTL} IN TXT {}", character_strings(tlsrpt));
        }
        None => text.push_str("; no TLSRPT record: give --rua to get reports of failed deliveries\n"),
    }
    let _ = writeln!(
        text,
        "; mta-sts.{domain}. needs A and AAAA records, or a CNAME, to the web server of the policy"
    );
    text
}

/// Character-strings in quotation marks (RFC 1035 section 5.1). The text is printable ASCII: it was read by
/// the parsers.
fn character_strings(text: &str) -> String {
    let pieces = text.as_bytes().chunks(CHARACTER_STRING).map(|piece| {
        let plain = String::from_utf8_lossy(piece);
        format!("\"{}\"", plain.replace('\\', "\\\\").replace('"', "\\\""))
    });
    pieces.collect::<Vec<_>>().join(" ")
}

fn url(made: &Deployment) -> String {
    format!("https://mta-sts.{}/.well-known/mta-sts.txt", made.domain)
}

/// What is done in which order, numbered.
pub(super) fn steps(made: &Deployment) -> String {
    let steps = match made.mode {
        Mode::None => withdrawing(made),
        Mode::Testing | Mode::Enforce => deploying(made),
    };
    let mut text = String::new();
    for (step, number) in steps.iter().zip(1..) {
        let _ = writeln!(text, "{number}. {step}");
    }
    text
}

fn deploying(made: &Deployment) -> Vec<String> {
    let (domain, hosts) = (&made.domain, made.hosts.join(", "));
    let mut steps = Vec::new();
    if made.mode == Mode::Enforce {
        steps.push(format!(
            "Only after weeks of mode testing without failures in the reports: until then run this with --mode testing. In mode enforce, senders hold back mail for {domain} if a host fails."
        ));
    }
    let hosts = if hosts.is_empty() { "when they are known".to_owned() } else { hosts };
    if let Some(unheld) = made.unheld {
        steps.push(format!("Before all else: {unheld}."));
    }
    steps.push(format!(
        "MX hosts ({hosts}): each offers STARTTLS, TLS 1.2 or newer, and a certificate from a public authority that names the host (RFC 8461 section 4.2)."
    ));
    if made.tlsrpt.is_some() {
        steps.push("Publish the TLSRPT record first, so that reports come in from the start.".to_owned());
    }
    steps.extend([
        format!("Point mta-sts.{domain} at a web server with a certificate for mta-sts.{domain} (RFC 8461 section 3.3)."),
        format!("Serve the policy at {} with status 200 and Content-Type text/plain, without a redirect. Check it from outside: curl -i {}", url(made), url(made)),
        "Only then publish the _mta-sts record: its id tells senders to fetch the policy, which has to be there.".to_owned(),
    ]);
    if made.mode == Mode::Testing {
        steps.push("Read the TLS reports for at least two weeks. Once they show no failures, run this with --mode enforce and a max_age of 1209600 or more, replace the policy, and then the record with its new id.".to_owned());
    }
    steps.extend([
        format!("For every later change: the policy first, then the record with a new id. New MX hosts: add them to the policy, change the id, wait {} seconds (the max_age that senders have cached), and only then change the MX records.", made.max_age_s),
        "To withdraw: run this with --mode none and follow its steps. Never remove the record or the policy while senders hold a policy in mode enforce (RFC 8461 section 8.3).".to_owned(),
    ]);
    steps
}

fn withdrawing(made: &Deployment) -> Vec<String> {
    let domain = &made.domain;
    vec![
        format!(
            "Serve this policy at {} in place of the old one; the host and its certificate stay.",
            url(made)
        ),
        "Then publish the _mta-sts record with its new id, so that senders fetch the policy with mode none."
            .to_owned(),
        format!(
            "From then on, wait as long as the largest max_age that the domain ever published, but at least {} seconds: until then senders may hold an old policy (RFC 8461 section 8.3).",
            made.max_age_s
        ),
        format!(
            "Then remove the _mta-sts record, and after that the policy and mta-sts.{domain}. The TLSRPT record may stay: it serves DANE too."
        ),
    ]
}
