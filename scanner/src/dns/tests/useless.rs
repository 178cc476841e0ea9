//! Answers of no use: truncated ones, and such as make no sense.

use super::*;
use crate::dns::engine::Engine;
use crate::dns::rogue::paced_client;

fn truncate(_: usize, query: &[u8]) -> Vec<Vec<u8>> {
    let mut reply = empty(query, 0);
    reply[2] |= 0x02;
    vec![reply]
}

/// Says that 200 answers follow, where there is none.
fn senseless(_: usize, query: &[u8]) -> Vec<Vec<u8>> {
    let mut reply = nxdomain(query);
    reply[7] = 200;
    vec![reply]
}

#[tokio::test]
async fn a_truncated_answer_is_asked_for_by_tcp() {
    let server = Rogue::serve_both(truncate, txt).await;
    let dns = client(&[server.addr], LONG, 10);
    let answer = dns.attend(ask(&dns, "a.example")).await.unwrap();
    assert_eq!((answer.status, answer.txt()), (DnsStatus::NoError, vec![b"v=1".to_vec()]));
    let udp_only = Rogue::serve(truncate).await;
    let dns = client(&[udp_only.addr], SHORT, 10);
    assert_eq!(dns.attend(ask(&dns, "a.example")).await.unwrap().status, DnsStatus::Truncated);
}

#[tokio::test]
async fn bytes_that_make_no_sense_are_a_bad_answer_and_no_timeout() {
    let server = Rogue::serve(senseless).await;
    let dns = client(&[server.addr], LONG, 10);
    assert_eq!(dns.attend(ask(&dns, "a.example")).await.unwrap().status, DnsStatus::BadAnswer);
}

#[tokio::test]
async fn a_question_asked_again_because_its_answer_made_no_sense_is_no_lost_datagram() {
    let server = Rogue::serve(senseless).await;
    // Slowly enough that the flow judges, and not so often that it finds its cuts in vain.
    let dns = Arc::new(paced_client(&[server.addr], SHORT, 100, Some(400)));
    let work = async { (ask_many(&dns, 100, 100).await, Engine::here().unwrap().rate(server.addr)) };
    let (asked, rate) = dns.attend(work).await.unwrap();
    assert!(asked.iter().all(|status| *status == DnsStatus::BadAnswer), "{asked:?}");
    assert!(dns.counts().retransmitted >= 100, "{:?}", dns.counts());
    assert_eq!(rate, None, "it is asked less");
}
