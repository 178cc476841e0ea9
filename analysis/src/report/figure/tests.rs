#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]
use super::*;

fn about() -> About {
    About { id: "x".into(), title: "A <title>".into(), description: "1 & 2".into() }
}

fn bar(label: &str, value: f64, range: Option<(f64, f64)>) -> Bar {
    Bar { label: label.into(), value: Some(value), range, note: "1 of 2".into(), tone: Tone::Main }
}

fn bars(bars: Vec<Bar>) -> Figure {
    Figure::Bars(Bars { bars, axis: "% of names".into(), unit: Unit::Percent })
}

fn series(lines: Vec<SeriesLine>, jumps: Vec<Jump>) -> Figure {
    let times = [(0.0, "2026-01-01"), (86_400.0, "2026-01-02"), (172_800.0, "2026-01-03")];
    let times = times.map(|(at, when)| (at, when.to_owned())).to_vec();
    Figure::Series(Series {
        times,
        lines,
        jumps,
        breaks: Vec::new(),
        axis: "% of names".into(),
        unit: Unit::Percent,
    })
}

fn line(label: &str, values: [Option<f64>; 3]) -> SeriesLine {
    SeriesLine { label: label.into(), values: values.to_vec(), ranges: Vec::new(), tone: Tone::Main }
}

/// Numbers of an attribute of all elements of a kind, in their order.
fn attribute(svg: &str, element: &str, name: &str) -> Vec<f64> {
    svg.split(&format!("<{element} "))
        .skip(1)
        .filter_map(|rest| {
            rest.split('>').next()?.split(&format!(" {name}=\"")).nth(1)?.split('"').next()?.parse().ok()
        })
        .collect()
}

#[test]
fn text_of_a_dataset_cannot_leave_its_element() {
    assert_eq!(escape("<script>'x\"&"), "&lt;script&gt;&#39;x&quot;&amp;");
    assert_eq!(escape("a\u{202e}b\u{0}c\u{200b}d"), r"a\u{202e}b\u{0}c\u{200b}d");
    let figure = bars(vec![bar("</text><script>alert(1)</script>", 1.0, None)]);
    for width in [Width::Wide, Width::Narrow] {
        let svg = figure.draw(&about(), width);
        assert!(!svg.contains("<script"), "{svg}");
    }
}

