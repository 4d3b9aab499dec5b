//! Serials of a batch: the first one, and how the others count on from it.
//!
//! Not responsible for: what a serial may look like elsewhere (`warifu_core::ident`).

use warifu_core::rules;

use crate::batch::BatchError;

/// The serial at an index from 0: the trailing digits of the first count up and keep their width.
pub(crate) fn nth(first: &str, count: u64, index: u64) -> Result<String, BatchError> {
    let (prefix, number) = split(first)?;
    let width = first.len().saturating_sub(prefix.len());
    let digits = number.checked_add(index).ok_or(BatchError::Count)?.to_string();
    if index >= count || digits.len() > width {
        return Err(BatchError::Count);
    }
    Ok(format!("{prefix}{digits:0>width$}"))
}

/// Whether a serial belongs to the batch.
pub(crate) fn contains(first: &str, count: u64, serial: &str) -> bool {
    let Ok((prefix, start)) = split(first) else { return false };
    let own = split(serial).ok().filter(|(own, _)| *own == prefix);
    let same_width = serial.len() == first.len();
    own.is_some_and(|(_, n)| same_width && n.checked_sub(start).is_some_and(|i| i < count))
}

/// The same for camera tokens: nine digits count up, the tenth is their check digit.
pub(crate) fn nth_checked(first: &str, count: u64, index: u64) -> Result<String, BatchError> {
    with_check_digit(&nth(body(first)?, count, index)?).ok_or(BatchError::CameraSerial)
}

/// Whether a camera token's serial belongs to the batch.
pub(crate) fn contains_checked(first: &str, count: u64, serial: &str) -> bool {
    let bodies = body(first).ok().zip(body(serial).ok());
    bodies.is_some_and(|(first, own)| contains(first, count, own))
}

/// The nine digits in front of a right check digit.
fn body(serial: &str) -> Result<&str, BatchError> {
    let digits = serial.len() == 10 && serial.bytes().all(|c| c.is_ascii_digit());
    let body = serial.get(..9).filter(|_| digits && rules::mod_11_10(serial));
    body.ok_or(BatchError::CameraSerial)
}

fn with_check_digit(body: &str) -> Option<String> {
    (0..10).map(|digit| format!("{body}{digit}")).find(|serial| rules::mod_11_10(serial))
}

/// A serial's fixed part and its trailing number; at most 18 digits count.
fn split(serial: &str) -> Result<(&str, u64), BatchError> {
    let prefix = serial.trim_end_matches(|c: char| c.is_ascii_digit());
    let cut = prefix.len().max(serial.len().saturating_sub(18));
    let (prefix, number) = serial.split_at_checked(cut).ok_or(BatchError::Serial)?;
    Ok((prefix, number.parse().map_err(|_| BatchError::Serial)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn camera_serials_keep_their_check_digit() {
        let serials: Vec<_> = (0..12).map(|i| nth_checked("0112345679", 12, i).unwrap()).collect();
        assert_eq!(serials[0], "0112345679");
        assert!(serials.iter().all(|serial| rules::mod_11_10(serial)));
        assert!(serials.iter().all(|serial| contains_checked("0112345679", 12, serial)));
        assert!(serials[11].starts_with("011234578"));
        assert!(!contains_checked("0112345679", 11, &serials[11]));
        assert!(!contains_checked("0112345679", 12, "0112345678"));
    }

    #[test]
    fn a_camera_serial_has_ten_digits_and_fits() {
        for first in ["0112345678", "011234567", "01123456790", "A112345679", ""] {
            assert!(matches!(nth_checked(first, 1, 0), Err(BatchError::CameraSerial)), "{first}");
        }
        assert!(matches!(nth_checked("9999999991", 2, 1), Err(BatchError::Count)));
    }
}
