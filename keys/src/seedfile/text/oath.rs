//! oath: skeleton.

use std::io::BufRead;

use crate::seedfile::code::Code;
use crate::seedfile::options::ReadOptions;
use crate::seedfile::reader::Reader;
use crate::seedfile::refusal::Refusal;

/// Whose CSV it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::seedfile) enum Dialect {
    /// privacyIDEA.
    PrivacyIdea,
    /// LinOTP.
    LinOtp,
    /// NetIQ.
    NetIq,
}

/// Opens a file of this format.
pub(in crate::seedfile) fn open<'a>(
    dialect: Dialect,
    input: impl BufRead + Send + 'a,
    options: ReadOptions,
) -> Result<Box<dyn Reader + Send + 'a>, Refusal> {
    drop((input, options, dialect));
    Err(Refusal::new(Code::Format, "file", "this format is not read yet"))
}
