//! Who made a series: what was said when its first scan was added, until something else is said.

use super::super::credits::{Credits, Said};
use crate::fault::Fault;
use serde_json::{Value, json};

/// Licence that is meant where none is said; the default of `--licence`.
const BY_DEFAULT: &str = "CC-BY-4.0";

/// The credits of a series whose last scan has this manifest; `latest` is what the series says of itself so
/// far, `None` where it has no scan yet.
///
/// # Errors
/// What was said is none, as [`Credits::new`]; or another licence than that of the scans that are there
/// (usage).
pub(super) fn of(said: &Said, latest: Option<&Value>, manifest: &Value) -> Result<Credits, Fault> {
    let mut credits = Credits::new(said, manifest)?;
    "sts-census-series".clone_into(&mut credits.name);
    let kept = |key: &str| latest.and_then(|latest| latest.pointer(&format!("/credits/{key}"))).cloned();
    let text = |key: &str| kept(key).and_then(|value| value.as_str().map(str::to_owned));
    if said.title.is_none() {
        credits.title = text("title").unwrap_or_else(|| "STS Census: MTA-STS scans over time".to_owned());
    }
    let creators = kept("creators").and_then(|names| serde_json::from_value::<Vec<String>>(names).ok());
    if let Some(names) = creators.filter(|names| said.creator.is_empty() && !names.is_empty()) {
        credits.creators = names;
    }
    if said.url.is_none() {
        credits.url = text("url").or(credits.url);
    }
    if said.doi.is_none() {
        credits.doi = text("doi");
    }
    if let (Some(licence), Some(url)) = (text("licence"), text("licence_url")) {
        if said.licence != licence && said.licence != BY_DEFAULT {
            return Err(Fault::Usage(format!(
                "--licence is {}, but the scans of the series are under {licence}\n\
                 hint: leave --licence out, or begin another series",
                said.licence
            )));
        }
        (credits.licence, credits.licence_url) = (licence, url);
    }
    Ok(credits)
}

/// The credits as `latest.json` has them.
pub(super) fn told(credits: &Credits) -> Value {
    json!({
        "title": credits.title,
        "creators": credits.creators,
        "licence": credits.licence,
        "licence_url": credits.licence_url,
        "url": credits.url,
        "doi": credits.doi,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]
    use super::*;

    #[test]
    fn what_was_said_first_stays_until_something_else_is_said() {
        let manifest = json!({"scan": "s", "ended": "2026-11-21T23:56:35Z"});
        let first = Said { licence: "CC0-1.0".into(), creator: vec!["A Group".into()], ..Said::default() };
        let latest = json!({"credits": told(&of(&first, None, &manifest).unwrap())});
        let silent = Said { licence: BY_DEFAULT.into(), ..Said::default() };
        let then = of(&silent, Some(&latest), &manifest).unwrap();
        assert_eq!((then.licence.as_str(), then.creators), ("CC0-1.0", vec!["A Group".to_owned()]));
        let titled = Said { title: Some("T".into()), ..silent };
        assert_eq!(of(&titled, Some(&latest), &manifest).unwrap().title, "T");
        let other = Said { licence: "ODbL-1.0".into(), ..Said::default() };
        let fault = of(&other, Some(&latest), &manifest).unwrap_err();
        assert!(fault.to_string().contains("are under CC0-1.0"), "{fault}");
    }
}
