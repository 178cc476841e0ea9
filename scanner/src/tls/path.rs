//! The search for a path to a trusted root (RFC 5280 section 6.1) beside that of webpki, which says neither
//! why there is none nor whether it could not check one: here every path is followed to its end, with all
//! that is wrong on it, and the best one counts.

use super::der;
use super::names::{self, Scope};
use super::policies::{self, Policies};
use super::signature::{Signed, signed_by};
use super::trust::LONGEST;
use crate::evidence::CertCause;
use rustls::pki_types::TrustAnchor;
use std::collections::{BTreeSet, HashMap};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::NameConstraints;
use x509_parser::prelude::FromDer as _;

/// Signatures that are checked for one leaf: as many as webpki checks.
const SIGNATURES: usize = 100;
/// Certificates that are come to in one search, each as often as there are ways to it.
const STEPS: usize = 1_000;
/// Issuers of a path that is followed: more than most senders follow.
const DEEPEST: usize = 20;

/// What the search came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// There is a path.
    Path {
        /// Whether it holds what is checked here alone: a leaf that is marked as an authority, constraints of
        /// directory names.
        is_ours: bool,
    },
    /// There may be one, which cannot be checked here.
    Limit,
    /// There is none.
    None(CertCause),
}

/// What is asked of a path.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// Where it may end.
    pub(super) anchors: &'a [TrustAnchor<'a>],
    /// When it is to be valid, seconds since 1970; the leaf's own validity does not count.
    pub(super) at: i64,
    /// Whether its issuers must be for servers (section 4.2.1.12).
    pub(super) for_servers: bool,
}

/// Looks for the best path from a leaf over the other certificates that were sent (DER), in any order.
pub(super) fn search(leaf: &X509Certificate<'_>, sent: &[Vec<u8>], wanted: Wanted<'_>) -> Answer {
    // Once, however often it was sent.
    let distinct: BTreeSet<&[u8]> = sent.iter().map(Vec::as_slice).collect();
    let others: Vec<X509Certificate<'_>> = distinct.into_iter().filter_map(read).collect();
    let certificates: Vec<&X509Certificate<'_>> = std::iter::once(leaf).chain(&others).collect();
    let mut search = Search {
        certificates,
        wanted,
        signed: HashMap::new(),
        signatures: SIGNATURES,
        steps: STEPS,
        comparisons: names::COMPARISONS,
        gave_up: false,
        best: None,
    };
    search.visit(&mut vec![0], &mut Vec::new());
    search.answer()
}

fn read(der: &[u8]) -> Option<X509Certificate<'_>> {
    let (rest, certificate) = X509Certificate::from_der(der).ok()?;
    rest.is_empty().then_some(certificate)
}

/// What is to be said against a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flaw {
    Cause(CertCause),
    Limit,
}

/// A path that leads to a trusted root.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    /// Fewer are better; the first is the one that is told.
    causes: BTreeSet<CertCause>,
    is_limited: bool,
    is_ours: bool,
}

struct Search<'a> {
    /// The leaf, then the others.
    certificates: Vec<&'a X509Certificate<'a>>,
    wanted: Wanted<'a>,
    /// By the numbers of a certificate and of its issuer.
    signed: HashMap<(usize, usize), Signed>,
    signatures: usize,
    steps: usize,
    comparisons: usize,
    gave_up: bool,
    best: Option<Candidate>,
}

impl<'a> Search<'a> {
    fn answer(self) -> Answer {
        match self.best {
            Some(best) if best.causes.is_empty() && !best.is_limited => {
                Answer::Path { is_ours: best.is_ours }
            }
            Some(best) if best.causes.is_empty() => Answer::Limit,
            _ if self.gave_up => Answer::Limit,
            Some(best) => Answer::None(best.causes.first().copied().unwrap_or(CertCause::NoPath)),
            None => Answer::None(CertCause::NoPath),
        }
    }

    fn is_found(&self) -> bool {
        self.best.as_ref().is_some_and(|best| best.causes.is_empty() && !best.is_limited)
    }

