//! The report: one page with figures and tables of one or many datasets, and the same as files for papers.
//!
//! `outline` says what is shown, `draw` takes the numbers from the queries' answers, [`figure`] draws them,
//! `page` and `files` write them. No number comes from anywhere but a named query.

pub mod args;
mod daily;
mod doubts;
mod draw;
pub mod figure;
mod files;
mod headline;
pub mod outline;
mod page;
mod rows;

use crate::comparable::{self, Difference};
use crate::dataset::Dataset;
use crate::fault::Fault;
use crate::query::{self, Query};
use crate::render::{Answer, Format};
use crate::reports::Reports;
use crate::tables::Tables;
use figure::{About, Break, Figure};
use headline::Told;
use outline::{HEADLINES, Kind, SECTIONS};
use std::collections::BTreeSet;
use std::path::Path;

pub use page::MOST_BYTES;

/// A figure, ready to be drawn.
#[derive(Debug)]
struct Drawn {
    figure: Figure,
    about: About,
    /// The scan it is of, where there are several; `None` where it is over time.
    of_scan: Option<String>,
}

/// A table and its figures.
#[derive(Debug)]
struct Shown {
    /// Index in the report's answers.
    answer: usize,
    figures: Vec<Drawn>,
}

/// A part of the report, without what there is nothing of.
#[derive(Debug)]
struct Part {
    id: &'static str,
    title: &'static str,
    lead: &'static str,
    shown: Vec<Shown>,
}

/// Everything that is shown.
#[derive(Debug)]
pub struct Report {
    title: String,
    datasets: Vec<Dataset>,
    /// Name and begin of each scan, oldest first.
    scans: Vec<(String, String)>,
    notes: Vec<String>,
    breaks: Vec<Break>,
    headlines: Vec<Told>,
    sections: Vec<Part>,
    answers: Vec<Answer>,
}

/// The queries of a report: over several datasets those over time too.
fn queries(datasets: usize) -> Vec<Query> {
    let mut queries = [query::scans(), query::adoption(), query::report(), query::misconfig()].concat();
    if datasets > 1 {
        queries.extend(query::trends());
    } else {
        queries.retain(|query| query.name != "comparable");
    }
    queries
}

/// Where scans that follow one another, in the order of `datasets`, are not to be compared.
fn breaks(datasets: &[Dataset], force: bool) -> Vec<Break> {
    let blocked = |(before, (at, after)): (&Dataset, (usize, &Dataset))| {
        let differences = comparable::differences(&before.manifest, &after.manifest);
        let told: Vec<String> =
            differences.iter().filter(|of| of.is_blocking()).map(Difference::told).collect();
        (!told.is_empty()).then(|| Break { at, label: told.join("; "), cuts: !force })
    };
    datasets.iter().zip(datasets.iter().enumerate().skip(1)).filter_map(blocked).collect()
}

impl Report {
    /// Whether changes between some scans are left out.
    fn cuts_changes(&self) -> bool {
        self.breaks.iter().any(|broken| broken.cuts)
    }

    /// Asks every query over the datasets and draws the figures.
    ///
    /// # Errors
    /// This machine failed at asking, or the outline names what a query does not have.
    pub async fn gather(tables: Tables, title: Option<String>) -> Result<Self, Fault> {
        Self::gather_all(Some(tables), None, title).await
    }

    /// The same over scans, TLS reports, or both; where reports were joined to the tables, also what explains
    /// them.
    ///
    /// # Errors
    /// As [`Report::gather`].
    pub async fn gather_all(
        mut tables: Option<Tables>,
        reports: Option<Reports>,
        title: Option<String>,
    ) -> Result<Self, Fault> {
        let mut datasets = tables.as_ref().map(|tables| tables.datasets().to_vec()).unwrap_or_default();
        let started =
            |dataset: &Dataset| dataset.stated(&["started", "start"]).unwrap_or_default().to_owned();
        datasets.sort_by_key(|dataset| (started(dataset), dataset.scan.clone()));
        let scans: Vec<(String, String)> =
            datasets.iter().map(|dataset| (dataset.scan.clone(), started(dataset))).collect();
        let mut notes: Vec<String> = datasets
            .iter()
            .filter(|dataset| !dataset.complete)
            .map(|dataset| format!("{} is not complete: it covers {}.", dataset.scan, dataset.coverage()))
            .collect();
        for dataset in &datasets {
            notes.extend(dataset.not_known()?.map(|told| format!("{}: {told}.", dataset.scan)));
            notes.extend(doubts::doubts(&dataset.scan, &dataset.manifest));
        }
        let force = tables.as_ref().is_some_and(|tables| tables.settings().force);
        let breaks = breaks(&datasets, force);
        notes.extend(breaks.iter().filter_map(|broken| {
            let (scan, _) = scans.get(broken.at)?;
            Some(format!("{scan} is not to be compared with the scan before it: {}.", broken.label))
        }));
        let mut answers = Vec::new();
        if let Some(tables) = &mut tables {
            let joined = if tables.is_joined() { query::joined() } else { Vec::new() };
            for query in queries(datasets.len()).into_iter().chain(joined) {
                match tables.run(&query).await {
                    Ok(answer) => answers.push(answer),
                    Err(Fault::Withheld(_)) => {
                        notes.push(format!("{}: needs what the publisher has left out.", query.title));
                    }
                    Err(fault) => return Err(fault),
                }
            }
        }
        if let Some(reports) = &reports {
            for query in query::tlsrpt() {
                answers.push(reports.run(&query).await?);
            }
        }
        let title = title.unwrap_or_else(|| match scans.as_slice() {
            [] => "What senders reported about TLS".to_owned(),
            [(scan, _)] => format!("MTA-STS deployment in {scan}"),
            _ => format!("MTA-STS deployment over {} scans", scans.len()),
        });
        let mut report = Self {
            title,
            datasets,
            scans,
            notes,
            breaks,
            headlines: Vec::new(),
            sections: Vec::new(),
            answers,
        };
        report.headlines = report.told()?;
        report.sections = report.parts()?;
        Ok(report)
    }

