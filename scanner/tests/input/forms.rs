//! Lists in the forms that publishers give them: read as they are meant, or refused with what helps.

use super::*;
use arrow_array::{Decimal128Array, Float64Array};
use sts_scanner::input::{BadEntry, look};

/// How a list is read with these choices; the survey and the reader must agree.
fn chosen(path: &Path, choices: &Choices) -> Result<Vec<(String, Option<i64>)>, String> {
    let lists = ListSpec::read_as(&ListSpec::all(&[path]).unwrap(), choices);
    survey(&lists).map_err(|refusal| refusal.to_string())?;
    let entries = Reader::open(&lists, IN_ORDER).unwrap().map(Result::unwrap);
    Ok(entries.map(|entry| (entry.domain.into(), entry.rank)).collect())
}

fn read_as(bytes: &[u8]) -> Result<Vec<(String, Option<i64>)>, String> {
    chosen(&Dir::new().file("list", bytes), &Choices::default())
}

/// Read with these names and ranks.
#[track_caller]
fn reads(text: &str, want: &[(&str, Option<i64>)]) {
    assert_eq!(read_as(text.as_bytes()), Ok(owned(want)), "{text}");
}

/// Refused with a message that has these parts.
#[track_caller]
fn refuses(bytes: &[u8], says: &[&str]) {
    let message = read_as(bytes).unwrap_err();
    for part in says {
        assert!(message.contains(part), "`{part}` is not in: {message}");
    }
}

const GOOGLE: (&str, Option<i64>) = ("google.com", None);

#[test]
fn common_crawl_is_read_with_its_labels_turned() {
    let header = "#harmonicc_pos\t#harmonicc_val\t#pr_pos\t#pr_val\t#host_rev\t#n_hosts\n";
    let row = "1\t3.4626736E7\t3\t0.0054\tcom.facebook\t7348\n";
    reads(&format!("{header}{row}"), &[("facebook.com", Some(1))]);
    reads("0\tcom.google\t9\n", &[GOOGLE]);
    let hosts = "5\tcom.google.mail\n6\torg.wikipedia.de\n7\tde.example.www\n";
    let want = [("mail.google.com", None), ("de.wikipedia.org", None), ("www.example.de", None)];
    reads(hosts, &want);
}

#[test]
fn the_header_of_a_joined_table_is_no_domain() {
    let rows = "a.gov,Office A,OFFICE A,wd:1,0.9\nb.gov,Office B,OFFICE B,wd:2,0.8\n";
    let joined = format!("government-domain,org_original.x,org_original.y,curie,score\n{rows}");
    reads(&joined, &[("a.gov", None), ("b.gov", None)]);
    reads(
        "tld,name.x,host\ncom,label0,google.com\ncom,label1,example.com\n",
        &[GOOGLE, ("example.com", None)],
    );
    reads("Domain.Name,count\ngoogle.com,5\nexample.com,9\n", &[GOOGLE, ("example.com", None)]);
}

#[test]
fn one_column_may_have_any_title() {
    for title in ["host", "domaine", "domain"] {
        reads(&format!("{title}\ngoogle.com\nexample.com\n"), &[GOOGLE, ("example.com", None)]);
    }
}

#[test]
fn the_third_column_and_a_quoted_line_feed_are_read() {
    reads("1,AS-NAME,google.com\n", &[("google.com", Some(1))]);
    let moved = "domain,agency,comment\none.example,A,\"moved to\ntwo.example, since 2020\"\n";
    reads(moved, &[("one.example", None)]);
}

#[test]
fn labels_are_no_domains_unless_it_is_said() {
    refuses(
        b"www\nmail\nftp\n",
        &["3 of 3 names end in no suffix", "`www`, `mail`, `ftp`", "--any-suffix", "--column NAME"],
    );
    let any = Choices { any_suffix: true, ..Choices::default() };
    let path = Dir::new();
    let labels = path.file("labels", b"www\nmail\n");
    assert_eq!(chosen(&labels, &any), Ok(owned(&[("www", None), ("mail", None)])));
    // Reserved names are what examples are made of.
    reads("a.test\nb.invalid\nlocalhost\n", &[("a.test", None), ("b.invalid", None), ("localhost", None)]);
}

