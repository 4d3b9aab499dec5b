//! openpgp: skeleton.

use std::io::BufRead;

use crate::seedfile::code::Code;
use crate::seedfile::options::ReadOptions;
use crate::seedfile::reader::Reader;
use crate::seedfile::refusal::Refusal;

/// Opens a file of this format.
pub(in crate::seedfile) fn open<'a>(
    input: impl BufRead + Send + 'a,
    options: ReadOptions,
) -> Result<Box<dyn Reader + Send + 'a>, Refusal> {
    drop((input, options));
    Err(Refusal::new(Code::Format, "file", "this format is not read yet"))
}
