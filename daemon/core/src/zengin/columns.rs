//! Reads one record from left to right, field by field.
//!
//! Not responsible for: the order of records, nor what their sums must be.

use super::{
    RECORD,
    batch::AccountType,
    fault::{Fault, Field, Rule},
    names::NameSet,
};
use crate::kana;

/// A place in a record.
pub(super) struct Columns<'a> {
    record: &'a [u8; RECORD],
    number: usize,
    names: &'a NameSet,
    next: usize,
}

impl<'a> Columns<'a> {
    /// Begins behind the first column, which says what kind of record it is.
    pub(super) const fn new(record: &'a [u8; RECORD], number: usize, names: &'a NameSet) -> Self {
        Self { record, number, names, next: 1 }
    }

    /// A number of so many digits.
    pub(super) fn number(&mut self, digits: usize, field: Field) -> Result<u64, Fault> {
        let begin = self.next;
        let bytes = self.take(digits);
        if let Some(place) = bytes.iter().position(|c| !c.is_ascii_digit()) {
            return Err(self.fault(begin + place, field, Rule::Digits));
        }
        Ok(bytes.iter().fold(0, |number, c| number * 10 + u64::from(c - b'0')))
    }

    /// A number that fits the type; the digits see to that.
    pub(super) fn small<T: TryFrom<u64>>(
        &mut self,
        digits: usize,
        field: Field,
    ) -> Result<T, Fault> {
        let begin = self.next;
        let number = self.number(digits, field)?;
        T::try_from(number).map_err(|_| self.fault(begin, field, Rule::Digits))
    }

    /// Digits whose zeros matter.
    pub(super) fn digits(&mut self, digits: usize, field: Field) -> Result<String, Fault> {
        let begin = self.next;
        self.number(digits, field)?;
        let bytes = self.record.get(begin..self.next).unwrap_or_default();
        Ok(bytes.iter().map(|&c| char::from(c)).collect())
    }

    /// A number that may be left blank as a whole.
    pub(super) fn optional_number(&mut self, digits: usize, field: Field) -> Result<(), Fault> {
        let blank = self.record.get(self.next..self.next + digits);
        if blank.is_some_and(|bytes| bytes.iter().all(|&c| c == b' ')) {
            self.take(digits);
            return Ok(());
        }
        self.number(digits, field).map(|_| ())
    }

    /// One of the codes that `known` knows.
    pub(super) fn code<T>(
        &mut self,
        digits: usize,
        field: Field,
        known: impl FnOnce(u8) -> Option<T>,
    ) -> Result<T, Fault> {
        let begin = self.next;
        let code = self.small(digits, field)?;
        known(code).ok_or_else(|| self.fault(begin, field, Rule::Code))
    }

    /// Kind of account.
    pub(super) fn account_type(&mut self) -> Result<AccountType, Fault> {
        self.code(1, Field::AccountType, AccountType::from_digit)
    }

    /// A name, which must be there.
    pub(super) fn name(&mut self, length: usize, field: Field) -> Result<String, Fault> {
        let begin = self.next;
        let name = self.optional_name(length, field)?;
        if name.is_empty() {
            return Err(self.fault(begin, field, Rule::Blank));
        }
        Ok(name)
    }

    /// A name, without the blanks behind it.
    pub(super) fn optional_name(&mut self, length: usize, field: Field) -> Result<String, Fault> {
        let begin = self.next;
        let bytes = self.characters(length, field)?.trim_ascii_end();
        if let Some(place) = bytes.iter().position(|&c| !self.names.contains(c)) {
            return Err(self.fault(begin + place, field, Rule::NameCharacter));
        }
        if bytes.first() == Some(&b' ') {
            return Err(self.fault(begin, field, Rule::Alignment));
        }
        kana::from_jis(bytes).ok_or_else(|| self.fault(begin, field, Rule::Character))
    }

    /// What is left of the record: any characters, read by nobody.
    pub(super) fn rest(&mut self) -> Result<(), Fault> {
        self.characters(RECORD.saturating_sub(self.next), Field::Rest).map(|_| ())
    }

    /// A fault in the field that begins at `index`.
    pub(super) const fn fault(&self, index: usize, field: Field, rule: Rule) -> Fault {
        Fault { record: self.number, column: index + 1, field, rule }
    }

    /// Where the next field begins.
    pub(super) const fn place(&self) -> usize {
        self.next
    }

    fn characters(&mut self, length: usize, field: Field) -> Result<&'a [u8], Fault> {
        let begin = self.next;
        let bytes = self.take(length);
        match bytes.iter().position(|&c| kana::character(c).is_none()) {
            Some(place) => Err(self.fault(begin + place, field, Rule::Character)),
            None => Ok(bytes),
        }
    }

    fn take(&mut self, length: usize) -> &'a [u8] {
        let begin = self.next;
        self.next += length;
        self.record.get(begin..self.next).unwrap_or_default()
    }
}
