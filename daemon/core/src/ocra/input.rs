//! The data input: the bytes under the HMAC (RFC 6287 s.5.1).
//!
//! Not responsible for: which counters and time steps are tried.

use std::fmt;

use thiserror::Error;

use super::{
    question::{Question, QuestionFault},
    suite::Suite,
};
use crate::oath::HashAlgorithm;

/// What goes into one computation. Everything that the suite names is given, and nothing else.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    /// C: the token's counter, a number of 8 bytes that goes from 2^64-1 back to 0. The RFC's
    /// reference code takes it as hexadecimal text; its prose, which says a number, decides.
    pub counter: Option<u64>,
    /// Q.
    pub question: Question<'a>,
    /// P: the hash of the PIN.
    pub pin_hash: Option<&'a [u8]>,
    /// S: the session, exactly as many bytes as the suite names.
    pub session: Option<&'a [u8]>,
    /// T: the number of whole time steps since 1970.
    pub time_steps: Option<u64>,
}

/// One of the inputs beside the question.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Part {
    /// C.
    Counter,
    /// P.
    Pin,
    /// S.
    Session,
    /// T.
    Time,
}

/// Why there is no data input. Nothing was computed, and the token's state is as it was.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum InputFault {
    /// The suite names this input, and it was not given.
    #[error("the suite needs the {0}")]
    Missing(Part),
    /// The suite does not have this input.
    #[error("the suite does not have the {0}")]
    Unexpected(Part),
    /// It has not exactly the length that the suite names. Programs fill shorter ones on the left,
    /// on the right or not at all.
    #[error("the {0} does not have exactly the length that the suite names")]
    Length(Part),
    /// The question does not fit.
    #[error(transparent)]
    Question(#[from] QuestionFault),
}

impl Suite {
    /// `suite | 00 | C | Q | P | S | T`, without the parts that the suite does not have.
    pub fn data_input(&self, inputs: &Inputs<'_>) -> Result<Vec<u8>, InputFault> {
        let mut data = Vec::with_capacity(self.text().len() + 1024);
        data.extend_from_slice(self.text().as_bytes());
        data.push(0);
        if let Some(counter) = wanted(Part::Counter, self.counter(), inputs.counter)? {
            data.extend_from_slice(&counter.to_be_bytes());
        }
        data.extend_from_slice(&self.question().field(inputs.question)?);
        let length = self.pin().map(HashAlgorithm::mac_len);
        append(&mut data, Part::Pin, length, inputs.pin_hash)?;
        append(&mut data, Part::Session, self.session().map(usize::from), inputs.session)?;
        if let Some(steps) = wanted(Part::Time, self.step_s().is_some(), inputs.time_steps)? {
            data.extend_from_slice(&steps.to_be_bytes());
        }
        Ok(data)
    }
}

impl<'a> Inputs<'a> {
    /// A question and nothing else.
    pub fn of(question: impl Into<Question<'a>>) -> Self {
        let question = question.into();
        Self { counter: None, question, pin_hash: None, session: None, time_steps: None }
    }
}

/// The hash of a PIN is as good as the PIN, so it is never printed.
impl fmt::Debug for Inputs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inputs")
            .field("counter", &self.counter)
            .field("question", &self.question)
            .field("pin_hash", &self.pin_hash.map(|_| "..."))
            .field("session", &self.session.map(<[u8]>::len))
            .field("time_steps", &self.time_steps)
            .finish()
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Counter => "counter",
            Self::Pin => "hash of the PIN",
            Self::Session => "session",
            Self::Time => "time",
        })
    }
}

fn wanted<T>(part: Part, named: bool, given: Option<T>) -> Result<Option<T>, InputFault> {
    match (named, given) {
        (true, None) => Err(InputFault::Missing(part)),
        (false, Some(_)) => Err(InputFault::Unexpected(part)),
        (_, given) => Ok(given),
    }
}

fn append(
    data: &mut Vec<u8>,
    part: Part,
    length: Option<usize>,
    given: Option<&[u8]>,
) -> Result<(), InputFault> {
    let Some(bytes) = wanted(part, length.is_some(), given)? else { return Ok(()) };
    if length != Some(bytes.len()) {
        return Err(InputFault::Length(part));
    }
    data.extend_from_slice(bytes);
    Ok(())
}
