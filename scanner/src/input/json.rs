//! Lists as JSON lines: one object per line, of which one key holds the name.

use super::bad::BadEntry;
use super::choices::Choices;
use super::columns::{NoColumn, Told};
use super::form::{Form, Likeness};
use super::lines::{Line, Lines};
use super::source::{self, RawEntry, Source};
use super::words::{self, Named};
use serde::de::{Deserializer as _, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;
use std::io::{self, BufRead};

/// Bytes of a line that are kept: more than an object about one name has in practice.
const JSON_LINE: usize = 64 * 1024;

/// Which keys hold name and rank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Keys {
    pub(super) name: String,
    pub(super) form: Form,
    pub(super) rank: Option<String>,
}

impl Keys {
    pub(super) fn told(&self) -> Told {
        let names = format!("key `{}`{}", self.name, self.form.told());
        Told { names, ranks: self.rank.as_ref().map(|key| format!("key `{key}`")) }
    }
}

/// The keys that hold name and rank, told from the first lines; `None` where these are no JSON lines.
pub(super) fn keys<'l>(
    lines: impl Iterator<Item = &'l [u8]>,
    choices: &Choices,
) -> Option<Result<Keys, NoColumn>> {
    let objects: Vec<Map<String, Value>> =
        lines.map_while(|line| serde_json::from_slice(line.trim_ascii()).ok()).collect();
    let names: Vec<String> = objects.first()?.keys().cloned().collect();
    let rank = words::rank_among(&names.iter().map(String::as_str)).map(|at| names[at].clone());
    let keys = |at: usize, form: Form| Keys {
        rank: rank.clone().filter(|rank| *rank != names[at]),
        name: names[at].clone(),
        form,
    };
    if let Some(asked) = &choices.column {
        let at = names.iter().position(|name| name.eq_ignore_ascii_case(asked));
        match at {
            Some(at) => return Some(Ok(keys(at, words::synonym(&names[at]).unwrap_or(Form::Host)))),
            None if choices.alone => {
                let asked = Some(asked.to_string());
                return Some(Err(NoColumn { asked, several: Vec::new(), all: names }));
            }
            None => {}
        }
    }
    let holds = |at: usize, form: Form| {
        let texts = objects.iter().map(|object| object.get(&names[at]).and_then(Value::as_str));
        let count = texts.flatten().filter(|text| Likeness::of(text, form) >= Likeness::Dotted).count();
        2 * count > objects.len()
    };
    match words::domain_among(names.iter().map(String::as_str), holds) {
        Named::At(at, form)
            if objects[0].get(&names[at]).is_some_and(|value| value.is_string() || value.is_null()) =>
        {
            Some(Ok(keys(at, form)))
        }
        Named::OneOf(several) => {
            let several = several.into_iter().map(|at| names[at].clone()).collect();
            Some(Err(NoColumn { asked: None, several, all: names }))
        }
        // One object alone is a document as well as a line.
        _ if objects.len() > 1 => Some(Err(NoColumn { asked: None, several: Vec::new(), all: names })),
        _ => None,
    }
}

/// One object per line.
pub(super) struct Objects<R> {
    lines: Lines<R>,
    keys: Keys,
    line: Vec<u8>,
}

impl<R: BufRead> Objects<R> {
    /// The objects in a stream of which so many lines were passed over.
    pub(super) const fn new(stream: R, keys: Keys, skipped: u64) -> Self {
        Self { lines: Lines::after(stream, JSON_LINE, skipped), keys, line: Vec::new() }
    }

    fn pick(&self, entry: &mut RawEntry) -> Result<(), BadEntry> {
        let mut parser = serde_json::Deserializer::from_slice(&self.line);
        let picked = parser.deserialize_map(Pick(&self.keys)).map_err(|_| BadEntry::Json)?;
        parser.end().map_err(|_| BadEntry::Json)?;
        let Some(Value::String(name)) = picked.name else { return Err(BadEntry::ColumnMissing) };
        if name.len() > source::MAX_FIELD {
            return Err(BadEntry::LineTooLong);
        }
        entry.text.extend_from_slice(name.trim().as_bytes());
        entry.rank = match picked.rank {
            Some(Value::Number(number)) => number.as_f64().and_then(source::whole),
            Some(Value::String(text)) => source::rank(text.as_bytes()),
            _ => None,
        };
        Ok(())
    }
}

