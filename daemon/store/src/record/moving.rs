//! The stored form of a moving factor, part of a token's record.
//!
//! Not responsible for: what keypad and camera tokens keep (`keypad`, `camera`), or for the records
//! that this is part of.

use minicbor::{Decode, Encode};
use warifu_core::{drift::Drift, time::UnixTime, token::Moving};

use super::{camera::CameraWire, keypad::KeypadWire};

#[derive(Decode, Default, Encode)]
#[cbor(map)]
pub(super) struct MovingWire {
    /// 1 event, 2 time, 3 keypad, 4 camera.
    #[n(1)]
    kind: u8,
    #[n(2)]
    next: Option<u64>,
    #[n(3)]
    resync_required: Option<bool>,
    #[n(4)]
    step_s: Option<u32>,
    #[n(5)]
    t0: Option<u64>,
    #[n(6)]
    floor: Option<u64>,
    #[n(7)]
    drift: Option<i32>,
    #[n(8)]
    keypad: Option<KeypadWire>,
    #[n(9)]
    camera: Option<CameraWire>,
}

impl MovingWire {
    pub(super) fn of(moving: &Moving) -> Self {
        match moving {
            Moving::Event { next, resync_required } => Self {
                kind: 1,
                next: Some(*next),
                resync_required: Some(*resync_required),
                ..Self::default()
            },
            Moving::Time { step_s, t0, floor, drift } => Self {
                kind: 2,
                step_s: Some(*step_s),
                t0: Some(t0.0),
                floor: *floor,
                drift: Some(drift.raw()),
                ..Self::default()
            },
            Moving::Keypad(keypad) => {
                Self { kind: 3, keypad: Some(KeypadWire::of(keypad)), ..Self::default() }
            }
            Moving::Camera(camera) => {
                Self { kind: 4, camera: Some(CameraWire::of(camera)), ..Self::default() }
            }
        }
    }

    /// A missing counter, flag or step is damage, never a zero: a zero would open used codes.
    pub(super) fn value(self) -> Result<Moving, &'static str> {
        match self.kind {
            1 => Ok(Moving::Event {
                next: self.next.ok_or("no counter")?,
                resync_required: self.resync_required.ok_or("no resynchronisation flag")?,
            }),
            2 => Ok(Moving::Time {
                step_s: self.step_s.filter(|s| *s > 0).ok_or("no step length")?,
                t0: self.t0.map(UnixTime).ok_or("no start of steps")?,
                floor: self.floor,
                drift: self.drift.map(Drift::from_raw).ok_or("no drift")?,
            }),
            3 => self.keypad.ok_or("no state of a keypad token")?.value().map(Moving::Keypad),
            4 => self.camera.ok_or("no state of a camera token")?.value().map(Moving::Camera),
            _ => Err("unknown kind of moving factor"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_part_is_damage_and_not_zero() {
        let expected = [
            (1, "no counter"),
            (2, "no step length"),
            (3, "no state of a keypad token"),
            (4, "no state of a camera token"),
            (5, "unknown kind of moving factor"),
        ];
        for (kind, what) in expected {
            assert_eq!(MovingWire { kind, ..MovingWire::default() }.value(), Err(what));
        }
        let event = Moving::Event { next: 1, resync_required: false };
        let wire = MovingWire { resync_required: None, ..MovingWire::of(&event) };
        assert_eq!(wire.value(), Err("no resynchronisation flag"));
    }
}
