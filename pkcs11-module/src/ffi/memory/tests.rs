//! Tests of what the other conversions are made of: lengths, addresses, buffers, texts.
//!
//! Not responsible for structures of the standard, which are tested beside their conversions.

use std::ptr;

use cryptoki_sys::CK_VERSION;

use super::*;

/// Something at an odd address.
#[repr(C, packed)]
pub(super) struct Odd<T: Copy> {
    shift: u8,
    inner: T,
}

impl<T: Copy> Odd<T> {
    pub(super) fn new(inner: T) -> Self {
        Self { shift: 0, inner }
    }

    pub(super) fn at(&mut self) -> *mut T {
        &raw mut self.inner
    }

    pub(super) fn inner(&self) -> T {
        self.inner
    }
}

#[test]
fn a_value_is_read_at_any_address() {
    let mut odd = Odd::new(0x0102_0304_0506_0708_u64);
    // SAFETY: it points to a value.
    assert_eq!(unsafe { value(odd.at()) }, Ok(0x0102_0304_0506_0708));
    // SAFETY: NULL is allowed.
    assert_eq!(unsafe { value(ptr::null::<u64>()) }, Err(Flaw::Missing));
}

#[test]
fn values_are_as_many_as_are_said_and_allowed() {
    let mut odd = Odd::new([1_u64, 2, 3]);
    let at = odd.at().cast::<u64>();
    // SAFETY: there are three values.
    assert_eq!(unsafe { values(at, 3, 3) }, Ok(vec![1, 2, 3]));
    // SAFETY: two of three.
    assert_eq!(unsafe { values(at, 2, 3) }, Ok(vec![1, 2]));
    // SAFETY: none of three.
    assert_eq!(unsafe { values(at, 0, 3) }, Ok(vec![]));
    for huge in [4, CK_ULONG::MAX / 8, CK_ULONG::MAX] {
        // SAFETY: beyond the limit nothing is read.
        assert_eq!(unsafe { values(at, huge, 3) }, Err(Flaw::TooLong));
    }
}

#[test]
fn nothing_is_no_values_and_no_bytes() {
    let nowhere = ptr::null::<u64>();
    // SAFETY: NULL is allowed.
    assert_eq!(unsafe { values(nowhere, 0, 3) }, Ok(vec![]));
    // SAFETY: NULL is allowed.
    assert_eq!(unsafe { values(nowhere, 1, 3) }, Err(Flaw::Missing));
    // SAFETY: NULL is allowed.
    let none = unsafe { bytes(ptr::null(), 0, 3) };
    assert!(none.is_ok_and(|none| none.is_empty()));
    // SAFETY: NULL is allowed.
    let missing = unsafe { bytes(ptr::null(), CK_ULONG::MAX, 3) };
    assert_eq!(missing, Err(Flaw::Missing));
}

#[test]
fn bytes_keep_their_zeros() {
    let given = [0, 1, 0, 2, 0];
    // SAFETY: there are five bytes.
    let read = unsafe { bytes(given.as_ptr(), 5, 5) };
    assert_eq!(read.as_deref(), Ok(&given.to_vec()));
    // SAFETY: beyond the limit nothing is read.
    assert_eq!(unsafe { bytes(given.as_ptr(), 6, 5) }, Err(Flaw::TooLong));
    // SAFETY: beyond the limit nothing is read.
    assert_eq!(unsafe { bytes(given.as_ptr(), CK_ULONG::MAX, 5) }, Err(Flaw::TooLong));
}

/// The text with a limit of four bytes, of which five are there or a zero is among them.
fn text(given: &[u8]) -> Result<Vec<u8>, Flaw> {
    assert!(given.len() > 4 || given.contains(&0));
    // SAFETY: not more is read than is there.
    unsafe { terminated(given.as_ptr(), 4) }
}

#[test]
fn a_text_ends_before_its_first_zero() {
    assert_eq!(text(b"ab\0cd\0"), Ok(b"ab".to_vec()));
    assert_eq!(text(b"\0"), Ok(vec![]));
    assert_eq!(text(b"abcd\0"), Ok(b"abcd".to_vec()));
    assert_eq!(text(b"abcde"), Err(Flaw::TooLong));
}

