//! A mailbox in one file, read mail by mail: each begins with a line `From `, and a line of a mail that
//! begins so is quoted with `>` (RFC 4155 appendix A, and mboxrd, which quotes quoted lines too).

use super::{MOST_UNPACKED, Met, Origin, Reason, Taker, mail};
use std::io::{self, BufRead, Read};

/// Hands on the reports of each mail; a mail over [`MOST_UNPACKED`] is passed over and told.
pub(super) fn each(from: &mut dyn BufRead, origin: &Origin, take: &mut Taker<'_>) -> io::Result<()> {
    let (mut number, mut bytes, mut line) = (0_u64, Vec::new(), Vec::new());
    let (mut too_large, mut after_blank, mut in_line) = (false, true, false);
    loop {
        line.clear();
        // A piece of a line is enough to go on with where the line is longer than any of a mail.
        let Ok(read) = (&mut *from).take(1024 * 1024).read_until(b'\n', &mut line) else {
            return take(Met::Rejected(origin.source.clone(), Reason::Unreadable));
        };
        let begins = !in_line && after_blank && line.starts_with(b"From ");
        if read == 0 || begins {
            if number > 0 {
                let source = format!("{}#{number}", origin.source);
                if too_large {
                    take(Met::Rejected(source, Reason::TooLarge))?;
                } else {
                    mail::each(&bytes, &Origin { source, ..origin.clone() }, 1, take)?;
                }
            }
            if read == 0 {
                return Ok(());
            }
            number += 1;
            bytes.clear();
            (too_large, after_blank) = (false, false);
            in_line = !line.ends_with(b"\n");
            continue;
        }
        after_blank = !in_line && line.trim_ascii().is_empty();
        let quoted = !in_line && is_quoted(&line);
        in_line = !line.ends_with(b"\n");
        let kept = if quoted { line.get(1..).unwrap_or_default() } else { &line };
        if bytes.len() + kept.len() > MOST_UNPACKED {
            (too_large, bytes) = (true, Vec::new());
        } else if !too_large {
            bytes.extend_from_slice(kept);
        }
    }
}

/// `>From `, or any number of `>` before it.
fn is_quoted(line: &[u8]) -> bool {
    let unquoted = line.iter().position(|&byte| byte != b'>').unwrap_or(0);
    unquoted > 0 && line.get(unquoted..).is_some_and(|rest| rest.starts_with(b"From "))
}
