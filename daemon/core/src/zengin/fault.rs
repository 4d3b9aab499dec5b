//! What is wrong with a file: where it is, which rule it breaks, and what to do.
//!
//! Not responsible for: showing what stands there; names and account numbers are nobody's log.

use std::fmt;

/// The first fault of a file. Nothing of the file was taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{}", self.en())]
pub struct Fault {
    /// Record, counted from 1.
    pub record: usize,
    /// Column in the record, counted from 1; 121 is what separates it from the next one.
    pub column: usize,
    /// The field that begins at or around that column.
    pub field: Field,
    /// The rule that is broken.
    pub rule: Rule,
}

/// A field of a record.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Field {
    /// The record as a whole.
    Record,
    /// What stands between records.
    Separator,
    /// First column: what kind of record it is.
    Kind,
    /// What the batch pays.
    TypeCode,
    /// Character code.
    CodeClass,
    /// The company's code.
    ClientCode,
    /// The payer's name.
    ClientName,
    /// Day of payment.
    Date,
    /// Bank.
    Bank,
    /// Its name.
    BankName,
    /// Branch.
    Branch,
    /// Its name.
    BranchName,
    /// Clearing house.
    ClearingHouse,
    /// Kind of account.
    AccountType,
    /// Account number.
    Account,
    /// The payee's name.
    PayeeName,
    /// Amount.
    Amount,
    /// Number of data records.
    Count,
    /// Total of the amounts.
    Total,
    /// The columns behind the last one that is read.
    Rest,
}

/// A rule of the format.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Rule {
    /// A record is shorter or longer than 120 bytes.
    Length,
    /// Records are not separated alike.
    Separator,
    /// A record that may not stand here.
    Order,
    /// The file ends before the trailer.
    Incomplete,
    /// Something stands behind the end.
    BehindEnd,
    /// No data record.
    Empty,
    /// More records than a batch may have.
    TooMany,
    /// Not digits throughout.
    Digits,
    /// A byte that is no half-width character.
    Character,
    /// A character that names may not have.
    NameCharacter,
    /// A text that begins with a blank.
    Alignment,
    /// A text that must not be blank.
    Blank,
    /// An unknown code.
    Code,
    /// No such day.
    Day,
    /// An amount of 0.
    Zero,
    /// Not the number of data records.
    Count,
    /// Not the total of the amounts.
    Total,
}

impl Fault {
    /// Where it is, the rule and what to do, in English.
    pub fn en(&self) -> String {
        let Self { record, column, field, rule } = self;
        let [_, field, _] = field.texts();
        let (broken, todo) = (rule.broken_en(), rule.todo_en());
        format!("record {record}, column {column}, {field}: {broken}; {todo}")
    }

    /// Where it is, the rule and what to do, in Japanese.
    pub fn ja(&self) -> String {
        let Self { record, column, field, rule } = self;
        let [_, _, field] = field.texts();
        let (broken, todo) = (rule.broken_ja(), rule.todo_ja());
        format!("{record}レコード目 {column}桁目 {field}: {broken}。{todo}")
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [_, english, _] = self.texts();
        f.write_str(english)
    }
}
