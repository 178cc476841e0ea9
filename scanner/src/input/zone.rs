//! Zone files (RFC 1035 section 5): the names that are delegated, that is the owners of NS records below the
//! apex.
//!
//! Made for the files of CZDS and of registries: one record per line, sorted by owner, hundreds of millions
//! of lines. Records over several lines in parentheses are passed over correctly; such a record is taken
//! where its type stands on its first line.

mod tokens;

use super::bad::BadEntry;
use super::delegated::Hosts;
use super::lines::{Line, Lines};
use super::source::{RawEntry, Source};
use std::io::{self, BufRead, ErrorKind};
pub(super) use tokens::begins;
use tokens::{depth_after, is, is_class, is_ttl, is_type, tokens};

/// Bytes of a line that are kept: enough for the longest record data (65,535) of any type that is met in
/// practice.
const ZONE_LINE: usize = 64 * 1024;

/// The delegations of a zone file, each once where its NS records stand together. They have no rank.
///
/// In a file that was sorted as text the NS records of the apex stand before its SOA. Until an apex is known,
/// and where its servers are wanted, a delegation is held until the records of its owner have ended.
pub(super) struct Zone<R> {
    lines: Lines<R>,
    line: Vec<u8>,
    /// What relative names end with, no trailing dot; `None` before it is known.
    origin: Option<Vec<u8>>,
    /// Owner of the last SOA, or the first `$ORIGIN`: its NS records are no delegation.
    apex: Option<Vec<u8>>,
    /// Owner of the last record, absolute but for the trailing dot; `None` where it could not be made so.
    owner: Option<Vec<u8>>,
    last: Vec<u8>,
    /// Line of the delegation of `last` that is held.
    held: Option<u64>,
    /// Whether the line was read but not looked at, because a held delegation came first.
    again: Option<(Line, u64)>,
    depth: u32,
    opened_on: u64,
    records: u64,
    /// Whether entries are to have their servers.
    wants_servers: bool,
    /// Those of the delegation that is held.
    of_held: OfHeld,
    hosts: Option<Hosts>,
}

/// What else is known of the delegation that is held.
#[derive(Default)]
struct OfHeld {
    /// Names of its servers, a space between them.
    servers: Vec<u8>,
    /// Whether one of them could not be read: then none counts.
    is_broken: bool,
    ds: bool,
}

impl<R: BufRead> Zone<R> {
    /// The zone in a stream of which so many lines were passed over; with the servers of its delegations or
    /// without.
    pub(super) fn new(stream: R, skipped: u64, wants_servers: bool) -> Self {
        Self {
            lines: Lines::after(stream, ZONE_LINE, skipped),
            line: Vec::new(),
            origin: None,
            apex: None,
            owner: None,
            last: Vec::new(),
            held: None,
            again: None,
            depth: 0,
            opened_on: 0,
            records: 0,
            wants_servers,
            of_held: OfHeld::default(),
            hosts: None,
        }
    }

    /// The name without its trailing dot, relative ones with the origin added.
    fn absolute(&self, name: &[u8]) -> Option<Vec<u8>> {
        if name == b"@" {
            return self.origin.clone();
        }
        if let Some(name) = name.strip_suffix(b".") {
            return Some(name.to_vec());
        }
        match self.origin.as_deref()? {
            [] => Some(name.to_vec()),
            origin => Some([name, b".", origin].concat()),
        }
    }

    fn origin_is(&mut self, name: &[u8]) {
        self.origin = self.absolute(name).or_else(|| Some(name.to_vec()));
        if self.apex.is_none() {
            self.apex.clone_from(&self.origin);
        }
    }

    /// Takes in one record or directive; what it delegates goes into `entry`.
    fn record(&mut self, entry: &mut RawEntry) -> bool {
        let line = std::mem::take(&mut self.line);
        let found = self.record_of(&line, entry);
        self.line = line;
        found
    }

    fn record_of(&mut self, line: &[u8], entry: &mut RawEntry) -> bool {
        let mut tokens = tokens(line);
        let blank = line.first().is_none_or(u8::is_ascii_whitespace);
        if !blank {
            let Some(owner) = tokens.next() else { return false };
            if owner[0] == b'$' {
                return self.directive(owner, tokens.next(), entry);
            }
            if !self.is_same_owner(owner) {
                self.owner = self.absolute(owner);
            }
            if self.owner.is_none() {
                entry.text.clear();
                entry.text.extend_from_slice(owner);
            }
        }
        let Some(kind) = tokens.find(|token| !is_class(token) && !is_ttl(token)) else { return false };
        self.records += 1;
        if is_type(kind, b"SOA", b"6") {
            self.apex.clone_from(&self.owner);
            if self.is_of_held() {
                (self.held, self.of_held) = (None, OfHeld::default());
            }
            if self.origin.is_none() {
                self.origin.clone_from(&self.owner);
            }
            return false;
        }
        if is_type(kind, b"NS", b"2") {
            let found = self.delegation(entry);
            if self.wants_servers && self.is_of_held() {
                self.add_server(tokens.next().unwrap_or_default());
            }
            return found;
        }
        if self.wants_servers && is_type(kind, b"DS", b"43") && self.is_of_held() {
            self.of_held.ds = true;
        } else if self.hosts.is_some() && (is_type(kind, b"A", b"1") || is_type(kind, b"AAAA", b"28")) {
            self.add_host(tokens.next().unwrap_or_default());
        }
        false
    }

