//! What an operator puts on the web, so that anybody who finds a probe in a log learns what it was: the
//! description that RFC 9511 names (`/.well-known/probing.txt`, its fields those of RFC 9116 and
//! `Description`), and a page for people.

use crate::moment;
use crate::plan::{Companion, ScanPlan};
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

/// How long a description holds: RFC 9116 section 2.5.5 recommends less than a year.
const VALID_S: u64 = 180 * 86_400;

/// Writes both files below a folder that is made where it is not there; gives what was written. Files that
/// are there are not touched.
///
/// # Errors
/// The contact or the page is not known, a file is there already, or cannot be written.
pub fn write(plan: &ScanPlan, folder: &Path) -> io::Result<Vec<PathBuf>> {
    let identity = &plan.identity;
    let (Some(contact), Some(info)) = (&identity.contact, &identity.info_url) else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the pages need --contact and --info-url"));
    };
    let well_known = folder.join(".well-known");
    std::fs::create_dir_all(&well_known)?;
    let expires = moment::rfc3339_in(VALID_S);
    let files = [
        (well_known.join("probing.txt"), probing(contact, info, &expires)),
        (folder.join("index.html"), page(plan, contact)),
    ];
    for (path, text) in &files {
        let mut file = std::fs::File::create_new(path)
            .map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", path.display())))?;
        io::Write::write_all(&mut file, text.as_bytes())?;
    }
    Ok(files.into_iter().map(|(path, _)| path).collect())
}

/// The origin of a URL: scheme, host and port.
fn origin(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at + 3);
    url[host..].find(['/', '?', '#']).map_or(url, |end| &url[..host + end])
}

fn probing(contact: &str, info: &str, expires: &str) -> String {
    format!(
        "# Who scans from here, and why (RFC 9511).\n\
         Canonical: {}/.well-known/probing.txt\n\
         Contact: mailto:{contact}\n\
         Expires: {expires}\n\
         Preferred-Languages: en\n\
         Description: Measures MTA-STS (RFC 8461): DNS queries to resolvers or name servers, and per host one HTTPS request for the policy or one SMTP session up to \
         STARTTLS; no mail is sent. How to be excluded: {info}\n",
        origin(info)
    )
}

