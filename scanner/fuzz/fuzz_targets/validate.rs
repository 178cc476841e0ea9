//! The offline commands: any bytes are told without a panic, and what is offered as fixed is valid and stays
//! as it is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sts_scanner::validate::{self, Fix, Form, InputKind, ValidateJob, ValidationReport};

fuzz_target!(|data: &[u8]| {
    fixed(&validate::policy(data), |text| validate::policy(text));
    let txts: Vec<&[u8]> = data.split(|&b| b == b'\n').collect();
    fixed(&validate::record(&txts), |text| validate::record(&[text]));
    fixed(&validate::tlsrpt_record(&txts), |text| validate::tlsrpt_record(&[text]));
    for kind in InputKind::WORDS.iter().filter_map(|word| InputKind::from_word(word)) {
        for form in [Form::One, Form::Batch] {
            let _ = validate::run(&ValidateJob { kind, form }, &mut &data[..], &mut Vec::new());
        }
    }
});

fn fixed(report: &ValidationReport, again: impl Fn(&[u8]) -> ValidationReport) {
    if let Fix::Text(text) = &report.fix {
        let again = again(text.as_bytes());
        assert!(again.strict.passes(), "{text:?}");
        assert_eq!(again.fix, Fix::NotNeeded, "{text:?}");
    }
}
