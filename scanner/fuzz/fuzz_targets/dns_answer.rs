//! A DNS message as a resolver might send it: the first byte picks the type that was asked for.
#![no_main]

use hickory_proto::op::Message;
use hickory_proto::rr::{Name, RecordType};
use libfuzzer_sys::fuzz_target;
use sts_scanner::dns::Answer;
use sts_scanner::evidence::DnsStatus;

const KINDS: [RecordType; 6] =
    [RecordType::MX, RecordType::TXT, RecordType::A, RecordType::AAAA, RecordType::NS, RecordType::CNAME];

fuzz_target!(|data: &[u8]| {
    let Some((first, bytes)) = data.split_first() else { return };
    let Ok(message) = Message::from_vec(bytes) else { return };
    let kind = KINDS[usize::from(*first) % KINDS.len()];
    let name = Name::from_ascii("a.example.").expect("a name");
    let answer = Answer::read(message, &name, kind, 0);
    let names = answer.mx().into_iter().map(|(_, host)| host).chain(answer.ns());
    for name in names.chain(answer.chain.iter().flatten().cloned()) {
        assert!(name.bytes().all(|b| matches!(b, 0x21..=0x7e)), "{name:?}");
        assert!(!name.bytes().any(|b| b.is_ascii_uppercase()), "{name:?}");
    }
    assert!(answer.chain.as_ref().is_none_or(|chain| chain.len() <= 16));
    assert!(answer.chain.is_some() == answer.status.is_definite());
    let held = answer.mx().len() + answer.ns().len() + answer.txt().len() + answer.addresses().len();
    assert!(held == 0 || answer.status == DnsStatus::NoError);
});
