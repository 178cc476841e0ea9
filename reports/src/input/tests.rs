#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what must be there")]
use super::{Form, Looks, Met, Origin, Reason, ReceivedFrom, of_bytes, read, stream};
use std::io::Write as _;

const REPORT: &str = r#"{"organization-name":"Sender","policies":[]}"#;

type Texts = Vec<(String, Origin)>;
type Rejected = Vec<(String, Reason)>;

/// What is met in bytes: texts with their origin, and reasons.
fn met(bytes: &[u8]) -> (Texts, Rejected) {
    let (mut texts, mut rejected) = (Vec::new(), Vec::new());
    stream(&mut &*bytes, "file", &mut |one| {
        match one {
            Met::Text(text, origin) => texts.push((String::from_utf8(text.to_vec()).unwrap(), origin)),
            Met::Rejected(source, reason) => rejected.push((source, reason)),
        }
        Ok(())
    })
    .unwrap();
    (texts, rejected)
}

fn reasons(bytes: &[u8]) -> Vec<Reason> {
    let (texts, rejected) = met(bytes);
    assert!(texts.is_empty());
    rejected.into_iter().map(|(_, reason)| reason).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        archive.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |three: &[u8]| {
        let bits = three.iter().chain([0; 3].iter()).take(3).fold(0_u32, |bits, &b| bits << 8 | u32::from(b));
        let letter = |at: usize| {
            if at > three.len() { '=' } else { char::from(LETTERS[(bits >> (18 - 6 * at)) as usize & 63]) }
        };
        (0..4).map(letter).collect::<String>()
    };
    let text: String = bytes.chunks(3).map(group).collect();
    text.as_bytes().chunks(76).map(|line| format!("{}\r\n", std::str::from_utf8(line).unwrap())).collect()
}

fn mail(parts: &[String]) -> String {
    let parts: String = parts.iter().map(|part| format!("--b\r\n{part}\r\n")).collect();
    format!(
        "Received: from a.example by mx.example; Fri, 2 Jan 2026 03:04:05 +0100\r\n\
         Received: from b.example by a.example; Thu, 1 Jan 2026 00:00:00 +0000\r\n\
         Date: Thu, 1 Jan 2026 23:00:00 +0000\r\nFrom: r@sender.example\r\n\
         Subject: Report Domain: d.example Submitter: sender.example Report-ID: <1@sender.example>\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=\"tlsrpt\"; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nThis is a report.\r\n{parts}--b--\r\n"
    )
}

fn packed(bytes: &[u8]) -> String {
    format!(
        "Content-Type: application/tlsrpt+gzip\r\nContent-Transfer-Encoding: base64\r\n\r\n{}",
        base64(bytes)
    )
}

fn quoted() -> String {
    let text = REPORT.replace('=', "=3D").replace("policies", "poli=\r\ncies");
    format!(
        "Content-Type: application/tlsrpt+json\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{text}"
    )
}

#[test]
fn every_form_hands_on_the_same_text() {
    let gz = gzip(REPORT.as_bytes());
    for (bytes, form) in [
        (REPORT.as_bytes().to_vec(), Form::Json),
        (gz.clone(), Form::Gzip),
        (zip(&[("a/report.json", REPORT.as_bytes())]), Form::Zip),
        (mail(&[packed(&gz)]).into_bytes(), Form::Gzip),
        (mail(&[packed(REPORT.as_bytes())]).into_bytes(), Form::Json),
        (mail(&[quoted()]).into_bytes(), Form::Json),
        (
            mail(&[format!(
                "Content-Type: message/rfc822\r\n\r\n{}",
                mail(&[quoted()]).replace("--b", "--c").replace("boundary=b", "boundary=c")
            )])
            .into_bytes(),
            Form::Json,
        ),
    ] {
        let (texts, rejected) = met(&bytes);
        assert_eq!(rejected, [], "{}", String::from_utf8_lossy(&bytes));
        assert_eq!(texts.len(), 1, "{}", String::from_utf8_lossy(&bytes));
        assert_eq!((texts[0].0.trim_end(), texts[0].1.form), (REPORT, form));
    }
}

#[test]
fn a_mail_says_when_it_came_and_what_it_holds() {
    let (texts, _) = met(mail(&[packed(&gzip(REPORT.as_bytes())), quoted()]).as_bytes());
    assert_eq!(texts.len(), 2, "several reports in one mail");
    let origin = &texts[1].1;
    let received = origin.received.unwrap();
    assert_eq!((received.at, received.from), (1_767_319_445_000_000, ReceivedFrom::Received));
    let announced = origin.announced.clone().unwrap();
    assert_eq!(announced.domain.as_deref(), Some("d.example"));
    assert_eq!(announced.report_id.as_deref(), Some("1@sender.example"));
    let without = mail(&[quoted()]).split_once("Date:").map(|(_, rest)| format!("Date:{rest}")).unwrap();
    let (texts, _) = met(without.as_bytes());
    let received = texts[0].1.received.unwrap();
    assert_eq!((received.at, received.from), (1_767_308_400_000_000, ReceivedFrom::Date));
}

