//! Batches of transfers, salaries and bonuses in the records of 120 bytes that Japanese banks
//! exchange, read from the file as it was received.
//!
//! Not responsible for: hashing what is to be signed, which companies may pay from which account,
//! whether a payee's account exists, closing days.
//!
//! What is relied on, from the layouts that banks publish: a header (`1`),
//! data records (`2`), a trailer (`8`) and an end record (`9`, which may be missing), JIS X 0201
//! (code class 0), type codes 21 for transfers, 11 and 71 for salaries and 12 and 72 for bonuses
//! (private and public employers), account types 1, 2, 4 and 9, numbers with zeros in front, texts
//! with blanks behind. Columns behind the amount differ from bank to bank; they must be characters,
//! are signed like all others, and nothing here reads them.
//!
//! The file is fed in pieces of any size ([`Intake`]) or whole ([`parse`]); the work is one pass.

mod batch;
mod columns;
mod fault;
mod intake;
mod names;
mod selection;
mod words;

pub use batch::{AccountType, Batch, BatchKind, Item, MonthDay, PayeeId, Payer};
pub use fault::{Fault, Field, Rule};
pub use intake::{Intake, MAX_RECORDS, parse};
pub use names::NameSet;
pub use selection::{TooManyNew, selection};

/// Bytes of a record.
pub const RECORD: usize = 120;
