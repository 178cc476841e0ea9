//! Files that are written: only a regular file is ever replaced, and no half-written file is left.

use crate::fault::Fault;
use std::fs;
use std::path::Path;

/// Refuses to write over a device, a pipe, a socket, a link or a folder.
///
/// # Errors
/// Something is there that is no regular file (usage).
pub(crate) fn check(path: &Path) -> Result<(), Fault> {
    match fs::symlink_metadata(path) {
        Ok(there) if !there.is_file() => Err(Fault::Usage(format!(
            "{} is not a regular file, and is not replaced by one\nhint: give the name of a file, or of one that does not exist yet",
            path.display()
        ))),
        _ => Ok(()),
    }
}

/// Writes a file, which gets its name when it is whole.
///
/// # Errors
/// It would replace something that is no file (usage), or cannot be written.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Fault> {
    check(path)?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    let partial = path.with_file_name(name);
    check(&partial)?;
    let written = fs::write(&partial, bytes).map_err(|cause| Fault::file("write", &partial, cause));
    let finish = || fs::rename(&partial, path).map_err(|cause| Fault::file("finish", path, cause));
    written.and_then(|()| finish()).inspect_err(|_| drop(fs::remove_file(&partial)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]
    use super::*;

    #[test]
    fn what_is_no_file_is_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let (link, pipe, file) = (dir.path().join("link"), dir.path().join("pipe"), dir.path().join("file"));
        fs::write(&file, "before").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        for strange in [link.as_path(), pipe.as_path(), dir.path(), Path::new("/dev/null")] {
            let fault = write_whole(strange, b"after").unwrap_err();
            assert_eq!(fault.exit_code(), 2);
            assert!(fault.to_string().contains("is not a regular file"), "{fault}");
        }
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&file).unwrap(), "before");
        write_whole(&file, b"after").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "after");
        assert_eq!(dir.path().read_dir().unwrap().count(), 3);
    }
}
