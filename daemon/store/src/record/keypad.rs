//! The stored form of a keypad token's state, part of its record.
//!
//! Not responsible for: what the state means (`warifu_core::keypad`).

use minicbor::{Decode, Encode};
use warifu_core::{
    keypad::{Keypad, Used},
    ocra::Suite,
    time::UnixTime,
};

#[derive(Decode, Encode)]
#[cbor(map)]
pub(super) struct KeypadWire {
    /// Texts of the suites, byte for byte as registered.
    #[n(1)]
    suites: Vec<String>,
    #[n(2)]
    counter: u64,
    #[n(3)]
    used: Option<Vec<UsedWire>>,
    #[n(4)]
    floor: Option<u64>,
}

#[derive(Decode, Encode)]
#[cbor(map)]
struct UsedWire {
    /// Which of the token's suites, from 0.
    #[n(1)]
    suite: u8,
    #[n(2)]
    question: String,
    #[n(3)]
    step: u64,
}

impl KeypadWire {
    pub(super) fn of(keypad: &Keypad) -> Self {
        let suites = keypad.suites();
        // An answer of a suite that the token does not compute can not come again.
        let used: Vec<_> = keypad.used.iter().filter_map(|one| UsedWire::of(one, suites)).collect();
        Self {
            suites: suites.iter().map(|suite| suite.text().to_owned()).collect(),
            counter: keypad.counter,
            used: (!used.is_empty()).then_some(used),
            floor: keypad.floor.map(|at| at.0),
        }
    }

    /// What was used and can not be read is damage: left out, it could be used again.
    pub(super) fn value(self) -> Result<Keypad, &'static str> {
        let suites: Option<Vec<Suite>> =
            self.suites.iter().map(|text| Suite::parse(text).ok()).collect();
        let mut keypad = Keypad::new(suites.ok_or("suite")?).ok_or("suites do not fit together")?;
        let used = self.used.unwrap_or_default().into_iter();
        let used = used.map(|one| one.value(keypad.suites())).collect::<Option<Vec<Used>>>();
        keypad.used = used.ok_or("a used answer is of no suite of the token")?;
        (keypad.counter, keypad.floor) = (self.counter, self.floor.map(UnixTime));
        Ok(keypad)
    }
}

impl UsedWire {
    fn of(used: &Used, suites: &[Suite]) -> Option<Self> {
        let place = suites.iter().position(|suite| suite.text() == used.suite)?;
        let suite = u8::try_from(place).ok()?;
        Some(Self { suite, question: used.question.clone(), step: used.step })
    }

    fn value(self, suites: &[Suite]) -> Option<Used> {
        let suite = suites.get(usize::from(self.suite))?.text().to_owned();
        Some(Used { suite, question: self.question, step: self.step })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(suites: &[&str], used: Option<u8>) -> KeypadWire {
        let one = |suite| vec![UsedWire { suite, question: "1".to_owned(), step: 2 }];
        KeypadWire {
            suites: suites.iter().map(|text| (*text).to_owned()).collect(),
            counter: 0,
            used: used.map(one),
            floor: None,
        }
    }

    #[test]
    fn suites_that_a_token_can_not_have_are_damage() {
        let good = "OCRA-1:HOTP-SHA256-8:QN08";
        assert!(wire(&[good], Some(0)).value().is_ok());
        assert_eq!(wire(&[], None).value(), Err("suites do not fit together"));
        let mixed = wire(&[good, "OCRA-1:HOTP-SHA1-8:QN08"], None);
        assert_eq!(mixed.value(), Err("suites do not fit together"));
        assert_eq!(wire(&["ocra-1"], None).value(), Err("suite"));
    }

    #[test]
    fn a_used_answer_of_no_suite_is_damage_and_not_left_out() {
        let torn = Err("a used answer is of no suite of the token");
        assert_eq!(wire(&["OCRA-1:HOTP-SHA256-8:QN08"], Some(1)).value(), torn);
    }
}
