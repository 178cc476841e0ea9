//! gzip and zip, within bounds.

use super::{Form, Found, Met, Origin, Reason, Taker, of_bytes};
use std::io::{self, Cursor, Read};

/// Most bytes that anything is unpacked to, and most that a file or a mail may have.
pub const MOST_UNPACKED: usize = 64 * 1024 * 1024;

/// How many bytes one packed byte may be unpacked to.
pub const MOST_RATIO: usize = 100;

/// Members of an archive that are looked at.
const MOST_FILES: usize = 10_000;

/// Unpacks what is of a known packed length.
fn within(from: impl Read, packed: usize, broken: Reason) -> Result<Vec<u8>, Reason> {
    let by_ratio = packed.saturating_mul(MOST_RATIO);
    let limit = by_ratio.min(MOST_UNPACKED);
    let mut unpacked = Vec::new();
    from.take(limit as u64 + 1).read_to_end(&mut unpacked).map_err(|_| broken)?;
    if unpacked.len() <= limit {
        Ok(unpacked)
    } else if by_ratio <= MOST_UNPACKED {
        Err(Reason::RatioTooHigh)
    } else {
        Err(Reason::TooLarge)
    }
}

/// All members of gzip data, one after the other (RFC 1952 section 2.2).
pub(super) fn gzip(bytes: &[u8]) -> Result<Vec<u8>, Reason> {
    within(flate2::bufread::MultiGzDecoder::new(bytes), bytes.len(), Reason::GzipBroken)
}

/// Hands on the reports in an archive; all members together are bounded as one.
pub(super) fn zip(bytes: &[u8], origin: &Origin, nested: usize, take: &mut Taker<'_>) -> io::Result<Found> {
    let broken = |take: &mut Taker<'_>, source: String, reason| {
        take(Met::Rejected(source, reason))?;
        Ok(false)
    };
    let Ok(mut archive) = zip::ZipArchive::new(Cursor::new(bytes)) else {
        return broken(take, origin.source.clone(), Reason::ZipBroken);
    };
    let (mut found, mut files, mut left) = (false, 0, MOST_UNPACKED);
    for number in 0..archive.len().min(MOST_FILES) {
        let Ok(file) = archive.by_index(number) else {
            broken(take, format!("{}/{number}", origin.source), Reason::ZipBroken)?;
            continue;
        };
        if file.is_dir() {
            continue;
        }
        files += 1;
        let name = file.name().map_or_else(|_| number.to_string(), std::borrow::Cow::into_owned);
        let source = format!("{}/{name}", origin.source);
        let packed = usize::try_from(file.compressed_size()).unwrap_or(usize::MAX);
        let unpacked = match within(file, packed, Reason::ZipBroken) {
            Ok(unpacked) if unpacked.len() > left => Err(Reason::TooLarge),
            unpacked => unpacked,
        };
        match unpacked {
            Ok(unpacked) => {
                left -= unpacked.len();
                let origin = Origin { source, form: Form::Zip, ..origin.clone() };
                found |= of_bytes(&unpacked, &origin, nested + 1, take)?;
            }
            Err(reason) => {
                broken(take, source, reason)?;
            }
        }
    }
    if files == 0 {
        return broken(take, origin.source.clone(), Reason::ArchiveWithoutReport);
    }
    if archive.len() > MOST_FILES {
        broken(take, origin.source.clone(), Reason::TooLarge)?;
    }
    Ok(found)
}
