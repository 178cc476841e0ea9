//! A table: the first byte says whether it is ranked, which column is asked for, and the delimiter.
#![no_main]

mod lists;

use libfuzzer_sys::fuzz_target;
use sts_scanner::input::Choices;

fuzz_target!(|data: &[u8]| {
    let Some((first, text)) = data.split_first() else { return };
    let column = [None, Some("1"), Some("2"), Some("host")][usize::from(first & 3)].map(Into::into);
    let (ranked, any_suffix) = (first & 4 != 0, first & 8 != 0);
    let choices = Choices { column, ranked, any_suffix, alone: true, ..Choices::default() };
    let delimiter = [b',', b'\t', b';', b','][usize::from(first >> 4 & 3)];
    let text: Vec<u8> = text.iter().map(|byte| if *byte == b',' { delimiter } else { *byte }).collect();
    let Ok(looked) = lists::read(&text, &choices) else { return };
    // Line ends are all one.
    if !text.contains(&b'\r') && !text.contains(&b'"') && text.last() == Some(&b'\n') {
        let returned = text.split_inclusive(|byte| *byte == b'\n').flat_map(|line| {
            let (end, line) = line.split_last().expect("a line has an end");
            line.iter().chain(b"\r").chain([end]).copied()
        });
        if let Ok(again) = lists::read(&returned.collect::<Vec<u8>>(), &choices) {
            assert_eq!(
                (again.entries, again.domains, &again.first),
                (looked.entries, looked.domains, &looked.first)
            );
        }
    }
});
