#!/usr/bin/env bash
# hickory takes a zone without DS for bogus where the proof has more rounds of NSEC3 than its soft limit.
# Needs cargo and crates.io.
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
use hickory_net::proto::dnssec::rdata::{DNSKEY, DNSSECRData, NSEC3, RRSIG, SigInput};
use hickory_net::proto::dnssec::{Algorithm, Nsec3HashAlgorithm, SigningKey, TBS, TrustAnchors};
use hickory_net::proto::op::{DnsRequest, DnsRequestOptions, DnsResponse, Message, OpCode, Query};
use hickory_net::proto::rr::rdata::{NS, SOA, TXT};
use hickory_net::proto::rr::{DNSClass, Name, RData, Record, RecordType, SerialNumber};
use hickory_net::runtime::TokioRuntimeProvider;
use hickory_net::xfer::FirstAnswer;
use hickory_net::{DnsHandle, NetError};
use std::pin::Pin;
use std::sync::Arc;

/// `example`, signed with so many rounds of NSEC3, and `plain.example` below it, which has no DS.
#[derive(Clone)]
struct Servers(Arc<EcdsaSigningKey>, u16);

fn name(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}

impl Servers {
    fn key(&self) -> DNSKEY {
        DNSKEY::new(true, true, false, self.0.to_public_key().unwrap())
    }

    fn signed(&self, owner: Name, data: RData) -> [Record; 2] {
        let record = Record::from_rdata(owner, 60, data);
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

    /// `plain.example` is there, is delegated, and has no DS.
    fn proof(&self) -> [Record; 2] {
        let by = Nsec3HashAlgorithm::SHA1;
        let mut hash = by.hash(&[], &name("plain.example."), self.1).unwrap().as_ref().to_vec();
        let text = NSEC3::new(by, false, self.1, Vec::new(), hash.clone(), []).to_string();
        let owner = name(&format!("{}.example.", text.split(' ').nth(4).unwrap()));
        *hash.last_mut().unwrap() ^= 1;
        let nsec3 = NSEC3::new(by, false, self.1, Vec::new(), hash, [RecordType::NS]);
        self.signed(owner, RData::DNSSEC(DNSSECRData::NSEC3(nsec3)))
    }
}

impl DnsHandle for Servers {
    type Response = Pin<Box<dyn futures::Stream<Item = Result<DnsResponse, NetError>> + Send>>;
    type Runtime = TokioRuntimeProvider;

    fn send(&self, request: DnsRequest) -> Self::Response {
        let query = request.queries[0].clone();
        let mut message = Message::response(0, OpCode::Query);
        message.metadata.authoritative = true;
        let plain = |data| Record::from_rdata(name("plain.example."), 60, data);
        match query.query_type() {
            RecordType::DNSKEY => {
                let key = RData::DNSSEC(DNSSECRData::DNSKEY(self.key()));
                message.answers.extend(self.signed(name("example."), key));
            }
            RecordType::DS => {
                let soa = SOA::new(name("ns.example."), name("admin.example."), 1, 2, 3, 4, 60);
                message.authorities.extend(self.signed(name("example."), RData::SOA(soa)));
                message.authorities.extend(self.proof());
            }
            RecordType::NS => message.answers.push(plain(RData::NS(NS(name("ns.plain.example."))))),
            _ => message.answers.push(plain(RData::TXT(TXT::new(vec!["text".to_owned()])))),
        }
        message.add_query(query);
        Box::pin(stream::once(async { Ok(DnsResponse::from_message(message)?) }))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let der = EcdsaSigningKey::generate_pkcs8(Algorithm::ECDSAP256SHA256).unwrap();
    let key = Arc::new(EcdsaSigningKey::from_pkcs8(&der, Algorithm::ECDSAP256SHA256).unwrap());
    for rounds in [100, 101] {
        let servers = Servers(key.clone(), rounds);
        let mut anchors = TrustAnchors::empty();
        anchors.insert_with_name(servers.key().public_key(), (&name("example.")).into());
        let validator = DnssecDnsHandle::with_trust_anchor(servers, Arc::new(anchors));
        let query = Query::query(name("plain.example."), RecordType::TXT);
        match validator.lookup(query, DnsRequestOptions::default()).first_answer().await {
            Ok(message) => println!("{rounds} rounds: {:?}", message.answers[0].proof),
            Err(error) => println!("{rounds} rounds: {error}"),
        }
    }
}
RUST
cat <<'TEXT'
hickory-net 0.26.3
expected: plain.example, delegated without a DS, is insecure with 101 rounds as with 100: above the soft limit of 100
          and below the hard limit of 500 proofs by NSEC3 are insecure (DnssecDnsHandle::nsec3_iteration_limits, as RFC
          9276 section 3.2 allows), and so is what rests on them
TEXT
cargo run --quiet --manifest-path "$work/Cargo.toml" | tee "$work/said"
if grep -q '^100 rounds: Insecure$' "$work/said" && grep -q '^101 rounds: Bogus$' "$work/said"; then
    echo "as described: with 101 rounds the zone is bogus"
else
    echo "the behaviour has changed"
    exit 1
fi
