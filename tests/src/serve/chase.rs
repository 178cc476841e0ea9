//! What the world says of a name and of the names it is an alias of, written as an answer.

use super::dns::{Reply, Responder};
use super::message::{Named, Question, Verdict, Writer};
use crate::situation::{Answer, Fill, Forgery, Record, RecordType, Situation, Status, Tcp};
use crate::world::{Names, Owner};
use std::net::Ipv6Addr;

/// Longest chain of CNAMEs that is followed: longer than what a scanner should take.
const CHAIN: usize = 24;

/// The way of a question along a chain of aliases.
pub(super) struct Chase<'r, 'q> {
    responder: &'r Responder,
    question: &'r Question<'q>,
    writer: Writer,
    rcode: u16,
    negative: bool,
    ad: bool,
    truncate: bool,
    ede: Vec<u16>,
    forged: Vec<Forgery>,
    tcp: Tcp,
    is_dropped: bool,
}

impl<'r, 'q> Chase<'r, 'q> {
    pub(super) fn new(responder: &'r Responder, question: &'r Question<'q>) -> Self {
        Self {
            responder,
            question,
            writer: Writer::new(question),
            rcode: 0,
            negative: false,
            ad: true,
            truncate: false,
            ede: Vec::new(),
            forged: Vec::new(),
            tcp: Tcp::Answers,
            is_dropped: false,
        }
    }

    /// Goes along the chain for as long as `knows` the next name; what is asked for is known of the first one
    /// only.
    pub(super) fn run(&mut self, knows: &dyn Fn(&str, Option<RecordType>) -> bool) {
        let mut name = self.question.name.clone();
        let mut kind = RecordType::from_number(self.question.kind);
        for _ in 0..CHAIN {
            if !knows(&name, kind) {
                // Another server is to be asked.
                self.negative = false;
                return;
            }
            match self.step(&name, kind) {
                Some(target) => name = target,
                None => return,
            }
            kind = None;
        }
    }

    /// Takes in what there is of a name; gives the name that it is an alias of.
    fn step(&mut self, name: &str, hint: Option<RecordType>) -> Option<String> {
        let kind = RecordType::from_number(self.question.kind);
        let owner = self.responder.world.owner(name, hint);
        let answers = owner.as_ref().and_then(Owner::answers);
        let (Some(owner), Some(answers)) = (owner.as_ref(), answers) else {
            let synthesized = self.synthesize(name);
            if synthesized.is_none() {
                self.deny(3);
            }
            return synthesized;
        };
        let of_type = |wanted: RecordType| answers.iter().find(|(kind, _)| *kind == wanted);
        let alias = of_type(RecordType::Cname).filter(|_| kind != Some(RecordType::Cname));
        let Some((kind, answer)) = alias.or_else(|| of_type(kind?)) else {
            // A name that does not exist does not for any type (RFC 8020 section 2).
            let is_gone = answers.iter().any(|(_, answer)| answer.status == Status::NxDomain);
            self.deny(if is_gone { 3 } else { 0 });
            return None;
        };
        self.take(answer);
        if self.is_dropped || self.rcode != 0 {
            return None;
        }
        let names = self.names(owner);
        self.write_all(name, (*kind, answer), &names);
        self.negative = answer.records.is_empty();
        match answer.records.first().filter(|_| alias.is_some()) {
            Some(Record::One(target)) => Some(names.text(target)),
            _ => None,
        }
    }

    fn names<'o>(&self, owner: &'o Owner<'o>) -> Names<'o>
    where
        'r: 'o,
    {
        Names {
            world: &self.responder.world,
            authority: &self.responder.authority,
            situation: owner.situation,
            domain: &owner.domain,
        }
    }

    /// Writes the alias that a DNAME above a name makes of it (RFC 6672 section 3.1), and gives its target.
    fn synthesize(&mut self, name: &str) -> Option<String> {
        let mut above = name;
        while let Some((_, parent)) = above.split_once('.') {
            above = parent;
            let Some(owner) = self.responder.world.owner(above, None) else { continue };
            let answers = owner.answers().into_iter().flatten();
            let Some((kind, answer)) = answers.into_iter().find(|(kind, _)| *kind == RecordType::Dname)
            else {
                continue;
            };
            let Some(Record::One(target)) = answer.records.first() else { continue };
            let names = self.names(&owner);
            self.take(answer);
            self.write_all(above, (*kind, answer), &names);
            let target = format!("{}{}", name.strip_suffix(above)?, names.text(target));
            let (question, kind) = (self.question, RecordType::Cname.number());
            self.writer
                .record(Named::Text(name), question, kind, answer.ttl, |data| data.name(&target, question));
            return Some(target);
        }
        None
    }

