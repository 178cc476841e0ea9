//! The folder that `-o` names: one that must not be written to is refused before anything begins.

use crate::terminal::visible;
use std::fs::FileType;
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;

/// Sees that a folder can stand there or does, under a name that other programs and messages can say.
///
/// # Errors
/// A message with the name, what is there, and what is allowed. A folder that cannot be made is no error
/// here.
pub fn check(folder: &Path) -> Result<(), String> {
    if folder.as_os_str().is_empty() {
        return Err("-o is empty: give the name of a folder".to_owned());
    }
    // `.` has a name too.
    let whole = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let leaf = whole.file_name().unwrap_or_default();
    if !is_sayable(folder.as_os_str()) || !is_sayable(leaf) {
        return Err(format!(
            "-o {folder:?} has a name that is not UTF-8, or control or invisible characters, which other programs cannot read \
             or show: give another name"
        ));
    }
    // As typed with a slash at its end, the system would follow a link.
    let there = std::fs::symlink_metadata(folder.components().as_path());
    let Some(kind) = there.ok().map(|there| there.file_type()).filter(|kind| !kind.is_dir()) else {
        return Ok(());
    };
    if kind.is_symlink() && folder.is_dir() {
        // Files are written to where it points; the link stays.
        return Ok(());
    }
    Err(format!(
        "-o {} is {}, not a folder, and is left as it is: give the name of a folder that is not there, or is empty",
        folder.display(),
        word(kind)
    ))
}

fn is_sayable(name: &std::ffi::OsStr) -> bool {
    name.to_str().is_some_and(|name| visible(name) == name && !name.contains(['\n', '\t']))
}

fn word(kind: FileType) -> &'static str {
    if kind.is_symlink() {
        "a link to no folder"
    } else if kind.is_fifo() {
        "a fifo"
    } else if kind.is_socket() {
        "a socket"
    } else if kind.is_char_device() || kind.is_block_device() {
        "a device"
    } else {
        "a file"
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
    use super::check;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    use std::path::Path;

    #[test]
    fn what_is_no_folder_is_refused_by_its_kind_and_name() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::write(at("file"), "keep").unwrap();
        std::os::unix::fs::symlink(at("nowhere"), at("dangling")).unwrap();
        std::os::unix::fs::symlink(at("file"), at("to-file")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        let fifo = std::process::Command::new("mkfifo").arg(at("fifo")).status().unwrap();
        assert!(fifo.success());
        for (name, kind) in [
            ("file", "a file"),
            ("dangling", "a link to no folder"),
            ("dangling/", "a link to no folder"),
            ("to-file", "a link to no folder"),
            ("socket", "a socket"),
            ("fifo", "a fifo"),
            ("/dev/null", "a device"),
        ] {
            let told = check(&at(name)).unwrap_err();
            assert!(told.starts_with(&format!("-o {} is {kind}, ", at(name).display())), "{told}");
        }
        assert_eq!(std::fs::read(at("file")).unwrap(), b"keep");
    }

    #[test]
    fn a_folder_a_link_to_one_and_what_is_not_there_may_be_written() {
        let dir = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(dir.path(), dir.path().join("link")).unwrap();
        for folder in ["", "link", "link/", "new", "new/deeper", "ümlaut und Raum"] {
            assert_eq!(check(&dir.path().join(folder)), Ok(()), "{folder}");
        }
        assert_eq!(check(Path::new(".")), Ok(()));
        assert!(check(Path::new("")).is_err());
    }

    #[test]
    fn a_name_that_cannot_be_said_is_refused_and_shown_escaped() {
        for (name, shown) in [
            (&b"results/a\xffb"[..], "-o \"results/a\\xFFb\" "),
            (b"one\ntwo", "-o \"one\\ntwo\" "),
            (b"re\x1b[31md", "-o \"re\\u{1b}[31md\" "),
            ("gpj\u{202e}".as_bytes(), "-o \"gpj\\u{202e}\" "),
            (b"bad\xff/scan", "-o \"bad\\xFF/scan\" "),
        ] {
            let told = check(Path::new(OsStr::from_bytes(name))).unwrap_err();
            assert!(told.starts_with(shown), "{told}");
        }
    }
}
