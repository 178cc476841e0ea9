//! What the end of a connection decides, at either kind of host.

use super::vocabulary::Vocabulary;

/// What the end of a connection says about the pace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaceHint {
    /// The host asked for less.
    TooMuch,
    /// It broke off without a word: several in a row are a way of asking for less.
    End,
    /// Nothing.
    Nothing,
    /// It answered.
    Answer,
}

/// A further connection with another ClientHello that an outcome calls for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExtraHello {
    /// Without a post-quantum share: of one packet.
    Small,
    /// Built by hand, with the old versions and suites that this client cannot speak.
    Legacy,
    /// As the one before, but for HTTP/2 (RFC 9113 section 3.2).
    Http2,
}

/// What of this machine's network must be known to be there before an outcome is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suspicion {
    /// A route to the address.
    Route,
    /// That somebody was answered since.
    Answers,
}

/// The outcome of a connection.
pub trait Outcome: Vocabulary {
    /// A hello of more than a packet was not answered, and a small one was.
    const LARGE_HELLO: Self;

    /// The server speaks nothing newer than TLS 1.1.
    const OLD_TLS: Self;

    /// The server ends TLS with an alert, whatever it is offered.
    const ALERT: Self;

    /// The further connection that it calls for; `None` where nothing more can be learnt.
    fn extra_hello(self) -> Option<ExtraHello>;

    /// Whether the server said anything in the handshake.
    fn answered_hello(self) -> bool;

    /// Whether the peer let the connection wait for its deadline.
    fn is_deadline(self) -> bool;

    /// What it says about the pace: a connection that breaks off says nothing by itself, several in a row do.
    fn pace_hint(self) -> PaceHint;

    /// What must be known before it is believed; `None` where the peer itself has answered.
    fn suspicion(self) -> Option<Suspicion>;
}
