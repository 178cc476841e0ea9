//! Whether a reply says "too much, come back later".

/// Texts that say so, in lower case; "rate" counts as a word of its own only.
const PHRASES: [&str; 14] = [
    "too many",
    "too much",
    "too fast",
    "too often",
    "throttl",
    "ratelimit",
    "rate-limit",
    "rate limit",
    "rate control",
    "slow down",
    "connection limit",
    "connections limit",
    "concurrent connection",
    "concurrency",
];

/// Whether a reply asks for less: 421 always (RFC 5321 section 3.8: the service closes the channel, and with
/// it the door), any other 4xx where its text speaks of a rate or of a number. Those codes also stand for
/// greylisting and for faults of the server, which no lower rate helps against: those are not meant.
pub(super) fn asks_for_less(code: u16, text: &[u8]) -> bool {
    match code {
        421 => true,
        400..=499 => {
            let text = String::from_utf8_lossy(text).to_ascii_lowercase();
            let later = text.contains("try again later") && text.contains("connection");
            later || PHRASES.iter().any(|phrase| text.contains(phrase)) || has_word(&text, "rate")
        }
        _ => false,
    }
}

fn has_word(text: &str, word: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric()).any(|found| found == word)
}

#[cfg(test)]
mod tests {
    use super::asks_for_less;

    #[test]
    fn too_many_and_rates_ask_for_less() {
        for (code, text) in [
            (421, "4.3.0 closing"),
            (421, ""),
            (450, "4.7.1 Error: too many connections from 192.0.2.1"),
            (
                451,
                "4.7.500 Server busy. Please try again later. Connections from [192.0.2.1] exceed the rate",
            ),
            (450, "4.2.1 The user you are trying to contact is receiving mail at a rate that prevents"),
            (451, "4.7.1 Throttled"),
            (451, "4.7.650 The mail server has been temporarily rate limited due to IP reputation"),
            (450, "4.7.0 Connection dropped, try again later"),
            (451, "SLOW DOWN"),
            (452, "4.3.2 Connection rate limit exceeded."),
            (454, "4.7.0 Error: too many new TLS sessions from 192.0.2.1"),
        ] {
            assert!(asks_for_less(code, text.as_bytes()), "{code} {text}");
        }
    }

    #[test]
    fn greylisting_faults_and_final_refusals_do_not() {
        for (code, text) in [
            (450, "4.7.1 Come back later"),
            (450, "4.7.1 Client host rejected: cannot find your hostname"),
            (451, "4.7.1 Greylisted, please try again later"),
            (451, "4.3.0 Temporary local problem, please try again later"),
            (451, "4.3.2 Operator corporate separate moderate"),
            (452, "4.3.1 Insufficient system storage"),
            (454, "4.7.0 TLS not available due to local problem"),
            (454, "4.3.3 TLS not available after start"),
            (554, "5.7.1 Too many connections"),
        ] {
            assert!(!asks_for_less(code, text.as_bytes()), "{code} {text}");
        }
    }
}
