#![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
use crate::dns::rogue::{Rogue, client, empty, nxdomain};
use std::time::Duration;

/// An answer without records, with the AD bit.
fn authentic(query: &[u8]) -> Vec<u8> {
    let mut reply = empty(query, 0);
    reply[3] |= 0x20;
    reply
}

fn is_about_root(query: &[u8]) -> bool {
    query[12] == 0
}

async fn validates(behave: fn(&[u8]) -> Vec<Vec<u8>>) -> bool {
    let server = Rogue::serve(move |_, query| behave(query)).await;
    client(&[server.addr], Duration::from_millis(400), 10).preflight().await.unwrap().validates
}

#[tokio::test]
async fn a_resolver_validates_where_it_tells_signed_from_unsigned() {
    let one = |query: &[u8]| vec![if is_about_root(query) { authentic(query) } else { nxdomain(query) }];
    assert!(validates(one).await);
}

#[tokio::test]
async fn a_resolver_that_never_sets_ad_does_not_validate() {
    assert!(!validates(|query| vec![empty(query, 0)]).await);
}

#[tokio::test]
async fn a_resolver_that_sends_the_ad_bit_of_the_question_back_does_not_validate() {
    assert!(!validates(|query| vec![authentic(query)]).await);
}

#[tokio::test]
async fn a_resolver_that_fails_at_the_root_does_not_validate() {
    let failing = |query: &[u8]| {
        let mut reply = authentic(query);
        reply[3] |= 2;
        vec![reply]
    };
    assert!(!validates(failing).await);
}

#[tokio::test]
async fn one_resolver_that_does_not_validate_is_enough() {
    let good =
        Rogue::serve(|_, query| vec![if is_about_root(query) { authentic(query) } else { nxdomain(query) }])
            .await;
    let bad = Rogue::serve(|_, query| vec![nxdomain(query)]).await;
    let mut dns = client(&[good.addr, bad.addr], Duration::from_millis(400), 10);
    assert!(!dns.preflight().await.unwrap().validates);
}
