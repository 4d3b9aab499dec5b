//! Where a procedure stands: what the device has in its volatile memory.
//!
//! Not responsible for: moving on (`device`), or how it looks (`screen`).

use warifu_core::time::UnixTime;

use super::refusal::Refusal;
use super::registration::{Answered, Pending};
use super::task::Task;

/// One of the device's screens, with what it is about.
pub(super) enum Stage {
    Off,
    /// The camera looks for a code: any, or the second one of an activation.
    Camera(Option<Pending>),
    /// The 12 digits.
    DeviceCode(Pending),
    /// DP007: was it accepted?
    Accepted(Pending),
    /// DP008: the second code, please.
    Second(Pending),
    /// The 8 digits of an activation; Done until `until`.
    Confirm {
        pending: Pending,
        answered: Answered,
        until: UnixTime,
    },
    /// DP011: is the registration finished? Yes until `yes_until`.
    Registered {
        pending: Pending,
        answered: Answered,
        until: UnixTime,
        yes_until: UnixTime,
    },
    /// Contents, page by page, the code behind the last one. `until` limits Done where the device is
    /// to forget its registration; it is set when the code is first shown.
    Task {
        task: Task,
        page: usize,
        until: Option<UnixTime>,
    },
    /// Is the deactivation finished? Yes until `yes_until`.
    Erase {
        task: Task,
        until: UnixTime,
        yes_until: UnixTime,
    },
    /// The end of an activation or of a deactivation.
    Finished(Ending),
    /// Token info.
    Info,
    /// A refusal; what was under way goes on behind it.
    Fault {
        refusal: Refusal,
        back: Option<Pending>,
    },
}

/// What a finished procedure did.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Ending {
    Activated,
    Deactivated,
}

impl Stage {
    /// The stable word, for programs that read the screen.
    pub(super) const fn word(&self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Camera(_) => "camera",
            Self::DeviceCode(_) => "device_code",
            Self::Accepted(_) => "accepted",
            Self::Second(_) => "second_code",
            Self::Confirm { .. } => "confirm",
            Self::Registered { .. } => "registered",
            Self::Task { task, page, .. } if *page < task.pages.len() => "content",
            Self::Task { .. } => "code",
            Self::Erase { .. } => "erase",
            Self::Finished(Ending::Activated) => "activated",
            Self::Finished(Ending::Deactivated) => "deactivated",
            Self::Info => "info",
            Self::Fault { .. } => "refused",
        }
    }

    /// Whether a code held before the camera is seen. At DP008 holding it there says Continue.
    pub(super) const fn looks(&self) -> bool {
        matches!(self, Self::Camera(_) | Self::Second(_))
    }

    /// The activation under way, taken out.
    pub(super) fn into_pending(self) -> Option<Pending> {
        match self {
            Self::Camera(pending) => pending,
            Self::Second(pending) => Some(pending),
            _ => None,
        }
    }

    /// When what is pending is dropped.
    pub(super) const fn deadline(&self) -> Option<UnixTime> {
        match self {
            Self::Confirm { until, .. } => Some(*until),
            Self::Registered { yes_until, .. } | Self::Erase { yes_until, .. } => Some(*yes_until),
            Self::Task { until, .. } => *until,
            _ => None,
        }
    }
}
