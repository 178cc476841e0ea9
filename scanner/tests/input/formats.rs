use super::*;
use std::process::Command;

fn format(path: &Path) -> String {
    survey(&ListSpec::all(&[path]).unwrap()).unwrap().lists[0].read_as.clone().unwrap().format.to_string()
}

#[test]
fn public_lists_are_read_as_they_come() {
    let tranco = [("example.com", 1), ("example.net", 2), ("example.org", 3), ("www.example.com", 4)];
    assert_eq!(names(&fixture("tranco.csv")), owned(&tranco.map(|(name, rank)| (name, Some(rank)))));
    let majestic = [("example.com", Some(1)), ("xn--mnchen-3ya.example", Some(2))];
    assert_eq!(names(&fixture("majestic.csv")), owned(&majestic));
    assert_eq!(names(&fixture("quoted.csv")), owned(&[("example.com", Some(1)), ("example.net", Some(2))]));
    let czds = [("aaa.example", None), ("bbb.example", None), ("xn--mnchen-3ya.example", None)];
    assert_eq!(names(&fixture("czds.zone")), owned(&czds));
    assert_eq!(names(&fixture("master.zone")), owned(&czds[..2]));
}

#[test]
fn the_sample_list_holds_reserved_names_only() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../domain-lists/sample.csv");
    let (entries, counts) = read(&[sample], IN_ORDER).unwrap();
    assert_eq!((counts.inputs, counts.accepted), (20, 20));
    for entry in entries {
        let reserved =
            ["example.com", "example.net", "example.org", "example", "test", "invalid", "localhost"];
        let inside = |zone: &&str| entry.domain == **zone || entry.domain.ends_with(&format!(".{zone}"));
        assert!(reserved.iter().any(inside), "{}", entry.domain);
    }
}

#[test]
fn any_text_may_be_compressed() {
    let dir = Dir::new();
    for name in ["tranco.csv", "names.txt", "czds.zone", "master.zone"] {
        let plain = fs::read(fixture(name)).unwrap();
        let want = names(&fixture(name));
        // Names that say something else: the content counts.
        assert_eq!(names(&dir.file("list.csv", &gzip(&plain))), want);
        assert_eq!(names(&dir.file("list.gz", &zstd::encode_all(&plain[..], 0).unwrap())), want);
        let files: [(&str, &[u8]); 3] =
            [("__MACOSX/._list", b"\0\x05\x16\x07"), ("dir/.DS_Store", b"\0"), ("dir/list", &plain)];
        for method in [zip::CompressionMethod::Stored, zip::CompressionMethod::Deflated] {
            assert_eq!(names(&dir.file("list.txt", &zip_of(&files, method))), want);
        }
    }
}

#[test]
fn the_format_is_told_by_content() {
    let dir = Dir::new();
    let parquet = parquet_of(vec![("domain", text_column(&[Some("a.example")]))], Compression::SNAPPY);
    let zipped = zip_of(&[("a", b"a.example\n")], zip::CompressionMethod::Deflated);
    assert_eq!(format(&fixture("names.txt")), "text");
    assert_eq!(format(&fixture("czds.zone")), "a zone file");
    assert_eq!(format(&dir.file("a", &gzip(b"1,example.com\n"))), "CSV in gzip");
    assert_eq!(format(&dir.file("a.csv", &zipped)), "text in zip");
    assert_eq!(format(&dir.file("a.txt", &parquet)), "Parquet");
}

#[test]
fn members_and_a_byte_order_mark_are_no_hindrance() {
    let dir = Dir::new();
    let unranked = owned(&[("a.example", None), ("b.example", None)]);
    let want = owned(&[("a.example", Some(1)), ("b.example", Some(2))]);
    // Members one after the other, as parallel compressors write them.
    let members = [gzip(b"a.example\nb.exa"), gzip(b"mple\n")].concat();
    assert_eq!(names(&dir.file("members", &members)), unranked);
    let marked = b"\xef\xbb\xbf1,a.example\n2,b.example\n";
    assert_eq!(names(&dir.file("marked", marked)), want);
    assert_eq!(names(&dir.file("marked", &gzip(marked))), want);
}

#[test]
fn parquet_is_read_across_row_groups_and_codecs() {
    let dir = Dir::new();
    let domains =
        text_column(&[Some("a.example"), Some("B.example."), None, Some("c.example"), Some("d.example")]);
    let ranks = number_column(&[Some(10), None, Some(12), Some(-1), Some(14)]);
    let want = [("a.example", Some(10)), ("b.example", None), ("c.example", None), ("d.example", Some(14))];
    let codecs = [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::LZ4_RAW,
        Compression::GZIP(parquet::basic::GzipLevel::default()),
        Compression::ZSTD(parquet::basic::ZstdLevel::default()),
    ];
    for codec in codecs {
        for columns in [
            vec![("note", domains.clone()), ("Domain", domains.clone()), ("rank", ranks.clone())],
            vec![("rank", ranks.clone()), ("note", domains.clone()), ("domain", domains.clone())],
        ] {
            assert_eq!(names(&dir.file("list", &parquet_of(columns, codec))), owned(&want));
        }
    }
    let unranked = parquet_of(vec![("domain", domains)], Compression::SNAPPY);
    assert!(names(&dir.file("list", &unranked)).iter().all(|(_, rank)| rank.is_none()));
}

#[test]
fn a_pipe_is_read_once_and_hashed_on_the_way() {
    let dir = Dir::new();
    let pipe = dir.path("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let list = fixture("tranco.csv");
    let bytes = fs::read(&list).unwrap();
    let writer = std::thread::spawn({
        let pipe = pipe.clone();
        move || fs::write(pipe, bytes).unwrap()
    });
    let lists = ListSpec::all(&[&pipe]).unwrap();
    let untouched = survey(&lists).unwrap();
    assert_eq!((untouched.entries(), &untouched.lists[0].sha256), (None, &None));
    let mut reader = Reader::open(&lists, IN_ORDER).unwrap();
    assert_eq!(reader.stream_digest(), None);
    assert_eq!(reader.by_ref().map(Result::unwrap).count(), 4);
    let file = survey(&ListSpec::all(&[&list]).unwrap()).unwrap();
    let (sha256, bytes) = reader.stream_digest().unwrap();
    assert_eq!((Some(sha256), Some(bytes)), (file.lists[0].sha256.as_deref(), file.lists[0].bytes));
    writer.join().unwrap();
    assert!(matches!(ListSpec::all(&[&list, &pipe]), Err(InputError::StreamNotFirst { .. })));
}

#[test]
fn the_hash_is_that_of_the_file_as_it_lies_there() {
    let dir = Dir::new();
    for (bytes, sha256) in [
        (&b"abc"[..], "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (b"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ] {
        let lists = ListSpec::all(&[dir.file("list", bytes)]).unwrap();
        assert_eq!(survey(&lists).unwrap().lists[0].sha256.as_deref(), Some(sha256));
    }
}
