//! Certificate policies (RFC 5280 section 6.1), as far as they can refuse a path: an issuer may demand that
//! one policy holds all along. Mappings and inhibitions are not followed, and webpki reads none of it.

use std::collections::BTreeSet;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::ParsedExtension;

/// What policies say of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Policies {
    /// Nothing: no extension about them is critical.
    Silent,
    /// They are not to be ignored, and it is not known here whether they hold.
    Unclear,
    /// A policy is demanded, and none holds along the path.
    Missing,
}

/// Identifiers of the extensions about policies: policies, mappings, constraints, inhibitAnyPolicy (sections
/// 4.2.1.4, 4.2.1.5, 4.2.1.11, 4.2.1.14).
pub(super) const EXTENSIONS: [&str; 4] = ["2.5.29.32", "2.5.29.33", "2.5.29.36", "2.5.29.54"];

const ANY: &str = "2.5.29.32.0";

/// Reads the policies of a path: its certificates from the leaf up, the trusted root not among them.
pub(super) fn of_path(path: &[&X509Certificate<'_>]) -> Policies {
    let is_binding = path
        .iter()
        .flat_map(|one| one.extensions())
        .any(|extension| extension.critical && EXTENSIONS.contains(&extension.oid.to_id_string().as_str()));
    match is_binding {
        false => Policies::Silent,
        true if is_missing(path) => Policies::Missing,
        true => Policies::Unclear,
    }
}

/// Whether one is demanded and none holds. A mapping turns one policy into another: then nobody knows here.
fn is_missing(path: &[&X509Certificate<'_>]) -> bool {
    let mut demanded_in = None;
    let mut holding: Option<BTreeSet<String>> = None;
    for (below, certificate) in path.iter().enumerate().rev() {
        let mut own = BTreeSet::new();
        let mut demands = None;
        for extension in certificate.extensions() {
            match extension.parsed_extension() {
                ParsedExtension::CertificatePolicies(policies) => {
                    own.extend(policies.iter().map(|policy| policy.policy_id.to_id_string()));
                }
                ParsedExtension::PolicyMappings(_) => return false,
                ParsedExtension::PolicyConstraints(found) => demands = found.require_explicit_policy,
                _ => {}
            }
        }
        if !own.contains(ANY) {
            holding = Some(holding.map_or_else(|| own.clone(), |held| &held & &own));
        }
        // Sections 6.1.4 (h) and (i), and 6.1.5 (a) and (b): the number counts certificates that are not
        // self-issued, and the leaf in any case.
        let is_self_issued = below > 0 && certificate.issuer().as_raw() == certificate.subject().as_raw();
        demanded_in = demanded_in.map(|count: u32| count.saturating_sub(u32::from(!is_self_issued)));
        demanded_in = demands.into_iter().chain(demanded_in).min();
        if demanded_in == Some(0) && holding.as_ref().is_some_and(BTreeSet::is_empty) {
            return true;
        }
    }
    false
}