fn page(plan: &ScanPlan, contact: &str) -> String {
    let identity = &plan.identity;
    let pace = &plan.pace;
    let again = match plan.second_look {
        Some(_) => {
            "What failed and may pass (a timeout, a reset, a 4xx reply) is tried once more, some time later. A mail server that says \
             that it gets too many connections is contacted half as often, and may be tried a third time; nothing is tried a fourth time."
        }
        None => "Nothing that failed is tried again.",
    };
    let each = format!(
        "{} per second and {} at once to one address, {} and {} to one /24 or /48",
        pace.per_target_rate, pace.per_target_in_flight, pace.per_network_rate, pace.per_network_in_flight
    );
    let mut rows = String::new();
    let port = |port: u16| port.to_string();
    let dns_all = format!("at most {} queries per second in all", pace.dns_rate);
    let (by, dns_pace) = match plan.resolvers.is_iterating() {
        true => (
            "asked of the name servers of your zone themselves, without recursion",
            format!(
                "{dns_all}, {} per second and {} at once to one address, {} and {} to the name servers under one registrable \
                 domain and to one /24 or /48, {} and {} to those of one TLD",
                pace.per_server_rate,
                pace.per_server_in_flight,
                pace.per_operator_rate,
                pace.per_operator_in_flight,
                pace.per_tld_rate,
                pace.per_tld_in_flight
            ),
        ),
        false => ("through recursive resolvers", dns_all),
    };
    let dmarc = if plan.companions.contains(&Companion::Dmarc) {
        " <code>TXT _dmarc.</code>, there and where it has no record at the names above it,"
    } else {
        ""
    };
    for (where_, what, often) in [
        (
            "DNS",
            format!(
                "<code>MX</code>, <code>TXT _mta-sts.</code>, <code>TXT _smtp._tls.</code>,{dmarc} for some names <code>A</code>, <code>AAAA</code>, <code>NS</code>, <code>CNAME</code>, <code>TLSA</code>, <code>MX</code> of names that their policies and TLSRPT records lead to, and a <code>TXT</code> at a name that begins with <code>_sts-census-</code>, {by}"
            ),
            dns_pace,
        ),
        (
            "HTTPS",
            format!(
                "<code>GET /.well-known/mta-sts.txt</code> at <code>mta-sts.</code> your domain, port {}, with the User-Agent <code>{}</code>",
                port(plan.https_port),
                escaped(&identity.user_agent())
            ),
            format!("at most {} connections per second in all, {each}", pace.https_rate),
        ),
        (
            "SMTP",
            format!(
                "connection to port {}, <code>EHLO {}</code>, <code>STARTTLS</code>, a TLS handshake, <code>EHLO</code> once more, <code>QUIT</code>; never <code>MAIL FROM</code>",
                port(plan.smtp_port),
                escaped(&identity.ehlo_name)
            ),
            format!(
                "at most {} connections per second in all, {each}, {} and {} to the hosts of one registrable domain; at most three per scan to one address of a host",
                pace.smtp_rate, pace.per_provider_rate, pace.per_provider_in_flight
            ),
        ),
    ] {
        let _ = writeln!(rows, "<tr><th>{where_}</th><td>{what}</td><td>{often}</td></tr>");
    }
    let contact = escaped(contact);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>A measurement of MTA-STS</title>\n\
         <style>body{{max-width:46rem;margin:2rem auto;padding:0 1rem;font:1rem/1.5 sans-serif}}td,th{{text-align:left;vertical-align:top;padding:.3rem .6rem .3rem 0}}code{{overflow-wrap:anywhere}}</style>\n\
         <h1>A measurement of MTA-STS</h1>\n\
         <p>This machine measures how mail domains deploy MTA-STS (RFC 8461), the standard by which a domain demands encrypted and \
         authenticated delivery of its mail. It asks only for what is published for everybody. It logs in nowhere, sends no mail, \
         names no mailbox, and does nothing that a mail server sending to you would not do.</p>\n\
         <h2>What you may see in your logs</h2>\n<table>\n<tr><th>where</th><th>what</th><th>how often</th></tr>\n{rows}</table>\n\
         <p>Each of these happens once per scan. {again}</p>\n\
         <h2>How to be excluded</h2>\n\
         <p>Write to <a href=\"mailto:{contact}\">{contact}</a> with your domain, host, name server or address block. It is then \
         excluded from this scan and all later ones. Nothing is sent to an excluded name server; a zone that has others too is \
         still asked for at those. Please also write if something broke; nothing should.</p>\n\
         <p>Made with STS Census. See also <a href=\"/.well-known/probing.txt\">/.well-known/probing.txt</a> (RFC 9511).</p>\n</html>\n"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
    use super::*;
    use crate::plan::{Origin, Typed};

    fn plan(contact: &str, info: &str) -> ScanPlan {
        let typed = |key: &str, value: &str| Typed {
            key: key.to_owned(),
            values: vec![value.to_owned()],
            origin: Origin::Flag,
        };
        let typed = vec![typed("identity.contact", contact), typed("identity.info_url", info)];
        ScanPlan::build(Vec::new(), None, typed).unwrap()
    }

    #[test]
    fn the_description_has_its_fields_each_on_a_line() {
        let folder = tempfile::tempdir().unwrap();
        let written =
            write(&plan("scan@example.org", "https://scan.example.org/about?x"), folder.path()).unwrap();
        let text = std::fs::read_to_string(&written[0]).unwrap();
        assert!(written[0].ends_with(".well-known/probing.txt"));
        let field = |name: &str| {
            let of: Vec<&str> = text.lines().filter_map(|l| l.strip_prefix(&format!("{name}: "))).collect();
            assert_eq!(of.len(), 1, "{name} in {text}");
            of[0].to_owned()
        };
        assert_eq!(field("Canonical"), "https://scan.example.org/.well-known/probing.txt");
        assert_eq!(field("Contact"), "mailto:scan@example.org");
        let expires = moment::seconds_of_rfc3339(&field("Expires")).unwrap();
        let ahead = expires - moment::seconds();
        assert!((VALID_S - 60..=VALID_S).contains(&ahead), "{ahead}");
        assert!(field("Description").contains("https://scan.example.org/about?x"));
        assert!(
            write(&plan("a@b.example", "https://b.example"), folder.path()).is_err(),
            "nothing is overwritten"
        );
    }

    #[test]
    fn the_page_says_what_is_sent_how_often_and_how_to_be_left_out_and_holds_no_markup_of_others() {
        let page = page(&plan("<b>@example.org", "https://e.example/"), "<b>@example.org");
        for part in [
            "EHLO ",
            "User-Agent",
            "never <code>MAIL FROM",
            "5000 queries per second",
            "2 per second and 2 at once to one address, 4 and 4 to one /24 or /48",
            "10 and 20 to the hosts of one registrable domain",
            "excluded",
        ] {
            assert!(page.contains(part), "{part}");
        }
        assert!(!page.contains("<b>"));
        for outside in ["src=", "http-equiv", "<script", "@import", "url("] {
            assert!(!page.contains(outside), "{outside}");
        }
    }
}
