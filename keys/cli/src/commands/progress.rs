//! Progress bars on standard error, where a person watches.
//!
//! Not responsible for: the report. Programs (`--json`) and pipes see no bars.

use std::fmt;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use warifu_api::import::ImportJob;

use crate::output::Output;

const BYTES: &str = "sending  [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec} eta {eta}";
const KEYS: &str = "{msg:9} [{bar:30}] {human_pos}/{human_len} tokens, {rate}, {eta} left";
const COUNT: &str = "{msg:9} {spinner} {human_pos} tokens, {rate}";

/// One bar.
#[derive(Clone, Debug)]
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// Of a file being sent.
    pub(crate) fn of_upload(length: u64, out: Output) -> Self {
        let bar = bar(out);
        bar.set_length(length);
        bar.set_style(style(BYTES));
        Self(bar)
    }

    /// Of the server's work.
    pub(crate) fn of_job(out: Output) -> Self {
        Self(bar(out))
    }

    /// So far.
    pub(crate) fn at(&self, position: u64) {
        self.0.set_position(position);
    }

    /// Shows what the server says.
    pub(crate) fn follow(&self, job: &ImportJob) {
        self.count(job.state.word(), job.processed, job.total);
    }

    /// Shows how far a phase has come.
    pub(crate) fn count(&self, phase: &'static str, done: u64, total: Option<u64>) {
        let begins = self.0.message() != phase;
        if begins {
            self.0.reset();
            self.0.set_message(phase);
        }
        if let Some(total) = total {
            self.0.set_length(total);
        }
        self.0.set_style(style(if total.is_some() { KEYS } else { COUNT }));
        self.0.set_position(done);
        if begins {
            // Each phase counts anew, at another rate; and what was done before this command looked
            // was not done in no time.
            self.0.reset_eta();
        }
    }

    /// Takes it off the screen.
    pub(crate) fn clear(&self) {
        self.0.finish_and_clear();
    }
}

/// Hidden by itself where standard error is no terminal.
fn bar(out: Output) -> ProgressBar {
    let target =
        if out.is_json() { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    ProgressBar::with_draw_target(None, target)
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .with_key("rate", |state: &ProgressState, out: &mut dyn fmt::Write| {
            // A line that can not be written is not shown; there is nobody to tell.
            let _ = write!(out, "{:.0}/s", state.per_sec());
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_templates_are_valid() {
        for template in [BYTES, KEYS, COUNT] {
            ProgressStyle::with_template(template).unwrap();
        }
    }
}
