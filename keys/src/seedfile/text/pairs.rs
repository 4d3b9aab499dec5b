//! Lists of `serial secret`, blanks between: what Feitian's and DPW's have in common.
//!
//! Not responsible for what either assumes of the tokens.

use super::batch::Batch;
use super::column;
use super::lines::Line;
use super::row::{Defaults, Draft};
use super::rows::Form;
use crate::seedfile::code::Code;
use crate::seedfile::options::{ReadOptions, SecretEncoding};
use crate::seedfile::refusal::Refusal;

/// A list of pairs.
pub(super) struct Pairs {
    /// How its secrets are written.
    pub(super) encoding: SecretEncoding,
    /// What its format documents.
    pub(super) defaults: Defaults,
}

impl Form for Pairs {
    fn line(
        &mut self,
        line: &Line<'_>,
        options: &ReadOptions,
        batch: &mut Batch,
    ) -> Result<(), Refusal> {
        let mut parts = line.text.split_ascii_whitespace();
        let Some(serial) = parts.next() else { return Ok(()) };
        let mut draft = Draft::new(line.position());
        draft.serial(serial, "serial");
        let (secret, more) = (parts.next(), parts.next());
        let row = if let (Some(secret), None) = (secret, more) {
            draft.encoded(secret, self.encoding, "seed");
            draft.finish(options, &self.defaults)
        } else {
            draft.refuse(Refusal::new(Code::Columns, "line", "2 columns: serial and seed"));
            draft.give_up()
        };
        let heads = [Some(serial), secret];
        if row.is_refused() && heads.into_iter().flatten().any(column::is_heading) {
            return Err(column::unexpected_header());
        }
        batch.take(row)
    }
}
