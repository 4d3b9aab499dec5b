//! The host's memory: values out of it and back into it, in the ways that the standard has for that.
//!
//! What the host hands over is copied before anybody looks at it, so that another thread of the host
//! can not change it in between. No address need be aligned: hosts pack their structures as they like.
//! Nothing here asks the system for anything, so all of it runs under an interpreter that checks it.
//!
//! Not responsible for what the values mean.

pub(super) mod attribute;
pub(super) mod mechanism;
pub(super) mod start;

use std::{ptr::NonNull, slice};

use cryptoki_sys::{CK_BYTE, CK_ULONG, CK_UTF8CHAR, CK_VERSION};
use zeroize::Zeroizing;

use crate::{
    fault::{Fault, Outcome},
    rv::Rv,
};

/// Most bytes of one value; fewer under an interpreter, which takes minutes to wipe so many.
pub(super) const MOST_BYTES: usize = if cfg!(miri) { 1 << 12 } else { 1 << 20 };

/// No program has memory in the first page; a number there was taken for a pointer.
const FIRST_PAGE: usize = 4_096;

/// What can be wrong with a pointer and its length.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Flaw {
    /// No pointer, but a length; or no pointer where there must be one.
    Missing,
    /// Longer than anything of its kind.
    TooLong,
}

impl From<Flaw> for Fault {
    fn from(flaw: Flaw) -> Self {
        match flaw {
            Flaw::Missing => Self::new(Rv::ArgumentsBad, "a pointer is missing"),
            Flaw::TooLong => Self::new(Rv::ArgumentsBad, "a length is beyond all limits"),
        }
    }
}

/// One value.
///
/// # Safety
/// `at` is NULL or points to a value.
pub(super) unsafe fn value<T: Copy>(at: *const T) -> Result<T, Flaw> {
    let at = NonNull::new(at.cast_mut()).ok_or(Flaw::Missing)?;
    // SAFETY: it points to a value, as the caller says.
    Ok(unsafe { at.read_unaligned() })
}

/// Values in a row. No pointer and no count are none.
///
/// # Safety
/// `at` is NULL or points to `count` values.
pub(super) unsafe fn values<T: Copy>(
    at: *const T,
    count: CK_ULONG,
    most: usize,
) -> Result<Vec<T>, Flaw> {
    let count = length(at, count, most)?;
    // SAFETY: each of them is one of the values that the caller says are there.
    let value = |index| unsafe { at.wrapping_add(index).read_unaligned() };
    Ok((0..count).map(value).collect())
}

/// Bytes, which may be a secret. No pointer and no length are no bytes.
///
/// # Safety
/// `at` is NULL or points to `length` bytes.
pub(super) unsafe fn bytes(
    at: *const CK_BYTE,
    length: CK_ULONG,
    most: usize,
) -> Result<Zeroizing<Vec<u8>>, Flaw> {
    let length = self::length(at, length, most)?;
    if length == 0 {
        return Ok(Zeroizing::default());
    }
    // SAFETY: `at` is not NULL, for there is a length, and points to so many bytes.
    let bytes = unsafe { slice::from_raw_parts(at, length) };
    Ok(Zeroizing::new(bytes.to_vec()))
}

/// The bytes in front of the first zero.
///
/// # Safety
/// `at` is NULL, or points to bytes of which one is zero.
pub(super) unsafe fn terminated(at: *const CK_BYTE, most: usize) -> Result<Vec<u8>, Flaw> {
    if at.addr() < FIRST_PAGE {
        return Err(Flaw::Missing);
    }
    // SAFETY: all bytes up to the first zero are there, and no further one is read.
    let byte = |index| unsafe { at.wrapping_add(index).read() };
    let text: Vec<u8> = (0..=most).map(byte).take_while(|byte| *byte != 0).collect();
    if text.len() > most { Err(Flaw::TooLong) } else { Ok(text) }
}

