//! The status file: a line of JSON every few seconds, for people who watch a long scan.

use super::snapshot::Camera;
use crate::companion::{Companion, StopSignal};
use crate::scan::tally::Tally;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Between two lines.
const EVERY: Duration = Duration::from_secs(5);

/// Writes lines until it is dropped; then the last one.
pub struct StatusFile {
    _thread: Companion,
}

impl StatusFile {
    /// Begins to write behind what the file has. Where it cannot be written any more `complain` is told,
    /// once, and the scan goes on without.
    ///
    /// # Errors
    /// The file cannot be opened, or this machine has no thread for it.
    pub fn start(
        path: &Path,
        tally: Arc<Tally>,
        complain: impl FnOnce(&Path, &io::Error) + Send + 'static,
    ) -> io::Result<Self> {
        let sink = Sink::open(path)?;
        let path = path.to_owned();
        let thread = Companion::start("status", move |stop| lines(sink, &path, &tally, stop, complain))?;
        Ok(Self { _thread: thread })
    }
}

/// Where the lines go.
enum Sink {
    File(File),
    /// A pipe with a name: it has lines while somebody reads it, and nobody is waited for.
    Fifo(PathBuf, Option<File>),
}

impl Sink {
    fn open(path: &Path) -> io::Result<Self> {
        if std::fs::metadata(path).is_ok_and(|there| there.file_type().is_fifo()) {
            return Ok(Self::Fifo(path.to_owned(), None));
        }
        Ok(Self::File(OpenOptions::new().create(true).append(true).open(path)?))
    }

    /// Writes a line in one piece, so that a reader never sees half of one but at the end of a full disk.
    fn write(&mut self, line: &str) -> io::Result<()> {
        let (path, reader) = match self {
            Self::File(file) => return file.write_all(line.as_bytes()),
            Self::Fifo(path, reader) => (path, reader),
        };
        if reader.is_none() {
            match OpenOptions::new().write(true).custom_flags(libc::O_NONBLOCK).open(path) {
                // Nobody reads it yet.
                Err(fault) if fault.raw_os_error() == Some(libc::ENXIO) => return Ok(()),
                opened => *reader = Some(opened?),
            }
        }
        match reader.as_mut().map_or(Ok(()), |file| file.write_all(line.as_bytes())) {
            // A reader that is slow misses lines. Short ones go into a pipe whole or not at all (pipe(7)).
            Err(fault) if fault.kind() == io::ErrorKind::WouldBlock => Ok(()),
            written => written,
        }
    }
}

fn lines(
    mut sink: Sink,
    path: &Path,
    tally: &Tally,
    stop: &StopSignal,
    complain: impl FnOnce(&Path, &io::Error),
) {
    let mut camera = Camera::new();
    let mut runs = true;
    let written = loop {
        let line = serde_json::to_string(&camera.take(tally, !runs)).map_err(io::Error::from);
        if let Err(fault) = line.and_then(|line| sink.write(&format!("{line}\n"))) {
            break Err(fault);
        }
        if !runs {
            break Ok(());
        }
        runs = stop.stays_off_for(EVERY);
    };
    if let Err(fault) = written {
        complain(path, &fault);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
    use super::*;
    use std::collections::BTreeSet;
    use std::sync::mpsc;

    #[test]
    fn there_is_a_first_line_and_a_last_one_behind_what_the_file_had() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("status.jsonl");
        std::fs::write(&path, "{\"earlier\":true}\n").unwrap();
        let tally = Arc::new(Tally::default());
        tally.settled.add(7);
        drop(StatusFile::start(&path, tally, |_, _| unreachable!("it can be written")).unwrap());
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 3, "{text}");
        assert_eq!(lines[0]["earlier"], true);
        assert_eq!((&lines[1]["last"], &lines[2]["last"]), (&false.into(), &true.into()));
        assert_eq!(lines[2]["settled"], 7);
        assert!(lines[2]["rss_bytes"].as_u64().unwrap() > 0 && lines[2]["fds"].as_u64().unwrap() > 0);
    }

    #[test]
    fn the_page_for_operators_names_every_key_once_and_no_other() {
        let page = include_str!("../../../docs/operating.md");
        let (_, list) = page.split_once("<!-- status: begin -->").unwrap();
        let (list, _) = list.split_once("<!-- status: end -->").unwrap();
        let items = list.lines().filter_map(|line| line.strip_prefix("- `"));
        let mut named: Vec<&str> = items.filter_map(|item| item.split('`').next()).collect();
        let line = serde_json::to_value(Camera::new().take(&Tally::default(), true)).unwrap();
        let written: BTreeSet<&str> = line.as_object().unwrap().keys().map(String::as_str).collect();
        named.sort_unstable();
        assert_eq!(named, Vec::from_iter(written));
    }

    #[test]
    fn a_pipe_has_lines_from_its_first_reader_on_and_nobody_waits_for_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("status");
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        let tally = Arc::new(Tally::default());
        drop(StatusFile::start(&path, tally.clone(), |_, _| unreachable!("nobody reads")).unwrap());
        let status = StatusFile::start(&path, tally, |_, _| {}).unwrap();
        let reader = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(&path).unwrap();
        drop(status);
        let mut text = String::new();
        io::Read::read_to_string(&mut io::BufReader::new(reader), &mut text).unwrap();
        assert!(text.ends_with("\"last\":true}\n"), "{text}");
    }

    #[test]
    fn a_full_disk_is_told_once_and_ends_nothing() {
        let (said, heard) = mpsc::channel();
        let told = move |path: &Path, fault: &io::Error| {
            said.send((path.to_owned(), fault.kind())).unwrap();
        };
        let status = StatusFile::start(Path::new("/dev/full"), Arc::new(Tally::default()), told).unwrap();
        assert_eq!(heard.recv().unwrap(), ("/dev/full".into(), io::ErrorKind::StorageFull));
        drop(status);
        assert!(heard.recv().is_err());
    }
}