#[test]
fn a_list_of_something_else_is_refused_with_five_of_it() {
    let hosts: String = (0..9).map(|n| format!("0.0.0.0 ads{n}.example.com\n")).collect();
    refuses(
        hosts.as_bytes(),
        &[
            "the list contains no domain name. Of 9 entries the first are: line 1, `0.0.0.0 ads0.example.com`, contains white space; \
         line 2",
            "line 5",
            "--column NAME",
        ],
    );
    refuses(b"a.com\n192.0.2.1\n192.0.2.2\n", &[": 2 of 3 entries are no domain names"]);
    // Of a long list not each entry is looked at, and it is said how many there are all the same.
    refuses(
        "192.0.2.1\n".repeat(4400).as_bytes(),
        &["no domain name. Of 4400 entries the first are: line 1"],
    );
    let few = format!("{}{}", "www\n".repeat(4000), "a.com\n".repeat(50));
    refuses(few.as_bytes(), &[": about 3989 of 4050 names end in no suffix"]);
    // Half is not most.
    reads("a.com\n192.0.2.1\n", &[("a.com", None)]);
    // The whole list decides, not its start.
    let mut late: String = (0..1500).map(|n| format!("192.0.2.{n}\n")).collect();
    late.extend((0..9000).map(|n| format!("a{n}.example.com\n")));
    assert_eq!(read_as(late.as_bytes()).map(|names| names.len()), Ok(9000));
}

#[test]
fn a_sorted_zone_and_numbered_types_are_read() {
    let zone = "abc.test.\t3600\tIN\tNS\tns1.abc.test.\nabc.test.\t3600\tIN\tSOA\ta. b. 1 2 3 4 5\n\
        del1.abc.test.\t3600\tIN\tNS\tns.example.\ndel2.abc.test.\t3600\tCLASS1\tTYPE2\t\\# 4 01610000\n";
    reads(zone, &[("del1.abc.test", None), ("del2.abc.test", None)]);
    let first = "abc.test.\t3600\tIN\tZONEMD\t2026010100 1 1 ABCD\n";
    reads(&format!("{first}{zone}"), &[("del1.abc.test", None), ("del2.abc.test", None)]);
    let massdns = "google.com. MX 10 smtp.google.com.\nexample.com. MX 0 .\n";
    refuses(massdns.as_bytes(), &["was read as a zone file: it has 2 records and no delegation", "cut -f 1"]);
    refuses(b"google.com\tMX\tsmtp.google.com\n", &["1 records and no delegation"]);
}

#[test]
fn ranks_are_what_the_list_says() {
    for (text, ranks) in [
        ("position,domain\n1,a.com\n2,b.com\n", [Some(1), Some(2)]),
        ("index,domain\n1,a.com\n2,b.com\n", [Some(1), Some(2)]),
        ("tranco_rank,domain\n1,a.com\n2,b.com\n", [Some(1), Some(2)]),
        ("domain_rank,domain\n1,a.com\n2,b.com\n", [Some(1), Some(2)]),
        ("a.com,1\nb.com,2\n", [Some(1), Some(2)]),
        ("#domain,rank\na.com,1\nb.com,2\n", [Some(1), Some(2)]),
        ("2026-01-01,1,a.com\n2026-01-01,2,b.com\n", [Some(1), Some(2)]),
        ("rank,domain\n1.0,a.com\n2.0,b.com\n", [Some(1), Some(2)]),
        ("rank,domain\n\"1,000\",a.com\n\"2,000\",b.com\n", [Some(1000), Some(2000)]),
        ("rank,domain\n0,a.com\n1,b.com\n", [None, Some(1)]),
        ("rank,domain\n281474976710656,a.com\n2,b.com\n", [None, Some(2)]),
        ("0,a.com\n1,b.com\n", [None, None]),
        ("900,a.com\n80,b.com\n", [None, None]),
        ("a.com\nb.com\n", [None, None]),
    ] {
        reads(text, &[("a.com", ranks[0]), ("b.com", ranks[1])]);
    }
    let ranked = Choices { ranked: true, ..Choices::default() };
    let list = Dir::new();
    assert_eq!(
        chosen(&list.file("list", b"a.com\nbad name\nb.com\n"), &ranked),
        Ok(owned(&[("a.com", Some(1)), ("b.com", Some(3))]))
    );
}

#[test]
fn what_is_no_rank_is_counted() {
    let dir = Dir::new();
    let text = b"rank,domain\n0,a.com\n1,*.b.com\n2,bad name\n,https://c.com\n";
    let (_, counts) = read(&[dir.file("list", text)], IN_ORDER).unwrap();
    let list = &counts.lists[0];
    assert_eq!((list.unranked, list.wildcards), (1, 1));
    assert_eq!(list.rejected, [(BadEntry::Url, 1), (BadEntry::WhiteSpace, 1)].into());
    let read_as = list.read_as.clone().unwrap();
    assert_eq!(read_as.to_string(), "CSV; names from column `domain`; ranks from column `rank`");
}