fn length<T>(at: *const T, length: CK_ULONG, most: usize) -> Result<usize, Flaw> {
    if at.is_null() && length != 0 {
        return Err(Flaw::Missing);
    }
    usize::try_from(length).ok().filter(|length| *length <= most).ok_or(Flaw::TooLong)
}

/// A place for one value.
pub(super) struct Place<T>(NonNull<T>);

impl<T: Copy> Place<T> {
    /// # Safety
    /// `at` is NULL, or a value may be written there as long as the place exists.
    pub(super) unsafe fn new(at: *mut T) -> Result<Self, Flaw> {
        NonNull::new(at).map(Self).ok_or(Flaw::Missing)
    }

    pub(super) fn put(&self, value: T) {
        // SAFETY: whoever made the place says that it may be written to.
        unsafe { self.0.write_unaligned(value) };
    }
}

/// A place for values in a row.
pub(super) struct Row<T> {
    at: *mut T,
    room: usize,
}

impl<T: Copy> Row<T> {
    /// # Safety
    /// `at` is NULL, or `room` values may be written there as long as the row exists.
    pub(super) unsafe fn new(at: *mut T, room: CK_ULONG) -> Result<Self, Flaw> {
        let room = length(at, room, usize::MAX)?;
        Ok(Self { at, room })
    }

    pub(super) fn room(&self) -> usize {
        self.room
    }

    /// Writes as many of the values as there is room for, and says how many those were.
    pub(super) fn put(&self, values: &[T]) -> CK_ULONG {
        let fitting = values.iter().take(self.room);
        fitting.enumerate().fold(0, |written, (index, value)| {
            // SAFETY: the index is below the room that whoever made the row says is there.
            unsafe { self.at.wrapping_add(index).write_unaligned(*value) };
            written + 1
        })
    }
}

/// A place for values whose number the host may not know yet: the convention of PKCS#11 v3.1 s.5.2.
pub(super) struct Buffer<T> {
    /// None: the host asks for the size.
    row: Option<Row<T>>,
    size: Place<CK_ULONG>,
}

impl<T: Copy> Buffer<T> {
    /// # Safety
    /// `size` is NULL or points to a number that may be written, too, and need not mean anything where
    /// `at` is NULL; else as many values as it says may be written there. Both as long as the buffer
    /// exists.
    pub(super) unsafe fn new(at: *mut T, size: *mut CK_ULONG) -> Result<Self, Flaw> {
        // SAFETY: NULL or a number that may be written, as the caller says.
        let place = unsafe { Place::new(size) }?;
        if at.is_null() {
            return Ok(Self { row: None, size: place });
        }
        // SAFETY: NULL or a number, as the caller says.
        let room = unsafe { value(size) }?;
        // SAFETY: there is room for so many values, as the caller says.
        let row = unsafe { Row::new(at, room) }?;
        Ok(Self { row: Some(row), size: place })
    }

    /// Writes all the values, if there is room for them, and how many they are either way.
    pub(super) fn fill(&self, values: &[T]) -> Outcome<()> {
        self.size.put(values.len() as CK_ULONG);
        match &self.row {
            None => Ok(()),
            Some(row) if row.room < values.len() => Err(Rv::BufferTooSmall.into()),
            Some(row) => {
                row.put(values);
                Ok(())
            }
        }
    }
}

/// A text as the standard's structures have it: filled up with blanks and without a zero at the end,
/// cut between two characters where it is too long.
pub(super) fn padded<const N: usize>(text: &str) -> [CK_UTF8CHAR; N] {
    let end = (0..=N.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    let kept = text.bytes().take(end.unwrap_or_default());
    let mut field = [b' '; N];
    for (place, byte) in field.iter_mut().zip(kept) {
        *place = byte;
    }
    field
}

/// A version.
pub(super) const fn version(major: u8, minor: u8) -> CK_VERSION {
    CK_VERSION { major, minor }
}

#[cfg(test)]
pub(super) mod tests;
