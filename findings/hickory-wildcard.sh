#!/usr/bin/env bash
# hickory takes an answer from a wildcard right above the name for bogus, where NSEC proves it. Needs cargo and
# crates.io.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/src"
cat > "$work/Cargo.toml" <<'TOML'
[package]
name = "shown"
version = "0.0.0"
edition = "2024"

[dependencies]
futures = "=0.3.31"
hickory-net = { version = "=0.26.3", default-features = false, features = ["tokio", "dnssec-aws-lc-rs"] }
tokio = { version = "1", features = ["macros", "rt"] }
TOML
cat > "$work/src/main.rs" <<'RUST'
use futures::stream;
use hickory_net::DnsHandle;
use hickory_net::NetError;
use hickory_net::dnssec::DnssecDnsHandle;
use hickory_net::proto::dnssec::crypto::EcdsaSigningKey;
use hickory_net::proto::dnssec::rdata::{DNSKEY, DNSSECRData, NSEC, RRSIG, SigInput};
use hickory_net::proto::dnssec::{Algorithm, SigningKey, TBS, TrustAnchors};
use hickory_net::proto::op::{DnsRequest, DnsRequestOptions, DnsResponse, Message, OpCode, Query};
use hickory_net::proto::rr::rdata::TXT;
use hickory_net::proto::rr::{DNSClass, Name, RData, Record, RecordType, SerialNumber};
use hickory_net::runtime::TokioRuntimeProvider;
use hickory_net::xfer::FirstAnswer;
use std::pin::Pin;
use std::sync::Arc;

/// The servers of `example`: its keys, and whatever is asked else is answered by its wildcard.
#[derive(Clone)]
struct Servers(Arc<EcdsaSigningKey>);

fn name(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}

impl Servers {
    fn key(&self) -> DNSKEY {
        DNSKEY::new(true, true, false, self.0.to_public_key().unwrap())
    }

    /// A record as it stands in the zone, with its signature, both under the name that was asked for.
    fn signed(&self, owner: &str, data: RData, shown_as: Name) -> Vec<Record> {
        let mut record = Record::from_rdata(name(owner), 60, data);
        let input = SigInput {
            type_covered: record.record_type(),
            algorithm: Algorithm::ECDSAP256SHA256,
            num_labels: record.name.num_labels(),
            original_ttl: 60,
            sig_expiration: SerialNumber::new(2_900_000_000),
            sig_inception: SerialNumber::new(1_600_000_000),
            key_tag: self.key().calculate_key_tag().unwrap(),
            signer_name: name("example."),
        };
        let what = TBS::from_input(&record.name, DNSClass::IN, &input, std::iter::once(&record)).unwrap();
        let made = RRSIG::from_sig(input, self.0.sign(&what).unwrap());
        record.name = shown_as.clone();
        vec![record, Record::from_rdata(shown_as, 60, RData::DNSSEC(DNSSECRData::RRSIG(made)))]
    }

    fn says(&self, query: &Query) -> Message {
        let mut message = Message::response(0, OpCode::Query);
        message.add_query(query.clone());
        message.metadata.authoritative = true;
        if query.query_type() == RecordType::DNSKEY {
            let key = RData::DNSSEC(DNSSECRData::DNSKEY(self.key()));
            message.answers = self.signed("example.", key, name("example."));
        } else {
            let text = RData::TXT(TXT::new(vec!["from the wildcard".to_owned()]));
            message.answers = self.signed("*.wild.example.", text, query.name().clone());
            // The zone has `example`, and `*.wild.example`, which sorts last.
            let nsec = NSEC::new(name("example."), [RecordType::TXT, RecordType::RRSIG, RecordType::NSEC]);
            let nsec = RData::DNSSEC(DNSSECRData::NSEC(nsec));
            message.authorities = self.signed("*.wild.example.", nsec, name("*.wild.example."));
        }
        message
    }
}

impl DnsHandle for Servers {
    type Response = Pin<Box<dyn futures::Stream<Item = Result<DnsResponse, NetError>> + Send>>;
    type Runtime = TokioRuntimeProvider;

    fn send(&self, request: DnsRequest) -> Self::Response {
        let said = DnsResponse::from_message(self.says(&request.queries[0]));
        Box::pin(stream::once(async { Ok(said?) }))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let der = EcdsaSigningKey::generate_pkcs8(Algorithm::ECDSAP256SHA256).unwrap();
    let key = EcdsaSigningKey::from_pkcs8(&der, Algorithm::ECDSAP256SHA256).unwrap();
    let servers = Servers(Arc::new(key));
    let mut anchors = TrustAnchors::empty();
    anchors.insert_with_name(servers.key().public_key(), (&name("example.")).into());
    let validator = DnssecDnsHandle::with_trust_anchor(servers, Arc::new(anchors));
    for asked in ["x.wild.example.", "x.y.wild.example."] {
        let query = Query::query(name(asked), RecordType::TXT);
        let said = match validator.lookup(query, DnsRequestOptions::default()).first_answer().await {
            Ok(message) => format!("{:?}", message.answers[0].proof),
            Err(error) => error.to_string(),
        };
        println!("{asked} {said}");
    }
}
RUST
cat <<'TEXT'
hickory-net 0.26.3
expected: an answer from the wildcard *.wild.example is secure where an NSEC proves that there is no closer name, which is
          the name itself for x.wild.example (RFC 4035 section 5.3.4), as for x.y.wild.example
TEXT
cargo run --quiet --manifest-path "$work/Cargo.toml" | tee "$work/said"
if grep -q '^x\.wild\.example\. .*Bogus' "$work/said" && grep -q '^x\.y\.wild\.example\. Secure' "$work/said"; then
    echo "as described: the first is bogus, since hickory wants it proven that there is no wildcard"
else
    echo "the behaviour has changed"
    exit 1
fi
