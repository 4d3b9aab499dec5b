//! The state machine: buttons, scanned texts and time come in, the stage moves.
//!
//! Not responsible for: where time, texts and presses come from. Time only matters as a distance: a
//! device has no clock, so nothing is compared with the times in messages.

use std::fmt;
use std::mem;

use warifu_core::time::UnixTime;
use warifu_txa1::frame::{Frame, Kind};
use warifu_txa1::qr_text;
use warifu_txa1::serial::DeviceSerial;

use super::button::{Button, Hold};
use super::keys::DeviceKeys;
use super::memory::{COUNTER_END, Memory};
use super::refusal::Refusal;
use super::registration::{Answered, Pending};
use super::screen::Screen;
use super::stage::{Ending, Stage};
use super::task::Task;

/// The screen goes dark so long after the last press or scan. Nothing else changes by it.
pub const DARK_AFTER_S: u64 = 15;
/// Done must follow the 8 digits within this time.
pub const DONE_WITHIN_S: u64 = 90;
/// Yes must follow Done within this time.
pub const YES_WITHIN_S: u64 = 40;

/// A virtual camera token.
pub struct Device {
    pub(super) memory: Memory,
    pub(super) stage: Stage,
    /// The latest time that was told; an earlier one counts as this one.
    pub(super) now: UnixTime,
    /// The last press or scan.
    pub(super) lit: UnixTime,
}

/// What a scanned code turned out to be.
enum Seen {
    First(Pending),
    Second(Answered),
    Task(Task),
}

impl Device {
    /// A device from the factory, switched off.
    pub fn new(serial: DeviceSerial, keys: DeviceKeys) -> Self {
        let memory = Memory { serial, keys, counter: 0, last_first: None, instance: None };
        Self { memory, stage: Stage::Off, now: UnixTime(0), lit: UnixTime(0) }
    }

    /// The same with activations behind it; at most [`COUNTER_END`].
    #[must_use]
    pub fn with_counter(mut self, counter: u16) -> Self {
        self.memory.counter = counter.min(COUNTER_END);
        self
    }

    /// The serial on its back.
    pub fn serial(&self) -> DeviceSerial {
        self.memory.serial
    }

    /// How many activations were begun.
    pub fn counter(&self) -> u16 {
        self.memory.counter
    }

    /// Whether it is registered.
    pub fn is_active(&self) -> bool {
        self.memory.instance.is_some()
    }

    /// Whether the screen is dark, though the device is on.
    pub fn is_dark(&self) -> bool {
        let on = !matches!(self.stage, Stage::Off);
        on && self.now.0.saturating_sub(self.lit.0) >= DARK_AFTER_S
    }

    /// What the user sees.
    pub fn screen(&self) -> Screen {
        Screen::of(self)
    }

    /// Time goes by. What had to be confirmed before `now` is dropped.
    pub fn pass(&mut self, now: UnixTime) {
        self.now = self.now.max(now);
        if self.stage.deadline().is_some_and(|deadline| self.now > deadline) {
            self.stage = Stage::Fault { refusal: Refusal::TimedOut, back: None };
        }
    }

    /// A button. On a dark screen the press only wakes it.
    pub fn press(&mut self, button: Button, hold: Hold, now: UnixTime) {
        self.pass(now);
        let switch = button == Button::Power && hold >= Hold::SWITCH;
        if matches!(self.stage, Stage::Off) {
            if switch {
                self.stage = Stage::Camera(None);
                self.lit = self.now;
            }
            return;
        }
        let was_dark = self.is_dark();
        self.lit = self.now;
        if was_dark {
            return;
        }
        let stage = mem::replace(&mut self.stage, Stage::Off);
        // Without power all that was pending is gone.
        if !switch {
            self.stage = self.after(stage, button);
        }
    }

    /// A code before the camera, as text. A refusal also stands on the screen, unless the camera does
    /// not look.
    pub fn scan(&mut self, text: &str, now: UnixTime) -> Result<(), Refusal> {
        self.pass(now);
        if !self.stage.looks() {
            return Err(Refusal::NotLooking);
        }
        self.lit = self.now;
        let pending = mem::replace(&mut self.stage, Stage::Off).into_pending();
        let seen = self.see(text, pending.as_ref());
        let until = self.in_seconds(DONE_WITHIN_S);
        self.stage = match (seen, pending) {
            (Ok(Seen::First(pending)), _) => Stage::DeviceCode(pending),
            (Ok(Seen::Second(answered)), Some(pending)) => {
                Stage::Confirm { pending, answered, until }
            }
            (Ok(Seen::Second(_)), None) => {
                Stage::Fault { refusal: Refusal::NoActivation, back: None }
            }
            (Ok(Seen::Task(task)), _) => Stage::Task { task, page: 0, until: None },
            (Err(refusal), back) => Stage::Fault { refusal, back },
        };
        match self.stage {
            Stage::Fault { refusal, .. } => Err(refusal),
            _ => Ok(()),
        }
    }

