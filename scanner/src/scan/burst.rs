//! What resolvers near by bear at once, found out before the first name.

use super::preflight::Prepared;
use crate::dns;
use crate::error::ScanError;

/// Questions at once below which no scan is of use: names that never answer hold a place each for ten
/// seconds.
const LEAST: usize = 500;

/// Has the resolvers on loopback and in private networks asked as many questions at once as the plan has
/// under way, once; one that does not bear them is asked fewer. Gives a line for each of those.
///
/// # Errors
/// One of them bears too few for a scan.
pub(super) fn burst(prepared: &mut Prepared) -> Result<Vec<String>, ScanError> {
    let plan = prepared.probe.plan.clone();
    let pace = &plan.pace;
    // A domain has three questions under way; and what the rate forbids is not sent at once.
    let rate = pace.dns_rate.min(pace.per_resolver_rate.unwrap_or(u32::MAX)) as usize;
    let questions = (3 * pace.dns_in_flight).min(pace.per_resolver_in_flight).min(rate);
    let seen = crate::runtime::runtime()?.block_on(prepared.probe.dns.burst(questions))?;
    let mut lines = Vec::new();
    for one in seen {
        let Some(bears) = one.limit() else { continue };
        let resolver = one.resolver;
        if bears < LEAST {
            return Err(ScanError::Narrow { resolver, bears, questions });
        }
        // Each repeated datagram may hold a place too.
        let most = bears * 6 / 10;
        prepared.probe.dns.bound(resolver, most, dns::workers(&plan));
        lines.push(format!(
            "resolver {resolver} answered {bears} of {questions} questions at once and failed the others: it has had \
             {most} at most; give it more places (BIND: `recursive-clients 10000`) for a quicker scan"
        ));
    }
    Ok(lines)
}
