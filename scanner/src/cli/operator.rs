//! Who scans: asked for on a terminal, refused elsewhere.

use crate::plan::{Missing, ScanPlan};
use std::io::{self, BufRead, Write};

/// What to say where nobody can be asked.
#[must_use]
pub fn refusal(missing: &[Missing]) -> String {
    let each = missing.iter().map(|one| format!("{} (in scan.toml `{}`)", one.flag(), one.setting()));
    format!(
        "a scan must say who runs it: give {}. People whose hosts are scanned must be able to ask you to stop; ETHICS.md says more",
        each.collect::<Vec<_>>().join(" and ")
    )
}

/// Asks for each missing setting until it is given, and says where to write it down; false where the input
/// ends before.
///
/// # Errors
/// The terminal cannot be read or written.
pub fn ask(plan: &mut ScanPlan, input: &mut dyn BufRead, output: &mut dyn Write) -> io::Result<bool> {
    let missing = plan.missing_identity();
    let mut lines = String::new();
    for one in missing {
        loop {
            write!(output, "{}: ", one.meaning())?;
            output.flush()?;
            let mut typed = String::new();
            if input.read_line(&mut typed)? == 0 {
                writeln!(output)?;
                return Ok(false);
            }
            match plan.answer(one, &typed) {
                // An empty line takes a setting back, so it is still missing.
                Ok(()) if !plan.missing_identity().contains(&one) => break,
                Ok(()) => {}
                Err(wrong) => writeln!(output, "{wrong}")?,
            }
        }
        let key = one.setting().split_once('.').map_or("", |(_, key)| key);
        let value = match one {
            Missing::Contact => plan.identity.contact.as_deref(),
            Missing::InfoUrl => plan.identity.info_url.as_deref(),
        };
        lines.push_str(&format!("{key} = \"{}\"\n", value.unwrap_or_default()));
    }
    write!(output, "to avoid this question in future, put into scan.toml:\n[identity]\n{lines}")?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
    use super::*;

    fn asked(typed: &str) -> (bool, ScanPlan, String) {
        let mut plan = ScanPlan::build(Vec::new(), None, Vec::new()).unwrap();
        let mut said = Vec::new();
        let had = ask(&mut plan, &mut typed.as_bytes(), &mut said).unwrap();
        (had, plan, String::from_utf8(said).unwrap())
    }

    #[test]
    fn what_is_missing_is_asked_for_until_it_can_be() {
        let (had, plan, said) = asked("nobody\n\na@example.org\nftp://x\nhttps://example.org/scan\n");
        assert!(had && plan.missing_identity().is_empty(), "{said}");
        assert!(said.contains("must be a mail address"), "{said}");
        assert!(
            said.ends_with(
                "[identity]\ncontact = \"a@example.org\"\ninfo_url = \"https://example.org/scan\"\n"
            ),
            "{said}"
        );
    }

    #[test]
    fn an_input_that_ends_leaves_it_missing() {
        let (had, plan, _) = asked("a@example.org\n");
        assert!(!had && plan.missing_identity() == [Missing::InfoUrl]);
        assert!(refusal(&plan.missing_identity()).contains("--info-url (in scan.toml `identity.info_url`)"));
    }
}