    /// Goes on from the last certificate of a path, whose signatures have these flaws.
    fn visit(&mut self, path: &mut Vec<usize>, flaws: &mut Vec<Flaw>) {
        let Some(fewer) = self.steps.checked_sub(1) else {
            self.gave_up = true;
            return;
        };
        self.steps = fewer;
        let Some((at, head)) = path.last().and_then(|at| Some((*at, *self.certificates.get(*at)?))) else {
            return;
        };
        let anchors = self.wanted.anchors;
        for anchor in anchors.iter().filter(|anchor| is_named_by(head, anchor)) {
            // Few anchors have one name: these are not kept, nor counted.
            if let Some(flaw) = flaw_of(signed_by(head, anchor.subject_public_key_info.as_ref())) {
                let candidate = self.weighed(path, anchor, flaws.iter().copied().chain(flaw));
                if self.best.as_ref().is_none_or(|best| candidate.rank() < best.rank()) {
                    self.best = Some(candidate);
                }
            }
        }
        if self.is_found() {
            return;
        }
        for number in 1..self.certificates.len() {
            let Some(issuer) = self.certificates.get(number).copied() else { continue };
            let is_named = issuer.subject().as_raw() == head.issuer().as_raw();
            if !is_named || path.iter().any(|on| self.is_same_authority(*on, number)) {
                continue;
            }
            if path.len() > DEEPEST {
                self.gave_up = true;
                return;
            }
            let Some(flaw) = self.signed(at, number).and_then(flaw_of) else { continue };
            let before = flaws.len();
            flaws.extend(flaw);
            path.push(number);
            self.visit(path, flaws);
            path.pop();
            flaws.truncate(before);
            if self.is_found() {
                return;
            }
        }
    }

    /// Whether two certificates are of one name and key (RFC 4158 section 5.2: a path has none twice).
    fn is_same_authority(&self, one: usize, other: usize) -> bool {
        let of = |number: usize| {
            self.certificates.get(number).map(|one| (one.subject().as_raw(), one.public_key().raw))
        };
        of(one) == of(other)
    }

    /// What the key of one says of the signature of another; `None` where too many were asked.
    fn signed(&mut self, certificate: usize, issuer: usize) -> Option<Signed> {
        if let Some(known) = self.signed.get(&(certificate, issuer)) {
            return Some(*known);
        }
        let Some(fewer) = self.signatures.checked_sub(1) else {
            self.gave_up = true;
            return None;
        };
        self.signatures = fewer;
        let key_info = der::contents(self.certificates.get(issuer)?.public_key().raw)?;
        let signed = signed_by(self.certificates.get(certificate)?, key_info);
        self.signed.insert((certificate, issuer), signed);
        Some(signed)
    }

    /// A path up to a trusted root, with what is to be said against it beside its signatures.
    fn weighed(
        &mut self,
        path: &[usize],
        anchor: &TrustAnchor<'_>,
        flaws: impl Iterator<Item = Flaw>,
    ) -> Candidate {
        let certificates: Vec<&X509Certificate<'_>> =
            path.iter().filter_map(|number| self.certificates.get(*number).copied()).collect();
        let mut all: Vec<Flaw> = flaws.collect();
        let issuers = certificates.get(1..).unwrap_or_default();
        for (below, issuer) in issuers.iter().enumerate() {
            all.extend(self.flaws_of_issuer(issuer).map(Flaw::Cause));
            let counted = issuers.get(..below).unwrap_or_default().iter().filter(|one| !is_self_issued(one));
            if path_length(issuer).is_some_and(|most| counted.count() > most) {
                all.push(Flaw::Cause(CertCause::PathLength));
            }
        }
        if issuers.len() > LONGEST || certificates.iter().any(|one| has_unique_id(one)) {
            all.push(Flaw::Limit);
        }
        all.extend(match policies::of_path(&certificates) {
            Policies::Silent => None,
            Policies::Unclear => Some(Flaw::Limit),
            Policies::Missing => Some(Flaw::Cause(CertCause::Policy)),
        });
        let names = self.names(&certificates, anchor);
        all.extend(match names.scope {
            Scope::Within => None,
            Scope::Unclear => Some(Flaw::Limit),
            Scope::Outside => Some(Flaw::Cause(CertCause::NameConstraint)),
        });
        let cause = |flaw: &Flaw| match flaw {
            Flaw::Cause(cause) => Some(*cause),
            Flaw::Limit => None,
        };
        Candidate {
            causes: all.iter().filter_map(cause).collect(),
            is_limited: all.contains(&Flaw::Limit),
            is_ours: names.of_directory || certificates.first().is_some_and(|leaf| is_authority(leaf)),
        }
    }

    fn flaws_of_issuer(&self, issuer: &X509Certificate<'_>) -> impl Iterator<Item = CertCause> + use<> {
        let validity = issuer.validity();
        let (begin, end) = (validity.not_before.timestamp(), validity.not_after.timestamp());
        let is_valid = begin <= self.wanted.at && self.wanted.at <= end;
        let is_of_servers = !self.wanted.for_servers || serves(issuer);
        let is_issuer = is_issuer(issuer) && is_of_servers && !has_unknown_critical(issuer);
        let expired = (!is_valid).then_some(CertCause::IssuerExpired);
        expired.into_iter().chain((!is_issuer).then_some(CertCause::IssuerUsage))
    }

