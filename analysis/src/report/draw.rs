//! From a query's answer to a figure: finds the columns that the outline names, and keeps the rows of one
//! scan.

use super::daily::daily;
use super::figure::{
    Bar, Bars, Break, Curve, Figure, Flow, Funnel, FunnelStage, Jump, Matrix, Series, SeriesLine, Steps,
    Tone, Unit,
};
use super::outline::{Kind, Of, Pick, Plan};
use super::rows::{Rows, count, is_share, number, shown};
use crate::dataset::grouped;
use crate::fault::Fault;
use crate::render::{Answer, Cell};
use crate::shares::SMALL;
use crate::times::seconds;

/// The scans of a report, oldest first: name and begin, as the manifests state it.
pub(super) type Scans = [(String, String)];

/// Draws a figure from its query's answer; `None` where there is nothing to draw. Figures that are not over
/// time are of the newest scan. `jumps` is the answer of the query of that name, `breaks` where the scans are
/// not to be compared.
///
/// # Errors
/// The query has no such column.
pub(super) fn figure(
    plan: &Plan,
    answer: &Answer,
    scans: &Scans,
    jumps: Option<&Answer>,
    breaks: &[Break],
) -> Result<Option<Figure>, Fault> {
    let rows = Rows::new(answer).keeping(plan.keep)?;
    let newest = scans.last().map_or("", |(scan, _)| scan);
    Ok(match &plan.kind {
        Kind::Bars { .. } => bars(&plan.kind, &rows.of_scan(newest)?)?,
        Kind::Funnel(columns) => funnel(&rows.of_scan(newest)?, *columns)?,
        Kind::Lifetimes(value, share, of) => lifetimes(&rows.of_scan(newest)?, (value, share), of)?,
        Kind::Concentration(place, curves, of) => concentration(&rows.of_scan(newest)?, place, curves, of)?,
        Kind::Series { .. } => series(&plan.kind, &rows, scans, (jumps, breaks))?,
        Kind::Daily { day, by, value, axis } => daily(&rows, (day, by, value), axis)?,
        Kind::Matrix(from, to, names) => matrix(&rows.of_scan(newest)?, (from, to), names)?,
    })
}

/// What an outcome means, for its colour. Verdicts only; other labels have the figure's own.
fn tone_of(label: &str, tone: Tone) -> Tone {
    match label {
        "refused" | "no_policy" | "testing_failing" => Tone::Fault,
        "partial" => Tone::Warning,
        "testing_passing" => Tone::Second,
        "indeterminate" | "withdrawn" | "no_mail" | "(others)" | "(not known)" => Tone::Rest,
        _ => tone,
    }
}

fn bars(kind: &Kind, rows: &Rows<'_>) -> Result<Option<Figure>, Fault> {
    let Kind::Bars { label, value, range, of, axis, pick, tone } = kind else { return Ok(None) };
    let labels: Result<Vec<usize>, Fault> = label.iter().map(|name| rows.column(name)).collect();
    let labels = labels?;
    let column = rows.column(value)?;
    let range = range.map(|(low, high)| Ok((rows.column(low)?, rows.column(high)?))).transpose()?;
    let mut bars = Vec::new();
    for row in rows.each() {
        let words: Vec<String> =
            labels.iter().map(|at| shown(&row[*at])).filter(|word| !word.is_empty()).collect();
        let label = words.join(" ");
        let range = range.and_then(|(low, high)| Some((number(&row[low])?, number(&row[high])?)));
        let note = of.map(|of| behind(rows, row, of)).transpose()?.unwrap_or_default();
        let tone = tone_of(&label, *tone);
        bars.push(Bar { label, value: number(&row[column]), range, note, tone });
    }
    match pick {
        Pick::AsGiven => {}
        Pick::First(most) => bars.truncate(*most),
        Pick::Largest(most) => {
            bars.retain(|bar| bar.value.is_some_and(|value| value > 0.0));
            bars.sort_by(|one, other| other.value.unwrap_or(0.0).total_cmp(&one.value.unwrap_or(0.0)));
            bars.truncate(*most);
        }
    }
    let unit = if is_share(value) { Unit::Percent } else { Unit::Count };
    Ok((!bars.is_empty()).then(|| Figure::Bars(Bars { bars, axis: (*axis).to_owned(), unit })))
}

