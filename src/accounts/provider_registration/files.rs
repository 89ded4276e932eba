//! What an uploaded file is, by its content: the name and the type that the browser claims count for nothing.
//!
//! Of pictures only the picture is kept: whatever stands behind its end is cut off, so that nothing can hide there.

use crate::domain::provider_registration::MediaType;

/// Why a file is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileProblem {
    /// No bytes.
    #[error("the file is empty")]
    Empty,
    /// Larger than the hospital takes.
    #[error("the file is too large")]
    TooLarge,
    /// Neither PDF nor JPEG nor PNG.
    #[error("the file is not a PDF, JPEG or PNG")]
    Kind,
    /// It begins like one, but is broken or incomplete.
    #[error("the file is damaged or incomplete")]
    Damaged,
    /// A PDF that runs programs or carries other files.
    #[error("the PDF contains a program or another file")]
    Active,
}

/// A file that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedFile<'a> {
    /// What it is.
    pub media_type: MediaType,
    /// What is kept of it.
    pub bytes: &'a [u8],
}

/// Looks at a file.
pub fn check(bytes: &[u8], largest: usize) -> Result<CheckedFile<'_>, FileProblem> {
    if bytes.is_empty() {
        return Err(FileProblem::Empty);
    }
    if bytes.len() > largest {
        return Err(FileProblem::TooLarge);
    }
    let media_type =
        infer::get(bytes).and_then(|kind| MediaType::parse(kind.mime_type())).ok_or(FileProblem::Kind)?;
    let bytes = match media_type {
        MediaType::Pdf => pdf(bytes)?,
        MediaType::Jpeg => jpeg(bytes).ok_or(FileProblem::Damaged)?,
        MediaType::Png => png(bytes).ok_or(FileProblem::Damaged)?,
    };
    Ok(CheckedFile { media_type, bytes })
}

/// ISO 32000-1 7.5: header, body, cross-reference, trailer, and nothing but white space behind the end.
fn pdf(bytes: &[u8]) -> Result<&[u8], FileProblem> {
    const ACTIVE: [&[u8]; 4] = [b"/JavaScript", b"/Launch", b"/EmbeddedFile", b"/RichMedia"];
    // Other programs find a header that stands further in, behind whatever else.
    if !bytes.starts_with(b"%PDF-") {
        return Err(FileProblem::Kind);
    }
    let end = rfind(bytes, b"%%EOF").ok_or(FileProblem::Damaged)?;
    let behind = bytes.get(end + 5..).unwrap_or_default();
    let white = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0;
    if !behind.iter().all(white) || rfind(bytes.get(..end).unwrap_or_default(), b"startxref").is_none() {
        return Err(FileProblem::Damaged);
    }
    if ACTIVE.iter().any(|word| rfind(bytes, word).is_some()) {
        return Err(FileProblem::Active);
    }
    Ok(bytes)
}

fn rfind(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).rposition(|window| window == what)
}

/// The largest edge of a picture that is taken.
const WIDEST: u32 = 30_000;

/// PNG (ISO/IEC 15948 5): signature, then chunks with length, type, data and CRC from IHDR to IEND.
fn png(bytes: &[u8]) -> Option<&[u8]> {
    let mut at = 8_usize;
    let mut data = false;
    loop {
        let length = usize::try_from(number(bytes.get(at..at + 4)?)?).ok()?;
        let end = at.checked_add(12)?.checked_add(length)?;
        let covered = bytes.get(at + 4..end - 4)?;
        let (kind, content) = covered.split_at_checked(4)?;
        if number(bytes.get(end - 4..end)?)? != crc(covered) || (at == 8) != (kind == b"IHDR") {
            return None;
        }
        match kind {
            b"IHDR" => {
                let sides = [number(content.get(..4)?)?, number(content.get(4..8)?)?];
                if length != 13 || sides.iter().any(|side| !(1..=WIDEST).contains(side)) {
                    return None;
                }
            }
            b"IDAT" => data = true,
            b"IEND" => return if data && length == 0 { bytes.get(..end) } else { None },
            _ => {}
        }
        at = end;
    }
}

fn number(bytes: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}

/// CRC-32 as PNG has it (ISO/IEC 15948, annex D).
fn crc(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 * (crc & 1)))
    };
    !bytes.iter().fold(!0, step)
}

