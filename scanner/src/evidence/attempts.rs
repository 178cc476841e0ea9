//! Which further connection a failed handshake calls for, and which outcomes of a row are of such
//! connections.
//!
//! The columns `attempts` and `policy_attempts` hold the outcome of every look and of every further try, in
//! their order. The rules are these alone, so that a row says by itself which is which:
//! - After the first timeout, close or reset in a handshake (at a policy host a reset by the hello is
//!   `policy_connect_reset`) the next connection offers no post-quantum share (a hello of one packet). Where
//!   that one is answered, the first is written `*_tls_large_hello`.
//! - After the first `*_tls_client_limit` the next connection asks for old versions.
//! - After a `policy_tls_no_protocol`, in each look, the next connection is for HTTP/2. What comes of that
//!   one calls for nothing more.

use super::outcome::{ExtraHello, Outcome};
use super::vocabulary::Word;

/// An outcome as it stands in a list of attempts: that of this program, or a word that may be a newer
/// program's.
pub trait Attempt {
    /// The further connection that it calls for.
    fn extra_hello(&self) -> Option<ExtraHello>;
}

impl<O: Outcome> Attempt for O {
    fn extra_hello(&self) -> Option<ExtraHello> {
        Outcome::extra_hello(*self)
    }
}

impl<O: Outcome> Attempt for Word<O> {
    fn extra_hello(&self) -> Option<ExtraHello> {
        self.known().and_then(Outcome::extra_hello)
    }
}

/// How many looks these outcomes are of, further tries not counted, and what the last outcome calls for.
fn walk<A: Attempt>(outcomes: &[A]) -> (usize, Option<ExtraHello>) {
    let (mut looks, mut pending) = (0, None);
    let (mut tried_small, mut tried_legacy) = (false, false);
    for outcome in outcomes {
        looks += usize::from(pending.is_none());
        if pending == Some(ExtraHello::Http2) {
            pending = None;
            continue;
        }
        let tried = match outcome.extra_hello() {
            Some(ExtraHello::Small) => &mut tried_small,
            Some(ExtraHello::Legacy) => &mut tried_legacy,
            Some(ExtraHello::Http2) => {
                pending = Some(ExtraHello::Http2);
                continue;
            }
            None => {
                pending = None;
                continue;
            }
        };
        pending = outcome.extra_hello().filter(|_| !std::mem::replace(tried, true));
    }
    (looks, pending)
}

/// What the last of a host's outcomes calls for; `None` where nothing more can be learnt, or it was tried
/// already.
pub fn further<A: Attempt>(outcomes: &[A]) -> Option<ExtraHello> {
    walk(outcomes).1
}

/// How many looks a row's outcomes are of.
pub fn looks<A: Attempt>(outcomes: &[A]) -> usize {
    walk(outcomes).0
}

#[cfg(test)]
mod tests {
    use super::{ExtraHello, further, looks};
    use crate::evidence::PolicyOutcome as P;
    use crate::evidence::SmtpOutcome as S;

    #[test]
    fn a_further_try_is_no_look() {
        for (outcomes, count) in [
            (&[][..], 0),
            (&[S::Ok], 1),
            (&[S::TlsClosed, S::TlsClosed], 1),
            (&[S::TlsClosed, S::TlsClosed, S::Ok], 2),
            (&[S::TlsLargeHello, S::Ok], 1),
            (&[S::TlsLargeHello, S::TlsClientLimit, S::TlsProtocol], 1),
            (&[S::ConnectTimeout, S::TlsTimeout, S::TlsTimeout], 2),
            (&[S::Closed, S::Closed], 2),
        ] {
            assert_eq!(looks(outcomes), count, "{outcomes:?}");
        }
        assert_eq!(looks(&[P::TlsClientLimit, P::TlsClientLimit]), 1);
        assert_eq!(looks(&[P::TlsTimeout, P::TlsTimeout, P::TlsTimeout]), 2);
        assert_eq!(looks(&[P::TlsNoProtocol, P::Ok]), 1);
        assert_eq!(looks(&[P::TlsLargeHello, P::TlsNoProtocol, P::Ok]), 1);
        assert_eq!(looks(&[P::TlsNoProtocol, P::TlsTimeout, P::TlsNoProtocol]), 2);
    }

    #[test]
    fn each_further_try_is_made_once() {
        assert_eq!(further(&[P::TlsTimeout]), Some(ExtraHello::Small));
        assert_eq!(further(&[S::TlsClosed, S::TlsClosed]), None);
        assert_eq!(further(&[S::TlsClosed, S::TlsClosed, S::TlsClosed]), None);
        assert_eq!(further(&[S::TlsClientLimit]), Some(ExtraHello::Legacy));
        assert_eq!(further(&[S::TlsLargeHello, S::TlsClientLimit]), Some(ExtraHello::Legacy));
        assert_eq!(further(&[S::TlsClientLimit, S::TlsClientLimit]), None);
        assert_eq!(further(&[S::TlsAlert]), None);
        assert_eq!(further(&[P::TlsNoProtocol]), Some(ExtraHello::Http2));
        assert_eq!(further(&[P::TlsNoProtocol, P::TlsNoProtocol]), None);
        assert_eq!(further(&[P::TlsNoProtocol, P::TlsTimeout]), None);
        // The policy of a second look is had by HTTP/2 again.
        assert_eq!(further(&[P::TlsNoProtocol, P::Timeout, P::TlsNoProtocol]), Some(ExtraHello::Http2));
        assert_eq!(further(&[S::Closed]), None);
        assert_eq!(further::<S>(&[]), None);
    }
}
