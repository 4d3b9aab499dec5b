//! Contract: drivers for tokens that show codes and read nothing.
//!
//! Not responsible for: which factors and questions may be tried.

use warifu_core::{
    camera::{Active, LoginName},
    code::Code,
    oath::{Digits, MovingFactor},
    ocra::Suite,
    time::UnixTime,
};

use super::{Device, Maker, Token, bench, changed, of_another_length};
use crate::driver::{Activation, Driver, DriverError, Question, Stage, Wish};

/// So many answers of a token are looked at.
const ANSWERS: u32 = 4;

/// What a token answers, and to which question.
pub(super) struct Sheet {
    asked: Asked,
    pub(super) codes: Vec<Code>,
}

enum Asked {
    Factors(Digits, Vec<MovingFactor>),
    Inputs(Suite, Vec<Vec<u8>>),
}

impl Sheet {
    /// The answers of a token that shows codes.
    pub(super) fn of(token: &mut Token) -> Option<Self> {
        match &mut token.device {
            Device::Passwords(digits, show) => {
                let factors: Vec<_> = (0..ANSWERS.into()).collect();
                let codes = factors.iter().map(|factor| show(*factor)).collect();
                Some(Self { asked: Asked::Factors(*digits, factors), codes })
            }
            Device::Keypad(suite, answer) => {
                let (inputs, codes) = (0..ANSWERS).map(answer).unzip();
                Some(Self { asked: Asked::Inputs(suite.clone(), inputs), codes })
            }
            Device::Camera(_) => None,
        }
    }

    pub(super) fn question(&self) -> Question<'_> {
        match &self.asked {
            Asked::Factors(digits, factors) => Question::Factors { digits: *digits, factors },
            Asked::Inputs(suite, inputs) => Question::Inputs { suite, inputs },
        }
    }

    fn has(&self, code: &Code) -> bool {
        self.codes.iter().any(|known| known.expose() == code.expose())
    }
}

pub(super) async fn run(maker: &impl Maker) {
    let driver = maker.driver();
    let (mut token, mut other) = (maker.token().await, maker.token().await);
    let sheet = Sheet::of(&mut token).expect("a token that shows codes");
    let others = Sheet::of(&mut other).expect("all tokens of a maker are alike");
    right_codes(&*driver, &token, &sheet).await;
    wrong_codes(&*driver, &token, &sheet, &others).await;
    exchanged_keys(&*driver, [&token, &other], &sheet).await;
    wrong_kinds(&*driver, &token, &sheet).await;
}

/// The first question that a code answers is named.
async fn right_codes(driver: &dyn Driver, token: &Token, sheet: &Sheet) {
    for code in &sheet.codes {
        let first = sheet.codes.iter().position(|known| known.expose() == code.expose());
        let found = driver.check_code(token.keys(), sheet.question(), code).await;
        assert_eq!(found.expect("the HSM is there"), first, "a right code is found");
    }
}

async fn wrong_codes(driver: &dyn Driver, token: &Token, sheet: &Sheet, others: &Sheet) {
    let first = &sheet.codes[0];
    let close = (0..usize::from(first.len())).map(|place| changed(first, place));
    for code in close.chain(others.codes.clone()).filter(|code| !sheet.has(code)) {
        let found = driver.check_code(token.keys(), sheet.question(), &code).await;
        assert_eq!(found.expect("the HSM is there"), None, "one digit, or another token's code");
    }
}

/// A record whose key was exchanged is no record: that is no wrong code, and no right one.
async fn exchanged_keys(driver: &dyn Driver, [token, other]: [&Token; 2], sheet: &Sheet) {
    let keys = token.keys_of(other);
    let found = driver.check_code(keys, sheet.question(), &sheet.codes[0]).await;
    assert!(matches!(found, Err(DriverError::Hsm(_))), "no verdict: {found:?}");
}

/// What can not be put to such a token is denied before anything is computed; `loss` runs it again
/// without an HSM.
pub(super) async fn wrong_kinds(driver: &dyn Driver, token: &Token, sheet: &Sheet) {
    let code = of_another_length(&sheet.codes[0]);
    let found = driver.check_code(token.keys(), sheet.question(), &code).await;
    assert!(matches!(found, Err(DriverError::Denied(_))), "a code of another length: {found:?}");
    let session = bench::session(vec![1; 64]);
    let active = bench::active(vec![1; 64], [0; 32]);
    let suite = Suite::parse("OCRA-1:HOTP-SHA256-8:QN08").expect("a suite of RFC 6287");
    let digits = Digits::new(8).expect("8 is allowed");
    let questions = [
        Question::Confirmation(&session),
        Question::Signature {
            question: &[0; 32],
            message: &[],
            content: &[],
            active: &active,
            activation: 1,
        },
        match sheet.asked {
            Asked::Factors(..) => Question::Inputs { suite: &suite, inputs: &[] },
            Asked::Inputs(..) => Question::Factors { digits, factors: &[0] },
        },
    ];
    for question in questions {
        let found = driver.check_code(token.keys(), question, &sheet.codes[0]).await;
        assert!(matches!(found, Err(DriverError::Denied(_))), "{question:?}: {found:?}");
    }
    reads_nothing(driver, token, &active).await;
}

async fn reads_nothing(driver: &dyn Driver, token: &Token, active: &Active) {
    let login = LoginName::parse("TARO01").expect("printable");
    let session = bench::session(vec![1; 64]);
    let activation = Activation {
        bank: "0144",
        login: &login,
        now: UnixTime(1_764_000_000),
        lifetime_s: 600,
        stage: Stage::First { may_replace: false },
    };
    let denied = driver.activation_message(token.keys(), activation).await.map(drop);
    assert!(matches!(denied, Err(DriverError::Denied(_))), "no activations: {denied:?}");
    let denied = driver.check_device_code(token.keys(), &session, "001621148836").await;
    assert!(matches!(denied, Err(DriverError::Denied(_))), "no device codes: {denied:?}");
    let denied = driver.bind(token.keys(), &active.material, 1).await;
    assert!(matches!(denied, Err(DriverError::Denied(_))), "nothing to bind: {denied:?}");
    let body = bench::transfer(1);
    let wish = Wish { login: &login, now: activation.now, lifetime_s: 300, body: &body };
    let denied = driver.message(token.keys(), active, 1, wish).await.map(drop);
    assert!(matches!(denied, Err(DriverError::Denied(_))), "no messages: {denied:?}");
    assert_eq!(driver.text(b"message"), None, "nothing to show");
}