    fn answer(&self, query: &str) -> Option<usize> {
        self.answers.iter().position(|answer| answer.query.name == query)
    }

    fn told(&self) -> Result<Vec<Told>, Fault> {
        let newest = self.scans.last().map_or("", |(scan, _)| scan);
        let mut told = Vec::new();
        for headline in &HEADLINES {
            let Some(at) = self.answer(headline.query) else { continue };
            told.extend(headline::told(headline, &self.answers[at], newest)?);
        }
        Ok(told)
    }

    fn parts(&self) -> Result<Vec<Part>, Fault> {
        let mut parts = Vec::new();
        let mut named = BTreeSet::new();
        for section in &SECTIONS {
            let mut shown = Vec::new();
            for entry in section.entries {
                let Some(answer) = self.answer(entry.query) else { continue };
                named.insert(entry.query.to_owned());
                shown.push(Shown { answer, figures: self.figures(entry, answer)? });
            }
            if !shown.is_empty() {
                parts.push(Part { id: section.id, title: section.title, lead: section.lead, shown });
            }
        }
        // A query that the outline does not know yet is shown all the same.
        let others =
            self.answers.iter().enumerate().filter(|(_, answer)| !named.contains(&answer.query.name));
        let shown: Vec<Shown> = others.map(|(answer, _)| Shown { answer, figures: Vec::new() }).collect();
        if !shown.is_empty() {
            parts.push(Part { id: "more", title: "More tables", lead: "", shown });
        }
        Ok(parts)
    }

    fn figures(&self, entry: &outline::Entry, answer: usize) -> Result<Vec<Drawn>, Fault> {
        let jumps = self.answer("jumps").map(|at| &self.answers[at]);
        let mut drawn = Vec::new();
        for (number, plan) in entry.figures.iter().enumerate() {
            let Some(figure) = draw::figure(plan, &self.answers[answer], &self.scans, jumps, &self.breaks)?
            else {
                continue;
            };
            let id = match number {
                0 => entry.query.to_owned(),
                more => format!("{}-{}", entry.query, more + 1),
            };
            let about = About { id, title: plan.title.to_owned(), description: figure.describe() };
            let of_scan = self.of_scan(plan, &self.answers[answer]);
            drawn.push(Drawn { figure, about, of_scan });
        }
        Ok(drawn)
    }

    /// Which scan, or which two, a figure is of; `None` where it is over time or there is but one.
    fn of_scan(&self, plan: &outline::Plan, answer: &Answer) -> Option<String> {
        let between = answer.columns.iter().any(|(column, _)| column == "to_scan");
        match self.scans.as_slice() {
            _ if matches!(plan.kind, Kind::Series { .. }) => None,
            [.., (before, _), (newest, _)] if between => Some(format!("{before} to {newest}")),
            [_, .., (newest, _)] => Some(newest.clone()),
            _ => None,
        }
    }

    /// The page.
    ///
    /// # Errors
    /// It would be larger than [`MOST_BYTES`], however few rows it shows.
    pub fn page(&self) -> Result<String, Fault> {
        page::write(self)
    }

    /// Writes every figure (SVG and PDF) and every table (CSV and LaTeX) into a directory; gives how many
    /// files.
    ///
    /// # Errors
    /// This machine failed at writing, or has no font to set figures in.
    pub fn write_files(&self, dir: &Path, csv: Format) -> Result<usize, Fault> {
        files::write(self, dir, csv)
    }
}
