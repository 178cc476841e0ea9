#![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
use super::*;
use hickory_resolver::proto::op::{Edns, OpCode};
use hickory_resolver::proto::rr::rdata::{CNAME, MX, TXT};

fn name(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}

fn message(code: ResponseCode, answers: Vec<Record>) -> Message {
    let mut message = Message::response(7, OpCode::Query);
    message.metadata.response_code = code;
    message.answers = answers;
    message
}

fn cname(owner: &str, target: &str) -> Record {
    Record::from_rdata(name(owner), 60, RData::CNAME(CNAME(name(target))))
}

fn txt(owner: &str, ttl: u32, strings: &[&[u8]]) -> Record {
    Record::from_rdata(name(owner), ttl, RData::TXT(TXT::from_bytes(strings.to_vec())))
}

fn read(code: ResponseCode, answers: Vec<Record>) -> Answer {
    Answer::read(message(code, answers), &name("a.example."), RecordType::TXT, 0)
}

#[test]
fn nxdomain_behind_a_cname_keeps_the_chain() {
    let answer = read(ResponseCode::NXDomain, vec![cname("a.example.", "b.example.")]);
    assert_eq!(answer.status, DnsStatus::NxDomain);
    assert_eq!(answer.chain.unwrap(), ["b.example"]);
}

#[test]
fn nodata_behind_a_cname_is_nodata_with_the_chain() {
    let answer = read(
        ResponseCode::NoError,
        vec![cname("a.example.", "b.example."), cname("b.example.", "c.example.")],
    );
    assert_eq!(answer.status, DnsStatus::NoData);
    assert_eq!(answer.chain.unwrap(), ["b.example", "c.example"]);
}

#[test]
fn records_of_other_names_do_not_count() {
    let answer = read(ResponseCode::NoError, vec![txt("evil.example.", 5, &[b"v=STSv1; id=1"])]);
    assert_eq!(answer.status, DnsStatus::NoData);
    assert!(answer.txt().is_empty());
}

#[test]
fn the_owner_is_compared_blind_to_case() {
    let answer = read(ResponseCode::NoError, vec![txt("A.Example.", 5, &[b"v=STS", b"v1; id=1"])]);
    assert_eq!(answer.txt(), [b"v=STSv1; id=1".to_vec()]);
    assert_eq!(answer.ttl, Some(5));
}

#[test]
fn a_loop_of_aliases_is_a_bad_answer() {
    let answer = read(
        ResponseCode::NoError,
        vec![cname("a.example.", "b.example."), cname("b.example.", "a.example.")],
    );
    assert_eq!((answer.status, answer.chain), (DnsStatus::BadAnswer, None));
}

/// So many aliases, one behind the other, and the record behind them.
fn behind_aliases(count: usize) -> Vec<Record> {
    let owner = |i: usize| if i == 0 { "a.example.".to_owned() } else { format!("n{i}.example.") };
    let mut answers: Vec<Record> = (0..count).map(|i| cname(&owner(i), &owner(i + 1))).collect();
    answers.push(txt(&owner(count), 60, &[b"v=STSv1; id=1"]));
    answers
}

#[test]
fn a_chain_of_sixteen_is_followed_and_longer_ones_are_bad_answers() {
    let answer = read(ResponseCode::NoError, behind_aliases(LONGEST_CHAIN));
    assert_eq!((answer.status, answer.chain.unwrap().len()), (DnsStatus::NoError, 16));
    for count in [LONGEST_CHAIN + 1, 20, 2_000] {
        let answer = read(ResponseCode::NoError, behind_aliases(count));
        assert_eq!((answer.status, answer.chain), (DnsStatus::BadAnswer, None), "{count}");
    }
}

#[test]
fn a_record_without_data_cannot_be_read() {
    // One answer: a pointer to the question's name, the type, class IN, a TTL, and a length of 0.
    for (asked, kind) in [(16, 16), (15, 15), (1, 1), (28, 28), (52, 52), (2, 2), (16, 5)] {
        let mut wire = vec![0, 7, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0];
        wire.extend(b"\x01a\x07example\x00\x00");
        wire.extend([asked, 0, 1, 0xc0, 12, 0, kind, 0, 1, 0, 0, 0, 60, 0, 0]);
        let mut query = Vec::new();
        wire::write_query("a.example", RecordType::from(u16::from(asked)), &mut query).unwrap();
        assert_eq!(Answer::of_wire(&query, &wire, 0), None, "{asked} {kind}");
    }
}

#[test]
fn an_mx_set_is_sorted_and_in_lower_case() {
    let mx = |preference, host| {
        Record::from_rdata(name("a.example."), 300, RData::MX(MX::new(preference, name(host))))
    };
    let message = message(
        ResponseCode::NoError,
        vec![mx(20, "B.example."), mx(10, "c.example."), mx(10, "c.example."), mx(0, ".")],
    );
    let answer = Answer::read(message, &name("a.example."), RecordType::MX, 0);
    assert_eq!(
        answer.mx(),
        [(0, ".".to_owned()), (10, "c.example".to_owned()), (20, "b.example".to_owned())]
    );
}

#[test]
fn extended_errors_are_read_from_the_wire() {
    let mut message = message(ResponseCode::ServFail, Vec::new());
    let mut edns = Edns::new();
    edns.options_mut().options.push((EdnsCode::Unknown(15), EdnsOption::Unknown(15, vec![0, 22, b'x'])));
    message.edns = Some(edns);
    let wire = Message::from_vec(&message.to_vec().unwrap()).unwrap();
    let answer = Answer::read(wire, &name("a.example."), RecordType::TXT, 0);
    assert_eq!((answer.status, answer.ede), (DnsStatus::ServFail, Some(vec![22])));
}

#[test]
fn refused_and_servfail_are_no_statement_about_the_name() {
    assert_eq!(read(ResponseCode::Refused, Vec::new()).chain, None);
    assert_eq!(read(ResponseCode::YXDomain, Vec::new()).status, DnsStatus::BadAnswer);
}
