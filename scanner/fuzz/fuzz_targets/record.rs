//! TXT records at `_mta-sts`, one per line: judged without a panic, and what is strictly valid is so to a
//! lenient sender.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sts_scanner::evidence::RecordState;
use sts_scanner::mta_sts::record;

fuzz_target!(|data: &[u8]| {
    let txts: Vec<&[u8]> = data.split(|&b| b == b'\n').collect();
    let judged = record::judge(&txts);
    if judged.state == RecordState::Valid {
        assert_eq!(judged.lenient, RecordState::Valid);
        let id = judged.id.expect("a valid record has an id");
        let again = record::judge(&[record::print(&id)]);
        assert_eq!((again.state, again.id), (RecordState::Valid, Some(id)));
    }
    for fault in &judged.faults {
        assert!((1..=txts.len()).contains(&fault.line), "{fault:?}");
        assert!(fault.column <= txts[fault.line - 1].len() + 1, "{fault:?}");
    }
});