#[test]
fn a_number_in_place_of_a_pointer_is_not_followed() {
    for number in [0, 1, 4_095] {
        // SAFETY: no such address is read.
        let refused = unsafe { terminated(ptr::without_provenance(number), 8) };
        assert_eq!(refused, Err(Flaw::Missing));
    }
}

#[test]
fn a_place_is_written_at_any_address() {
    let mut odd = Odd::new(CK_VERSION { major: 0, minor: 0 });
    // SAFETY: a value may be written there.
    let place = unsafe { Place::new(odd.at()) }.unwrap();
    place.put(version(2, 40));
    assert_eq!((odd.inner().major, odd.inner().minor), (2, 40));
    // SAFETY: NULL is allowed.
    assert!(unsafe { Place::new(ptr::null_mut::<u64>()) }.is_err());
}

#[test]
fn a_row_takes_what_it_has_room_for() {
    let mut odd = Odd::new([7_u64; 3]);
    // SAFETY: two of three values may be written.
    let row = unsafe { Row::new(odd.at().cast::<u64>(), 2) }.unwrap();
    assert_eq!((row.room(), row.put(&[1, 2, 3])), (2, 2));
    assert_eq!(odd.inner(), [1, 2, 7]);
    // SAFETY: NULL is allowed.
    let nothing = unsafe { Row::new(ptr::null_mut::<u64>(), 0) }.unwrap();
    assert_eq!(nothing.put(&[1]), 0);
    // SAFETY: NULL is allowed.
    assert!(unsafe { Row::new(ptr::null_mut::<u64>(), 1) }.is_err());
}

/// What came of a buffer of `N` values with a size that the host said, when two values were put in.
fn filled<const N: usize>(said: CK_ULONG) -> (Result<(), Rv>, [u64; N], CK_ULONG) {
    let (mut row, mut size) = (Odd::new([9_u64; N]), Odd::new(said));
    // SAFETY: the tests say sizes that are there.
    let buffer = unsafe { Buffer::new(row.at().cast::<u64>(), size.at()) }.unwrap();
    let outcome = buffer.fill(&[1, 2]).map_err(|fault| fault.rv);
    (outcome, row.inner(), size.inner())
}

#[test]
fn a_buffer_is_filled_if_it_is_large_enough() {
    assert_eq!(filled::<2>(2), (Ok(()), [1, 2], 2));
    assert_eq!(filled::<3>(3), (Ok(()), [1, 2, 9], 2));
    assert_eq!(filled::<2>(1), (Err(Rv::BufferTooSmall), [9, 9], 2));
    assert_eq!(filled::<1>(0), (Err(Rv::BufferTooSmall), [9], 2));
    assert_eq!(filled::<2>(CK_ULONG::MAX), (Ok(()), [1, 2], 2));
}

#[test]
fn without_a_buffer_its_size_is_told() {
    let mut size = CK_ULONG::MAX;
    // SAFETY: NULL is allowed, and the size may be written.
    let buffer = unsafe { Buffer::new(ptr::null_mut::<u64>(), &raw mut size) }.unwrap();
    assert!(buffer.fill(&[1, 2, 3]).is_ok());
    assert_eq!(size, 3);
    let mut value = 0_u64;
    // SAFETY: NULL is allowed.
    assert!(unsafe { Buffer::new(&raw mut value, ptr::null_mut()) }.is_err());
}

#[test]
fn an_empty_answer_fits_into_any_buffer() {
    let (mut value, mut size) = (9_u64, 0);
    // SAFETY: no value may be written, and the size may.
    let buffer = unsafe { Buffer::new(&raw mut value, &raw mut size) }.unwrap();
    assert!(buffer.fill(&[]).is_ok());
    assert_eq!((value, size), (9, 0));
}

#[test]
fn a_text_is_padded_and_cut_between_characters() {
    assert_eq!(&padded::<4>("ab"), b"ab  ");
    assert_eq!(&padded::<2>("ab"), b"ab");
    assert_eq!(&padded::<2>("abc"), b"ab");
    assert_eq!(&padded::<4>(""), b"    ");
    assert_eq!(&padded::<4>("銀行"), "銀 ".as_bytes());
    assert_eq!(&padded::<2>("銀行"), b"  ");
    assert_eq!(&padded::<0>("ab"), b"");
}
