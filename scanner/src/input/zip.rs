//! The one list in a zip archive.

use flate2::Crc;
use flate2::bufread::DeflateDecoder;
use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read, Seek, SeekFrom};
use zip::{CompressionMethod, ZipArchive};

/// Opens the list in the archive. Directories and what archivers of macOS add are not counted.
///
/// # Errors
/// What is wrong with the archive, in words that follow "a zip archive".
pub(super) fn open(file: File) -> Result<Box<dyn Read + Send>, String> {
    let damaged = |error: zip::result::ZipError| format!("that is damaged ({error})");
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(damaged)?;
    let mut lists = Vec::new();
    for at in 0..archive.len() {
        let entry = archive.by_index_raw(at).map_err(damaged)?;
        let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
        let leaf = name.rsplit('/').next().unwrap_or_default();
        if !entry.is_dir() && !name.starts_with("__MACOSX/") && !leaf.starts_with('.') {
            lists.push((at, name));
        }
    }
    if lists.iter().any(|(_, name)| name == "xl/workbook.xml") {
        return Err("that is a workbook (xlsx): save the sheet as CSV".to_owned());
    }
    let [(at, _)] = lists.as_slice() else {
        let names: Vec<&str> = lists.iter().take(5).map(|(_, name)| name.as_str()).collect();
        let more = if lists.len() > names.len() { ", …" } else { "" };
        return Err(match names.len() {
            0 => "without a file".to_owned(),
            _ => format!("of {} files ({}{more})", lists.len(), names.join(", ")),
        });
    };
    let entry = archive.by_index_raw(*at).map_err(damaged)?;
    if entry.encrypted() {
        return Err("with a password".to_owned());
    }
    let (method, size, crc) = (entry.compression(), entry.compressed_size(), entry.crc32());
    let begin = entry.data_start().ok_or("that is damaged (no data)")?;
    drop(entry);
    let mut file = archive.into_inner();
    file.seek(SeekFrom::Start(begin)).map_err(|error| format!("that cannot be read ({error})"))?;
    let data = file.take(size);
    match method {
        CompressionMethod::Stored => Ok(Box::new(Checked::new(data, crc))),
        CompressionMethod::Deflated => Ok(Box::new(Checked::new(DeflateDecoder::new(data), crc))),
        other => Err(format!("compressed with {other}")),
    }
}

/// Compares the checksum at the end of the stream.
struct Checked<R> {
    stream: R,
    crc: Crc,
    want: u32,
}

impl<R: Read> Checked<R> {
    fn new(stream: R, want: u32) -> Self {
        Self { stream, crc: Crc::new(), want }
    }
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.stream.read(buffer)?;
        self.crc.update(&buffer[..count]);
        if count == 0 && !buffer.is_empty() && self.crc.sum() != self.want {
            return Err(io::Error::new(
                ErrorKind::InvalidData,
                "its checksum in the zip archive does not match",
            ));
        }
        Ok(count)
    }
}
