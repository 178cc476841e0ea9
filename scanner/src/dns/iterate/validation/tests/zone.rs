//! A signed zone as its servers answer for it, right or wrong.

use hickory_resolver::proto::dnssec::crypto::{EcdsaSigningKey, Ed25519SigningKey, RsaSigningKey};
use hickory_resolver::proto::dnssec::rdata::sig::SigInput;
use hickory_resolver::proto::dnssec::rdata::{DNSKEY, DNSSECRData, DS, NSEC, NSEC3, RRSIG};
use hickory_resolver::proto::dnssec::{Algorithm, DigestType, Nsec3HashAlgorithm, SigningKey, TBS};
use hickory_resolver::proto::op::{Message, OpCode, Query, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, CNAME, MX, NS, NULL, SOA, TXT};
use hickory_resolver::proto::rr::{DNSClass, Name, RData, Record, RecordType, SerialNumber};
use hickory_resolver::proto::serialize::binary::{BinDecodable as _, BinEncodable as _};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// Seconds since 1970 from which, and until when, signatures are valid.
pub(super) type Validity = (u32, u32);

pub(super) const VALID: Validity = (1_600_000_000, 2_900_000_000);
pub(super) const OVER: Validity = (1_600_000_000, 1_600_000_100);
pub(super) const TO_COME: Validity = (2_900_000_000, 2_900_000_100);

pub(super) fn name(text: &str) -> Name {
    Name::from_ascii(format!("{}.", text.trim_end_matches('.'))).unwrap()
}

/// A key of a zone.
pub(super) struct Key(Box<dyn SigningKey>);

impl Key {
    pub(super) fn of(algorithm: Algorithm) -> Self {
        Self(match algorithm {
            Algorithm::RSASHA256 => {
                let made = aws_lc_rs::rsa::KeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
                let der: aws_lc_rs::encoding::Pkcs8V1Der<'_> =
                    aws_lc_rs::encoding::AsDer::as_der(&made).unwrap();
                Box::new(RsaSigningKey::from_pkcs8(&der.as_ref().into(), algorithm).unwrap())
            }
            Algorithm::ED25519 => Box::new(
                Ed25519SigningKey::from_pkcs8(&Ed25519SigningKey::generate_pkcs8().unwrap()).unwrap(),
            ),
            other => {
                let der = EcdsaSigningKey::generate_pkcs8(other).unwrap();
                Box::new(EcdsaSigningKey::from_pkcs8(&der, other).unwrap())
            }
        })
    }

    pub(super) fn record(&self) -> DNSKEY {
        DNSKEY::new(true, true, false, self.0.to_public_key().unwrap())
    }

    fn ds(&self, zone: &Name, algorithm: Algorithm) -> DS {
        let key = self.record();
        let digest = key.to_digest(zone, DigestType::SHA256).unwrap();
        DS::new(key.calculate_key_tag().unwrap(), algorithm, DigestType::SHA256, digest.as_ref().to_vec())
    }

    /// The signature of records of one name and type; `labels` are those of the wildcard they come from.
    fn sign(&self, zone: &Name, records: &[Record], (from, until): Validity, labels: Option<u8>) -> Record {
        let first = &records[0];
        let input = SigInput {
            type_covered: first.record_type(),
            algorithm: self.0.algorithm(),
            num_labels: labels.unwrap_or_else(|| first.name.num_labels()),
            original_ttl: first.ttl,
            sig_expiration: SerialNumber::new(until),
            sig_inception: SerialNumber::new(from),
            key_tag: self.record().calculate_key_tag().unwrap(),
            signer_name: zone.clone(),
        };
        let what = TBS::from_input(&first.name, DNSClass::IN, &input, records.iter()).unwrap();
        let signature = RRSIG::from_sig(input, self.0.sign(&what).unwrap());
        Record::from_rdata(first.name.clone(), first.ttl, RData::DNSSEC(DNSSECRData::RRSIG(signature)))
    }
}

/// What is wrong with a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    None,
    /// It has no key.
    NoKey,
    /// It has no signature but those of its keys.
    NoSignatures,
    /// It proves nothing that there is not.
    NoProofs,
    /// What it says is not what was signed.
    Altered,
}

/// A zone.
pub(super) struct Zone {
    pub(super) apex: Name,
    key: Option<Key>,
    pub(super) validity: Validity,
    pub(super) fault: Fault,
    /// Rounds of hashing with which it proves by NSEC3 that a name that is there has no such type; by NSEC
    /// where nothing is said.
    pub(super) rounds: Option<u16>,
    records: BTreeMap<Name, Vec<Record>>,
    cuts: BTreeMap<Name, Vec<Record>>,
}