/// JPEG (ITU T.81 annex B): segments from SOI over a frame and at least one scan to EOI.
fn jpeg(bytes: &[u8]) -> Option<&[u8]> {
    let mut at = 2_usize;
    let (mut frame, mut scan) = (false, false);
    if !bytes.starts_with(&[0xff, 0xd8]) {
        return None;
    }
    loop {
        if *bytes.get(at)? != 0xff {
            return None;
        }
        let marker = *bytes.get(at + 1)?;
        match marker {
            // Fill bytes before a marker.
            0xff => at += 1,
            0xd9 => return if frame && scan { bytes.get(..at + 2) } else { None },
            0x01 | 0xd0..=0xd7 => at += 2,
            0x00 | 0xd8 => return None,
            _ => {
                let length = usize::from(u16::from_be_bytes(bytes.get(at + 2..at + 4)?.try_into().ok()?));
                let body = bytes.get(at + 4..at.checked_add(2)?.checked_add(length)?)?;
                if matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc) {
                    let width = u16::from_be_bytes(body.get(3..5)?.try_into().ok()?);
                    frame = width > 0;
                }
                at += 2 + length;
                if marker == 0xda {
                    scan = true;
                    at = behind_scan(bytes, at)?;
                }
            }
        }
    }
}

/// The next marker behind entropy-coded data: not a stuffed zero, not a restart.
fn behind_scan(bytes: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    let marker = |pair: &[u8]| matches!(pair, [0xff, next] if !matches!(next, 0x00 | 0xff | 0xd0..=0xd7));
    rest.windows(2).position(marker).map(|at| from + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PDF: &[u8] = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\nstartxref\n9\n%%EOF\n";

    fn chunk(kind: &[u8], content: &[u8]) -> Vec<u8> {
        let covered = [kind, content].concat();
        let length = u32::try_from(content.len()).unwrap().to_be_bytes();
        [&length[..], &covered, &crc(&covered).to_be_bytes()].concat()
    }

    fn picture() -> Vec<u8> {
        let head = [0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0];
        let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
        png.extend(chunk(b"IHDR", &head));
        png.extend(chunk(b"IDAT", b"x"));
        png.extend(chunk(b"IEND", b""));
        png
    }

    const JPEG: &[u8] = &[
        0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xc0, 0, 11, 8, 0, 1, 0, 1, 1, 1, 0x11, 0, 0xff, 0xda, 0,
        2, 0x12, 0xff, 0x00, 0x34, 0xff, 0xd9,
    ];

    fn kind(bytes: &[u8]) -> Result<MediaType, FileProblem> {
        check(bytes, 1000).map(|file| file.media_type)
    }

    #[test]
    fn s11_pdf_jpeg_and_png_are_known_by_their_content() {
        assert_eq!(crc(b"IEND"), 0xae42_6082, "as at the end of every PNG");
        assert_eq!(kind(PDF), Ok(MediaType::Pdf));
        assert_eq!(kind(&picture()), Ok(MediaType::Png));
        assert_eq!(kind(JPEG), Ok(MediaType::Jpeg));
    }

    #[test]
    fn s11_other_files_are_not_taken_whatever_they_are_called() {
        let others: [&[u8]; 6] = [
            b"<html><script>alert(1)</script>",
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            b"PK\x03\x04zip",
            b"GIF89a..........",
            b"MZ\x90\x00",
            b"plain text",
        ];
        for other in others {
            assert_eq!(kind(other), Err(FileProblem::Kind));
        }
        assert_eq!(kind(b""), Err(FileProblem::Empty));
        assert_eq!(check(PDF, PDF.len() - 1), Err(FileProblem::TooLarge));
    }

    #[test]
    fn s11_what_is_cut_off_is_not_taken() {
        for whole in [PDF, &picture(), JPEG] {
            for length in 4..whole.len() - 1 {
                assert!(kind(&whole[..length]).is_err(), "{length} of {}", whole.len());
            }
        }
    }

    #[test]
    fn s11_nothing_hides_behind_the_end() {
        for whole in [picture(), JPEG.to_vec()] {
            let hiding = [&whole[..], b"PK\x03\x04<script>"].concat();
            assert_eq!(check(&hiding, 1000).unwrap().bytes, whole);
        }
        assert_eq!(kind(&[PDF, b"<script>"].concat()), Err(FileProblem::Damaged));
        assert_eq!(kind(&[b"<html>", PDF].concat()), Err(FileProblem::Kind));
        let program = [b"%PDF-1.7\n<</S/JavaScript/JS(app.alert(1))>>", &PDF[9..]].concat();
        assert_eq!(kind(&program), Err(FileProblem::Active));
    }

    #[test]
    fn s11_a_picture_with_a_wrong_checksum_or_no_size_is_not_taken() {
        let mut wrong = picture();
        wrong[17] ^= 1;
        assert_eq!(kind(&wrong), Err(FileProblem::Damaged));
    }
}
