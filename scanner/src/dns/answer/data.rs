//! What a record holds, as far as anybody here asks for it.

use crate::dns::wire;
use crate::tls::certificate::hex;
use hickory_resolver::proto::rr::RData;
use std::net::IpAddr;

/// The data of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::dns) enum Data {
    /// Preference and host.
    Mx(u16, String),
    /// The character-strings, joined without a space (RFC 8461 section 3.1).
    Txt(Vec<u8>),
    /// A name server.
    Ns(String),
    /// The name of an address.
    Ptr(String),
    /// A or AAAA.
    Address(IpAddr),
    /// As RFC 6698 section 2.2 writes it, the data in lower case.
    Tlsa(String),
    /// Something that is counted, and not read.
    Other,
}

impl From<&RData> for Data {
    fn from(data: &RData) -> Self {
        match data {
            RData::MX(mx) => Self::Mx(mx.preference, wire::name_text(&mx.exchange)),
            RData::TXT(txt) => Self::Txt(txt.txt_data.concat()),
            RData::NS(ns) => Self::Ns(wire::name_text(&ns.0)),
            RData::PTR(name) => Self::Ptr(wire::name_text(&name.0)),
            RData::TLSA(tlsa) => {
                let head = [tlsa.cert_usage.into(), tlsa.selector.into(), tlsa.matching.into()];
                let [usage, selector, matching]: [u8; 3] = head;
                Self::Tlsa(format!("{usage} {selector} {matching} {}", hex(&tlsa.cert_data)))
            }
            other => other.ip_addr().map_or(Self::Other, Self::Address),
        }
    }
}
