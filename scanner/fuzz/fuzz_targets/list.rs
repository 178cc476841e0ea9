//! A file as somebody may give it for a list: any packing, any kind of text, or none.
#![no_main]

mod lists;

use libfuzzer_sys::fuzz_target;
use sts_scanner::input::Choices;

fuzz_target!(|data: &[u8]| {
    let _ = lists::read(data, &Choices { alone: true, ..Choices::default() });
});
