use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

#[test]
fn a_row_names_every_list_that_has_the_name() {
    let dir = Dir::new();
    let zone = dir.file("zone", b"a.example. NS x.test.\nb.example. NS x.test.\n");
    let top = dir.file("top", b"1,c.example\n2,A.example\n3,b.example.\n4,a.example\n");
    let more = dir.file("more", b"d.example\nbad name\nb.example\n");
    let (entries, counts) = read(&[zone.clone(), top.clone(), more.clone()], IN_ORDER).unwrap();
    let rows: Vec<_> = entries
        .into_iter()
        .map(|entry| {
            let lists: Vec<_> =
                entry.lists.iter().map(|listed| (listed.list.to_string(), listed.rank)).collect();
            (entry.domain.to_string(), entry.rank, lists)
        })
        .collect();
    let row = |domain: &str, rank, lists: &[(&str, Option<i64>)]| (domain.to_owned(), rank, owned(lists));
    let want = [
        row("a.example", Some(2), &[("zone", None), ("top", Some(2))]),
        row("b.example", Some(3), &[("zone", None), ("top", Some(3)), ("more", None)]),
        row("c.example", Some(1), &[("top", Some(1))]),
        row("d.example", None, &[("more", None)]),
    ];
    assert_eq!(rows, want);
    assert_eq!((counts.inputs, counts.duplicates, counts.invalid), (9, 4, 1));
    let tight = Options { max_listed: 5, ..IN_ORDER };
    let error = read(&[zone, top, more], tight).unwrap_err().to_string();
    assert!(error.contains("more than 5 names, at 16 bytes"), "{error}");
}

#[test]
fn neighbours_are_spread_inside_a_window_only() {
    let dir = Dir::new();
    let text: String = (0..1000).map(|n| format!("n{n}.example\n")).collect();
    let list = dir.file("list", text.as_bytes());
    let ranks = |options: Options| -> Vec<i64> {
        let lists = ListSpec::all(&[&list]).unwrap();
        let ranked = Choices { ranked: true, ..Choices::default() };
        let reader = Reader::open(&ListSpec::read_as(&lists, &ranked), options).unwrap();
        reader.map(|entry| entry.unwrap().rank.unwrap()).collect()
    };
    let options = Options { window: 100, ..IN_ORDER };
    let order = ranks(options);
    for (window, part) in (0_i64..).zip(order.chunks(100)) {
        let mut sorted = part.to_vec();
        sorted.sort_unstable();
        assert_eq!(sorted, (window * 100 + 1..=window * 100 + 100).collect::<Vec<_>>());
        assert_ne!(sorted, part);
    }
    assert_eq!(ranks(options), order);
    assert_ne!(ranks(Options { seed: 2, ..options }), order);
}

#[test]
fn names_before_a_fault_keep_their_positions() {
    let dir = Dir::new();
    let text: String = (0..50_000).map(|n| format!("n{}.example\n", n * 7919)).collect();
    let whole = dir.file("whole", text.as_bytes());
    let packed = gzip(text.as_bytes());
    let broken = dir.file("broken", &packed[..packed.len() / 2]);
    let options = Options { window: 1000, ..IN_ORDER };
    let (entries, _) = read(&[whole], options).unwrap();
    let mut reader = Reader::open(&ListSpec::all(&[broken]).unwrap(), options).unwrap();
    let mut before = 0;
    for entry in reader.by_ref() {
        let Ok(entry) = entry else { break };
        assert_eq!((entry.position, &entry.domain), (before as u64, &entries[before].domain));
        before += 1;
    }
    assert!(before >= 5_000 && before % 1000 == 0, "{before}");
    assert!(reader.next().is_none());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_order_is_a_permutation_and_shards_are_disjoint_and_complete(
        numbers in proptest::collection::vec(0_u16..500, 0..300),
        seed in any::<u64>(),
        window in 1_usize..80,
        of in 1_u32..6,
    ) {
        let dir = Dir::new();
        let text: String = numbers.iter().map(|n| format!("n{n}.example\n")).collect();
        let list = dir.file("list", text.as_bytes());
        let want: BTreeSet<String> = numbers.iter().map(|n| format!("n{n}.example")).collect();
        let mut got = Vec::new();
        for index in 1..=of {
            let shard = format!("{index}/{of}").parse().unwrap();
            let options = Options { seed, shard, sample: Sample::WHOLE, window, max_listed: 0, repeats: Repeats::Dropped };
            let (entries, counts) = read(std::slice::from_ref(&list), options).unwrap();
            prop_assert_eq!(counts.inputs, numbers.len() as u64);
            got.extend(entries.into_iter().map(|entry| entry.domain.to_string()));
        }
        prop_assert_eq!(got.len(), want.len());
        prop_assert_eq!(got.into_iter().collect::<BTreeSet<_>>(), want);
    }
}

#[test]
fn a_reader_may_move_to_its_own_thread() {
    let lists = ListSpec::all(&[fixture("tranco.csv")]).unwrap();
    let reader = Reader::open(&lists, IN_ORDER).unwrap();
    assert_eq!(std::thread::spawn(move || reader.count()).join().unwrap(), 4);
}

#[test]
fn where_repeats_are_unexpected_a_name_that_comes_twice_comes_twice() {
    let dir = Dir::new();
    let unique = Options { repeats: Repeats::Unexpected, ..IN_ORDER };
    let (entries, counts) = read(&[dir.file("list", b"a.example\nb.example\na.example\n")], unique).unwrap();
    let names: Vec<_> = entries.iter().map(|entry| entry.domain.as_str()).collect();
    assert_eq!((names, counts.duplicates), (vec!["a.example", "b.example", "a.example"], 0));
}
