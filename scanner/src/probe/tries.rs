//! One look at an address: a connection, and the further ones that its outcome calls for; the same at either
//! kind of host.

use crate::admission::InQueue;
use crate::evidence::attempts::further;
use crate::evidence::{ExtraHello, Outcome};
use crate::fault::Unfinished;
use crate::tls::Hello;

/// What a connection offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Offer {
    /// What this client speaks.
    Ours(Hello),
    /// The same, for HTTP/2 in place of HTTP/1.1.
    Http2(Hello),
    /// Old versions and suites, which it does not: only the outcome of such a connection counts.
    Old,
}

/// The connections that can be made to an address.
pub(super) trait Connections {
    /// What one of them shows.
    type Shown;
    /// How it ends.
    type Outcome: Outcome;

    /// Makes one; `None` where it is put off, which only the first of a look can be ([`InQueue::Leaves`]).
    async fn connect(&mut self, offer: Offer, in_queue: InQueue) -> Result<Option<Self::Shown>, Unfinished>;

    /// The outcome of one.
    fn outcome(shown: &mut Self::Shown) -> &mut Self::Outcome;
}

/// Makes a connection, and further ones while what came of the last calls for them and there are fewer than
/// `most` attempts. The outcome of each goes to `attempts`.
///
/// What a small hello shows stands where it was answered, and the first outcome is written as that of a large
/// hello. Where it was not answered either, the first stands.
///
/// `None` where the first connection was put off: then there was no look.
///
/// # Errors
/// Those of the first connection. A further one that may not be made, because an exclusion file names the
/// host meanwhile, is left out.
pub(super) async fn look<C: Connections>(
    attempts: &mut Vec<C::Outcome>,
    most: usize,
    connections: &mut C,
) -> Result<Option<C::Shown>, Unfinished> {
    let first = connections.connect(Offer::Ours(Hello::PostQuantum), InQueue::Leaves).await?;
    let Some(mut shown) = first else { return Ok(None) };
    attempts.push(*C::outcome(&mut shown));
    while let Some(hello) = further(attempts)
        && attempts.len() < most
    {
        let tried = match hello {
            ExtraHello::Small => with_small_hello(attempts, &mut shown, connections).await,
            ExtraHello::Legacy => with_old_hello(attempts, &mut shown, connections).await,
            ExtraHello::Http2 => for_http2(attempts, &mut shown, connections).await,
        };
        match tried {
            Err(Unfinished::Excluded) => break,
            tried => tried?,
        }
    }
    Ok(Some(shown))
}

async fn with_small_hello<C: Connections>(
    attempts: &mut Vec<C::Outcome>,
    shown: &mut C::Shown,
    connections: &mut C,
) -> Result<(), Unfinished> {
    let again = connections.connect(Offer::Ours(Hello::Small), InQueue::Stays).await?;
    let Some(mut again) = again else { return Err(Unfinished::Excluded) };
    let outcome = *C::outcome(&mut again);
    if outcome.answered_hello() {
        if let Some(first) = attempts.last_mut() {
            *first = C::Outcome::LARGE_HELLO;
        }
        *shown = again;
    }
    attempts.push(outcome);
    Ok(())
}

/// What comes of it stands, unless HTTP/2 is refused as well or nothing is said to it.
async fn for_http2<C: Connections>(
    attempts: &mut Vec<C::Outcome>,
    shown: &mut C::Shown,
    connections: &mut C,
) -> Result<(), Unfinished> {
    let is_small = attempts.contains(&C::Outcome::LARGE_HELLO);
    let hello = if is_small { Hello::Small } else { Hello::PostQuantum };
    let again = connections.connect(Offer::Http2(hello), InQueue::Stays).await?;
    let Some(mut again) = again else { return Err(Unfinished::Excluded) };
    let outcome = *C::outcome(&mut again);
    if outcome.answered_hello() && outcome.extra_hello().is_none() {
        *shown = again;
    }
    attempts.push(outcome);
    Ok(())
}

