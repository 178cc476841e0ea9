//! Figures and tables as files for papers.

use super::Report;
use super::figure::alone;
use crate::fault::Fault;
use crate::output;
use crate::render::{Format, render};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use svg2pdf::usvg;

/// Writes figures as SVG and PDF, tables as CSV (whole) and LaTeX (as long as [`Format::usual_rows`] says).
pub(super) fn write(report: &Report, dir: &Path, csv: Format) -> Result<usize, Fault> {
    fs::create_dir_all(dir).map_err(|cause| Fault::file("create", dir, cause))?;
    let fonts = fonts()?;
    let mut files = 0;
    let mut put = |name: &str, bytes: &[u8]| {
        let path = dir.join(name);
        files += 1;
        output::write_whole(&path, bytes)
    };
    for shown in report.sections.iter().flat_map(|section| &section.shown) {
        let answer = std::slice::from_ref(&report.answers[shown.answer]);
        let name = &answer[0].query.name;
        put(&format!("{name}.csv"), render(answer, csv, None).as_bytes())?;
        put(&format!("{name}.tex"), render(answer, Format::Latex, Format::Latex.usual_rows()).as_bytes())?;
        for drawn in &shown.figures {
            let svg = alone(&drawn.figure, &drawn.about);
            put(&format!("{}.svg", drawn.about.id), svg.as_bytes())?;
            put(&format!("{}.pdf", drawn.about.id), &pdf(&svg, &fonts)?)?;
        }
    }
    Ok(files)
}

/// The families that figures are set in, the first that is there.
const FAMILIES: [&str; 7] =
    ["Helvetica", "Arial", "Liberation Sans", "Nimbus Sans", "Noto Sans", "Open Sans", "DejaVu Sans"];

/// The machine's fonts, the one for figures as their sans-serif.
fn fonts() -> Result<Arc<usvg::fontdb::Database>, Fault> {
    let mut fonts = usvg::fontdb::Database::new();
    fonts.load_system_fonts();
    let has = |family: &&&str| {
        fonts.faces().any(|face| face.families.iter().any(|(name, _)| name.eq_ignore_ascii_case(family)))
    };
    // A figure without letters would be worse than none.
    let family = FAMILIES.iter().find(has).ok_or_else(|| {
        Fault::Local(format!(
            "cannot set figures as PDF: none of the fonts {} is installed\n\
             hint: on Debian, apt-get install fonts-dejavu-core",
            FAMILIES.join(", ")
        ))
    })?;
    fonts.set_sans_serif_family(*family);
    Ok(Arc::new(fonts))
}

/// A figure as PDF, its letters as letters.
fn pdf(svg: &str, fonts: &Arc<usvg::fontdb::Database>) -> Result<Vec<u8>, Fault> {
    let options = usvg::Options { fontdb: Arc::clone(fonts), ..usvg::Options::default() };
    let tree = usvg::Tree::from_str(svg, &options).map_err(|cause| Fault::engine("read a figure", cause))?;
    svg2pdf::to_pdf(&tree, svg2pdf::ConversionOptions::default(), svg2pdf::PageOptions::default())
        .map_err(|cause| Fault::engine("write a figure as PDF", cause))
}
