//! Who made a dataset, under which licence it is, and how it is cited.

use crate::fault::Fault;
use crate::visible::{in_one_line, visible_json};
use serde_json::Value;

/// What a citation needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credits {
    /// Name of the scan.
    pub name: String,
    /// Title of the dataset.
    pub title: String,
    /// Who made it, persons or groups.
    pub creators: Vec<String>,
    /// Licence, by its SPDX identifier.
    pub licence: String,
    /// Where the licence's text is.
    pub licence_url: String,
    /// Where the dataset or the scan is told about.
    pub url: Option<String>,
    /// Digital object identifier, for example `10.5281/zenodo.1`.
    pub doi: Option<String>,
    /// Day of publication, `YYYY-MM-DD`.
    pub published: String,
}

/// What was said on the command line; `None` and empty where nothing was.
#[derive(Debug, Clone, Default, PartialEq, Eq, clap::Args)]
pub struct Said {
    /// Title of the dataset [default: made from the scan's name].
    #[arg(long, value_name = "TEXT")]
    pub title: Option<String>,
    /// Who made it; may be given several times [default: the operators of the scan's EHLO name].
    #[arg(long, value_name = "NAME")]
    pub creator: Vec<String>,
    /// Licence of the data by its SPDX identifier; a licence that is not known here needs --licence-url.
    #[arg(long, value_name = "SPDX", default_value = "CC-BY-4.0", visible_alias = "license")]
    pub licence: String,
    /// Where the text of the licence is.
    #[arg(long, value_name = "URL")]
    pub licence_url: Option<String>,
    /// Page of the dataset [default: the scan's info URL].
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// Digital object identifier of the dataset.
    #[arg(long, value_name = "DOI")]
    pub doi: Option<String>,
    /// Day of publication [default: the day the scan ended].
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub published: Option<String>,
}

/// Licences whose texts are where everybody looks for them.
const LICENCES: [(&str, &str); 5] = [
    ("CC-BY-4.0", "https://creativecommons.org/licenses/by/4.0/"),
    ("CC-BY-SA-4.0", "https://creativecommons.org/licenses/by-sa/4.0/"),
    ("CC-BY-NC-4.0", "https://creativecommons.org/licenses/by-nc/4.0/"),
    ("CC0-1.0", "https://creativecommons.org/publicdomain/zero/1.0/"),
    ("ODbL-1.0", "https://opendatacommons.org/licenses/odbl/1-0/"),
];

impl Credits {
    /// Completes what was said with what the manifest says.
    ///
    /// # Errors
    /// A licence without a known text, a day that is none, or a link that is none (usage).
    pub fn new(said: &Said, manifest: &Value) -> Result<Self, Fault> {
        let stated = |pointer: &str| manifest.pointer(pointer).and_then(Value::as_str);
        let name = in_one_line(stated("/scan").unwrap_or("dataset"));
        let known = LICENCES.iter().find(|(licence, _)| *licence == said.licence);
        let licence_url = match (&said.licence_url, known) {
            (Some(url), _) => checked_url("--licence-url", url)?,
            (None, Some((_, url))) => (*url).to_owned(),
            (None, None) => {
                let known: Vec<&str> = LICENCES.iter().map(|(licence, _)| *licence).collect();
                return Err(Fault::Usage(format!(
                    "--licence is {}, must be one of {}\n\
                     hint: name another licence together with --licence-url",
                    said.licence,
                    known.join(", ")
                )));
            }
        };
        let url = match &said.url {
            Some(url) => Some(checked_url("--url", url)?),
            // The manifest's settings stand there as TOML writes them.
            None => stated("/manners/identity.info_url")
                .and_then(|url| checked_url("--url", url.trim_matches('"')).ok()),
        };
        let creators = if said.creator.is_empty() {
            let operators = stated("/vantage/ehlo_name").unwrap_or("an STS Census scanner");
            vec![in_one_line(&format!("Operators of {operators}"))]
        } else {
            said.creator.clone()
        };
        let published = match &said.published {
            Some(day) => checked_day(day)?,
            None => stated("/ended").and_then(|ended| ended.get(..10)).unwrap_or("1970-01-01").to_owned(),
        };
        let title = said.title.clone().unwrap_or_else(|| format!("STS Census: MTA-STS scan {name}"));
        let (licence, doi) = (said.licence.clone(), said.doi.clone());
        Ok(Self { name, title, creators, licence, licence_url, url, doi, published })
    }

    /// The DOI as a link.
    #[must_use]
    pub fn doi_url(&self) -> Option<String> {
        self.doi.as_ref().map(|doi| format!("https://doi.org/{doi}"))
    }

    /// An entry for BibTeX.
    #[must_use]
    pub fn bibtex(&self) -> String {
        let year = self.published.get(..4).unwrap_or_default();
        let authors: Vec<String> = self.creators.iter().map(|name| format!("{{{name}}}")).collect();
        let link = self.doi_url().or_else(|| self.url.clone());
        let link = link.map(|link| format!(", url = {{{link}}}")).unwrap_or_default();
        format!(
            "@misc{{sts-census-{year}, title = {{{}}}, author = {{{}}}, year = {{{year}}}{link}}}",
            self.title,
            authors.join(" and ")
        )
    }