/// The numbers behind a share: `12 of 345`, or the count alone.
pub(super) fn behind(rows: &Rows<'_>, row: &[Cell], of: Of) -> Result<String, Fault> {
    let counted = grouped(count(&row[rows.column(of.count)?]));
    if of.of.is_empty() {
        return Ok(counted);
    }
    let less = of.less.map(|less| rows.column(less)).transpose()?.map_or(0, |less| count(&row[less]));
    let all = count(&row[rows.column(of.of)?]).saturating_sub(less);
    let mark = if i64::try_from(all).is_ok_and(|all| all < SMALL) { "†" } else { "" };
    Ok(format!("{counted} of {}{mark}", grouped(all)))
}

fn funnel(rows: &Rows<'_>, columns: [&str; 4]) -> Result<Option<Figure>, Fault> {
    let [stage, names, share, of_all] = columns.map(|name| rows.column(name));
    let (stage, names, share, of_all) = (stage?, names?, share?, of_all?);
    let stages = rows.each().map(|row| FunnelStage {
        label: shown(&row[stage]),
        count: count(&row[names]),
        share: number(&row[share]),
        of_all: number(&row[of_all]),
    });
    let stages: Vec<FunnelStage> = stages.collect();
    Ok((!stages.is_empty()).then_some(Figure::Funnel(Funnel { stages })))
}

/// Marks of lifetimes: seconds and their names. The last is the most that RFC 8461 section 3.2 allows.
const LIFETIMES: [(f64, &str); 6] = [
    (60.0, "1 min"),
    (3_600.0, "1 h"),
    (86_400.0, "1 d"),
    (604_800.0, "1 w"),
    (2_592_000.0, "30 d"),
    (31_557_600.0, "1 y"),
];

fn lifetimes(rows: &Rows<'_>, columns: (&str, &str), of: &str) -> Result<Option<Figure>, Fault> {
    let (value, share) = (rows.column(columns.0)?, rows.column(columns.1)?);
    let points: Vec<(f64, f64)> =
        rows.each().filter_map(|row| Some((number(&row[value])?, number(&row[share])?))).collect();
    if points.is_empty() {
        return Ok(None);
    }
    let curve = Curve { label: "usable policies".to_owned(), points, tone: Tone::Main };
    let marks = LIFETIMES.map(|(seconds, name)| (seconds, name.to_owned())).to_vec();
    let axis = "max_age, logarithmic".to_owned();
    Ok(Some(Figure::Steps(Steps { curves: vec![curve], marks, axis, shares: of.to_owned() })))
}

fn concentration(
    rows: &Rows<'_>,
    place: &str,
    curves: &[(&str, &str)],
    of: &str,
) -> Result<Option<Figure>, Fault> {
    let place = rows.column(place)?;
    let mut drawn = Vec::new();
    for ((column, label), tone) in curves.iter().zip([Tone::Main, Tone::Third, Tone::Fault]) {
        let column = rows.column(column)?;
        let points: Vec<(f64, f64)> =
            rows.each().filter_map(|row| Some((number(&row[place])?, number(&row[column])?))).collect();
        if !points.is_empty() {
            drawn.push(Curve { label: (*label).to_owned(), points, tone });
        }
    }
    let largest = rows.each().filter_map(|row| number(&row[place])).fold(1.0, f64::max);
    let mut marks = vec![(1.0, "1".to_owned())];
    let mut mark = 10.0;
    while mark <= largest {
        marks.push((mark, Unit::Count.written(mark)));
        mark *= 10.0;
    }
    let axis = "hosts, the largest first, logarithmic".to_owned();
    let figure = Steps { curves: drawn, marks, axis, shares: of.to_owned() };
    Ok((!figure.curves.is_empty()).then_some(Figure::Steps(figure)))
}

