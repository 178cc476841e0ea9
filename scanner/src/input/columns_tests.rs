#![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
use super::*;

/// Index of names, how they are held, index of ranks, and whether there is a header.
type Chosen = (usize, Form, Option<usize>, bool);

fn with(text: &str, choices: &Choices) -> Result<Chosen, NoColumn> {
    let (mut comment, mut records) = (None, Vec::new());
    for line in text.lines() {
        let fields = |line: &str| line.split('\t').map(str::to_owned).collect::<Vec<_>>();
        match line.strip_prefix('#') {
            Some(names) => comment = Some(fields(names)),
            None => records.push(fields(line)),
        }
    }
    choose(&records, comment, b'\t', choices)
        .map(|found| (found.domain, found.form, found.rank, found.header))
}

fn chosen(text: &str) -> Result<Chosen, NoColumn> {
    with(text, &Choices { alone: true, ..Choices::default() })
}

/// Many records of a table.
fn many(header: &str, record: impl Fn(u64) -> String) -> String {
    let records = (1..=40).map(record);
    [header.to_owned()]
        .into_iter()
        .filter(|header| !header.is_empty())
        .chain(records)
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn common_crawl_is_read_from_its_right_end() {
    let ranks = "#harmonicc_pos\t#harmonicc_val\t#pr_pos\t#pr_val\t#host_rev\t#n_hosts\n\
                 1\t3.4626736E7\t3\t0.0054\tcom.facebook\t7348\n2\t3.3E7\t1\t0.005\tcom.googleapis.fonts\t3";
    assert_eq!(chosen(ranks), Ok((4, Form::Reversed, Some(0), false)));
    // Without its header the numbers are no ranks that can be told.
    assert_eq!(
        chosen("7\t3.4E7\t3\t0.005\tcom.facebook\t8\n9\t3.3E7\t1\t0.004\torg.wikipedia\t3"),
        Ok((4, Form::Reversed, None, false))
    );
    assert_eq!(chosen("0\tcom.google\t9"), Ok((1, Form::Reversed, None, false)));
    let vertices = many("", |n| format!("{n}\tcom.example{n}\t{}", n % 7));
    assert_eq!(chosen(&vertices), Ok((1, Form::Reversed, None, false)));
}

#[test]
fn a_header_of_r_is_none_of_the_names() {
    let joined = many("government-domain\torg_original.x\torg_original.y\tcurie\tscore", |n| {
        format!("a{n}.gov\tOffice {n}\tOFFICE {n}\twd:Q{n}\t0.{n}")
    });
    assert_eq!(chosen(&joined), Ok((0, Form::Name, None, true)));
    let joined = many("tld\tname.x\thost", |n| format!("com\tlabel{n}\tgoogle{n}.com"));
    assert_eq!(chosen(&joined), Ok((2, Form::Host, None, true)));
    let made = many("Domain.Name\tn", |n| format!("a{n}.com\tx"));
    assert_eq!(chosen(&made), Ok((0, Form::Host, None, true)));
}

#[test]
fn the_column_is_that_of_most_records_and_not_of_the_first() {
    assert_eq!(chosen("1\tAS-NAME\tgoogle.com"), Ok((2, Form::Name, Some(0), false)));
    let table = many("", |n| format!("{n}\t{}\ta{n}.org", if n == 1 { "b.com" } else { "none" }));
    assert_eq!(chosen(&table), Ok((2, Form::Name, Some(0), false)));
    assert_eq!(chosen("US\texample.com\t5"), Ok((1, Form::Name, None, false)));
}

#[test]
fn a_header_is_known_by_having_no_name() {
    let french = many("Nom de domaine\tPays BE", |n| format!("a{n}.fr\tFR"));
    assert_eq!(chosen(&french), Ok((0, Form::Name, None, true)));
    let moz = many("Rank\tRoot Domain\tDomain Authority", |n| format!("{n}\ta{n}.com\t{}", 100 - n));
    assert_eq!(chosen(&moz), Ok((1, Form::Name, Some(0), true)));
    // A first entry that is a bad one is no header.
    let bad = many("1\t192.0.2.1", |n| format!("{}\ta{n}.com", n + 1));
    assert_eq!(chosen(&bad), Ok((1, Form::Name, Some(0), false)));
    // Top-level domains, some lists have them.
    let tops = many("1\tcom", |n| format!("{}\ta{n}.com", n + 1));
    assert_eq!(chosen(&tops), Ok((1, Form::Name, Some(0), false)));
    assert_eq!(chosen("1\tgoogle.com\n2\tcom\n3\tnet"), Ok((1, Form::Name, Some(0), false)));
}

#[test]
fn what_could_be_several_columns_is_refused() {
    let both = many("host\turl", |n| format!("a{n}.com\thttps://b{n}.com/"));
    assert_eq!(chosen(&both).unwrap_err().several, ["host", "url"]);
    let unknown = many("site\tmailer", |n| format!("a{n}.com\tmx.b{n}.com"));
    assert_eq!(chosen(&unknown).unwrap_err().several, ["site", "mailer"]);
    // A word over something else is no candidate.
    let company = many("name\turl", |n| format!("Company {n}\thttps://b{n}.com/"));
    assert_eq!(chosen(&company), Ok((1, Form::Host, None, true)));
    assert_eq!(chosen("a\tb\n1\t2").unwrap_err().all, ["a", "b"]);
}

#[test]
fn a_column_that_is_asked_for_is_taken() {
    let table = many("site\tmailer", |n| format!("a{n}.com\tmx.b{n}.com"));
    let ask = |column: &str, alone| Choices { column: Some(column.into()), alone, ..Choices::default() };
    assert_eq!(with(&table, &ask("MAILER", true)), Ok((1, Form::Host, None, true)));
    assert_eq!(with(&table, &ask("2", true)), Ok((1, Form::Host, None, true)));
    assert_eq!(with(&table, &ask("domain", true)).unwrap_err().asked.as_deref(), Some("domain"));
    // With several lists it is asked of those that have it.
    assert_eq!(with("domain\tx\na.com\tb", &ask("mailer", false)), Ok((0, Form::Name, None, true)));
}

#[test]
fn ranks_are_kept_or_left_out_and_never_made_up() {
    for (text, rank) in [
        ("position\tdomain\n5\ta.com", Some(0)),
        ("domain\ttranco_rank\na.com\t5", Some(1)),
        ("domain_rank\tdomain\n5\ta.com", Some(0)),
        ("index\tdomain\n1\ta.com\n2\tb.com", Some(0)),
        ("index\tdomain\n0\ta.com\n1\tb.com", None),
        ("#domain\trank\na.com\t7\nb.com\t9", Some(1)),
        ("a.com\t1\nb.com\t2", Some(1)),
        ("20260101\t1\ta.com\n20260101\t2\tb.com", Some(1)),
        ("7\ta.com\n9\tb.com", Some(0)),
        // Counts, identifiers and times.
        ("900\ta.com\n80\tb.com\n80\tc.com", None),
        ("0\ta.com\n1\tb.com", None),
        ("5\ta.com", None),
        ("1760000001\ta.com\n1760000002\tb.com", None),
    ] {
        assert_eq!(chosen(text).unwrap().2, rank, "{text}");
    }
    let ranked = Choices { ranked: true, alone: true, ..Choices::default() };
    assert_eq!(with("9\ta.com\n7\tb.com", &ranked).unwrap().2, Some(0));
}
