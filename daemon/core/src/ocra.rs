//! OCRA (RFC 6287): what a suite means, and the bytes that a token and the bank each run an HMAC
//! over.
//!
//! Not responsible for: the HMAC, which is an HSM key in production and software in the vector
//! tests; the server's own challenges and their single use; windows of counters and time steps.
//!
//! The standard is ambiguous where two readers can disagree about a byte. Each such place is decided
//! here, mostly by refusing: a code that two programs compute differently is an outage, and two
//! inputs with one code are a forgery. Suites of other makers are read with [`Suite::parse`] and
//! judged by [`Suite::advice`]; the suites of our own keypad tokens and their questions, of which no
//! two share a code, are in [`keypad`].

mod advice;
mod input;
pub mod keypad;
mod question;
mod response;
mod suite;

pub use advice::SuiteWarning;
pub use input::{InputFault, Inputs, Part};
pub use question::{Question, QuestionFault, QuestionFormat, QuestionKind};
pub use response::Response;
pub use suite::{Suite, SuiteFault};