fn series(
    kind: &Kind,
    rows: &Rows<'_>,
    scans: &Scans,
    (jumps, breaks): (Option<&Answer>, &[Break]),
) -> Result<Option<Figure>, Fault> {
    let Kind::Series { by, lines, jumps: measures, axis } = kind else { return Ok(None) };
    if scans.len() < 2 {
        return Ok(None);
    }
    let (by, scan) = (rows.column(by)?, rows.column("scan")?);
    let mut drawn = Vec::new();
    for ((which, value, range, label), tone) in lines.iter().zip(Tone::LINES) {
        let value = rows.column(value)?;
        let range =
            range.map(|(low, high)| Ok::<_, Fault>((rows.column(low)?, rows.column(high)?))).transpose()?;
        let of = |name: &str| rows.each().find(|row| shown(&row[by]) == *which && shown(&row[scan]) == name);
        let values = scans.iter().map(|(name, _)| number(&of(name)?[value])).collect();
        let ranges = scans.iter().map(|(name, _)| {
            let ((low, high), row) = (range?, of(name)?);
            Some((number(&row[low])?, number(&row[high])?))
        });
        drawn.push(SeriesLine { label: (*label).to_owned(), values, ranges: ranges.collect(), tone });
    }
    let same_day = scans.windows(2).any(|two| two[0].1.get(..10) == two[1].1.get(..10));
    let times = scans.iter().enumerate().map(|(at, (name, started))| {
        // Scans without a time stand beside one another by their order.
        let when = u32::try_from(at).map_or(0.0, f64::from);
        match seconds(started) {
            Some(seconds) if same_day => (seconds, started.get(5..16).unwrap_or(name).replace('T', " ")),
            Some(seconds) => (seconds, started.get(..10).unwrap_or(name).to_owned()),
            None => (when, name.clone()),
        }
    });
    let jumps = jumps.map(|answer| jumps_of(answer, measures, scans)).transpose()?.unwrap_or_default();
    let (times, axis) = (times.collect(), (*axis).to_owned());
    Ok(Some(Figure::Series(Series {
        times,
        lines: drawn,
        jumps,
        breaks: breaks.to_vec(),
        axis,
        unit: Unit::Percent,
    })))
}

/// The jumps that are told in a figure: those that the query calls one.
fn jumps_of(answer: &Answer, measures: &[&str], scans: &Scans) -> Result<Vec<Jump>, Fault> {
    let rows = Rows::new(answer).keeping(&[("jump", &["true"])])?;
    let [to, measure, before, change, change_pct, cluster, explained] =
        ["to_scan", "measure", "before", "change", "change_pct", "cluster", "explained_pct"]
            .map(|name| rows.column(name));
    let (to, measure, before, change) = (to?, measure?, before?, change?);
    let (change_pct, cluster, explained) = (change_pct?, cluster?, explained?);
    let mut jumps = Vec::new();
    for row in rows.each().filter(|row| measures.contains(&shown(&row[measure]).as_str())) {
        let Some(at) = scans.iter().position(|(name, _)| *name == shown(&row[to])) else { continue };
        let share =
            number(&row[change_pct]).map_or_else(|| "new".to_owned(), |share| format!("{share:+.0} %"));
        let mut label = format!(
            "{} {share} ({:+} on {})",
            shown(&row[measure]),
            number(&row[change]).unwrap_or(0.0),
            grouped(count(&row[before]))
        );
        if let (Cell::Text(cluster), Some(explained)) = (&row[cluster], number(&row[explained])) {
            label.push_str(&format!("; {explained:.0} % of it at {cluster}"));
        }
        jumps.push(Jump { at, label });
    }
    jumps.sort_by_key(|jump| jump.at);
    Ok(jumps)
}

/// States in the order of the matrix; others come after these.
const STATES: [&str; 13] = [
    "validated",
    "partial",
    "refused",
    "testing_passing",
    "testing_failing",
    "withdrawn",
    "no_mail",
    "no_policy",
    "indeterminate",
    "not judged",
    "absent",
    "unknown",
    "not in list",
];

fn matrix(rows: &Rows<'_>, states: (&str, &str), names: &str) -> Result<Option<Figure>, Fault> {
    let (from, to, names) = (rows.column(states.0)?, rows.column(states.1)?, rows.column(names)?);
    let flow =
        |row: &Vec<Cell>| Flow { from: shown(&row[from]), to: shown(&row[to]), count: count(&row[names]) };
    let flows: Vec<Flow> = rows.each().map(flow).collect();
    let mut states: Vec<String> =
        flows.iter().flat_map(|flow| [flow.from.clone(), flow.to.clone()]).collect();
    let place = |state: &String| STATES.iter().position(|known| known == state).unwrap_or(STATES.len());
    states.sort_by(|one, other| place(one).cmp(&place(other)).then_with(|| one.cmp(other)));
    states.dedup();
    Ok((!flows.is_empty()).then_some(Figure::Matrix(Matrix { states, flows })))
}