    /// What the constraints of each issuer, and those of the root, say of the names below it; the names of
    /// self-issued certificates between are not constrained.
    fn names(&mut self, path: &[&X509Certificate<'_>], anchor: &TrustAnchor<'_>) -> Names {
        let of_root = anchor.name_constraints.as_ref().map(|contents| der::sequence(contents.as_ref()));
        let mut found = Names { scope: Scope::Within, of_directory: false };
        for above in 1..=path.len() {
            let constraints = match path.get(above) {
                Some(issuer) => constraints_of(issuer),
                None => of_root.as_deref().map(read_constraints),
            };
            let Some(constraints) = constraints else { continue };
            let Some(constraints) = constraints else {
                found.scope = found.scope.max(Scope::Unclear);
                continue;
            };
            found.of_directory |= constrains_directories(&constraints);
            for (at, one) in path.iter().take(above).enumerate() {
                if at == 0 || !is_self_issued(one) {
                    found.scope = found.scope.max(names::scope(&constraints, one, &mut self.comparisons));
                }
            }
        }
        found
    }
}

impl Candidate {
    fn rank(&self) -> (usize, bool) {
        (self.causes.len(), self.is_limited)
    }
}

struct Names {
    scope: Scope,
    /// Whether directory names were constrained anywhere.
    of_directory: bool,
}

/// What is wrong with a signature that leads on; the outer `None` where it does not.
fn flaw_of(signed: Signed) -> Option<Option<Flaw>> {
    match signed {
        Signed::No => None,
        Signed::Yes(cause) => Some(cause.map(Flaw::Cause)),
        Signed::Unknown(cause) => Some(Some(cause.map_or(Flaw::Limit, Flaw::Cause))),
    }
}

/// Whether it is marked as an authority (RFC 5280 section 4.2.1.9).
pub(super) fn is_authority(certificate: &X509Certificate<'_>) -> bool {
    matches!(certificate.basic_constraints(), Ok(Some(constraints)) if constraints.value.ca)
}

/// An authority that may sign certificates (sections 4.2.1.3 and 4.2.1.9).
pub(super) fn is_issuer(certificate: &X509Certificate<'_>) -> bool {
    let may_sign = match certificate.key_usage() {
        Ok(usage) => usage.is_none_or(|usage| usage.value.key_cert_sign()),
        Err(_) => false,
    };
    may_sign && is_authority(certificate)
}

fn serves(issuer: &X509Certificate<'_>) -> bool {
    match issuer.extended_key_usage() {
        Ok(usage) => usage.is_none_or(|usage| usage.value.server_auth || usage.value.any),
        Err(_) => false,
    }
}

/// Whether it has a critical extension that neither webpki nor this search reads.
pub(super) fn has_unknown_critical(certificate: &X509Certificate<'_>) -> bool {
    const READ: [&str; 6] = ["2.5.29.15", "2.5.29.17", "2.5.29.19", "2.5.29.30", "2.5.29.31", "2.5.29.37"];
    let is_read = |oid: &str| READ.contains(&oid) || policies::EXTENSIONS.contains(&oid);
    certificate.extensions().iter().any(|one| one.critical && !is_read(&one.oid.to_id_string()))
}

/// Whether it has one of the unique identifiers of version 2 (section 4.1.2.8), which webpki does not read.
pub(super) fn has_unique_id(certificate: &X509Certificate<'_>) -> bool {
    certificate.issuer_uid.is_some() || certificate.subject_uid.is_some()
}

fn is_self_issued(certificate: &X509Certificate<'_>) -> bool {
    certificate.issuer().as_raw() == certificate.subject().as_raw()
}

fn path_length(issuer: &X509Certificate<'_>) -> Option<usize> {
    let constraints = issuer.basic_constraints().ok().flatten()?;
    constraints.value.path_len_constraint.and_then(|most| usize::try_from(most).ok())
}

/// The name constraints of a certificate; the inner `None` where they cannot be read.
fn constraints_of<'a>(certificate: &'a X509Certificate<'a>) -> Option<Option<NameConstraints<'a>>> {
    match certificate.name_constraints() {
        Ok(found) => found.map(|found| Some(found.value.clone())),
        Err(_) => Some(None),
    }
}

fn read_constraints(der: &[u8]) -> Option<NameConstraints<'_>> {
    NameConstraints::from_der(der).ok().map(|(_, constraints)| constraints)
}

fn constrains_directories(constraints: &NameConstraints<'_>) -> bool {
    use x509_parser::extensions::GeneralName::DirectoryName;
    let both = [&constraints.permitted_subtrees, &constraints.excluded_subtrees];
    both.into_iter().flatten().flatten().any(|subtree| matches!(subtree.base, DirectoryName(_)))
}

/// Whether the certificate names the anchor as its issuer; an anchor's subject stands without its outer
/// SEQUENCE.
pub(super) fn is_named_by(certificate: &X509Certificate<'_>, anchor: &TrustAnchor<'_>) -> bool {
    der::contents(certificate.issuer().as_raw()) == Some(anchor.subject.as_ref())
}

#[cfg(test)]
#[path = "path_tests.rs"]
mod tests;
