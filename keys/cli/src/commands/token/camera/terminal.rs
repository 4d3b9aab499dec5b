//! The terminal in raw mode, and as it was before, however the program leaves.
//!
//! Not responsible for: what is drawn, or what keys mean.

use std::{
    io::{self, Read as _, Write as _},
    thread,
};

use rustix::termios::{
    InputModes, LocalModes, OptionalActions, SpecialCodeIndex, Termios, isatty, tcgetattr,
    tcgetwinsize, tcsetattr,
};
use tokio::sync::mpsc;

/// Rows that the drawing needs.
const ROWS: u16 = 14;
/// Columns that the drawing needs, and fills at most.
pub(super) const COLUMNS: u16 = 60;

/// Why there is nothing to draw on.
#[derive(Debug, thiserror::Error)]
pub(super) enum TerminalError {
    /// Use `script`.
    #[error("`run` needs a terminal; `warifu token camera script` does without")]
    None,
    /// Make the window larger.
    #[error("the terminal needs {COLUMNS} columns and {ROWS} rows")]
    Small,
    /// The terminal does not do what terminals do.
    #[error("the terminal can not be set up")]
    Io(#[from] io::Error),
}

/// Each key comes at once and is not shown, until dropped.
pub(super) struct Terminal(Termios);

impl Terminal {
    /// Takes over the terminal.
    pub(super) fn begin() -> Result<Self, TerminalError> {
        if !isatty(io::stdin()) || !isatty(io::stdout()) {
            return Err(TerminalError::None);
        }
        let size = tcgetwinsize(io::stdout()).map_err(io::Error::from)?;
        // A terminal that does not know its size says 0.
        let small = |has: u16, needs: u16| has != 0 && has < needs;
        if small(size.ws_row, ROWS) || small(size.ws_col, COLUMNS) {
            return Err(TerminalError::Small);
        }
        let before = tcgetattr(io::stdin()).map_err(io::Error::from)?;
        let mut raw = before.clone();
        let quiet = LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG | LocalModes::IEXTEN;
        raw.local_modes.remove(quiet);
        raw.input_modes.remove(InputModes::IXON);
        raw.special_codes[SpecialCodeIndex::VMIN] = 1;
        raw.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(io::stdin(), OptionalActions::Flush, &raw).map_err(io::Error::from)?;
        let terminal = Self(before);
        // An empty screen, no cursor, and pastes with marks around them.
        write("\x1b[2J\x1b[?25l\x1b[?2004h")?;
        Ok(terminal)
    }

    /// Draws rows from the top; what was there before is gone.
    pub(super) fn draw(rows: &[String]) -> io::Result<()> {
        let mut text = String::from("\x1b[H");
        for row in rows {
            text.extend([row, "\x1b[K\r\n"]);
        }
        write(&(text + "\x1b[J"))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // There is nobody left to tell; the shell sets its terminal up again anyway.
        let _ = write("\x1b[?2004l\x1b[?25h");
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}

fn write(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// What is typed, piece by piece; the end of the channel is the end of the terminal.
pub(super) fn keys() -> io::Result<mpsc::Receiver<Vec<u8>>> {
    let (sender, receiver) = mpsc::channel(16);
    // A read can not be given up, so it has a thread, which ends with the process.
    thread::Builder::new().name("keys".to_owned()).spawn(move || {
        let mut buffer = [0; 1024];
        loop {
            let read = match io::stdin().read(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Ok(0) | Err(_) => return,
                Ok(read) => buffer.get(..read).unwrap_or_default().to_vec(),
            };
            if sender.blocking_send(read).is_err() {
                return;
            }
        }
    })?;
    Ok(receiver)
}