    /// Whether the last record is about the delegation that is held.
    fn is_of_held(&self) -> bool {
        self.held.is_some() && self.owner.as_deref().is_some_and(|owner| is(owner, &self.last))
    }

    fn add_server(&mut self, name: &[u8]) {
        let server = self.absolute(name).filter(|server| !server.is_empty() && !server.starts_with(b"\\#"));
        let OfHeld { servers, is_broken, .. } = &mut self.of_held;
        let Some(server) = server else {
            *is_broken = true;
            return;
        };
        if !servers.is_empty() {
            servers.push(b' ');
        }
        servers.extend(server.iter().map(u8::to_ascii_lowercase));
    }

    /// An address of a host below the apex: of others the zone has nothing to say.
    fn add_host(&mut self, addr: &[u8]) {
        let (Some(owner), Some(apex), Some(hosts)) = (&self.owner, &self.apex, &mut self.hosts) else {
            return;
        };
        if is_below(owner, apex) {
            hosts.add(&owner.to_ascii_lowercase(), addr);
        }
    }

    /// Saves the allocation for the records of one owner, which stand together.
    fn is_same_owner(&self, name: &[u8]) -> bool {
        name.strip_suffix(b".").is_some_and(|name| self.owner.as_deref() == Some(name))
    }

    fn directive(&mut self, word: &[u8], argument: Option<&[u8]>, entry: &mut RawEntry) -> bool {
        if is(word, b"$ORIGIN") {
            self.origin_is(argument.unwrap_or_default());
        }
        if is(word, b"$ORIGIN") || is(word, b"$TTL") {
            return false;
        }
        entry.text.clear();
        entry.text.extend_from_slice(word);
        entry.refusal = Some(BadEntry::Directive);
        true
    }

    fn delegation(&mut self, entry: &mut RawEntry) -> bool {
        let Some(owner) = &self.owner else {
            entry.refusal = Some(BadEntry::NoOrigin);
            return true;
        };
        let below = self.apex.as_deref().is_none_or(|apex| is_below(owner, apex));
        if !below || is(owner, &self.last) {
            return false;
        }
        self.last.clone_from(owner);
        if self.apex.is_none() || self.wants_servers {
            self.held = Some(entry.line);
            return false;
        }
        entry.text.clone_from(owner);
        true
    }

    /// Whether the line begins with another owner than that of the held delegation.
    fn leaves_held(&self) -> bool {
        if self.held.is_none() || self.line.first().is_none_or(u8::is_ascii_whitespace) {
            return false;
        }
        let is_held = |owner: &[u8]| match owner.strip_suffix(b".") {
            Some(owner) => is(owner, &self.last),
            None => self.absolute(owner).is_some_and(|owner| is(&owner, &self.last)),
        };
        tokens(&self.line).next().is_some_and(|owner| owner[0] != b'$' && !is_held(owner))
    }

    /// Gives the held delegation.
    fn give_held(&mut self, entry: &mut RawEntry) -> bool {
        let Some(line) = self.held.take() else { return false };
        entry.line = line;
        entry.rank = None;
        entry.refusal = None;
        entry.text.clone_from(&self.last);
        let OfHeld { servers, is_broken, ds } = std::mem::take(&mut self.of_held);
        (entry.servers, entry.ds) = if is_broken { (Vec::new(), None) } else { (servers, Some(ds)) };
        true
    }

    /// The next line, and its number.
    fn next_line(&mut self) -> io::Result<Option<(Line, u64)>> {
        if let Some(again) = self.again.take() {
            return Ok(Some(again));
        }
        let line = self.lines.read(&mut self.line)?;
        Ok(line.map(|line| (line, self.lines.number())))
    }
}

fn is_below(name: &[u8], apex: &[u8]) -> bool {
    if apex.is_empty() {
        return !name.is_empty();
    }
    let Some(above) = name.len().checked_sub(apex.len() + 1) else { return false };
    above > 0 && name[above] == b'.' && is(&name[above + 1..], apex)
}

impl<R: BufRead + Send> Source for Zone<R> {
    fn read(&mut self, entry: &mut RawEntry) -> io::Result<bool> {
        loop {
            let Some((line, number)) = self.next_line()? else {
                if self.give_held(entry) {
                    return Ok(true);
                }
                return if self.depth == 0 {
                    Ok(false)
                } else {
                    let opened = format!("a parenthesis opened on line {} is never closed", self.opened_on);
                    Err(io::Error::new(ErrorKind::InvalidData, opened))
                };
            };
            if self.depth == 0 && self.leaves_held() {
                self.again = Some((line, number));
                return Ok(self.give_held(entry));
            }
            entry.line = number;
            entry.rank = None;
            entry.refusal = None;
            (entry.servers, entry.ds) = (Vec::new(), None);
            let inside = self.depth > 0;
            self.depth = depth_after(&self.line, self.depth);
            if !inside && self.depth > 0 {
                self.opened_on = entry.line;
            }
            if line == Line::Cut {
                entry.text.clone_from(&self.line);
                entry.refusal = Some(BadEntry::LineTooLong);
                return Ok(true);
            }
            if !inside && self.record(entry) {
                return Ok(true);
            }
        }
    }

    fn line(&self) -> u64 {
        self.lines.number()
    }

    fn records(&self) -> Option<u64> {
        Some(self.records)
    }

    fn hosts(&mut self) -> Option<&mut Option<Hosts>> {
        Some(&mut self.hosts)
    }
}

#[cfg(test)]
#[path = "zone_tests.rs"]
mod tests;
