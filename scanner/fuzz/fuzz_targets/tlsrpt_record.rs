//! TXT records at `_smtp._tls`, one per line: judged without a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sts_scanner::evidence::RecordState;
use sts_scanner::mta_sts::tlsrpt;

fuzz_target!(|data: &[u8]| {
    let txts: Vec<&[u8]> = data.split(|&b| b == b'\n').collect();
    let judged = tlsrpt::judge(&txts);
    if judged.state == RecordState::Valid {
        assert_eq!(judged.lenient, RecordState::Valid);
        assert!(judged.rua.is_some_and(|rua| !rua.is_empty()));
    }
    assert!(judged.faults.iter().all(|fault| fault.line <= txts.len()));
});
