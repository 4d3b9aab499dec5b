//! What a batch says once it is read.
//!
//! Not responsible for: the columns it stands in.

use std::fmt;

use jiff::civil::Date;

/// A batch whose trailer agrees with its records.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Batch {
    /// What it pays.
    pub kind: BatchKind,
    /// The type code as written: 11, 12, 21, 71 or 72.
    pub type_code: u8,
    /// The code that the bank gave the company: 10 digits.
    pub client_code: String,
    /// Who pays, from which account.
    pub payer: Payer,
    /// The day of payment, without its year.
    pub date: MonthDay,
    /// The payments, in the order of the file; at least one.
    pub items: Vec<Item>,
    /// Number of items, counted; the trailer says the same.
    pub count: u32,
    /// Yen altogether, added up; the trailer says the same.
    pub total: u64,
    /// Header, data and trailer records as received, joined without what separated them: what is
    /// hashed, behind the label that the token's protocol puts in front.
    pub signed: Vec<u8>,
}

/// What a batch pays.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum BatchKind {
    /// 総合振込.
    Transfer,
    /// 給与振込.
    Salary,
    /// 賞与振込.
    Bonus,
}

/// The account that is debited.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Payer {
    /// Name in half-width kana, without the blanks behind it.
    pub name: String,
    /// Bank, 4 digits.
    pub bank: u16,
    /// Its name, or nothing.
    pub bank_name: String,
    /// Branch, 3 digits.
    pub branch: u16,
    /// Its name, or nothing.
    pub branch_name: String,
    /// Kind of account.
    pub account_type: AccountType,
    /// Account, 7 digits.
    pub account: u32,
}

/// One payment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Item {
    /// Bank, 4 digits.
    pub bank: u16,
    /// Branch, 3 digits.
    pub branch: u16,
    /// Kind of account.
    pub account_type: AccountType,
    /// Account, 7 digits.
    pub account: u32,
    /// The payee's name in half-width kana, without the blanks behind it; never empty.
    pub name: String,
    /// Yen, at least 1.
    pub amount: u64,
}

/// An account that money goes to. The name is no part of it: money follows the number.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct PayeeId {
    /// Bank, 4 digits.
    pub bank: u16,
    /// Branch, 3 digits.
    pub branch: u16,
    /// Kind of account.
    pub account_type: AccountType,
    /// Account, 7 digits.
    pub account: u32,
}

/// Kind of account.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum AccountType {
    /// 普通, 1.
    Ordinary,
    /// 当座, 2.
    Current,
    /// 貯蓄, 4.
    Savings,
    /// その他, 9.
    Other,
}

/// A day of some year; 29 February is one.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct MonthDay {
    month: i8,
    day: i8,
}

impl BatchKind {
    /// The kind that a type code names.
    pub const fn of_type_code(code: u8) -> Option<Self> {
        match code {
            21 => Some(Self::Transfer),
            11 | 71 => Some(Self::Salary),
            12 | 72 => Some(Self::Bonus),
            _ => None,
        }
    }
}

impl Item {
    /// Where the money goes.
    pub const fn payee(&self) -> PayeeId {
        PayeeId {
            bank: self.bank,
            branch: self.branch,
            account_type: self.account_type,
            account: self.account,
        }
    }
}

impl AccountType {
    /// The digit that stands for it.
    pub const fn digit(self) -> u8 {
        match self {
            Self::Ordinary => 1,
            Self::Current => 2,
            Self::Savings => 4,
            Self::Other => 9,
        }
    }

    /// Reads [`Self::digit`].
    pub const fn from_digit(digit: u8) -> Option<Self> {
        match digit {
            1 => Some(Self::Ordinary),
            2 => Some(Self::Current),
            4 => Some(Self::Savings),
            9 => Some(Self::Other),
            _ => None,
        }
    }
}

/// `0138-201-1-1234567`, as on the display of a token.
impl fmt::Display for PayeeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digit = self.account_type.digit();
        write!(f, "{:04}-{:03}-{digit}-{:07}", self.bank, self.branch, self.account)
    }
}

impl MonthDay {
    /// `None` where no year has such a day.
    pub fn new(month: i8, day: i8) -> Option<Self> {
        const LEAP_YEAR: i16 = 2000;
        Date::new(LEAP_YEAR, month, day).is_ok().then_some(Self { month, day })
    }

    /// 1 to 12.
    pub const fn month(self) -> i8 {
        self.month
    }

    /// 1 to 31.
    pub const fn day(self) -> i8 {
        self.day
    }

    /// The next such day, `today` included: the file leaves the year to the reader. `None` for a
    /// 29 February that neither this year nor the next one has.
    pub fn next_from(self, today: Date) -> Option<Date> {
        [today.year(), today.year().saturating_add(1)]
            .into_iter()
            .filter_map(|year| Date::new(year, self.month, self.day).ok())
            .find(|date| *date >= today)
    }
}
