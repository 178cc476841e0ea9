//! Whether a host takes mail only from clients that show a certificate.

/// The alert certificate_required (RFC 8446 section 6.2).
pub const REQUIRED: i32 = 116;

/// Whether a refusal's text names a client certificate, as Postfix's "No client certificate presented" does;
/// blind to case.
#[must_use]
pub fn is_named_in(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["client certificate", "client cert ", "client-certificate", "peer certificate"]
        .iter()
        .any(|phrase| text.contains(phrase))
}

#[cfg(test)]
mod tests {
    use super::is_named_in;

    #[test]
    fn a_text_names_it_or_speaks_of_something_else() {
        for text in [
            "4.7.1 mx.example Error: No client certificate presented",
            "5.7.0 Client certificate required",
            "5.7.1 client cert not accepted",
        ] {
            assert!(is_named_in(text), "{text}");
        }
        for text in ["2.0.0 Bye", "5.5.1 certificate", "4.7.0 Client host rejected", ""] {
            assert!(!is_named_in(text), "{text}");
        }
    }
}
