//! Drives a format that is read line by line: lines in, records and refusals out.
//!
//! Not responsible for what a line means: that is each format's [`Form`].

use std::io::BufRead;

use super::batch::Batch;
use super::lines::{Line, Lines};
use crate::seedfile::options::ReadOptions;
use crate::seedfile::reader::Reader;
use crate::seedfile::record::Record;
use crate::seedfile::refusal::{Position, Refusal, Warning};

/// What one format makes of its lines. Errors refuse the file; faults of a key go into the batch.
pub(in crate::seedfile) trait Form: Send {
    /// Reads a line, which may be blank.
    fn line(
        &mut self,
        line: &Line<'_>,
        options: &ReadOptions,
        batch: &mut Batch,
    ) -> Result<(), Refusal>;

    /// Reads what was held back until the last line, and says what is missing of the file.
    fn end(&mut self, _options: &ReadOptions, _batch: &mut Batch) -> Result<(), Refusal> {
        Ok(())
    }
}

/// Reads a file of one form.
pub(in crate::seedfile) struct RowReader<R, F> {
    lines: Lines<R>,
    form: F,
    options: ReadOptions,
    batch: Batch,
    is_done: bool,
}

impl<R: BufRead, F: Form> RowReader<R, F> {
    /// A reader at the first line.
    pub(in crate::seedfile) fn open(
        input: R,
        form: F,
        options: ReadOptions,
    ) -> Result<Self, Refusal> {
        let batch = Batch::new(&options)?;
        Ok(Self { lines: Lines::new(input, &options.limits), form, options, batch, is_done: false })
    }

    /// Reads a line; `false` behind the last one.
    fn step(&mut self) -> Result<bool, Refusal> {
        let Some(line) = self.lines.next_line() else {
            self.form.end(&self.options, &mut self.batch)?;
            return self.batch.finish().map(|()| false);
        };
        let line = line?;
        self.form.line(&line, &self.options, &mut self.batch).map_err(|refusal| {
            if refusal.at == Position::default() { refusal.at(line.position()) } else { refusal }
        })?;
        Ok(true)
    }
}

impl<R: BufRead, F: Form> Reader for RowReader<R, F> {
    fn warnings(&self) -> &[Warning] {
        self.batch.warnings()
    }
}

impl<R: BufRead, F: Form> Iterator for RowReader<R, F> {
    type Item = Result<Record, Refusal>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(ready) = self.batch.pop() {
                return Some(ready);
            }
            if self.is_done {
                return None;
            }
            match self.step() {
                Ok(is_going_on) => self.is_done = !is_going_on,
                Err(refusal) => {
                    self.is_done = true;
                    self.batch.refuse(refusal.for_file());
                }
            }
        }
    }
}