impl Zone {
    /// A zone that is signed by a key; without one it is not signed.
    pub(super) fn new(apex: &str, key: Option<Key>) -> Self {
        let apex = name(apex);
        let soa = RData::SOA(SOA::new(name("ns.example"), name("admin.example"), 1, 2, 3, 4, 60));
        let mut records = BTreeMap::new();
        records.insert(apex.clone(), vec![Record::from_rdata(apex.clone(), 60, soa)]);
        if let Some(key) = &key {
            let data = RData::DNSSEC(DNSSECRData::DNSKEY(key.record()));
            records.entry(apex.clone()).or_default().push(Record::from_rdata(apex.clone(), 60, data));
        }
        Self { apex, key, validity: VALID, fault: Fault::None, rounds: None, records, cuts: BTreeMap::new() }
    }

    pub(super) fn with(mut self, owner: &str, data: RData) -> Self {
        let owner = name(owner);
        self.records.entry(owner.clone()).or_default().push(Record::from_rdata(owner, 60, data));
        self
    }

    pub(super) fn a(self, owner: &str) -> Self {
        self.with(owner, RData::A(A(Ipv4Addr::new(192, 0, 2, 1))))
    }

    pub(super) fn mx(self, owner: &str, host: &str) -> Self {
        self.with(owner, RData::MX(MX::new(10, name(host))))
    }

    pub(super) fn alias(self, owner: &str, target: &str) -> Self {
        self.with(owner, RData::CNAME(CNAME(name(target))))
    }

    /// Every name below one is an alias below another (RFC 6672).
    pub(super) fn renamed(self, owner: &str, target: &str) -> Self {
        let rdata = NULL::with(name(target).to_bytes().unwrap());
        self.with(owner, RData::Unknown { code: RecordType::DNAME, rdata })
    }

    pub(super) fn txt(self, owner: &str) -> Self {
        self.with(owner, RData::TXT(TXT::new(vec!["v=1".to_owned()])))
    }

    /// Delegates a zone to a server, with a DS for these keys.
    pub(super) fn cut(mut self, zone: &str, server: Ipv4Addr, ds: &[DS]) -> Self {
        let (zone, host) = (name(zone), name("ns").append_domain(&name(zone)).unwrap());
        let mut records = vec![
            Record::from_rdata(zone.clone(), 60, RData::NS(NS(host.clone()))),
            Record::from_rdata(host, 60, RData::A(A(server))),
        ];
        records.extend(
            ds.iter()
                .map(|ds| Record::from_rdata(zone.clone(), 60, RData::DNSSEC(DNSSECRData::DS(ds.clone())))),
        );
        self.cuts.insert(zone, records);
        self
    }

    /// The DS of this zone; it says that the key has this algorithm.
    pub(super) fn ds_as(&self, algorithm: Algorithm) -> DS {
        self.key.as_ref().unwrap().ds(&self.apex, algorithm)
    }

    pub(super) fn ds(&self) -> DS {
        self.ds_as(self.key.as_ref().unwrap().0.algorithm())
    }

    /// What its server says to a question.
    pub(super) fn says(&self, owner: &Name, kind: RecordType) -> Message {
        let mut message = Message::response(0, OpCode::Query);
        message.add_query(Query::query(owner.clone(), kind));
        let cut = self.cuts.iter().find(|(cut, _)| cut.zone_of(owner));
        if let Some((cut, records)) = cut.filter(|(cut, _)| !(*cut == owner && kind == RecordType::DS)) {
            self.refer(&mut message, cut, records);
            return message;
        }
        message.metadata.authoritative = true;
        if let Some(answers) = self.renames(owner) {
            message.answers = answers;
            return message;
        }
        let closest = self.closest(owner);
        let wildcard = name("*").append_domain(&closest).unwrap();
        let is_wild = !self.exists(owner) && self.records.contains_key(&wildcard);
        let source = if is_wild { &wildcard } else { owner };
        let of_cut = cut.map(|(_, records)| records);
        let all = of_cut.or_else(|| self.records.get(source)).cloned().unwrap_or_default();
        let of = |kind| -> Vec<Record> {
            all.iter()
                .filter(|record| record.record_type() == kind && record.name == *source)
                .cloned()
                .collect()
        };
        let found = [of(kind), of(RecordType::CNAME)].into_iter().find(|found| !found.is_empty());
        let is_keyless = self.fault == Fault::NoKey && kind == RecordType::DNSKEY;
        if let Some(mut found) = found.filter(|_| !is_keyless) {
            let labels = is_wild.then(|| closest.num_labels());
            let mut signature = self.signature(&found, labels);
            for record in found.iter_mut().chain(signature.as_mut()) {
                record.name = owner.clone();
            }
            if self.fault == Fault::Altered && kind != RecordType::DNSKEY {
                found[0].data = RData::A(A(Ipv4Addr::new(192, 0, 2, 66)));
            }
            message.answers = found;
            message.answers.extend(signature);
            if is_wild {
                self.prove(&mut message, owner);
            }
            return message;
        }
        if !self.exists(owner) && !is_wild && cut.is_none() {
            message.metadata.response_code = ResponseCode::NXDomain;
        }
        let soa = self.records[&self.apex][..1].to_vec();
        message.authorities.extend(self.signature(&soa, None));
        message.authorities.extend(soa);
        self.prove(&mut message, owner);
        if !self.exists(owner) {
            self.prove(&mut message, &wildcard);
        }
        message
    }