    fn deny(&mut self, rcode: u16) {
        (self.rcode, self.negative, self.ad) = (rcode, true, false);
    }

    /// Takes in what an answer says beside its records.
    fn take(&mut self, answer: &Answer) {
        self.ad &= answer.ad;
        self.truncate |= answer.truncate;
        self.ede.extend(&answer.ede);
        self.forged.extend(&answer.forged);
        if answer.tcp != Tcp::Answers {
            self.tcp = answer.tcp;
        }
        match self.responder.status(answer, self.question) {
            Status::NoError => {}
            Status::Drop => self.is_dropped = true,
            Status::NxDomain => (self.rcode, self.negative) = (3, true),
            Status::ServFail => self.rcode = 2,
            Status::Refused => self.rcode = 5,
            Status::NotImp => self.rcode = 4,
        }
    }

    fn write_all(&mut self, name: &str, (kind, answer): (RecordType, &Answer), names: &Names<'_>) {
        self.writer.stuff(answer.stuffing, self.question);
        let named = answer.owner.as_ref().map(|owner| names.text(owner));
        let owner = match named.as_deref() {
            _ if answer.pointers_loop => Named::ByItself,
            other => Named::Text(other.unwrap_or(name)),
        };
        for record in &answer.records {
            self.write(owner, (kind, answer.ttl), record, names);
        }
    }

    /// What becomes of the question; what the verdict says beside what was found is the caller's.
    pub(super) fn reply(self, verdict: Verdict<'_>, over_tcp: bool) -> Reply {
        let mut reply = Reply { forged: self.forged, tcp: self.tcp, ..Reply::default() };
        if self.is_dropped {
            return reply;
        }
        let verdict = Verdict {
            rcode: self.rcode,
            negative: self.negative,
            ad: self.ad,
            truncate: self.truncate | verdict.truncate,
            always_cut: self.tcp == Tcp::Truncates,
            ede: &self.ede,
            ..verdict
        };
        reply.message = Some(self.writer.finish(self.question, verdict, over_tcp));
        reply
    }

    fn write(
        &mut self,
        owner: Named<'_>,
        (kind, ttl): (RecordType, u32),
        record: &Record,
        names: &Names<'_>,
    ) {
        let texts: Vec<String> = match record {
            Record::One(text) => vec![names.text(text)],
            Record::Strings(texts) => texts.iter().map(|text| names.text(text)).collect(),
        };
        let text = texts.first().map_or("", String::as_str);
        let (question, responder) = (self.question, self.responder);
        self.writer.record(owner, question, kind.number(), ttl, |data| match kind {
            RecordType::A => data.bytes(&address(responder, names.situation, names.domain, text)),
            RecordType::Aaaa => {
                data.bytes(&text.parse::<Ipv6Addr>().unwrap_or(Ipv6Addr::UNSPECIFIED).octets());
            }
            RecordType::Ns | RecordType::Cname | RecordType::Dname => data.name(text, question),
            RecordType::Mx => {
                let (preference, host) = text.split_once(' ').unwrap_or(("0", text));
                data.number(preference.parse().unwrap_or_default());
                data.name(host, question);
            }
            RecordType::Tlsa => data.bytes(&tlsa(text)),
            RecordType::Txt => {
                for part in texts.iter().flat_map(|text| text.as_bytes().chunks(255)) {
                    data.bytes(&[u8::try_from(part.len()).unwrap_or(u8::MAX)]);
                    data.bytes(part);
                }
            }
        });
    }
}

fn address(responder: &Responder, situation: &Situation, domain: &str, word: &str) -> [u8; 4] {
    // Every address of every situation is resolved when the world is checked, so there is one.
    responder.world.address(situation, domain, word).map(|address| address.octets()).unwrap_or_default()
}

/// A TLSA record on the wire (RFC 6698 section 2.1): three numbers, and the data in hexadecimal.
fn tlsa(text: &str) -> Vec<u8> {
    let mut parts = text.split(' ');
    let mut bytes: Vec<u8> = parts.by_ref().take(3).filter_map(|number| number.parse().ok()).collect();
    let digits: Vec<u32> = parts.flat_map(str::chars).filter_map(|digit| digit.to_digit(16)).collect();
    bytes.extend(digits.chunks(2).filter_map(|pair| match pair {
        [high, low] => u8::try_from(high * 16 + low).ok(),
        _ => None,
    }));
    bytes
}
