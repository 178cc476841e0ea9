//! Mails: the only place that names `mail_parser`.

use super::{Announced, Found, Looks, Met, Origin, Reason, Taker, of_bytes};
use mail_parser::{DateTime, HeaderName, Message, MessageParser, MessagePart, MimeHeaders as _, PartType};
use std::io;

/// When a report was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received {
    /// Microseconds since 1970-01-01T00:00:00Z.
    pub at: i64,
    /// Who says so.
    pub from: ReceivedFrom,
}

/// Who says when a report was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReceivedFrom {
    /// The topmost `Received` of the mail, which the receiving server wrote.
    Received,
    /// The mail's `Date`, which the sender wrote.
    Date,
    /// This program, which took the upload.
    Upload,
}

impl ReceivedFrom {
    /// The word in tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Date => "date",
            Self::Upload => "upload",
        }
    }
}

/// Hands on the reports of a mail, and of the mails in it.
pub(super) fn each(bytes: &[u8], origin: &Origin, nested: usize, take: &mut Taker<'_>) -> io::Result<Found> {
    let Some(mail) = MessageParser::default().parse(bytes) else {
        take(Met::Rejected(origin.source.clone(), Reason::MailWithoutReport))?;
        return Ok(false);
    };
    let mut met = 0;
    let found = of_mail(&mail, origin, nested, &mut met, take)?;
    if met == 0 {
        take(Met::Rejected(origin.source.clone(), Reason::MailWithoutReport))?;
    }
    Ok(found)
}

/// `met` counts what was handed on, reports or not.
fn of_mail(
    mail: &Message<'_>,
    origin: &Origin,
    nested: usize,
    met: &mut usize,
    take: &mut Taker<'_>,
) -> io::Result<Found> {
    let announced = Announced::read(
        mail.subject().unwrap_or_default(),
        field(mail, "TLS-Report-Domain"),
        field(mail, "TLS-Report-Submitter"),
    );
    // A mail in another says more of its report than the one around it.
    let announced =
        if announced == Announced::default() { origin.announced.clone() } else { Some(announced) };
    let here = Origin { received: received(mail).or(origin.received), announced, ..origin.clone() };
    let mut found = false;
    for (number, part) in mail.parts.iter().enumerate() {
        let origin = Origin { source: format!("{}/{number}", origin.source), ..here.clone() };
        match &part.body {
            PartType::Multipart(_) => {}
            PartType::Message(inner) if nested < super::MOST_NESTED => {
                found |= of_mail(inner, &origin, nested + 1, met, take)?;
            }
            PartType::Message(_) => {
                *met += 1;
                take(Met::Rejected(origin.source, Reason::NestedTooDeep))?;
            }
            PartType::Text(text) | PartType::Html(text) => {
                found |= of_part(part, text.as_bytes(), &origin, nested, met, take)?;
            }
            PartType::Binary(bytes) | PartType::InlineBinary(bytes) => {
                found |= of_part(part, bytes, &origin, nested, met, take)?;
            }
        }
    }
    Ok(found)
}

/// A part is taken where its type says that it is a report, or where it looks like one: senders and mail
/// systems give reports many types.
fn of_part(
    part: &MessagePart<'_>,
    bytes: &[u8],
    origin: &Origin,
    nested: usize,
    met: &mut usize,
    take: &mut Taker<'_>,
) -> io::Result<Found> {
    let subtype = part.content_type().and_then(|of| of.subtype()).unwrap_or_default().to_ascii_lowercase();
    let is_report = subtype.starts_with("tlsrpt");
    let looks_like = matches!(Looks::of(bytes), Looks::Json | Looks::Gzip | Looks::Zip);
    if !is_report && !looks_like {
        return Ok(false);
    }
    *met += 1;
    of_bytes(bytes, origin, nested + 1, take)
}

fn field<'a>(mail: &'a Message<'_>, name: &'static str) -> Option<&'a str> {
    mail.header(name).and_then(|value| value.as_text())
}

fn received(mail: &Message<'_>) -> Option<Received> {
    let topmost = mail.headers().iter().find(|header| header.name == HeaderName::Received);
    let by_server = topmost.and_then(|header| header.value().as_received()?.date.as_ref());
    let micros = |date: &DateTime, from| {
        let at = date.is_valid().then(|| date.to_timestamp().checked_mul(1_000_000)).flatten()?;
        Some(Received { at, from })
    };
    by_server
        .and_then(|date| micros(date, ReceivedFrom::Received))
        .or_else(|| mail.date().and_then(|date| micros(date, ReceivedFrom::Date)))
}
