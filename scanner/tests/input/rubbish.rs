use super::*;
use proptest::prelude::*;
use std::collections::HashSet;
use std::io::Read as _;
use sts_scanner::input::BadEntry;

#[test]
fn a_bad_line_is_counted_and_the_list_goes_on() {
    let (entries, counts) = read(&[fixture("names.txt")], IN_ORDER).unwrap();
    let domains: Vec<&str> = entries.iter().map(|entry| entry.domain.as_str()).collect();
    assert_eq!(domains, ["example.com", "example.net", "xn--mnchen-3ya.example", "example.org"]);
    assert_eq!(entries[0].input, None, "it is the domain itself");
    assert_eq!(entries[1].input.as_deref(), Some("Example.NET."));
    assert_eq!(entries[2].input.as_deref(), Some("m\\195\\188nchen.example"));
    assert!(entries.iter().all(|entry| entry.rank.is_none()));
    assert_eq!((counts.inputs, counts.accepted, counts.duplicates, counts.invalid), (8, 4, 1, 3));
    let examples: Vec<_> =
        counts.examples.iter().map(|example| (example.line, example.text.as_str(), example.reason)).collect();
    let want = [
        (6, "192.0.2.1", BadEntry::IpAddress),
        (7, "https://example.org/", BadEntry::Url),
        (9, "-bad.example", BadEntry::Hyphen),
    ];
    assert_eq!(examples, want);
}

#[test]
fn what_is_no_list_is_refused_at_once() {
    let dir = Dir::new();
    for rubbish in [&b"\x7fELF\x02\x01\x01\0"[..], b"\x89PNG\r\n\x1a\n\0", &[0; 100_000], b"<html></html>"] {
        assert!(matches!(dir.error(rubbish), InputError::NotAList { .. }));
        assert!(matches!(dir.error(&gzip(rubbish)), InputError::NotAList { .. }));
    }
    assert!(matches!(dir.error(&gzip(&gzip(b"example.com\n"))), InputError::NotAList { .. }));
    let message = dir.error(b"\x89PNG\r\n\x1a\n\0").to_string();
    assert!(
        message.contains("list is binary data that begins with 89 50 4e 47 0d 0a 1a 0a: a domain list is")
    );
    let message = dir.error(b"city,land\nParis,FR\nBerlin,DE\n").to_string();
    assert!(message.contains("its columns are: `city`, `land`. Name the one"), "{message}");
}

#[test]
fn a_list_that_cannot_be_opened_is_no_empty_list() {
    let dir = Dir::new();
    let missing = dir.path("missing");
    let message = read(std::slice::from_ref(&missing), IN_ORDER).unwrap_err().to_string();
    assert!(message.starts_with(&format!("cannot open {}: ", missing.display())), "{message}");
    // Also where it is not the first: before the scan begins.
    assert!(matches!(read(&[fixture("tranco.csv"), missing], IN_ORDER), Err(InputError::Open { .. })));
    assert!(matches!(read(&[dir.path(".")], IN_ORDER), Err(InputError::Directory { .. })));
}

#[test]
fn an_archive_must_hold_exactly_one_list() {
    let dir = Dir::new();
    let stored = zip::CompressionMethod::Stored;
    let error =
        dir.error(&zip_of(&[("a.csv", b"1,a.example\n"), ("README", b"read me")], stored)).to_string();
    assert!(error.contains("is a zip archive of 2 files (a.csv, README)"), "{error}");
    let error = dir.error(&zip_of(&[], stored)).to_string();
    assert!(error.contains("without a file"), "{error}");
    let mut broken = zip_of(&[("a.csv", b"1,a.example\n2,b.example\n")], stored);
    broken.truncate(broken.len() - 10);
    assert!(dir.error(&broken).to_string().contains("damaged"));
    let mut changed = zip_of(&[("a.csv", b"1,a.example\n2,b.example\n")], stored);
    let at = changed.windows(9).position(|part| part == b"b.example").unwrap();
    changed[at] = b'c';
    let error = dir.error(&changed).to_string();
    assert!(error.contains("line 2") && error.contains("checksum"), "{error}");
}

