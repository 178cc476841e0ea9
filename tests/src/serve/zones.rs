//! What an authoritative server says of a zone: records, referrals and denials.

use super::chase::Chase;
use super::dns::{Reply, Responder, SOA};
use super::message::{Named, Question, Section, Speaker, Verdict, Writer};
use crate::delegation::{Content, Delegations, Host, NameServer, Zone};
use crate::situation::RecordType;
use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr};

/// A question to a server, and what is said in answer to it whatever it is about.
#[derive(Clone, Copy)]
pub(super) struct Ask<'a> {
    pub(super) responder: &'a Responder,
    pub(super) delegations: &'a Delegations,
    pub(super) question: &'a Question<'a>,
    /// The address that was asked.
    pub(super) asked: Ipv4Addr,
    /// What there is to say beside the records.
    pub(super) verdict: Verdict<'a>,
    pub(super) over_tcp: bool,
}

impl Ask<'_> {
    /// What the servers of a zone answer, the zone being the last of the way that they know.
    pub(super) fn of_zone(self, zone: &Zone, below: Option<&Zone>) -> Reply {
        match below {
            Some(child) => self.referral(child, &zone.apex),
            None if zone.content == Content::World && !self.is_server_of(zone) => self.of_world(zone),
            None => self.of_hosts(zone),
        }
    }

    /// An answer of nothing but this code.
    pub(super) fn only(self, rcode: u16) -> Reply {
        let verdict = Verdict { rcode, speaker: Speaker::Referrer, ..self.verdict };
        self.finish(Writer::new(self.question), verdict)
    }

    /// The delegation of a zone, with what glue its parent has.
    pub(super) fn referral(self, child: &Zone, parent: &str) -> Reply {
        let mut writer = Writer::new(self.question);
        writer.section(Section::Authority);
        self.name_servers(&mut writer, child);
        writer.section(Section::Additional);
        for server in &child.servers {
            self.address(&mut writer, server, server.glue(parent), child.ttl);
        }
        self.finish(writer, Verdict { speaker: Speaker::Referrer, ..self.verdict })
    }

    /// A zone's word that the name has this TXT record.
    pub(super) fn text(self, zone: &Zone, text: &str) -> Reply {
        let mut writer = Writer::new(self.question);
        let (name, kind) = (Named::Text(&self.question.name), RecordType::Txt.number());
        let length = u8::try_from(text.len()).unwrap_or(u8::MAX);
        writer.record(name, self.question, kind, zone.ttl, |data| {
            data.bytes(&[&[length], text.as_bytes()].concat());
        });
        self.finish(writer, Verdict { zone: Some(&zone.apex), speaker: Speaker::Authority, ..self.verdict })
    }

    /// A zone's word that there is no such name.
    pub(super) fn denial(self, zone: &Zone) -> Reply {
        let (zone, speaker) = (Some(zone.apex.as_str()), Speaker::Authority);
        let verdict = Verdict { rcode: 3, negative: true, zone, speaker, ..self.verdict };
        self.finish(Writer::new(self.question), verdict)
    }

    fn is_server_of(self, zone: &Zone) -> bool {
        zone.servers.iter().any(|server| server.name == self.question.name)
    }

    fn of_world(self, zone: &Zone) -> Reply {
        let apex = RefCell::new(zone.apex.clone());
        let first = &self.question.name;
        let knows = |name: &str, kind: Option<RecordType>| {
            if name == first {
                return true;
            }
            let last = self.delegations.chain(name, kind).pop();
            let own = last.filter(|z| z.content == Content::World && z.server_at(self.asked).is_some());
            own.is_some_and(|zone| {
                *apex.borrow_mut() = zone.apex;
                true
            })
        };
        let mut chase = Chase::new(self.responder, self.question);
        chase.run(&knows);
        let apex = apex.borrow();
        let verdict = Verdict { zone: Some(&apex), speaker: Speaker::Authority, ..self.verdict };
        chase.reply(verdict, self.over_tcp)
    }

    /// What there is in a zone that holds delegations and name servers.
    fn of_hosts(self, zone: &Zone) -> Reply {
        let (question, name) = (self.question, self.question.name.as_str());
        let kind = RecordType::from_number(question.kind);
        let mut writer = Writer::new(question);
        let mut verdict = Verdict { zone: Some(&zone.apex), speaker: Speaker::Authority, ..self.verdict };
        let is_apex = name == zone.apex;
        match self.delegations.host(zone, name) {
            _ if is_apex && kind == Some(RecordType::Ns) => {
                self.name_servers(&mut writer, zone);
                writer.section(Section::Additional);
                for server in &zone.servers {
                    self.address(&mut writer, server, server.glue(&zone.apex), zone.ttl);
                }
            }
            _ if is_apex && question.kind == SOA => writer.soa(&zone.apex, question),
            Some(Host::At(addr)) if kind == Some(RecordType::A) => {
                writer.record(Named::Text(name), question, 1, zone.ttl, |data| data.bytes(&addr.octets()));
            }
            Some(Host::Alias(target)) => {
                let kind = RecordType::Cname.number();
                writer
                    .record(Named::Text(name), question, kind, zone.ttl, |data| data.name(&target, question));
            }
            Some(_) => verdict.negative = true,
            None if is_apex => verdict.negative = true,
            None => (verdict.rcode, verdict.negative) = (3, true),
        }
        self.finish(writer, verdict)
    }

    fn name_servers(self, writer: &mut Writer, zone: &Zone) {
        for server in &zone.servers {
            let kind = RecordType::Ns.number();
            writer.record(Named::Text(&zone.apex), self.question, kind, zone.ttl, |data| {
                data.name(&server.name, self.question);
            });
        }
    }

    fn address(self, writer: &mut Writer, server: &NameServer, addr: Option<IpAddr>, ttl: u32) {
        let name = Named::Text(&server.name);
        match addr {
            Some(IpAddr::V4(v4)) => {
                writer.record(name, self.question, 1, ttl, |data| data.bytes(&v4.octets()));
            }
            Some(IpAddr::V6(v6)) => {
                writer.record(name, self.question, 28, ttl, |data| data.bytes(&v6.octets()));
            }
            None => {}
        }
    }

    fn finish(self, writer: Writer, verdict: Verdict<'_>) -> Reply {
        let message = writer.finish(self.question, verdict, self.over_tcp);
        Reply { message: Some(message), ..Reply::default() }
    }
}