    fn see(&mut self, text: &str, pending: Option<&Pending>) -> Result<Seen, Refusal> {
        let message = qr_text::decode(text).map_err(|_| Refusal::BadText)?;
        let frame = read_frame(&message)?;
        let header = frame.header();
        if header.serial() != self.memory.serial {
            return Err(Refusal::OtherToken);
        }
        match (header.kind(), pending) {
            (Kind::Am1, _) => self.begin(&frame, &message).map(Seen::First),
            (Kind::Am2, None) => Err(Refusal::NoActivation),
            (Kind::Am2, Some(pending)) => {
                Answered::open(&self.memory, pending, &frame, &message).map(Seen::Second)
            }
            (_, Some(_)) => Err(Refusal::ActivationRunning),
            (_, None) => Task::open(&self.memory, &frame, &message).map(Seen::Task),
        }
    }

    /// A first code: it counts only when nothing speaks against it.
    fn begin(&mut self, frame: &Frame, message: &[u8]) -> Result<Pending, Refusal> {
        let first = Pending::open(&self.memory, frame)?;
        if self.is_active() && !first.may_replace {
            return Err(Refusal::AlreadyActive);
        }
        self.memory.count(message)?;
        Pending::new(&self.memory, message, first).ok_or(Refusal::WornOut)
    }

    /// The stage behind a button. What a button does not do leaves everything as it is.
    fn after(&mut self, stage: Stage, button: Button) -> Stage {
        match (stage, button) {
            (Stage::Camera(None), Button::LeftPower) => Stage::Info,
            (Stage::Camera(Some(pending)), Button::Left)
            | (Stage::Accepted(pending), Button::Right) => Stage::Second(pending),
            (Stage::DeviceCode(pending), Button::Right) => Stage::Accepted(pending),
            (Stage::Accepted(pending) | Stage::Second(pending), Button::Left) => {
                Stage::DeviceCode(pending)
            }
            (Stage::Second(pending), Button::Right) => Stage::Camera(Some(pending)),
            (Stage::Confirm { pending, answered, until }, Button::Right) => {
                let yes_until = self.in_seconds(YES_WITHIN_S);
                Stage::Registered { pending, answered, until, yes_until }
            }
            (Stage::Registered { pending, answered, .. }, Button::Right) => {
                // Here, and nowhere before, the registration is remembered.
                let instance = answered.instance(&self.memory, &pending);
                self.memory.register(instance);
                Stage::Finished(Ending::Activated)
            }
            (Stage::Registered { pending, answered, until, .. }, Button::Left) => {
                self.in_time(until, Stage::Confirm { pending, answered, until })
            }
            (Stage::Task { task, page, until }, Button::Left | Button::Right) => {
                self.turn(task, page, until, button)
            }
            (Stage::Erase { task, until, .. }, Button::Left) => {
                let page = task.pages.len();
                self.in_time(until, Stage::Task { task, page, until: Some(until) })
            }
            (Stage::Erase { .. }, Button::Right) => {
                self.memory.deregister();
                Stage::Finished(Ending::Deactivated)
            }
            (Stage::Finished(_), Button::Right) | (Stage::Info, Button::Left | Button::Right) => {
                Stage::Camera(None)
            }
            (Stage::Fault { back, .. }, Button::Left | Button::Right) => Stage::Camera(back),
            (stage, _) => stage,
        }
    }

    /// Turns a page of contents; the code stands behind the last one.
    fn turn(&self, task: Task, page: usize, until: Option<UnixTime>, button: Button) -> Stage {
        let last = task.pages.len();
        match (button, page) {
            (Button::Left, 0) => Stage::Camera(None),
            (Button::Left, _) => Stage::Task { task, page: page.saturating_sub(1), until },
            _ if page < last => {
                let page = page.saturating_add(1);
                let limited = task.erases && page == last;
                let until = until.or_else(|| limited.then(|| self.in_seconds(DONE_WITHIN_S)));
                Stage::Task { task, page, until }
            }
            _ => match until {
                Some(until) => {
                    Stage::Erase { task, until, yes_until: self.in_seconds(YES_WITHIN_S) }
                }
                None => Stage::Camera(None),
            },
        }
    }

    /// Back to a stage with a limit, unless it has passed meanwhile.
    fn in_time(&self, until: UnixTime, stage: Stage) -> Stage {
        if self.now <= until {
            return stage;
        }
        Stage::Fault { refusal: Refusal::TimedOut, back: None }
    }

    fn in_seconds(&self, seconds: u64) -> UnixTime {
        UnixTime(self.now.0.saturating_add(seconds))
    }
}

/// Reads a frame; faults have the words of the protocol.
pub(super) fn read_frame(message: &[u8]) -> Result<Frame, Refusal> {
    Frame::parse(message)
        .map_err(|fault| Refusal::from_word(fault.word()).unwrap_or(Refusal::BadField))
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Device")
            .field("serial", &self.memory.serial)
            .field("counter", &self.memory.counter)
            .field("stage", &self.stage.word())
            .finish_non_exhaustive()
    }
}