#[test]
fn a_mailbox_is_read_mail_by_mail_and_unquoted() {
    let text = "{\r\n>From here\r\n\"policies\":[]}";
    let one = format!("Subject: a\r\nContent-Type: application/json\r\n\r\n{text}\r\n\r\n");
    let mailbox = format!(
        "From a@b Thu Jan 1\r\n{one}From a@b Thu Jan 1\r\n{}\r\n\r\nFrom x\r\n{one}",
        mail(&[quoted()])
    );
    let (texts, rejected) = met(mailbox.as_bytes());
    assert_eq!(rejected, []);
    let sources: Vec<&str> = texts.iter().map(|(_, origin)| origin.source.as_str()).collect();
    assert_eq!(sources, ["file#1/0", "file#2/2", "file#3/0"]);
    assert!(texts[0].0.contains("\nFrom here"), "{}", texts[0].0);
    // A line `From ` that no blank line goes before belongs to the mail.
    let (texts, _) = met(b"From a\nSubject: a\n\n{\nFrom x\n}\n");
    assert_eq!(texts[0].0.trim_end(), "{\nFrom x\n}");
}

#[test]
fn what_holds_no_report_says_why() {
    assert_eq!(reasons(b""), [Reason::UnknownForm]);
    assert_eq!(reasons(b"hello"), [Reason::UnknownForm]);
    assert_eq!(reasons(b"Subject: hello\r\n\r\nNo report.\r\n"), [Reason::MailWithoutReport]);
    let gz = gzip(REPORT.as_bytes());
    assert_eq!(reasons(&gz[..gz.len() - 9]), [Reason::GzipBroken]);
    assert_eq!(reasons(b"PK\x03\x04 and no more"), [Reason::ZipBroken]);
    assert_eq!(reasons(&zip(&[])[..]), [Reason::UnknownForm], "an empty archive has no local header");
    assert_eq!(reasons(mail(&[packed(b"rubbish")]).as_bytes()), [Reason::UnknownForm]);
    let mut deep = REPORT.as_bytes().to_vec();
    for _ in 0..8 {
        deep = gzip(&deep);
    }
    assert_eq!(reasons(&deep), [Reason::NestedTooDeep]);
}

#[test]
fn bombs_are_refused_by_ratio_and_by_size() {
    let zeros = vec![b' '; 10 * 1024 * 1024];
    assert_eq!(reasons(&gzip(&zeros)), [Reason::RatioTooHigh]);
    assert_eq!(reasons(&zip(&[("bomb", &zeros)])), [Reason::RatioTooHigh]);
    // Just below the ratio, and beyond what is unpacked at most.
    let mut dice = 1_u64;
    let mut noise = move || {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (dice >> 56) as u8
    };
    let mut large: Vec<u8> = (0..1024 * 1024).map(|_| noise()).collect();
    large.resize(65 * 1024 * 1024, b' ');
    assert_eq!(reasons(&gzip(&large)), [Reason::TooLarge]);
}

#[test]
fn of_a_maildir_tmp_is_left_alone_and_a_pipe_is_not_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["cur", "new", "tmp"] {
        let folder = dir.path().join("mail").join(name);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("1"), mail(&[quoted()])).unwrap();
    }
    // Elsewhere `tmp` is a folder like others.
    std::fs::create_dir_all(dir.path().join("tmp")).unwrap();
    std::fs::write(dir.path().join("tmp/r.json"), REPORT).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(dir.path().join("pipe")).status().unwrap().success());
    let (mut texts, mut rejected) = (Vec::new(), Vec::new());
    read(&[dir.path().to_owned()], &mut |one| {
        match one {
            Met::Text(_, origin) => texts.push(origin.source),
            Met::Rejected(source, reason) => rejected.push((source, reason)),
        }
        Ok(())
    })
    .unwrap();
    let below = |name: &str| dir.path().join(name).to_string_lossy().into_owned();
    assert_eq!(texts, [below("mail/cur/1/2"), below("mail/new/1/2"), below("tmp/r.json")]);
    assert_eq!(rejected, [(below("pipe"), Reason::Unreadable)]);
    assert!(read(&[dir.path().join("missing")], &mut |_| Ok(())).is_err());
}

#[test]
fn an_error_of_the_taker_ends_the_reading() {
    let full = |_: Met<'_>| Err(std::io::Error::from(std::io::ErrorKind::StorageFull));
    assert!(of_bytes(REPORT.as_bytes(), &Origin::default(), 0, &mut { full }).is_err());
    assert_eq!(Looks::of(b"\n {"), Looks::Json);
}