    /// `CITATION.cff`, version 1.2.0.
    #[must_use]
    pub fn citation_file(&self, description: &str) -> String {
        let mut lines = vec![
            "cff-version: 1.2.0".to_owned(),
            "message: If you use this dataset, please cite it as below.".to_owned(),
            "type: dataset".to_owned(),
            format!("title: {}", yaml(&self.title)),
            format!("abstract: {}", yaml(description)),
            "authors:".to_owned(),
        ];
        lines.extend(self.creators.iter().map(|name| format!("  - name: {}", yaml(name))));
        lines.push(format!("date-released: {}", yaml(&self.published)));
        // Schema 1.2.0 knows SPDX identifiers only; its text is linked for every licence.
        lines.push(format!("license-url: {}", yaml(&self.licence_url)));
        if LICENCES.iter().any(|(licence, _)| *licence == self.licence) {
            lines.push(format!("license: {}", self.licence));
        }
        lines.extend(self.url.iter().map(|url| format!("url: {}", yaml(url))));
        lines.extend(self.doi.iter().map(|doi| format!("doi: {}", yaml(doi))));
        lines.join("\n") + "\n"
    }

    /// `LICENSE.txt`: which licence covers what.
    #[must_use]
    pub fn licence_file(&self) -> String {
        format!(
            "{}\nCopyright {} {}\n\nThe data in this directory is licensed under {} (SPDX identifier).\n\
             The text of the licence: {}\n\nThe queries in `queries/` are part of STS Census and are licensed under \
             Apache-2.0 or MIT, at your option.\n",
            self.title,
            self.published.get(..4).unwrap_or_default(),
            self.creators.join(", "),
            self.licence,
            self.licence_url
        )
    }
}

/// A text as a quoted YAML scalar: JSON's strings are YAML's.
fn yaml(text: &str) -> String {
    visible_json(&Value::from(text).to_string()).into_owned()
}

fn checked_url(flag: &str, url: &str) -> Result<String, Fault> {
    match url::Url::parse(url) {
        Ok(parsed) if ["http", "https"].contains(&parsed.scheme()) => Ok(url.to_owned()),
        _ => Err(Fault::Usage(format!("{flag} is {url}, must be a link that begins with https://"))),
    }
}

fn checked_day(day: &str) -> Result<String, Fault> {
    let parts: Vec<Option<u32>> = day.split('-').map(|part| part.parse().ok()).collect();
    let valid = matches!(parts[..], [Some(1970..=9999), Some(1..=12), Some(1..=31)]) && day.len() == 10;
    if valid {
        Ok(day.to_owned())
    } else {
        Err(Fault::Usage(format!("--published is {day}, must be YYYY-MM-DD")))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]
    use super::*;
    use serde_json::json;

    fn said() -> Said {
        Said { licence: "CC-BY-4.0".into(), ..Said::default() }
    }

    fn manifest() -> Value {
        json!({"scan": "s", "ended": "2026-11-21T23:56:35Z", "vantage": {"ehlo_name": "scan.example"},
            "manners": {"identity.info_url": "\"https://scan.example/\""}})
    }

    #[test]
    fn what_is_not_said_is_taken_from_the_manifest() {
        let credits = Credits::new(&said(), &manifest()).unwrap();
        assert_eq!(credits.published, "2026-11-21");
        assert_eq!(credits.creators, ["Operators of scan.example"]);
        assert_eq!(credits.url.as_deref(), Some("https://scan.example/"));
        assert_eq!(credits.licence_url, "https://creativecommons.org/licenses/by/4.0/");
    }

    #[test]
    fn a_title_cannot_break_out_of_the_citation_file() {
        let title = "a: \"b\"\n- c # d".to_owned();
        let credits = Credits::new(&Said { title: Some(title), ..said() }, &manifest()).unwrap();
        assert!(credits.citation_file("x").contains(r#"title: "a: \"b\"\n- c # d""#));
    }

    #[test]
    fn a_licence_without_a_known_text_needs_a_link() {
        let unknown = Said { licence: "Own-1.0".into(), ..said() };
        let fault = Credits::new(&unknown, &manifest()).unwrap_err();
        assert!(fault.to_string().contains("--licence-url"), "{fault}");
        let linked = Said { licence_url: Some("https://x.example/l".into()), ..unknown };
        assert_eq!(Credits::new(&linked, &manifest()).unwrap().licence_url, "https://x.example/l");
    }

    #[test]
    fn days_and_links_are_checked() {
        for day in ["2026-13-01", "2026-1-1", "yesterday"] {
            assert!(
                Credits::new(&Said { published: Some(day.into()), ..said() }, &manifest()).is_err(),
                "{day}"
            );
        }
        assert!(Credits::new(&Said { url: Some("ftp://x".into()), ..said() }, &manifest()).is_err());
    }
}