    /// The DNAME above a name, and the alias that it makes, which bears no signature.
    fn renames(&self, owner: &Name) -> Option<Vec<Record>> {
        let is_above = |record: &&Record| {
            record.record_type() == RecordType::DNAME && record.name != *owner && record.name.zone_of(owner)
        };
        let dname = self.records.values().flatten().find(is_above)?.clone();
        let RData::Unknown { rdata, .. } = &dname.data else { return None };
        let target = Name::from_bytes(&rdata.anything).unwrap();
        let labels = owner.num_labels() - dname.name.num_labels();
        let kept = Name::from_labels(owner.iter().take(labels.into())).unwrap();
        let alias = RData::CNAME(CNAME(kept.append_domain(&target).unwrap()));
        let signature = self.signature(std::slice::from_ref(&dname), None);
        let alias = Record::from_rdata(owner.clone(), 60, alias);
        Some([dname].into_iter().chain(signature).chain([alias]).collect())
    }

    fn refer(&self, message: &mut Message, cut: &Name, records: &[Record]) {
        let of = |kind| records.iter().filter(move |record| record.record_type() == kind).cloned();
        message.authorities.extend(of(RecordType::NS));
        message.additionals.extend(of(RecordType::A));
        let ds: Vec<Record> = of(RecordType::DS).collect();
        match ds.is_empty() {
            true => self.prove(message, cut),
            false => {
                message.authorities.extend(self.signature(&ds, None));
                message.authorities.extend(ds);
            }
        }
    }

    fn signature(&self, records: &[Record], labels: Option<u8>) -> Option<Record> {
        let is_of_keys = records[0].record_type() == RecordType::DNSKEY;
        let key = self.key.as_ref().filter(|_| self.fault != Fault::NoSignatures || is_of_keys)?;
        Some(key.sign(&self.apex, records, self.validity, labels))
    }

    /// Every name with records, or with one below it.
    fn exists(&self, owner: &Name) -> bool {
        self.records.keys().chain(self.cuts.keys()).any(|known| owner.zone_of(known))
    }

    /// The longest name above that exists.
    fn closest(&self, owner: &Name) -> Name {
        let mut above = owner.clone();
        while !self.exists(&above) && above != self.apex {
            above = above.base_name();
        }
        if above == *owner && above != self.apex { above.base_name() } else { above }
    }

    /// Where the NSEC3 of a name is, and what it says.
    fn hashed(
        &self,
        owner: &Name,
        rounds: u16,
        kinds: impl Iterator<Item = RecordType>,
    ) -> (Name, DNSSECRData) {
        let by = Nsec3HashAlgorithm::SHA1;
        let mut hash = by.hash(&[], owner, rounds).unwrap().as_ref().to_vec();
        // Base 32 stands in the text of a record, as the name behind.
        let text = NSEC3::new(by, false, rounds, Vec::new(), hash.clone(), []).to_string();
        let label = text.split(' ').nth(4).unwrap();
        *hash.last_mut().unwrap() ^= 1;
        let at = name(label).append_domain(&self.apex).unwrap();
        (at, DNSSECRData::NSEC3(NSEC3::new(by, false, rounds, Vec::new(), hash, kinds)))
    }

    /// Adds the NSEC that is at a name or covers it.
    fn prove(&self, message: &mut Message, owner: &Name) {
        if self.key.is_none() || self.fault == Fault::NoProofs {
            return;
        }
        let mut names: Vec<&Name> = self.records.keys().chain(self.cuts.keys()).collect();
        names.sort();
        let at = names.iter().rposition(|known| *known <= owner).unwrap_or(names.len() - 1);
        let (here, next) = (names[at], names[(at + 1) % names.len()]);
        let all = self.cuts.get(here).or_else(|| self.records.get(here)).unwrap();
        let own = all.iter().filter(|record| record.name == *here).map(Record::record_type);
        let kinds = own.chain([RecordType::RRSIG, RecordType::NSEC]);
        let (here, data) = match self.rounds {
            Some(rounds) => self.hashed(owner, rounds, kinds),
            None => (here.clone(), DNSSECRData::NSEC(NSEC::new(next.clone(), kinds))),
        };
        let nsec = vec![Record::from_rdata(here.clone(), 60, RData::DNSSEC(data))];
        if message.authorities.iter().any(|record| record.name == here && record.data == nsec[0].data) {
            return;
        }
        message.authorities.extend(self.signature(&nsec, None));
        message.authorities.extend(nsec);
    }
}