#[test]
fn a_figure_has_a_title_and_a_description_that_it_is_labelled_by() {
    let svg = bars(vec![bar("a", 1.0, None)]).draw(&about(), Width::Wide);
    assert!(svg.contains(r#"role="img""#) && svg.contains(r#"aria-labelledby="x-wide-t x-wide-d""#));
    assert!(
        svg.contains(r#"<title id="x-wide-t">A &lt;title&gt;</title><desc id="x-wide-d">1 &amp; 2</desc>"#)
    );
}

#[test]
fn bars_are_as_long_as_their_values_and_begin_at_zero() {
    let Figure::Bars(figure) = bars(vec![bar("a", 40.0, None), bar("b", 20.0, None)]) else { panic!() };
    let svg = Figure::Bars(figure).draw(&about(), Width::Wide);
    let lengths: Vec<f64> = svg
        .split("<path class=\"c1\" d=\"M")
        .skip(1)
        .map(|path| path.split('h').nth(1).unwrap().split('q').next().unwrap().parse::<f64>().unwrap() + 2.0)
        .collect();
    assert!((lengths[0] / lengths[1] - 2.0).abs() < 0.01, "{lengths:?}");
    assert!(svg.contains(">40.0 %</text>") && svg.contains(">1 of 2</text>"));
}

#[test]
fn a_range_is_drawn_and_one_without_extent_is_not() {
    let wide = bars(vec![bar("a", 40.0, Some((35.0, 60.0)))]).draw(&about(), Width::Wide);
    assert_eq!(wide.matches("class=\"w\"").count(), 3);
    let none = bars(vec![bar("a", 40.0, Some((40.0, 40.0)))]).draw(&about(), Width::Wide);
    assert_eq!(none.matches("class=\"w\"").count(), 0);
}

#[test]
fn a_bar_without_a_value_says_so_and_has_no_length() {
    let empty = Bar { value: None, ..bar("a", 0.0, None) };
    let figure = bars(vec![empty]);
    assert!(!figure.draw(&about(), Width::Wide).contains("<path"));
    assert_eq!(figure.describe(), "a: no value (1 of 2).");
}

#[test]
fn nothing_is_drawn_outside_the_view() {
    let long = "a label that is much longer than any figure has room for, and then some more words of it";
    let ranged = bar(long, 99.9, Some((0.0, 100.0)));
    let stage = |count| FunnelStage { label: long.into(), count, share: Some(50.0), of_all: None };
    let flow = |from: &str, to: &str| Flow { from: from.into(), to: to.into(), count: 5 };
    let figures = [
        bars(vec![ranged.clone(), ranged]),
        Figure::Funnel(Funnel { stages: vec![stage(10_000_000), stage(9), stage(0), stage(0)] }),
        series(vec![line(long, [Some(1.0), None, Some(2.0)])], vec![Jump { at: 2, label: long.into() }]),
        Figure::Steps(Steps {
            curves: vec![Curve {
                label: long.into(),
                points: vec![(0.0, 10.0), (86_400.0, 100.0)],
                tone: Tone::Main,
            }],
            marks: vec![(86_400.0, "1 day".into()), (90_000.0, "25 h".into())],
            axis: "max_age".into(),
            shares: long.into(),
        }),
        Figure::Matrix(Matrix { states: vec![long.into(), "b".into()], flows: vec![flow(long, "b")] }),
    ];
    for figure in figures {
        for width in [Width::Wide, Width::Narrow] {
            let svg = figure.draw(&about(), width);
            let high = attribute(&svg, "svg", "height")[0];
            for (element, name, least, most) in [
                ("text", "x", 0.0, width.pixels()),
                ("text", "y", 0.0, high),
                ("rect", "x", 0.0, width.pixels()),
                ("rect", "y", 0.0, high),
                ("line", "x2", 0.0, width.pixels()),
                ("line", "y2", 0.0, high),
            ] {
                for place in attribute(&svg, element, name) {
                    assert!((least..=most).contains(&place), "{element} {name}={place} of {most}: {svg}");
                }
            }
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        }
    }
}

#[test]
fn a_funnel_gives_each_stage_as_a_share_of_the_one_before() {
    let stage = |label: &str, count, share| FunnelStage { label: label.into(), count, share, of_all: share };
    let stages = vec![
        stage("all", 1000, Some(100.0)),
        stage("some", 100, Some(12.5)),
        stage("none", 0, Some(0.0)),
        stage("lost", 0, None),
    ];
    let funnel = Funnel { stages };
    let said = Figure::Funnel(funnel).describe();
    assert_eq!(
        said,
        "all: 1,000; some: 100 (12.5 % of the stage before); none: 0 (0.0 % of the stage before); lost: 0."
    );
}

#[test]
fn a_line_is_broken_where_a_value_is_missing() {
    let svg = series(vec![line("a", [Some(1.0), None, Some(2.0)])], vec![]).draw(&about(), Width::Wide);
    assert_eq!(svg.matches("<polyline").count(), 0);
    assert_eq!(svg.matches("<circle").count(), 2);
    let svg = series(vec![line("a", [Some(1.0), Some(1.5), None])], vec![]).draw(&about(), Width::Wide);
    assert_eq!(svg.matches("<polyline").count(), 1);
}

#[test]
fn a_jump_is_numbered_in_the_figure_and_explained_below_it() {
    let jump = Jump { at: 1, label: "Provider: 300 of 345 names".into() };
    let figure = series(vec![line("a", [Some(1.0), Some(9.0), Some(9.5)])], vec![jump]);
    let svg = figure.draw(&about(), Width::Wide);
    assert_eq!(svg.matches("class=\"j\"").count(), 1);
    assert!(svg.contains(">2026-01-02: Provider: 300 of 345 names</text>"), "{svg}");
    assert!(figure.describe().ends_with("jump at 2026-01-02: Provider: 300 of 345 names."));
}

#[test]
fn names_at_the_ends_of_lines_do_not_cover_one_another() {
    let lines = ["a", "b", "c"].map(|name| line(name, [Some(5.0), Some(5.0), Some(5.0)]));
    let svg = series(lines.to_vec(), vec![]).draw(&about(), Width::Wide);
    let mut places: Vec<f64> = svg
        .split("<text x=\"")
        .filter(|text| text.contains(" 5.00 %</text>"))
        .filter_map(|text| text.split("y=\"").nth(1)?.split('"').next()?.parse().ok())
        .collect();
    places.sort_by(f64::total_cmp);
    assert_eq!(places.len(), 3);
    assert!(places.windows(2).all(|pair| pair[1] - pair[0] >= 16.9), "{places:?}");
}

#[test]
fn what_stays_is_no_change_on_a_phone() {
    let flow = |from: &str, to: &str, count| Flow { from: from.into(), to: to.into(), count };
    let matrix = Matrix {
        states: vec!["enforce".into(), "testing".into()],
        flows: vec![flow("enforce", "enforce", 90), flow("testing", "enforce", 3)],
    };
    let figure = Figure::Matrix(matrix);
    let svg = figure.draw(&about(), Width::Narrow);
    assert!(svg.contains("testing → enforce") && !svg.contains("enforce → enforce"), "{svg}");
    assert_eq!(figure.describe(), "enforce to enforce: 90; testing to enforce: 3.");
}

#[test]
fn ticks_are_round_and_reach_the_largest_value() {
    for (largest, expected) in [
        (0.0, vec![0.0, 0.5, 1.0]),
        (37.0, vec![0.0, 20.0, 40.0]),
        (100.0, vec![0.0, 50.0, 100.0]),
        (0.034, vec![0.0, 0.02, 0.04]),
    ] {
        let found = scale::ticks(largest, 2);
        assert_eq!(found.len(), expected.len(), "{largest}: {found:?}");
        assert!(
            found.iter().zip(&expected).all(|(one, other)| (one - other).abs() < 1e-9),
            "{largest}: {found:?}"
        );
    }
    assert_eq!([0.0, 2.5, 20_000.0].map(scale::label), ["0", "2.5", "20,000"]);
}

#[test]
fn a_file_of_its_own_brings_its_colours_and_an_opaque_ground() {
    let svg = alone(&bars(vec![bar("a", 1.0, None)]), &about());
    assert!(svg.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg "));
    assert!(
        svg.contains("<style>text{")
            && svg.contains("fill=\"#ffffff\"/>")
            && svg.trim_end().ends_with("</svg>")
    );
}

#[test]
fn text_that_has_no_room_is_cut_visibly() {
    let cut = shortened("mail.protection.outlook.example", 100.0);
    assert!(cut.ends_with('…') && text_width(&cut) <= 100.0, "{cut}");
    assert_eq!(shortened("short", 100.0), "short");
}

#[test]
fn what_explains_a_jump_is_wrapped_and_not_cut_on_a_phone() {
    let label = "signallers +12 % (+345 on 2,875); 91 % of it at a-provider.example";
    let jump = Jump { at: 1, label: label.into() };
    let svg =
        series(vec![line("a", [Some(1.0), Some(9.0), Some(9.5)])], vec![jump]).draw(&about(), Width::Narrow);
    assert!(svg.contains("a-provider.example</text>") && !svg.contains('…'), "{svg}");
}

#[test]
fn shares_keep_their_sense_when_they_are_small() {
    assert_eq!(
        [0.0, 0.001, 0.078, 9.99, 33.333].map(percent),
        ["0.0 %", "0.00100 %", "0.0780 %", "9.99 %", "33.3 %"]
    );
}