/// It says whether the limit is ours.
async fn with_old_hello<C: Connections>(
    attempts: &mut Vec<C::Outcome>,
    shown: &mut C::Shown,
    connections: &mut C,
) -> Result<(), Unfinished> {
    let old = connections.connect(Offer::Old, InQueue::Stays).await?;
    let Some(mut old) = old else { return Err(Unfinished::Excluded) };
    let outcome = *C::outcome(&mut old);
    if outcome == C::Outcome::OLD_TLS || outcome == C::Outcome::ALERT {
        *C::outcome(shown) = outcome;
    }
    attempts.push(outcome);
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
    use super::*;
    use crate::evidence::PolicyOutcome as P;
    use crate::evidence::SmtpOutcome as S;
    use std::marker::PhantomData;

    /// Each connection ends as the next of a list says, and shows the number of its place.
    struct Played<O>(Vec<Result<O, Unfinished>>, PhantomData<O>);

    impl<O: Outcome> Connections for Played<O> {
        type Shown = (O, usize);
        type Outcome = O;

        async fn connect(&mut self, _: Offer, _: InQueue) -> Result<Option<Self::Shown>, Unfinished> {
            let left = self.0.len();
            Ok(Some((self.0.remove(0)?, left)))
        }

        fn outcome(shown: &mut Self::Shown) -> &mut O {
            &mut shown.0
        }
    }

    fn played<O: Outcome>(most: usize, ends: &[Option<O>]) -> (Vec<O>, Option<O>, bool) {
        let ends: Vec<_> = ends.iter().map(|end| end.ok_or(Unfinished::Excluded)).collect();
        let all = ends.len();
        let mut attempts = Vec::new();
        let runtime = crate::runtime::runtime().unwrap();
        let seen = runtime.block_on(look(&mut attempts, most, &mut Played(ends, PhantomData)));
        let seen = seen.ok().flatten();
        (attempts, seen.map(|seen| seen.0), seen.is_some_and(|seen| seen.1 == all))
    }

    #[test]
    fn one_rule_for_both_hosts_says_which_outcome_stands() {
        // What the connections come to; what the look comes to; whether the first of them is shown.
        let cases: [(&[P], &[S], usize, bool); 6] = [
            (&[P::Ok], &[S::Ok], 0, true),
            (&[P::TlsTimeout, P::TlsClosed], &[S::TlsTimeout, S::TlsClosed], 0, true),
            (&[P::TlsAlert], &[S::TlsAlert], 0, true),
            (&[P::TlsClientLimit, P::TlsClientLimit], &[S::TlsClientLimit, S::TlsClientLimit], 0, true),
            (&[P::TlsClientLimit, P::TlsAlert], &[S::TlsClientLimit, S::TlsAlert], 1, true),
            (&[P::TlsClientLimit, P::TlsProtocol], &[S::TlsClientLimit, S::TlsProtocol], 1, true),
        ];
        for (policy, smtp, stands, is_first) in cases {
            let ends: Vec<_> = policy.iter().copied().map(Some).collect();
            assert_eq!(played(usize::MAX, &ends), (policy.to_vec(), policy.get(stands).copied(), is_first));
            let ends: Vec<_> = smtp.iter().copied().map(Some).collect();
            assert_eq!(played(3, &ends), (smtp.to_vec(), smtp.get(stands).copied(), is_first));
        }
    }

    #[test]
    fn what_answers_a_small_hello_stands_and_is_asked_on() {
        let limit = S::TlsClientLimit;
        assert_eq!(
            played(3, &[Some(S::TlsClosed), Some(limit), Some(S::TlsProtocol)]),
            (vec![S::TlsLargeHello, limit, S::TlsProtocol], Some(S::TlsProtocol), false)
        );
        assert_eq!(
            played(3, &[Some(P::ConnectReset), Some(P::TlsName)]),
            (vec![P::TlsLargeHello, P::TlsName], Some(P::TlsName), false)
        );
    }

    #[test]
    fn who_refuses_http_1_is_asked_by_http_2_and_what_comes_of_that_stands() {
        let refused = P::TlsNoProtocol;
        for (second, stands, is_first) in [
            (P::Ok, P::Ok, false),
            (P::TlsName, P::TlsName, false),
            (P::HttpMalformed, P::HttpMalformed, false),
            (refused, refused, true),
            (P::TlsClosed, refused, true),
            (P::ConnectRefused, refused, true),
        ] {
            assert_eq!(
                played(usize::MAX, &[Some(refused), Some(second)]),
                (vec![refused, second], Some(stands), is_first)
            );
        }
    }

    #[test]
    fn no_more_connections_are_made_than_are_left_and_none_to_what_is_excluded_meanwhile() {
        assert_eq!(played(1, &[Some(S::TlsClosed)]), (vec![S::TlsClosed], Some(S::TlsClosed), true));
        assert_eq!(played(3, &[Some(S::TlsClosed), None]), (vec![S::TlsClosed], Some(S::TlsClosed), true));
        assert_eq!(played::<S>(3, &[None]), (Vec::new(), None, false));
    }
}
