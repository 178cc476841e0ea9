//! The mail of a report (RFC 8460 section 5.3): multipart/report, a text for people, and the report as gzip
//! in base64.

use super::senders::Written;
use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write as _;

/// Length of a line of base64 (RFC 2045 section 6.8).
const LINE: usize = 76;

pub(super) fn mail(written: &Written) -> Result<Vec<u8>> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(written.json.as_bytes())?;
    let packed = STANDARD.encode(packed.finish()?);
    let Written { from, submitter, subject_id, filename, domain, sent, .. } = written;
    let (sent, received) = (date(*sent), date(sent + 5));
    let mut mail = format!(
        "Received: from out.{submitter} (out.{submitter} [192.0.2.1])\r\n\tby mx.receiver.example with ESMTPS;\r\n\t{received}\r\n\
         Date: {sent}\r\nFrom: <{from}>\r\nTo: <tlsrpt@{domain}>\r\n\
         Subject: Report Domain: {domain} Submitter: {submitter} Report-ID: {subject_id}\r\n\
         TLS-Report-Domain: {domain}\r\nTLS-Report-Submitter: {submitter}\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=\"tlsrpt\";\r\n\tboundary=\"=_part\"\r\n\r\n\
         --=_part\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n\
         This is a TLS report about {domain}.\r\n\r\n\
         --=_part\r\nContent-Type: application/tlsrpt+gzip\r\nContent-Transfer-Encoding: base64\r\n\
         Content-Disposition: attachment;\r\n\tfilename=\"{filename}\"\r\n\r\n"
    )
    .into_bytes();
    for line in packed.as_bytes().chunks(LINE) {
        mail.extend_from_slice(line);
        mail.extend_from_slice(b"\r\n");
    }
    mail.extend_from_slice(b"\r\n--=_part--\r\n");
    Ok(mail)
}

/// A moment of January or February 2026 as mails write it (RFC 5322 section 3.3).
fn date(seconds: i64) -> String {
    // 2026-01-01 was a Thursday.
    const JANUARY: i64 = 1_767_225_600;
    let since = seconds - JANUARY;
    let (day, of_day) = (since.div_euclid(86_400), since.rem_euclid(86_400));
    let (month, of_month) = if day < 31 { ("Jan", day + 1) } else { ("Feb", day - 30) };
    let weekday = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        .get(usize::try_from(day.rem_euclid(7)).unwrap_or(0))
        .copied()
        .unwrap_or_default();
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    format!("{weekday}, {of_month} {month} 2026 {hour:02}:{minute:02}:{second:02} +0000")
}

#[cfg(test)]
mod tests {
    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(super::date(1_767_571_200), "Mon, 5 Jan 2026 00:00:00 +0000");
        assert_eq!(super::date(1_769_904_000 + 3_661), "Sun, 1 Feb 2026 01:01:01 +0000");
    }
}