#[test]
fn columns_of_other_names_are_taken_where_there_is_one() {
    for name in
        ["domain name", "domain_name", "domainname", "hostname", "host", "fqdn", "name", "origin", "url"]
    {
        let text = format!("id,{name},note\n7,google.com,x\n3,example.com,y\n");
        reads(&text, &[GOOGLE, ("example.com", None)]);
    }
    let crux = "origin,rank\nhttps://www.google.com,1000\nhttp://example.com:8080,5000\n";
    reads(crux, &[("www.google.com", Some(1000)), ("example.com", Some(5000))]);
    reads("Domain Name,Owner\ngoogle.com,A\n", &[GOOGLE]);
    reads("Nom de domaine;Pays\ngoogle.com;FR\nexample.com;FR\n", &[GOOGLE, ("example.com", None)]);
    refuses(
        b"hostname,url\ngoogle.com,https://google.com\n",
        &["more than one column that may hold the names: `hostname`, `url`", "--column NAME"],
    );
}

#[test]
fn a_column_is_named() {
    let dir = Dir::new();
    let ask = |column: &str| Choices { column: Some(column.into()), ..Choices::default() };
    let table = dir.file("table", b"hostname,url\na.com,https://b.com/x\n");
    assert_eq!(chosen(&table, &ask("url")), Ok(owned(&[("b.com", None)])));
    let refusal = chosen(&table, &ask("site")).unwrap_err();
    assert!(refusal.contains("has no column `site`; its columns are: `hostname`, `url`"), "{refusal}");
    let bare = dir.file("bare", b"a.com,b.com\nc.com,d.com\n");
    assert_eq!(chosen(&bare, &ask("2")), Ok(owned(&[("b.com", None), ("d.com", None)])));
    let lines = dir.file("lines", b"{\"a\": \"a.com\", \"b\": \"b.com\"}\n");
    assert_eq!(chosen(&lines, &ask("b")), Ok(owned(&[("b.com", None)])));
    let columns = vec![("a", text_column(&[Some("a.com")])), ("b", text_column(&[Some("https://b.com")]))];
    let parquet = dir.file("parquet", &parquet_of(columns, Compression::SNAPPY));
    assert_eq!(chosen(&parquet, &ask("b")), Ok(owned(&[("b.com", None)])));
}

#[test]
fn comments_of_any_length_may_come_first() {
    let comments = format!("# {}\n", "c, d".repeat(20)).repeat(10_000);
    let text = format!("{comments}1,google.com\n2,example.com\n");
    reads(&text, &[("google.com", Some(1)), ("example.com", Some(2))]);
    let long = format!("#{}\n# \n1,google.com\n", "x,".repeat(700_000));
    reads(&long, &[("google.com", Some(1))]);
    let dir = Dir::new();
    let (_, counts) =
        read(&[dir.file("list", format!("{comments}a.com\nbad name\n").as_bytes())], IN_ORDER).unwrap();
    assert_eq!(counts.examples[0].line, 10_002);
}

#[test]
fn quotes_wildcards_and_padding_are_no_hindrance() {
    reads("\"domain\"\n\"google.com\"\n", &[GOOGLE]);
    reads(
        "*.google.com\n*.example.com\nexample.org\n",
        &[GOOGLE, ("example.com", None), ("example.org", None)],
    );
    let padded = [gzip(b"google.com\n"), vec![0; 5000]].concat();
    assert_eq!(read_as(&padded), Ok(owned(&[GOOGLE])));
    let lines = "{\"rank\": 1, \"domain\": \"google.com\"}\n{\"rank\": 2, \"domain\": \"example.com\"}\n";
    reads(lines, &[("google.com", Some(1)), ("example.com", Some(2))]);
}

#[test]
fn ranks_in_parquet_may_be_of_any_number_type() {
    let names = || text_column(&[Some("a.com"), Some("b.com"), Some("c.com")]);
    let columns: [ArrayRef; 3] = [
        Arc::new(Float64Array::from(vec![Some(1.0), None, Some(2.5)])),
        Arc::new(
            Decimal128Array::from(vec![Some(1), None, Some(0)]).with_precision_and_scale(18, 0).unwrap(),
        ),
        text_column(&[Some("1"), None, Some("x")]),
    ];
    for ranks in columns {
        for name in ["rank", "GlobalRank"] {
            let file = parquet_of(vec![("domain", names()), (name, ranks.clone())], Compression::SNAPPY);
            let want = [("a.com", Some(1)), ("b.com", None), ("c.com", None)];
            assert_eq!(read_as(&file), Ok(owned(&want)));
        }
    }
}

