//! Which looks at those that fail only at first a row must tell of, and what it says then.

use crate::files::Files;
use anyhow::{Result, ensure};
use std::collections::BTreeMap;
use sts_lab::contract::{Contract, Table};
use sts_lab::serve::Met;
use sts_lab::truth::Expected;
use sts_lab::value::Value;

/// A kill may forget a look that ended less than this before it, microseconds.
const YOUNG: i64 = 1_000_000;

/// How something fails at first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fails {
    /// A question, for a while.
    Question,
    /// A number of hellos.
    Hello,
    /// A number of connections.
    Connection,
}

/// A domain or an MX host that fails at first.
#[derive(Debug)]
pub(crate) struct Flaky {
    domain: String,
    is_host: bool,
    host: String,
    addr: String,
    /// The name it is met by.
    name: String,
    fails: Fails,
    /// The question is about an MX host, who is then contacted: only with a hello of its own a look is over.
    is_host_question: bool,
    /// What the truth says of it.
    cells: Cells,
    /// What its row must tell of.
    told: Vec<Look>,
    is_committed: bool,
}

/// One look, as its server met it.
#[derive(Debug, Clone, Default)]
struct Look {
    met: Vec<Met>,
}

/// Cells by table, row and column, as a grade names them.
pub(crate) type Cells = BTreeMap<(String, String, String), String>;

/// What became of the looks of a run.
#[derive(Debug, Default)]
pub(crate) struct Forgotten {
    /// Looks that would have waited for the next, and of which nothing was kept.
    pub(crate) waiting: u64,
    /// The oldest of them, microseconds before the kill.
    pub(crate) oldest: i64,
    /// Looks that were final, and whose row was not committed yet: they are made again.
    pub(crate) uncommitted: u64,
}

impl Flaky {
    /// That of a domain; `None` where nothing of it fails at first.
    pub(crate) fn of(truth: &Expected, contract: &Contract) -> Option<Self> {
        let text = |table: &Table, row: &[Value], column: &str| {
            let cell = table.position(column).and_then(|at| row.get(at));
            cell.and_then(Value::as_text).unwrap_or_default().to_owned()
        };
        let domain = &text(&contract.domains, &truth.domain, "domain");
        let (is_host, fails, name) = match truth.situation.as_str() {
            "mx-flaky" => (false, Fails::Question, domain.clone()),
            "sts-flaky" => (false, Fails::Question, format!("_mta-sts.{domain}")),
            "policy-tls-flaky" => (false, Fails::Hello, format!("mta-sts.{domain}")),
            "dane-flaky" => (true, Fails::Question, format!("_25._tcp.mx1.{domain}")),
            "mx-tls-flaky" => (true, Fails::Hello, format!("mx1.{domain}")),
            "smtp-limited-flaky" | "smtp-limited-twice-flaky" => (true, Fails::Connection, String::new()),
            _ => return None,
        };
        let host = truth.hosts.first().filter(|_| is_host);
        let of_host = |column| host.map(|row| text(&contract.mx_hosts, row, column)).unwrap_or_default();
        let addr = of_host("addr");
        let row_of_host = format!("{} {addr}", of_host("host"));
        let mut cells = Cells::new();
        let judged = truth.assessment.as_deref();
        for (table, row, of) in [
            (&contract.domains, domain, Some(truth.domain.as_slice())),
            (&contract.assessments, domain, judged),
            (&contract.mx_hosts, &row_of_host, host.map(Vec::as_slice)),
        ] {
            for (column, value) in table.columns.iter().zip(of.unwrap_or_default()) {
                cells.insert((table.name.clone(), row.clone(), column.name.clone()), value.to_string());
            }
        }
        Some(Self {
            domain: domain.clone(),
            is_host,
            cells,
            host: of_host("host"),
            name: if fails == Fails::Connection { addr.clone() } else { name },
            addr,
            fails,
            is_host_question: is_host && fails == Fails::Question,
            told: Vec::new(),
            is_committed: false,
        })
    }

    /// What makes it another than the next: a host is one however many domains name it.
    pub(crate) fn key(&self) -> (&str, &str) {
        if self.is_host { (&self.host, &self.addr) } else { (&self.domain, "") }
    }

    /// The looks of a run, from all that was met in it.
    fn looks(&self, met: &BTreeMap<&str, Vec<&Met>>) -> Vec<Look> {
        let mut looks: Vec<Look> = Vec::new();
        for one in met.get(self.name.as_str()).into_iter().flatten() {
            let goes_on =
                looks.last().and_then(|look| look.met.last()).is_some_and(|before| match self.fails {
                    Fails::Question => before.failed == one.failed,
                    Fails::Hello => one.small,
                    Fails::Connection => false,
                });
            match looks.last_mut().filter(|_| goes_on) {
                Some(look) => look.met.push((*one).clone()),
                None => looks.push(Look { met: vec![(*one).clone()] }),
            }
        }
        looks
    }

    /// When the look was over, as far as the laboratory knows; `None` where it was not.
    fn over(&self, look: &Look, met: &BTreeMap<&str, Vec<&Met>>) -> Option<i64> {
        let last = look.met.last()?;
        match self.fails {
            Fails::Hello if last.failed && !last.small => None,
            Fails::Question if self.is_host_question => {
                let hellos = met.get(self.host.as_str()).into_iter().flatten();
                hellos.map(|hello| hello.at).find(|at| *at > last.at)
            }
            _ => Some(last.at),
        }
    }

