//! The page: one file that needs nothing else, and asks for nothing else.

mod manifest;
mod table;

use super::figure::{About, Width, escape};
use super::headline::Told;
use super::{Report, Shown};
use crate::fault::Fault;
use crate::query;
use crate::render::Format;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// Bytes that the page stays below, so that it can be mailed and opened on a phone.
pub const MOST_BYTES: usize = 2_000_000;

/// Rows of a table that are shown, from the most to the least; the first with which the page is small enough
/// is taken.
const ROWS: [usize; 7] = [500, 250, 120, 60, 30, 15, 5];

/// A table that is short enough to be printed with its figure.
const PRINTED_ROWS: usize = 24;

/// Writes the page.
///
/// # Errors
/// It would be too large even with few rows per table.
pub(super) fn write(report: &Report) -> Result<String, Fault> {
    let mut page = String::new();
    for rows in ROWS {
        page = with_rows(report, rows);
        if page.len() < MOST_BYTES {
            return Ok(page);
        }
    }
    Err(Fault::engine(
        "keep the page small",
        format!("{} bytes, must be below {MOST_BYTES}; give fewer datasets", page.len()),
    ))
}

fn with_rows(report: &Report, rows: usize) -> String {
    let title = escape(&report.title);
    let mut main = headlines(&report.headlines);
    for section in &report.sections {
        let _ = write!(
            main,
            "<section id=\"{id}\" aria-labelledby=\"part-{id}\"><h2 id=\"part-{id}\">{}</h2><p class=\"lead\">{}</p>",
            escape(section.title),
            escape(section.lead),
            id = section.id,
        );
        section.shown.iter().for_each(|shown| entry(&mut main, report, shown, rows));
        main.push_str("</section>\n");
    }
    if !report.datasets.is_empty() {
        main.push_str(
        "<section id=\"scans\" aria-labelledby=\"part-scans\"><h2 id=\"part-scans\">Scans</h2><p class=\"lead\">What the \
         manifests say: lists, settings, vantage, versions, and the sum of inputs.</p>",
    );
        report.datasets.iter().for_each(|dataset| main.push_str(&manifest::section(dataset)));
        main.push_str("</section>");
    }
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\"><meta name=\"referrer\" content=\"no-referrer\">\
         <meta name=\"generator\" content=\"sts-report {version}\"><title>{title}</title><link rel=\"icon\" href=\"data:,\">\
         <style>{STYLE}</style></head>\n<body><a class=\"skip\" href=\"#main\">Skip to the numbers</a><div class=\"frame\">\n\
         <header><h1>{title}</h1>{meta}{notes}<button type=\"button\" id=\"theme\" class=\"needs-js\" \
         aria-label=\"Switch between light and dark\">Dark</button></header>\n<nav aria-label=\"Contents\"><b>Contents</b><ol>{contents}</ol>\
         </nav>\n<main id=\"main\" tabindex=\"-1\">{main}</main>\n<footer>{footer}</footer></div>\
         <div id=\"said\" role=\"status\" aria-live=\"polite\"></div>\n<script>{SCRIPT}</script></body></html>\n",
        policy = policy(),
        version = env!("CARGO_PKG_VERSION"),
        meta = meta(report),
        notes = report
            .notes
            .iter()
            .map(|note| format!("<p class=\"note\">{}</p>", escape(note)))
            .collect::<String>(),
        contents = contents(report),
        footer = FOOTER,
    )
}

const FOOTER: &str = "Written by <code>sts-report</code> of STS Census. Every number is the answer of the query whose name stands \
    beside it; whiskers and <code>low</code>–<code>high</code> say what the undecided leave open. The page holds all it needs \
    and asks nothing of the network.";