/// What an object holds under the two keys.
#[derive(Default)]
struct Picked {
    name: Option<Value>,
    rank: Option<Value>,
}

/// Takes the two keys and passes over the others, however large.
struct Pick<'k>(&'k Keys);

impl<'de> Visitor<'de> for Pick<'_> {
    type Value = Picked;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Picked, A::Error> {
        let mut picked = Picked::default();
        while let Some(key) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            if key == self.0.name.as_str() {
                picked.name = Some(map.next_value()?);
            } else if self.0.rank.as_deref() == Some(&*key) {
                picked.rank = Some(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(picked)
    }
}

impl<R: BufRead + Send> Source for Objects<R> {
    fn read(&mut self, entry: &mut RawEntry) -> io::Result<bool> {
        loop {
            let Some(line) = self.lines.read(&mut self.line)? else { return Ok(false) };
            if self.line.trim_ascii().is_empty() && line == Line::Whole {
                continue;
            }
            entry.line = self.lines.number();
            entry.rank = None;
            entry.text.clear();
            entry.refusal = match line {
                Line::Cut => Some(BadEntry::LineTooLong),
                Line::Whole => self.pick(entry).err(),
            };
            if entry.refusal.is_some() {
                entry.text.clear();
                entry.text.extend_from_slice(self.line.trim_ascii());
            }
            return Ok(true);
        }
    }

    fn line(&self) -> u64 {
        self.lines.number()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::super::source::tests::{all, got};
    use super::*;

    fn found(text: &str) -> Option<Result<Keys, NoColumn>> {
        keys(text.lines().map(str::as_bytes), &Choices::default())
    }

    #[test]
    fn keys_are_found_as_columns_are() {
        let two = "{\"rank\": 1, \"domain\": \"a.example\"}\n{\"rank\": 2, \"domain\": \"b.example\"}\n";
        let keys = found(two).unwrap().unwrap();
        assert_eq!(
            (keys.name.as_str(), keys.rank.as_deref(), keys.form),
            ("domain", Some("rank"), Form::Name)
        );
        let keys = found("{\"url\": \"https://a.example/\", \"id\": 7}").unwrap().unwrap();
        assert_eq!((keys.name.as_str(), keys.form), ("url", Form::Host));
        for document in ["{\"domains\": []}", "{\"a\": 1}", "{", "{\"domain\": [\"a.example\"]}", "[]"] {
            assert_eq!(found(document), None, "{document}");
        }
        let unknown = found("{\"a\": 1}\n{\"a\": 2}").unwrap().unwrap_err();
        assert_eq!(unknown.all, ["a"]);
    }

    #[test]
    fn an_object_per_line_gives_a_name_per_line() {
        let text = "{\"domain\": \"a.example\", \"rank\": 3.0, \"more\": {\"deep\": [1, {\"domain\": \"x\"}]}}\n\n\
            {\"rank\": \"4\", \"domain\": \"B\\u002eexample\"}\r\n{\"rank\": 5}\n{\"domain\": 6}\nno json\n{\"domain\": \"c.example\"} x\n";
        let keys = Keys { name: "domain".into(), form: Form::Name, rank: Some("rank".into()) };
        let want = [
            (1, "a.example", Some(3), None),
            (3, "B.example", Some(4), None),
            (4, "{\"rank\": 5}", None, Some(BadEntry::ColumnMissing)),
            (5, "{\"domain\": 6}", None, Some(BadEntry::ColumnMissing)),
            (6, "no json", None, Some(BadEntry::Json)),
            (7, "{\"domain\": \"c.example\"} x", None, Some(BadEntry::Json)),
        ];
        assert_eq!(all(Objects::new(text.as_bytes(), keys, 0)), want.map(got));
    }

    #[test]
    fn a_line_that_is_nested_deeply_is_one_bad_entry() {
        let deep = format!("{{\"x\": {}", "[".repeat(60_000));
        let keys = Keys { name: "domain".into(), form: Form::Name, rank: None };
        let got = all(Objects::new(deep.as_bytes(), keys, 0));
        assert_eq!((got.len(), got[0].3), (1, Some(BadEntry::Json)));
    }
}
