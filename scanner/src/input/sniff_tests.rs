use super::*;

fn told(sample: &[u8]) -> Result<Text, NoList> {
    text(sample, true, &Choices { alone: true, ..Choices::default() })
}

/// A table: delimiter, column of names, of ranks, header.
fn table(sample: &str) -> Option<(u8, usize, Option<usize>, bool)> {
    match told(sample.as_bytes()) {
        Ok(Text::Table(found)) => Some((found.delimiter, found.domain, found.rank, found.header)),
        _ => None,
    }
}

/// Plain text: whether it has a header.
fn names(sample: &str) -> Option<bool> {
    match told(sample.as_bytes()) {
        Ok(Text::Names(plain, ..)) => Some(plain.header),
        _ => None,
    }
}

#[test]
fn tables_are_told_by_their_records() {
    for (sample, found) in [
        ("1,example.com\r\n2,example.net\r\n", (b',', 1, Some(0), false)),
        ("example.com,5\n", (b',', 0, None, false)),
        ("US,example.com,5\n", (b',', 1, None, false)),
        ("rank,domain\n1,example.com\n", (b',', 1, Some(0), true)),
        ("rank,domain\n", (b',', 1, Some(0), true)),
        ("\"Rank\",\"Domain\",\"Open Page Rank\"\n", (b',', 1, Some(0), true)),
        ("GlobalRank,TldRank,Domain,TLD\n", (b',', 2, Some(0), true)),
        ("1\texample.com\n", (b'\t', 1, Some(0), false)),
        ("1;example.com\n", (b';', 1, Some(0), false)),
        ("origin,rank\nhttps://example.com,1000\n", (b',', 0, Some(1), true)),
        ("Nom de domaine;Ville, pays\na.fr;Paris\nb.fr;Lyon, FR\n", (b';', 0, None, true)),
        ("\"domain\"\n\"google.com\"\n", (b',', 0, None, true)),
        ("\"google.com\"\n\"google.org\"\n", (b',', 0, None, false)),
        ("domain,note\na.com,\"x\n# y\nb.com,z\"\nc.com,\n", (b',', 0, None, true)),
    ] {
        assert_eq!(table(sample), Some(found), "{sample:?}");
    }
}

#[test]
fn plain_text_may_have_a_header() {
    for (sample, header) in [
        ("", false),
        ("# comment, with a comma\n\nexample.com\n", false),
        ("example.com # mail, web\n", false),
        ("domain\nexample.com\n", true),
        ("com\nexample.com\nexample.org\n", false),
        ("localhost\nexample.com\nexample.org\n", false),
        ("name\ncom\norg\n", false),
        ("domain.name\nexample.com\n", false),
        ("192.0.2.1\nexample.com\nexample.org\n", false),
        ("*.example.com\nexample.org\n", false),
        ("www\nmail\nftp\n", false),
    ] {
        assert_eq!(names(sample), Some(header), "{sample:?}");
    }
    for title in [
        "host",
        "hostname",
        "name",
        "domains",
        "domain_name",
        "url",
        "fqdn",
        "site",
        "origin",
        "apex_domain",
        "query_name",
        "domaine",
        "Domain.Name",
        "Domain name",
    ] {
        assert_eq!(names(&format!("{title}\nexample.com\nexample.org\n")), Some(true), "{title}");
    }
}

#[test]
fn a_list_of_urls_or_of_host_and_port_is_cut_to_its_hosts() {
    for (sample, wanted) in [
        ("https://a.com/\nhttp://b.com:80/x\n", Form::Host),
        ("a.com:443\n", Form::Host),
        ("a.com\nb.com\nhttps://c.com/\n", Form::Name),
        ("me@a.com\nyou@b.com\n", Form::Name),
        ("192.0.2.1:443\n", Form::Name),
        ("domain\nhttps://a.com/\n", Form::Name),
    ] {
        let found = told(sample.as_bytes());
        assert!(matches!(found, Ok(Text::Names(.., form)) if form == wanted), "{sample}: {found:?}");
    }
}

#[test]
fn zone_files_are_told_by_their_first_record() {
    for sample in [
        "com.\t900\tin\tsoa\ta.example. b.example. 1 1800 900 604800 86400\n",
        "; <<>> DiG <<>> axfr\n;; global options\nse.\t172800\tIN\tSOA\tx. y. 1 2 3 4 5\n",
        "$ORIGIN COM.\n",
        "$TTL 86400 ; a day\n",
        "EXAMPLE NS NS1.EXAMPLE.NET.\n",
        "abc.test. 3600 IN ZONEMD 1 1 1 00\n",
        "abc.test. 3600 CLASS1 TYPE65280 \\# 0\n",
    ] {
        assert_eq!(told(sample.as_bytes()), Ok(Text::Zone), "{sample:?}");
    }
}

#[test]
fn what_is_no_list_is_named_with_what_helps() {
    for (sample, found, help) in [
        (&b"\x7fELF\x02\x01"[..], "a program (ELF)", ""),
        (b"\xff\xfee\0x\0", "text in UTF-16", "iconv -f UTF-16 "),
        (b"e\0x\0a\0", "text in UTF-16 without a byte order mark", "iconv -f UTF-16LE"),
        (b"BZh91AY", "bzip2", "bzip2 -dc LIST |"),
        (b"\xfd7zXZ\0", "xz", "xz -dc LIST |"),
        (b"<!DOCTYPE html>\n<html>", "a web page or XML", ""),
        (b"{\"domains\": []}", "JSON", "jq -r"),
        (b"// Copyright\n// more\n{\n  \"entries\": [\n", "JSON", "jq -r"),
        (b"example\0.com\n", "binary data that begins with 65 78 61 6d 70 6c 65 00", ""),
        (b"\x1f\x8b\x08", "gzip inside another file", "unpack the outer file"),
    ] {
        match told(sample) {
            Err(NoList::Foreign(foreign)) => {
                assert_eq!(foreign.found, found);
                assert!(
                    foreign.help.contains(help) && foreign.help.is_empty() == help.is_empty(),
                    "{foreign:?}"
                );
            }
            other => assert_eq!(
                other.map(|_| found),
                Err(NoList::Foreign(Foreign { found: String::new(), help: "" }))
            ),
        }
    }
}

#[test]
fn objects_on_lines_are_a_list() {
    let keys = Keys { name: "domain".into(), form: Form::Name, rank: None };
    assert_eq!(told(b"{\"domain\": \"a.com\"}\n{\"domain\": \"b.com\"}\n"), Ok(Text::Objects(keys)));
}