#[test]
fn a_parquet_file_without_a_usable_column_says_what_it_has() {
    let dir = Dir::new();
    let column = || text_column(&[Some("a.example")]);
    let message = |columns| dir.error(&parquet_of(columns, Compression::SNAPPY)).to_string();
    let error = message(vec![("place", column()), ("n", column())]);
    assert!(
        error.contains("no column `domain`") && error.contains("its columns are: `place`, `n`"),
        "{error}"
    );
    let error = message(vec![("domain", number_column(&[Some(1)]))]);
    assert!(error.contains("column `domain` is Int32, must be text"), "{error}");
    let logical: ArrayRef = Arc::new(arrow_array::BooleanArray::from(vec![true]));
    let error = message(vec![("domain", column()), ("rank", logical)]);
    assert!(error.contains("column `rank` is Boolean, must be a number or text"), "{error}");
    let mut broken = parquet_of(vec![("domain", column())], Compression::SNAPPY);
    broken.truncate(broken.len() - 3);
    assert!(matches!(dir.error(&broken), InputError::NotAList { .. }));
}

#[test]
fn an_empty_list_is_a_list_of_nothing() {
    let dir = Dir::new();
    for bytes in [&b""[..], b"\n\n  \n", b"# nothing\n", b"rank,domain\n"] {
        for bytes in [bytes.to_vec(), gzip(bytes)] {
            assert_eq!(names(&dir.file("list", &bytes)), []);
        }
    }
}

#[test]
fn a_damaged_list_names_the_line_it_reached() {
    let dir = Dir::new();
    let text: String = (0..200_000).map(|n| format!("{n},n{n}-{}.example\n", n * 7919 % 10_007)).collect();
    for mut packed in [gzip(text.as_bytes()), zstd::encode_all(text.as_bytes(), 0).unwrap()] {
        packed.truncate(packed.len() / 2);
        let InputError::Read { line, .. } = dir.error(&packed) else { panic!("must be a fault of reading") };
        assert!((1_000..199_000).contains(&line), "{line}");
        packed.truncate(30);
        assert!(matches!(dir.error(&packed), InputError::Read { line: 0, .. }));
    }
    let mut spoiled = gzip(text.as_bytes());
    let half = spoiled.len() / 2;
    spoiled[half..half + 100].fill(0xff);
    assert!(matches!(dir.error(&spoiled), InputError::Read { .. }));
}

#[test]
fn a_single_line_of_200_megabytes_is_one_bad_entry() {
    let dir = Dir::new();
    let line = std::io::repeat(b'x').take(200_000_000);
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    std::io::copy(&mut line.chain(&b"\nexample.com\n"[..]), &mut encoder).unwrap();
    let path = dir.file("list", &encoder.finish().unwrap());
    let (entries, counts) = read(&[path], IN_ORDER).unwrap();
    assert_eq!((entries.len(), counts.invalid), (1, 1));
    assert_eq!(counts.examples[0].reason, BadEntry::LineTooLong);
    assert_eq!(counts.examples[0].text, "x".repeat(80));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_are_read_to_the_end_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let dir = Dir::new();
        let path = dir.file("list", &bytes);
        if let Ok((entries, _)) = read(&[path], IN_ORDER) {
            let distinct: HashSet<&str> = entries.iter().map(|entry| entry.domain.as_str()).collect();
            prop_assert_eq!(distinct.len(), entries.len());
        }
    }

    #[test]
    fn any_text_with_the_marks_of_all_formats_is_read(
        text in "([a-z.@$;#,()\"\\\\\t ]|NS |SOA |\\$ORIGIN |\n){0,120}"
    ) {
        let dir = Dir::new();
        let path = dir.file("list", text.as_bytes());
        if let Ok(surveyed) = survey(&ListSpec::all(&[&path]).unwrap()) {
            prop_assert_eq!(surveyed.entries(), Some(read(&[path], IN_ORDER).unwrap().1.inputs));
        }
    }
}
