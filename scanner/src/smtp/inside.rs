//! What is said inside TLS: EHLO once more (RFC 3207 section 4.2), and QUIT.
//!
//! Some servers announce REQUIRETLS only there (RFC 8689 section 2), and those that want a certificate of the
//! client say so there: in TLS 1.3 the handshake is over for us before the server has looked at ours.

use super::limited::asks_for_less;
use super::reply::{Reply, ReplyParser};
use crate::evidence::rows::SmtpEvidence;
use crate::evidence::text::escape;
use crate::evidence::{SmtpOutcome, client_certificate};
use crate::tls::failure::alert_of;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::{Instant, timeout_at};

/// How long a server has to answer EHLO inside TLS: what it says there changes no outcome.
const EHLO_PATIENCE: Duration = Duration::from_secs(10);

/// What came of a command.
enum Said {
    Reply(Reply),
    /// A fatal alert of TLS in place of a reply.
    Alert(u8),
    /// Silence until the deadline.
    Silence,
    /// The end, or what is no reply.
    End,
}

/// One connection, and what of it was read and is not a whole reply yet.
pub(super) struct Line<'a, S> {
    stream: &'a mut S,
    parser: ReplyParser,
    /// Bytes behind the last whole reply: at most what one read brought.
    pending: Vec<u8>,
}

impl<'a, S: AsyncRead + AsyncWrite + Unpin> Line<'a, S> {
    pub(super) fn new(stream: &'a mut S) -> Self {
        Self { stream, parser: ReplyParser::default(), pending: Vec::new() }
    }

    async fn ask(&mut self, command: &str, until: Instant) -> Said {
        timeout_at(until, self.exchange(command)).await.unwrap_or(Said::Silence)
    }

    async fn exchange(&mut self, command: &str) -> Said {
        // The server's last words before it closed may still be there to read.
        let _: io::Result<()> = async {
            self.stream.write_all(command.as_bytes()).await?;
            self.stream.flush().await
        }
        .await;
        let mut buffer = [0_u8; 1024];
        loop {
            match self.parser.push(&self.pending) {
                Ok(Some((reply, taken))) => {
                    self.pending.drain(..taken);
                    return Said::Reply(reply);
                }
                Ok(None) => self.pending.clear(),
                Err(_) => return Said::End,
            }
            match self.stream.read(&mut buffer).await {
                Ok(count @ 1..) => self.pending.extend_from_slice(buffer.get(..count).unwrap_or_default()),
                Ok(_) => return Said::End,
                Err(err) => return alert_of(&err).map_or(Said::End, Said::Alert),
            }
        }
    }

    /// Says QUIT and waits for the answer or the end, whichever comes, within its deadline; gives the answer.
    pub(super) async fn quit(&mut self, until: Instant) -> Option<Reply> {
        match self.leave(until).await {
            Said::Reply(reply) => Some(reply),
            Said::Alert(_) | Said::Silence | Said::End => None,
        }
    }

    async fn leave(&mut self, until: Instant) -> Said {
        let said = self.ask("QUIT\r\n", until).await;
        self.close(until).await;
        said
    }

    async fn close(&mut self, until: Instant) {
        let _: Result<io::Result<()>, _> = timeout_at(until, self.stream.shutdown()).await;
    }

    /// Says EHLO and then QUIT inside TLS, and writes to the row what came of it.
    pub(super) async fn talk(
        &mut self,
        own_name: &str,
        patience: Duration,
        deadline: Instant,
        row: &mut SmtpEvidence,
    ) {
        let ehlo = format!("EHLO {own_name}\r\n");
        let first = self.ask(&ehlo, deadline.min(Instant::now() + EHLO_PATIENCE)).await;
        let until = deadline.min(Instant::now() + patience);
        match first {
            Said::Reply(reply) => {
                take_ehlo(&reply, row);
                if reply.code == 421 {
                    // The server closes after it (RFC 5321 section 3.8).
                    self.close(until).await;
                    return;
                }
                match self.leave(until).await {
                    Said::Reply(reply) => take_quit(&reply, row),
                    Said::Alert(alert) => take_alert(alert, row),
                    Said::Silence | Said::End => {}
                }
            }
            Said::Alert(alert) => take_alert(alert, row),
            // An answer that came now could be to either command.
            Said::Silence => {
                let farewell = async {
                    self.stream.write_all(b"QUIT\r\n").await?;
                    self.stream.flush().await
                };
                let _: Result<io::Result<()>, _> = timeout_at(until, farewell).await;
                self.close(until).await;
            }
            Said::End => self.close(until).await,
        }
    }
}

fn take_ehlo(reply: &Reply, row: &mut SmtpEvidence) {
    match reply.code {
        250 => {
            let keywords = reply.lines.iter().skip(1);
            row.requiretls = Some(keywords.clone().any(|line| is_requiretls(line)));
            row.ehlo_tls = Some(keywords.map(|line| escape(line)).collect());
        }
        400..=599 => {
            take_quit(reply, row);
            let text = reply.lines.join(&b'\n');
            let wants_certificate = row.quit_text.as_deref().is_some_and(client_certificate::is_named_in);
            if !wants_certificate && asks_for_less(reply.code, &text) {
                row.outcome = Some(SmtpOutcome::Limited);
                (row.code, row.text) = (row.quit_code, row.quit_text.clone());
            }
        }
        _ => {}
    }
}

/// A refusal of EHLO is what came first in place of the answer to QUIT.
fn take_quit(reply: &Reply, row: &mut SmtpEvidence) {
    if row.quit_code.is_none() {
        row.quit_code = Some(i32::from(reply.code));
        row.quit_text = Some(escape(&reply.lines.join(&b'\n')));
    }
}

fn take_alert(alert: u8, row: &mut SmtpEvidence) {
    row.outcome = Some(SmtpOutcome::TlsAlert);
    row.tls_alert = Some(i32::from(alert));
}

/// The keyword alone; it has no parameters (RFC 8689 section 2).
fn is_requiretls(line: &[u8]) -> bool {
    let keyword = line.split(u8::is_ascii_whitespace).next().unwrap_or_default();
    keyword.eq_ignore_ascii_case(b"REQUIRETLS")
}

#[cfg(test)]
#[path = "inside_tests.rs"]
mod tests;
