//! Which further connection a failed handshake calls for, and which outcomes of a row are of such connections.
//!
//! The columns `attempts` and `policy_attempts` hold the outcome of every look and of every further try, in their order. The rules
//! are these alone, so that a row says by itself which is which:
//! - After the first timeout, close or reset in a handshake (at a policy host a reset by the hello is `policy_connect_reset`) the next connection offers no post-quantum share (a hello of one packet). Where that
//!   one is answered, the first is written `*_tls_large_hello`.
//! - After the first `*_tls_client_limit` the next connection asks for old versions ([`super::legacy`]).

/// The further connection that the last outcome calls for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Further {
    /// With a hello that has no post-quantum share.
    SmallHello,
    /// With the hand-built hello that offers what we cannot speak.
    LegacyHello,
}

/// How many looks these outcomes are of, further tries not counted, and what the last outcome calls for.
fn walk<W: AsRef<str>>(outcomes: &[W]) -> (usize, Option<Further>) {
    let (mut looks, mut pending) = (0, None);
    let (mut tried_small, mut tried_legacy) = (false, false);
    for outcome in outcomes {
        looks += usize::from(pending.is_none());
        pending = match outcome.as_ref() {
            "mx_tls_timeout"
            | "mx_tls_closed"
            | "mx_tls_large_hello"
            | "policy_tls_timeout"
            | "policy_tls_closed"
            | "policy_connect_reset"
            | "policy_tls_large_hello"
                if !tried_small =>
            {
                tried_small = true;
                Some(Further::SmallHello)
            }
            "mx_tls_client_limit" | "policy_tls_client_limit" if !tried_legacy => {
                tried_legacy = true;
                Some(Further::LegacyHello)
            }
            _ => None,
        };
    }
    (looks, pending)
}

/// What the last of a host's outcomes calls for; `None` where nothing more can be learnt, or it was tried already.
pub fn further<W: AsRef<str>>(outcomes: &[W]) -> Option<Further> {
    walk(outcomes).1
}

/// How many looks a row's outcomes are of.
pub fn looks<W: AsRef<str>>(outcomes: &[W]) -> usize {
    walk(outcomes).0
}

#[cfg(test)]
mod tests {
    use super::{Further, further, looks};

    #[test]
    fn a_further_try_is_no_look() {
        for (outcomes, count) in [
            (&[][..], 0),
            (&["ok"], 1),
            (&["mx_tls_closed", "mx_tls_closed"], 1),
            (&["mx_tls_closed", "mx_tls_closed", "ok"], 2),
            (&["mx_tls_large_hello", "ok"], 1),
            (&["mx_tls_large_hello", "mx_tls_client_limit", "mx_tls_protocol"], 1),
            (&["smtp_connect_timeout", "mx_tls_timeout", "mx_tls_timeout"], 2),
            (&["smtp_closed", "smtp_closed"], 2),
            (&["policy_tls_client_limit", "policy_tls_client_limit"], 1),
            (&["policy_tls_timeout", "policy_tls_timeout", "policy_tls_timeout"], 2),
        ] {
            assert_eq!(looks(outcomes), count, "{outcomes:?}");
        }
    }

    #[test]
    fn each_further_try_is_made_once() {
        let of = |outcomes: &[&str]| further(outcomes);
        assert_eq!(of(&["policy_tls_timeout"]), Some(Further::SmallHello));
        assert_eq!(of(&["mx_tls_closed", "mx_tls_closed"]), None);
        assert_eq!(of(&["mx_tls_closed", "mx_tls_closed", "mx_tls_closed"]), None);
        assert_eq!(of(&["mx_tls_client_limit"]), Some(Further::LegacyHello));
        assert_eq!(of(&["mx_tls_large_hello", "mx_tls_client_limit"]), Some(Further::LegacyHello));
        assert_eq!(of(&["mx_tls_client_limit", "mx_tls_client_limit"]), None);
        assert_eq!(of(&["mx_tls_alert"]), None);
        assert_eq!(of(&["smtp_closed"]), None);
        assert_eq!(of(&[]), None);
    }
}
