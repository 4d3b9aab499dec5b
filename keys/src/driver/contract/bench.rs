//! Contract: a token that reads messages, taken through its activation, and values to put to it.
//!
//! Not responsible for: what is expected beyond that the honest way works.

use warifu_core::{
    camera::{Active, LoginName, Material, Session, TokenCode},
    code::Code,
    ident::{ContractId, UserId},
    time::UnixTime,
};
use warifu_txa1::content::{
    AccountNumber, AccountType, Bank, Body, Branch, Date, JisName, Payee, Payer, Yen,
};

use super::{CameraDevice, Device, Maker, Shown, Token};
use crate::driver::{
    Activation, ActivationMessage, ChallengeMessage, Driver, DriverError, Question, Stage, Wish,
};

/// When everything happens: to a driver, time is only a value.
const NOW: UnixTime = UnixTime(1_764_000_000);

/// A token on its way.
pub(super) struct Bench {
    pub(super) token: Token,
    pub(super) login: LoginName,
    pub(super) code: TokenCode,
}

/// An activation that came to its end.
pub(super) struct Done {
    /// Before its end: what the confirmation was checked with.
    pub(super) session: Session,
    pub(super) confirmation: Code,
    pub(super) active: Active,
    /// Its number, from 1.
    pub(super) number: u32,
}

impl Bench {
    pub(super) async fn new(maker: &impl Maker) -> Self {
        Self {
            token: maker.token().await,
            login: LoginName::parse("TARO01").expect("printable"),
            code: TokenCode::from_random(482_913),
        }
    }

    /// One that is active.
    pub(super) async fn active(maker: &impl Maker) -> (Self, Done) {
        let mut bench = Self::new(maker).await;
        let done = bench.activate(&*maker.driver(), 1).await;
        (bench, done)
    }

    pub(super) fn device(&mut self) -> &mut dyn CameraDevice {
        match &mut self.token.device {
            Device::Camera(device) => &mut **device,
            Device::Passwords(..) | Device::Keypad(..) => unreachable!("all tokens are alike"),
        }
    }

    fn activation<'a>(&'a self, stage: Stage<'a>) -> Activation<'a> {
        Activation { bank: "0144", login: &self.login, now: NOW, lifetime_s: 600, stage }
    }

    /// The first message.
    pub(super) async fn first(&self, driver: &dyn Driver) -> Session {
        let stage = Stage::First { may_replace: true };
        let made = driver.activation_message(self.token.keys(), self.activation(stage)).await;
        of(made.expect("a first message"))
    }

    /// The second message; a session that waits for the confirmation.
    pub(super) async fn second(
        &self,
        driver: &dyn Driver,
        session: &Session,
        counter: u16,
        activation: u32,
    ) -> Session {
        let stage = Stage::Second { session, counter, code: &self.code, activation };
        let made = driver.activation_message(self.token.keys(), self.activation(stage)).await;
        of(made.expect("a second message"))
    }

    /// The honest way from the first message to the last button.
    pub(super) async fn activate(&mut self, driver: &dyn Driver, number: u32) -> Done {
        let first = self.first(driver).await;
        let typed = self.device().begin(&shown(driver, &first.message)).expect("its message");
        let counter = driver.check_device_code(self.token.keys(), &first, &typed).await;
        let counter = counter.expect("the HSM is there").expect("the device's own code");
        let session = self.second(driver, &first, counter, number).await;
        let text = shown(driver, &session.message);
        let confirmation = self.device().answer(&text).expect("its message");
        let question = Question::Confirmation(&session);
        let found = driver.check_code(self.token.keys(), question, &confirmation).await;
        assert_eq!(found.expect("the HSM is there"), Some(0), "the device's own code");
        let tag = driver.bind(self.token.keys(), &session.material, number).await;
        self.device().finish();
        let active = Active {
            since: NOW,
            proven: false,
            material: session.material.clone(),
            tag: tag.expect("the HSM is there"),
        };
        Done { session, confirmation, active, number }
    }

    /// A message that asks for a signature.
    pub(super) async fn ask(
        &self,
        driver: &dyn Driver,
        active: &Active,
        activation: u32,
        body: &Body,
    ) -> Result<ChallengeMessage, DriverError> {
        let wish = Wish { login: &self.login, now: NOW, lifetime_s: 300, body };
        driver.message(self.token.keys(), active, activation, wish).await
    }

    /// The honest way to a signature.
    pub(super) async fn sign(
        &mut self,
        driver: &dyn Driver,
        done: &Done,
        body: &Body,
    ) -> (ChallengeMessage, Shown) {
        let made = self.ask(driver, &done.active, done.number, body).await.expect("a message");
        let text = shown(driver, &made.message.bytes);
        let shown = self.device().sign(&text).expect("its message");
        (made, shown)
    }

    /// A verdict over a signature.
    pub(super) async fn check(
        &self,
        driver: &dyn Driver,
        (active, activation): (&Active, u32),
        made: &ChallengeMessage,
        code: &Code,
    ) -> Result<Option<usize>, DriverError> {
        let question = Question::Signature {
            question: &made.question,
            message: &made.message.bytes,
            content: &made.content,
            active,
            activation,
        };
        driver.check_code(self.token.keys(), question, code).await
    }
}

/// The text of a message's picture.
pub(super) fn shown(driver: &dyn Driver, message: &[u8]) -> String {
    driver.text(message).expect("tokens of this kind read pictures")
}

fn of(made: ActivationMessage) -> Session {
    Session { id: made.message.nonce, message: made.message.bytes, ..holding(made.material) }
}

/// A session with some material.
pub(super) fn session(material: Vec<u8>) -> Session {
    holding(Material::new(material).expect("short"))
}

/// An active token's state with some material.
pub(super) fn active(material: Vec<u8>, tag: [u8; 32]) -> Active {
    let material = Material::new(material).expect("short");
    Active { since: NOW, proven: false, material, tag }
}

fn holding(material: Material) -> Session {
    Session {
        id: [0; 12],
        contract: ContractId::parse("C-1").expect("a name"),
        user: UserId::parse("U1").expect("a name"),
        login: LoginName::parse("TARO01").expect("printable"),
        since: NOW,
        wrong: 0,
        material,
        message: Vec::new(),
    }
}

/// So many yen to an account of another bank.
pub(super) fn transfer(yen: u64) -> Body {
    let body = || {
        let ordinary = AccountType::new(1)?;
        let account = |text| AccountNumber::from_text(text);
        Some(Body::Transfer {
            payer: Payer {
                branch: Branch::from_text("011")?,
                account_type: ordinary,
                account: account("0012345")?,
            },
            payee: Payee {
                bank: Bank::from_text("0138")?,
                branch: Branch::from_text("201")?,
                account_type: ordinary,
                account: account("7654321")?,
            },
            name: JisName::from_text("ﾔﾏﾀﾞ ﾊﾅｺ").ok()?,
            amount: Yen::new(yen)?,
            date: Date::new(2025, 11, 28)?,
        })
    };
    body().expect("a transfer")
}
