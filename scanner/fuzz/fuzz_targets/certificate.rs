//! A certificate of any bytes: its facts are text that the dataset can hold, and the judge says one thing of
//! it or none. TLSA records of any text are held against it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use sts_scanner::tls::tlsa::{self, Tlsa};
use sts_scanner::tls::{KeyProof, Trust, TrustSource, certificate, judge};

static TRUST: LazyLock<Trust> = LazyLock::new(|| Trust::load(&TrustSource::Webpki).expect("built-in roots"));

/// A moment in 2026, seconds since 1970: the fuzzer finds the same every day.
const NOW: u64 = 1_795_000_000;

fuzz_target!(|data: &[u8]| {
    let row = certificate::facts(data);
    assert_eq!((row.sha256.len(), row.der.as_slice()), (64, data));
    let lists = row.sans.iter().chain(&row.aia).flatten();
    for text in row.subject.iter().chain(&row.issuer).chain(&row.signature).chain(&row.key_type).chain(lists)
    {
        assert!(text.bytes().all(|b| matches!(b, 0x20..=0x7e)), "{text:?}");
    }
    assert!(row.key_bits.is_none_or(|bits| bits > 0));
    // A record that holds a certificate whole is about that certificate, if anything can be read of it.
    let whole: String = data.iter().map(|byte| format!("{byte:02x}")).collect();
    if let Some(record) = Tlsa::usable(&format!("3 0 0 {whole}")) {
        assert_eq!(tlsa::verify(&[record], &[data.to_vec()], NOW), tlsa::TlsaMatch::Match);
    }
    if let Some(record) = Tlsa::usable(&String::from_utf8_lossy(data)) {
        let _ = tlsa::verify(&[record], &[data.to_vec(), data.to_vec()], NOW);
    }
    let judged = judge::judge(&[data.to_vec()], "mx.example.org", &TRUST, NOW, KeyProof::Proven);
    assert!(judged.is_some_and(|judged| !judged.faults().is_empty()), "nothing a fuzzer writes is trusted");
});
