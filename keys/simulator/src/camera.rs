//! The virtual camera token: a device with three buttons, a screen and a camera that speaks TXA1.
//!
//! [`Device`] is a pure state machine: buttons, scanned texts and the time go in, a [`Screen`] is
//! there to be looked at. It knows no terminal, no clock and no file; [`StateFile`] keeps it between
//! two runs, [`picture`] is its lens, and [`Line`] is a line of a script that presses its buttons.
//! Not responsible for: how messages are written (`warifu_txa1`).

mod button;
mod device;
mod drawing;
mod form;
mod keys;
mod memory;
mod pages;
pub mod picture;
mod refusal;
mod registration;
mod screen;
mod script;
mod stage;
mod state_file;
mod task;

pub use button::{Button, Hold};
pub use device::{DARK_AFTER_S, DONE_WITHIN_S, Device, YES_WITHIN_S};
pub use keys::{DeviceKeys, KeysError};
pub use memory::COUNTER_END;
pub use refusal::Refusal;
pub use screen::Screen;
pub use script::{Line, LineError};
pub use state_file::{StateError, StateFile};