/// Nothing but this style and this script runs, and nothing is fetched: text of a dataset could do neither
/// even if it got out of its element.
fn policy() -> String {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text.as_bytes()));
    format!(
        "default-src 'none'; img-src data:; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}

fn meta(report: &Report) -> String {
    if report.scans.is_empty() {
        return String::new();
    }
    let scans: Vec<String> = report
        .scans
        .iter()
        .map(|(scan, started)| match started.get(..10) {
            Some(day) => format!("{} ({day})", escape(scan)),
            None => escape(scan),
        })
        .collect();
    let many = if scans.len() > 1 { "Scans" } else { "Scan" };
    let newest = if scans.len() > 1 { ". Figures that are not over time are of the newest scan" } else { "" };
    format!("<p class=\"meta\">{many}: {}{newest}.</p>", scans.join(", "))
}

fn contents(report: &Report) -> String {
    let sections = report.sections.iter().map(|section| (section.id, section.title));
    let numbers = (!report.headlines.is_empty()).then_some(("numbers", "Numbers"));
    let scans = (!report.datasets.is_empty()).then_some(("scans", "Scans"));
    let all = numbers.into_iter().chain(sections).chain(scans);
    all.map(|(id, title)| format!("<li><a href=\"#{id}\">{}</a></li>", escape(title))).collect()
}

fn headlines(told: &[Told]) -> String {
    if told.is_empty() {
        return String::new();
    }
    let mut out = "<section id=\"numbers\" aria-label=\"Headline numbers\"><dl class=\"numbers\">".to_owned();
    for number in told {
        let _ = write!(
            out,
            "<div><dt>{}</dt><dd class=\"big\">{}</dd><dd class=\"of\">{}{}<a href=\"#q-{query}\">{query}</a></dd></div>",
            escape(&number.label),
            escape(&number.value),
            escape(&number.behind),
            if number.behind.is_empty() { "" } else { " · " },
            query = escape(&number.query),
        );
    }
    out.push_str("</dl></section>\n");
    out
}

fn entry(out: &mut String, report: &Report, shown: &Shown, rows: usize) {
    let answer = &report.answers[shown.answer];
    let query = &answer.query;
    let name = escape(&query.name);
    let _ = write!(
        out,
        "<article id=\"q-{name}\" aria-labelledby=\"h-{name}\"><h3 id=\"h-{name}\">{}</h3><p>{}</p>",
        escape(&query.title),
        escape(&query.answers)
    );
    for figure in &shown.figures {
        let _ = write!(
            out,
            "<figure><figcaption>{}{}</figcaption>{}{}</figure>",
            escape(&figure.about.title),
            figure
                .of_scan
                .as_ref()
                .map(|scan| format!(" <span>· {}</span>", escape(scan)))
                .unwrap_or_default(),
            figure.figure.draw(&about(figure), Width::Wide),
            figure.figure.draw(&about(figure), Width::Narrow)
        );
    }
    for (label, text) in [("Of what", &query.denominator), ("Units", &query.units)] {
        if !text.is_empty() {
            let _ = write!(out, "<p class=\"of-what\"><b>{label}.</b> {}</p>", escape(text));
        }
    }
    numbers(out, report, shown, rows);
    let _ = writeln!(
        out,
        "<details class=\"query\"><summary>Query <code>{name}</code></summary><pre tabindex=\"0\">{}</pre></details></article>",
        escape(query.sql.trim_end())
    );
}

fn about(figure: &super::Drawn) -> About {
    figure.about.clone()
}

/// The table with its buttons. Without a figure it is open.
fn numbers(out: &mut String, report: &Report, shown: &Shown, rows: usize) {
    let answer = &report.answers[shown.answer];
    let newest = report.scans.last().map_or("", |(scan, _)| scan);
    let count = answer.rows.len();
    if count == 0 {
        let cause = if report.cuts_changes() && query::trends().contains(&answer.query) {
            "no change is shown between scans that are not to be compared (above), but with --force"
        } else {
            "there is nothing of this in the data"
        };
        let _ = write!(out, "<p class=\"note\">No rows: {cause}.</p>");
        return;
    }
    let open = if shown.figures.is_empty() && count <= PRINTED_ROWS { " open" } else { "" };
    let class = if count <= PRINTED_ROWS { "short" } else { "long" };
    let name = escape(&answer.query.name);
    let plural = if count == 1 { "row" } else { "rows" };
    let _ = write!(
        out,
        "<details class=\"{class}\"{open}><summary>Numbers: {} {plural} of <code>{name}</code></summary><div class=\"bar\">\
         <button type=\"button\" class=\"needs-js\" data-act=\"copy\" data-query=\"{name}\" aria-label=\"Copy CSV of {name}\">Copy CSV\
         </button><button type=\"button\" class=\"needs-js\" data-act=\"save\" data-query=\"{name}\" aria-label=\"Save CSV of {name}\">Save CSV</button>{}</div>{}</details>",
        crate::dataset::grouped(u64::try_from(count).unwrap_or(u64::MAX)),
        table::left_out(answer, rows)
            .map(|note| format!("<span>{}</span>", escape(&note)))
            .unwrap_or_default(),
        table::table(answer, rows, newest)
    );
    if let Some(packed) = table::whole(answer, rows, Format::Csv) {
        let _ = write!(out, "<template id=\"w-{name}\">{packed}</template>");
    }
}
