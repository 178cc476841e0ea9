#!/usr/bin/env bash
# hickory takes the alias that a signed DNAME makes for bogus. Needs cargo and crates.io.
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
use hickory_net::dnssec::DnssecDnsHandle;
use hickory_net::proto::dnssec::crypto::EcdsaSigningKey;
use hickory_net::proto::dnssec::rdata::{DNSKEY, DNSSECRData, RRSIG, SigInput};
use hickory_net::proto::dnssec::{Algorithm, SigningKey, TBS, TrustAnchors};
use hickory_net::proto::op::{DnsRequest, DnsRequestOptions, DnsResponse, Message, OpCode, Query};
use hickory_net::proto::rr::rdata::{CNAME, NULL, TXT};
use hickory_net::proto::rr::{DNSClass, Name, RData, Record, RecordType, SerialNumber};
use hickory_net::proto::serialize::binary::BinEncodable;
use hickory_net::runtime::TokioRuntimeProvider;
use hickory_net::xfer::FirstAnswer;
use hickory_net::{DnsHandle, NetError};
use std::pin::Pin;
use std::sync::Arc;

/// `example` with `old DNAME new` and a text at `x.new`; it signs what it says itself, and not the alias.
#[derive(Clone)]
struct Servers(Arc<EcdsaSigningKey>);

fn name(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}

impl Servers {
    fn key(&self) -> DNSKEY {
        DNSKEY::new(true, true, false, self.0.to_public_key().unwrap())
    }

    fn signed(&self, owner: &str, data: RData) -> [Record; 2] {
        let record = Record::from_rdata(name(owner), 60, data);
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
        let signature = Record::from_rdata(record.name.clone(), 60, RData::DNSSEC(DNSSECRData::RRSIG(made)));
        [record, signature]
    }
}

impl DnsHandle for Servers {
    type Response = Pin<Box<dyn futures::Stream<Item = Result<DnsResponse, NetError>> + Send>>;
    type Runtime = TokioRuntimeProvider;

    fn send(&self, request: DnsRequest) -> Self::Response {
        let query = request.queries[0].clone();
        let mut message = Message::response(0, OpCode::Query);
        message.metadata.authoritative = true;
        if query.query_type() == RecordType::DNSKEY {
            message.answers.extend(self.signed("example.", RData::DNSSEC(DNSSECRData::DNSKEY(self.key()))));
        } else {
            if *query.name() == name("x.old.example.") {
                let new = NULL::with(name("new.example.").to_bytes().unwrap());
                let dname = RData::Unknown { code: RecordType::DNAME, rdata: new };
                message.answers.extend(self.signed("old.example.", dname));
                let alias = RData::CNAME(CNAME(name("x.new.example.")));
                message.answers.push(Record::from_rdata(name("x.old.example."), 60, alias));
            }
            message.answers.extend(self.signed("x.new.example.", RData::TXT(TXT::new(vec!["text".to_owned()]))));
        }
        message.add_query(query);
        Box::pin(stream::once(async { Ok(DnsResponse::from_message(message)?) }))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let der = EcdsaSigningKey::generate_pkcs8(Algorithm::ECDSAP256SHA256).unwrap();
    let servers = Servers(Arc::new(EcdsaSigningKey::from_pkcs8(&der, Algorithm::ECDSAP256SHA256).unwrap()));
    let mut anchors = TrustAnchors::empty();
    anchors.insert_with_name(servers.key().public_key(), (&name("example.")).into());
    let validator = DnssecDnsHandle::with_trust_anchor(servers, Arc::new(anchors));
    for asked in ["x.old.example.", "x.new.example."] {
        let query = Query::query(name(asked), RecordType::TXT);
        match validator.lookup(query, DnsRequestOptions::default()).first_answer().await {
            Ok(message) => {
                let data = message.answers.iter().filter(|record| record.record_type() != RecordType::RRSIG);
                let proofs: Vec<_> = data.map(|one| format!("{}:{:?}", one.record_type(), one.proof)).collect();
                println!("{asked} {}", proofs.join(" "));
            }
            Err(error) => println!("{asked} {error}"),
        }
    }
}
RUST
cat <<'TEXT'
hickory-net 0.26.3
expected: x.old.example is secure as x.new.example is: an alias that a DNAME makes is not signed, and a validator checks
          the DNAME's signature and that the alias follows from it (RFC 6672 section 5.3.1)
TEXT
cargo run --quiet --manifest-path "$work/Cargo.toml" | tee "$work/said"
if grep -q '^x\.old\.example\. .*CNAME:Bogus' "$work/said" && grep -q '^x\.new\.example\. TXT:Secure$' "$work/said"; then
    echo "as described: the alias is bogus"
else
    echo "the behaviour has changed"
    exit 1
fi
