//! JSON lines, one name on each: what a parser of whole documents finds under the key is what is read.
#![no_main]

mod lists;

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use sts_scanner::input::{Choices, normalise};

/// A line that makes the whole JSON lines, whatever follows.
const FIRST: &str = "{\"domain\": \"a.example\", \"rank\": 1}\n";

fuzz_target!(|data: &[u8]| {
    let text = [FIRST.as_bytes(), data].concat();
    let Ok(looked) = lists::read(&text, &Choices { alone: true, ..Choices::default() }) else { return };
    if looked.read_as.names != "key `domain`" {
        return;
    }
    let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
    assert_eq!(looked.entries, lines.clone().count() as u64);
    let is_name = |line: &&[u8]| {
        let Ok(Value::Object(object)) = serde_json::from_slice::<Value>(line) else { return false };
        let Some(name) = object.get("domain").and_then(Value::as_str) else { return false };
        name.len() <= 1024 && normalise(name.trim().strip_prefix("*.").unwrap_or(name)).is_ok()
    };
    // A line that is longer than a name can need is cut.
    if lines.clone().all(|line| line.len() < 60_000) {
        // Of what is not under the key less is asked here: numbers beyond all range, for example.
        assert!(looked.domains >= lines.filter(is_name).count() as u64);
    }
});