#[test]
fn parts_of_a_folder_are_one_list() {
    let dir = Dir::new();
    let folder = dir.path("table");
    fs::create_dir_all(folder.join("year=2026")).unwrap();
    fs::write(folder.join("_SUCCESS"), "").unwrap();
    fs::write(folder.join(".part.crc"), "x").unwrap();
    let part = |name: &str, rank| {
        let columns = vec![("domain", text_column(&[Some(name)])), ("rank", number_column(&[Some(rank)]))];
        parquet_of(columns, Compression::BROTLI(parquet::basic::BrotliLevel::default()))
    };
    fs::write(folder.join("part-0.parquet"), part("a.com", 1)).unwrap();
    fs::write(folder.join("year=2026/part-0.parquet"), part("b.com", 2)).unwrap();
    assert_eq!(chosen(&folder, &Choices::default()), Ok(owned(&[("a.com", Some(1)), ("b.com", Some(2))])));
    fs::write(folder.join("notes.txt"), "a.com\n").unwrap();
    let refusal = chosen(&folder, &Choices::default()).unwrap_err();
    assert!(refusal.contains("with notes.txt in it, which is not Parquet"), "{refusal}");
}

#[test]
fn what_cannot_be_read_comes_with_the_command_that_helps() {
    let list = |help: &str| help.replace("LIST", "");
    for (bytes, help) in [
        (b"\xfd7zXZ\0\0\0".to_vec(), "`xz -dc "),
        (b"BZh91AY&SY".to_vec(), "`bzip2 -dc "),
        (b"7z\xbc\xaf\x27\x1c\0\x04".to_vec(), "`7z x -so "),
        (b"\xff\xfea\0.\0c\0".to_vec(), "`iconv -f UTF-16 -t UTF-8 "),
        (b"\x28\xb5\x2f\xfd\x00\xa8".to_vec(), "`zstd -dc --long=31 "),
        (b"// HSTS\n{\n \"entries\": [\n".to_vec(), "`jq -r "),
        (gzip(b"\xff\xfea\0.\0c\0"), "`gzip -dc "),
        (zip_of(&[("a", b"a.com"), ("b", b"b.com")], zip::CompressionMethod::Stored), "`unzip -p "),
        (
            zip_of(&[("xl/workbook.xml", b"<"), ("b", b"b")], zip::CompressionMethod::Stored),
            "save the sheet as CSV",
        ),
    ] {
        refuses(&bytes, &[&list(help), "sts-scan scan -"][..if help.starts_with('`') { 2 } else { 1 }]);
    }
}

#[test]
fn a_look_says_what_a_scan_would_read() {
    let dir = Dir::new();
    let path = dir.file("list", b"rank,host\n1,a.com\n2,https://*.b.com/x\n,c.com\n4,192.0.2.1\n");
    let looked = look(&ListSpec::all(&[path]).unwrap()[0]).unwrap();
    assert_eq!((looked.entries, looked.domains, looked.ranked), (4, 3, 2));
    assert_eq!((looked.counts.wildcards, looked.counts.unranked), (1, 1));
    assert_eq!(looked.counts.rejected, [(BadEntry::IpAddress, 1)].into());
    assert_eq!((looked.first[1].domain.as_str(), looked.first[1].rank), ("b.com", Some(2)));
    assert_eq!((looked.examples[0].line, looked.refusal.is_none()), (5, true));
    let labels = dir.file("labels", b"www\n");
    assert!(look(&ListSpec::all(&[labels]).unwrap()[0]).unwrap().refusal.is_some());
}

#[test]
fn a_stream_is_judged_by_its_start() {
    let dir = Dir::new();
    let pipe = dir.path("pipe");
    for (text, is_read) in [("www\n".repeat(3000), false), ("a.com\n".repeat(3000), true)] {
        let _ = fs::remove_file(&pipe);
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let to = pipe.clone();
        let writer = std::thread::spawn(move || drop(fs::write(to, text)));
        let opened = Reader::open(&ListSpec::all(&[&pipe]).unwrap(), IN_ORDER);
        assert_eq!(opened.as_ref().is_ok(), is_read);
        if let Ok(mut reader) = opened {
            assert_eq!((reader.by_ref().count(), reader.counts().duplicates), (1, 2999));
        }
        writer.join().unwrap();
    }
}
