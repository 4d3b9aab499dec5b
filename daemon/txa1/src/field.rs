//! What stands in a message, each as a type that can not be wrong: amounts, dates, accounts, names.
//!
//! Not responsible for: a bank's own limits on them, which are rules of its profile.

mod number;
mod text;

use std::fmt;

pub use self::{
    number::{AccountNumber, AccountType, Bank, Branch, TokenCode},
    text::{AdminText, JisName, LoginId, TextFault},
};
use crate::bcd;

macro_rules! amount {
    ($(#[$doc:meta])* $name:ident, $number:ty, $bytes:literal, $max:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name($number);

        impl $name {
            /// The most.
            pub const MAX: $number = $max;

            /// `None` for zero and above [`Self::MAX`].
            pub fn new(number: $number) -> Option<Self> {
                (1..=Self::MAX).contains(&number).then_some(Self(number))
            }

            /// The number.
            pub const fn get(self) -> $number {
                self.0
            }

            pub(crate) fn bytes(self) -> [u8; $bytes] {
                self.0.to_be_bytes().last_chunk().copied().unwrap_or_default()
            }

            pub(crate) fn from_bytes(bytes: [u8; $bytes]) -> Option<Self> {
                let sum = |sum: $number, byte| sum << 8 | <$number>::from(byte);
                Self::new(bytes.into_iter().fold(0, sum))
            }
        }

        /// With commas, as people read numbers.
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let digits = self.0.to_string();
                for (place, digit) in (0..digits.len()).rev().zip(digits.chars()) {
                    write!(f, "{digit}{}", if place > 0 && place % 3 == 0 { "," } else { "" })?;
                }
                Ok(())
            }
        }
    };
}

amount!(
    /// Amount of one payment in yen: ten digits, as payment files have.
    Yen, u64, 5, 9_999_999_999
);
amount!(
    /// Total of a batch in yen. It may exceed [`Yen::MAX`]: payment files have twelve digits for it,
    /// and so does the five-byte field, which would hold 1,099,511,627,775.
    Total, u64, 5, 999_999_999_999
);
amount!(
    /// Payments in a batch: six digits, as payment files have.
    Count, u32, 3, 999_999
);

/// A day of the calendar, years 1 to 9999.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// `None` for a day that the calendar does not have.
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let fits = (1..=9999).contains(&year) && (1..=days(year, month)).contains(&day);
        fits.then_some(Self { year, month, day })
    }

    /// Year, month and day.
    pub const fn parts(self) -> (u16, u8, u8) {
        (self.year, self.month, self.day)
    }

    pub(crate) fn bytes(self) -> [u8; 4] {
        let (year, month, day) = (u64::from(self.year), self.month, self.day);
        bcd::pack(year * 10_000 + u64::from(month) * 100 + u64::from(day))
    }

    pub(crate) fn from_bytes(bytes: [u8; 4]) -> Option<Self> {
        let [century, year, month, day] = bytes;
        let part = |bytes: &[u8]| bcd::number(bytes).and_then(|part| u16::try_from(part).ok());
        let narrow = |byte| u8::try_from(part(&[byte])?).ok();
        Self::new(part(&[century, year])?, narrow(month)?, narrow(day)?)
    }
}

/// ISO 8601.
impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// Days of a month; 0 where there is no such month.
fn days(year: u16, month: u8) -> u8 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u8::from(leap),
        _ => 0,
    }
}

/// Whose money goes out: an account at the bank that sends the message.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Payer {
    /// The branch.
    pub branch: Branch,
    /// Type of the account.
    pub account_type: AccountType,
    /// The account.
    pub account: AccountNumber,
}

impl Payer {
    pub(crate) const LEN: usize = 7;

    pub(crate) fn bytes(self) -> Vec<u8> {
        let branch = bcd::pack::<2>(self.branch.get().into());
        let account = bcd::pack::<4>(self.account.get().into());
        [branch.as_slice(), &[self.account_type.get()], &account].concat()
    }

