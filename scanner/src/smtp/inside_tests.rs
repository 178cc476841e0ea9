use super::*;
use tokio::io::DuplexStream;

/// For all of it: a server that says nothing costs no more.
const DEADLINE: Duration = Duration::from_millis(300);

/// Talks to a server that says these pieces, one for each line that it hears; gives the row, what it heard,
/// and how long it took.
async fn talk(answers: &'static [&'static str]) -> (SmtpEvidence, String, Duration) {
    let (mut ours, theirs) = tokio::io::duplex(1 << 16);
    let start = Instant::now();
    let mut row = SmtpEvidence { outcome: Some(SmtpOutcome::Ok), ..SmtpEvidence::default() };
    let talk = async {
        let mut line = Line::new(&mut ours);
        line.talk("probe.example", DEADLINE, start + DEADLINE, &mut row).await;
        drop(ours);
    };
    let ((), heard) = tokio::join!(talk, serve(theirs, answers));
    (row, heard, start.elapsed())
}

async fn serve(mut stream: DuplexStream, answers: &[&str]) -> String {
    let (mut heard, mut answers) = (String::new(), answers.iter());
    while let Ok(byte) = stream.read_u8().await {
        heard.push(char::from(byte));
        if byte == b'\n'
            && let Some(answer) = answers.next()
        {
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    }
    heard
}

const BOTH: &str = "EHLO probe.example\r\nQUIT\r\n";

#[tokio::test]
async fn what_is_announced_inside_is_kept_and_the_answer_to_quit_too() {
    let (row, heard, took) = talk(&["250-mx\r\n250-SIZE 9\r\n250 requiretls\r\n", "221 bye\r\n"]).await;
    assert_eq!(heard, BOTH);
    assert!(took < DEADLINE, "{took:?}");
    assert_eq!(row.ehlo_tls, Some(vec!["SIZE 9".to_owned(), "requiretls".to_owned()]));
    assert_eq!(
        (row.requiretls, row.quit_code, row.quit_text.as_deref()),
        (Some(true), Some(221), Some("bye"))
    );
    assert_eq!((row.outcome, row.tls_alert), (Some(SmtpOutcome::Ok), None));
    let (row, ..) = talk(&["250 mx\r\n", "221 bye\r\n"]).await;
    assert_eq!((row.ehlo_tls, row.requiretls), (Some(Vec::new()), Some(false)));
}

#[tokio::test]
async fn replies_that_come_at_once_are_taken_in_their_turn() {
    let (row, heard, took) = talk(&["250 mx\r\n221 bye\r\n"]).await;
    assert_eq!((heard.as_str(), row.quit_code), (BOTH, Some(221)));
    assert!(took < DEADLINE, "{took:?}");
    assert_eq!((row.outcome, row.requiretls), (Some(SmtpOutcome::Ok), Some(false)));
}

#[tokio::test]
async fn no_answer_costs_what_is_left_of_the_deadline_and_changes_nothing() {
    let (row, heard, took) = talk(&[]).await;
    assert!(heard.starts_with("EHLO probe.example\r\n"), "{heard}");
    assert!(took >= DEADLINE, "{took:?}");
    let nothing = SmtpEvidence { outcome: Some(SmtpOutcome::Ok), ..SmtpEvidence::default() };
    assert_eq!(row, nothing);
    // Nor do noise and an answer that is neither yes nor no.
    let (row, heard, _) = talk(&["* OK IMAP\r\n"]).await;
    assert_eq!((row, heard.as_str()), (nothing.clone(), "EHLO probe.example\r\n"));
    let (row, ..) = talk(&["220 again\r\n"]).await;
    assert_eq!(row, nothing);
}

#[tokio::test]
async fn a_refusal_of_ehlo_stands_in_place_of_the_answer_to_quit() {
    let (row, heard, _) = talk(&["502 no\r\n", "221 bye\r\n"]).await;
    assert_eq!((heard.as_str(), row.quit_code, row.quit_text.as_deref()), (BOTH, Some(502), Some("no")));
    assert_eq!((row.outcome, row.ehlo_tls), (Some(SmtpOutcome::Ok), None));
}

#[tokio::test]
async fn a_limit_is_a_limit_inside_tls_too_and_a_missing_certificate_is_none() {
    let (row, heard, _) = talk(&["421 4.7.0 Too many sessions\r\n"]).await;
    assert_eq!((row.outcome, heard.as_str()), (Some(SmtpOutcome::Limited), "EHLO probe.example\r\n"));
    assert_eq!((row.code, row.quit_code), (Some(421), Some(421)));
    let (row, ..) = talk(&["450 4.7.0 slow down\r\n", "221 bye\r\n"]).await;
    assert_eq!((row.outcome, row.quit_code), (Some(SmtpOutcome::Limited), Some(450)));
    let (row, ..) = talk(&["421 4.7.1 mx Error: No client certificate presented\r\n"]).await;
    assert_eq!((row.outcome, row.quit_code), (Some(SmtpOutcome::Ok), Some(421)));
}