    /// A run is over: by a kill, or (`None`) because the scan is complete. `met` is what was met in it, by
    /// name.
    pub(crate) fn end_run(
        &mut self,
        killed: Option<(i64, &Files)>,
        met: &BTreeMap<&str, Vec<&Met>>,
        forgotten: &mut Forgotten,
    ) -> Result<()> {
        let mut looks = self.looks(met);
        if self.is_committed {
            // A resume asks for the addresses of every host of a committed domain, as some may have no row
            // yet, and for its TLSA with them. That nobody with a row is sent a hello again is held for all
            // hosts at the end.
            let is_resolved = self.is_host_question;
            ensure!(
                looks.is_empty() || is_resolved,
                "{:?} has a committed row and was looked at again",
                self.key()
            );
            return Ok(());
        }
        let Some((at, files)) = killed else {
            self.told.extend(looks);
            return Ok(());
        };
        self.is_committed = if self.is_host {
            files.hosts.contains(&(self.host.clone(), self.addr.clone()))
        } else {
            files.domains.contains(&self.domain)
        };
        if self.is_committed {
            self.told.extend(looks);
            return Ok(());
        }
        let kept = if self.is_host {
            files.waiting_hosts.get(&self.host).copied().unwrap_or(0)
        } else {
            usize::from(files.waiting.contains(&self.domain))
        };
        let told = self.told.len();
        ensure!(kept >= told, "{:?}: {told} looks were kept, now {kept}", self.key());
        ensure!(kept - told <= looks.len(), "{:?}: a look was kept that nobody met", self.key());
        let lost = looks.split_off(kept - told);
        self.told.extend(looks);
        for look in lost {
            let Some(over) = self.over(&look, met) else { continue };
            if look.met.last().is_some_and(|last| last.failed) {
                let age = at - over;
                ensure!(
                    age < YOUNG,
                    "{:?}: a look that ended {:.3} s before the kill is forgotten",
                    self.key(),
                    age as f64 / 1e6
                );
                forgotten.waiting += 1;
                forgotten.oldest = forgotten.oldest.max(age);
            } else {
                forgotten.uncommitted += 1;
            }
        }
        Ok(())
    }

    /// Adds what its rows must say otherwise than the truth, which knows a scan that nobody killed.
    pub(crate) fn deviations(&self, to: &mut Cells) {
        let failed = self.told.iter().filter(|look| look.met.last().is_some_and(|last| last.failed)).count();
        let looks = Value::Int(i64::try_from(self.told.len()).unwrap_or(i64::MAX));
        let outcomes = self.outcomes();
        let words = |closed: &str, large: &str| {
            let word = |outcome: &&str| match *outcome {
                "closed" => closed.to_owned(),
                "large" => large.to_owned(),
                other => other.to_owned(),
            };
            Value::texts(outcomes.iter().map(word))
        };
        let (host, domain) = (format!("{} {}", self.host, self.addr), self.domain.as_str());
        let mut say = |table: &str, row: &str, column: &str, value: Value| {
            let (cell, value) = ((table.to_owned(), row.to_owned(), column.to_owned()), value.to_string());
            if self.cells.get(&cell) != Some(&value) {
                to.insert(cell, value);
            }
        };
        let is_large = outcomes.contains(&"large");
        match (self.fails, self.is_host) {
            (Fails::Question, false) if failed == 0 => {
                say("domains", domain, "attempts", Value::Int(1));
                say("domains", domain, "dns_retried", Value::texts::<String>([]));
            }
            (Fails::Question, true) if failed == 0 => {
                say("mx_hosts", &host, "dns_retried", Value::texts::<String>([]));
            }
            (Fails::Question, _) => {}
            (Fails::Hello, false) => {
                say("domains", domain, "attempts", looks.clone());
                say("domains", domain, "looks", looks);
                say(
                    "domains",
                    domain,
                    "policy_attempts",
                    words("policy_tls_closed", "policy_tls_large_hello"),
                );
                if is_large {
                    say("domains", domain, "policy_tls_group", Value::text("x25519"));
                    say("assessments", domain, "findings", Value::texts(["policy_tls_large_hello"]));
                }
            }
            (Fails::Hello | Fails::Connection, _) => {
                say("mx_hosts", &host, "attempts", words("mx_tls_closed", "mx_tls_large_hello"));
                say("mx_hosts", &host, "looks", looks);
                if is_large {
                    say("mx_hosts", &host, "tls_group", Value::text("x25519"));
                    say("assessments", domain, "findings", Value::texts(["mx_tls_large_hello"]));
                }
            }
        }
    }

    /// How the connections ended that the row must tell of.
    fn outcomes(&self) -> Vec<&'static str> {
        let mut outcomes = Vec::new();
        for look in &self.told {
            for met in &look.met {
                let answered = met.small && !met.failed;
                if let Some(before) = outcomes.last_mut().filter(|_| answered) {
                    *before = "large";
                }
                outcomes.push(match (met.failed, self.fails) {
                    (false, _) => "ok",
                    (true, Fails::Connection) => "limited",
                    (true, _) => "closed",
                });
            }
        }
        outcomes
    }
}