    pub(crate) fn from_bytes(bytes: [u8; Self::LEN]) -> Option<Self> {
        let [a, b, account_type, account @ ..] = bytes;
        let branch = u16::try_from(bcd::number(&[a, b])?).ok()?;
        let account = u32::try_from(bcd::number(&account)?).ok()?;
        Some(Self {
            branch: Branch::new(branch)?,
            account_type: AccountType::new(account_type)?,
            account: AccountNumber::new(account)?,
        })
    }
}

impl fmt::Display for Payer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.branch, self.account_type, self.account)
    }
}

/// Where money goes: an account at any bank.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Payee {
    /// The bank.
    pub bank: Bank,
    /// The branch.
    pub branch: Branch,
    /// Type of the account.
    pub account_type: AccountType,
    /// The account.
    pub account: AccountNumber,
}

impl Payee {
    pub(crate) const LEN: usize = 2 + Payer::LEN;

    pub(crate) fn bytes(self) -> Vec<u8> {
        let Self { bank, branch, account_type, account } = self;
        let rest = Payer { branch, account_type, account };
        [bcd::pack::<2>(bank.get().into()).as_slice(), &rest.bytes()].concat()
    }

    pub(crate) fn from_bytes(bytes: [u8; Self::LEN]) -> Option<Self> {
        let [a, b, rest @ ..] = bytes;
        let bank = u16::try_from(bcd::number(&[a, b])?).ok()?;
        let Payer { branch, account_type, account } = Payer::from_bytes(rest)?;
        Some(Self { bank: Bank::new(bank)?, branch, account_type, account })
    }
}

impl fmt::Display for Payee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}-{}", self.bank, self.branch, self.account_type, self.account)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_commas_and_bounds() {
        for (yen, text) in [(1, "1"), (999, "999"), (1000, "1,000"), (1_250_000, "1,250,000")] {
            assert_eq!(Yen::new(yen).unwrap().to_string(), text);
        }
        assert_eq!(Yen::new(0), None);
        assert_eq!(Yen::new(10_000_000_000), None);
        assert!(Total::new(10_000_000_000).is_some());
        assert_eq!(Total::from_bytes([0xFF; 5]), None);
        assert_eq!(Count::new(1_000_000), None);
        assert_eq!(Count::from_bytes(Count::new(999_999).unwrap().bytes()), Count::new(999_999));
    }

    #[test]
    fn only_days_of_the_calendar_are_dates() {
        assert_eq!(Date::new(2025, 11, 28).unwrap().bytes(), [0x20, 0x25, 0x11, 0x28]);
        assert!(Date::new(2024, 2, 29).is_some() && Date::new(2000, 2, 29).is_some());
        for (year, month, day) in [(2025, 2, 29), (1900, 2, 29), (2025, 4, 31), (2025, 13, 1)] {
            assert_eq!(Date::new(year, month, day), None);
        }
        assert_eq!(Date::new(2025, 0, 1).or(Date::new(2025, 1, 0)).or(Date::new(0, 1, 1)), None);
        assert_eq!(Date::from_bytes([0x20, 0x25, 0x1A, 0x28]), None);
    }

    #[test]
    fn accounts_use_no_digit_beyond_their_width() {
        let payer = [0x00, 0x11, 0x01, 0x00, 0x01, 0x23, 0x45];
        assert_eq!(Payer::from_bytes(payer).unwrap().to_string(), "011-1-0012345");
        assert_eq!(Payer::from_bytes([0x10, 0x11, 0x01, 0x00, 0x01, 0x23, 0x45]), None);
        assert_eq!(Payer::from_bytes([0x00, 0x11, 0x01, 0x10, 0x01, 0x23, 0x45]), None);
        assert_eq!(Payer::from_bytes([0x00, 0x11, 0x00, 0x00, 0x01, 0x23, 0x45]), None);
    }
}
