//! Progress bars on standard error, where a person watches.
//!
//! Not responsible for: the report. Programs (`--json`) and pipes see no bars.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use warifu_api::import::ImportJob;

use crate::output::Output;

const BYTES: &str = "sending  [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec} eta {eta}";
const KEYS: &str = "{msg:8} [{bar:30}] {pos}/{len} tokens {per_sec} eta {eta}";
const COUNT: &str = "{msg:8} {spinner} {pos} tokens {per_sec}";

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
        let phase = job.state.word();
        if self.0.message() != phase {
            // Each phase counts the keys anew, at another rate.
            self.0.reset();
            self.0.set_message(phase);
        }
        if let Some(total) = job.total {
            self.0.set_length(total);
        }
        self.0.set_style(style(if job.total.is_some() { KEYS } else { COUNT }));
        self.0.set_position(job.processed);
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
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
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
