//! The buttons: power in the middle, left, right, and left and power together.
//!
//! Not responsible for: what a press does (`device`).

use std::fmt;
use std::str::FromStr;

/// A button of the device, or the one pair that means something.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Button {
    /// The one in the middle: on and off, when it is held.
    Power,
    /// Below the left word of the screen.
    Left,
    /// Below the right word of the screen.
    Right,
    /// Left and power at once: Token info.
    LeftPower,
}

impl Button {
    /// How long a person holds it who wants it to do something.
    pub const fn usual_hold(self) -> Hold {
        match self {
            Self::Power => Hold::SWITCH,
            Self::Left | Self::Right | Self::LeftPower => Hold(0),
        }
    }

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Power => "power",
            Self::Left => "left",
            Self::Right => "right",
            Self::LeftPower => "left+power",
        }
    }
}

impl fmt::Display for Button {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Button {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let all = [Self::Power, Self::Left, Self::Right, Self::LeftPower];
        let named = all.into_iter().find(|button| button.name() == text);
        named.ok_or("power, left, right or left+power")
    }
}

/// How many seconds a button is held; 0 is a tap.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Hold(pub u8);

impl Hold {
    /// So long the power button is held to switch on or off.
    pub const SWITCH: Self = Self(2);
}

impl FromStr for Hold {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = text.strip_suffix('s').unwrap_or(text);
        let plain = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let seconds = number.parse().ok().filter(|_| plain);
        seconds.map(Self).ok_or("seconds up to 255, as 2s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buttons_and_holds_are_read() {
        assert_eq!("left+power".parse(), Ok(Button::LeftPower));
        assert!("Power".parse::<Button>().is_err());
        assert_eq!("2s".parse(), Ok(Hold(2)));
        assert_eq!("0".parse(), Ok(Hold(0)));
        for wrong in ["", "s", "+2s", "-1", "256s", "2 s", "2m"] {
            assert!(wrong.parse::<Hold>().is_err(), "{wrong}");
        }
    }
}
