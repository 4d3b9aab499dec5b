//! The contract suite: what every driver must do, whoever made it. A driver's own tests run it with
//! devices that play the other side; the daemon relies on nothing else.
//!
//! Not responsible for: making tokens and devices (a [`Maker`] does), states and tries, which are the
//! core's and the same for all drivers.

mod activation;
mod bench;
mod binding;
mod codes;
mod loss;
mod signature;

use std::{
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use warifu_core::{
    code::Code,
    custody::{CameraKeys, SealedSeed},
    ident::TokenId,
    oath::{Digits, HashAlgorithm, MovingFactor},
    ocra::Suite,
};

use super::{Driver, TokenKeys};

/// Puts a driver on the bench, and tokens of its kind.
pub trait Maker: Send + Sync {
    /// The driver under test, the same each time.
    fn driver(&self) -> Arc<dyn Driver>;

    /// A token with new keys in custody, and the device that has them. Each is another one.
    fn token(&self) -> impl Future<Output = Token> + Send;

    /// Takes the HSM away, for good. Called once, at the end.
    fn lose_hsm(&self) -> impl Future<Output = ()> + Send;
}

/// A token as both sides have it.
pub struct Token {
    /// Whose.
    pub id: TokenId,
    /// Hash of the key that makes codes.
    pub hash: HashAlgorithm,
    /// The key that makes codes.
    pub seal: SealedSeed,
    /// The others, where the driver keeps some.
    pub camera: Option<CameraKeys>,
    /// What its user has in their hand.
    pub device: Device,
}

/// What a user has in their hand; says which method of the trait is looked at.
pub enum Device {
    /// Shows one-time passwords of this length, one for each moving factor.
    Passwords(Digits, Box<dyn FnMut(MovingFactor) -> Code + Send>),
    /// Answers typed questions: for each number another question's data input, and the answer.
    Keypad(Suite, Box<dyn FnMut(u32) -> (Vec<u8>, Code) + Send>),
    /// Reads messages.
    Camera(Box<dyn CameraDevice>),
}

/// A device that reads messages. Each text comes from [`Driver::text`].
pub trait CameraDevice: Send {
    /// What its camera makes of a text: the message, or nothing.
    fn read(&self, text: &str) -> Option<Vec<u8>>;

    /// Reads the first message of an activation; what it shows to be typed. Nothing where it refuses.
    fn begin(&mut self, text: &str) -> Option<String>;

    /// Reads the second message; the code that it shows. Nothing where it refuses.
    fn answer(&mut self, text: &str) -> Option<Code>;

    /// Its user presses all the buttons that end an activation.
    fn finish(&mut self);

    /// Reads a message that asks for a signature. Nothing where it refuses.
    fn sign(&mut self, text: &str) -> Option<Shown>;
}

/// What a device shows to its user, who reads it and types the code.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The lines, all pages of them.
    pub lines: Vec<String>,
    /// The code over them.
    pub code: Code,
}

/// Runs every case.
///
/// # Panics
/// At the first case that fails.
pub async fn run_all(maker: &impl Maker) {
    assert!(!maker.driver().name().is_empty(), "records name their driver");
    let token = maker.token().await;
    if matches!(token.device, Device::Camera(_)) {
        activation::run(maker).await;
        signature::run(maker).await;
        binding::run(maker).await;
    } else {
        codes::run(maker).await;
    }
    loss::run(maker, token).await;
}

impl Token {
    /// For a driver's methods.
    fn keys(&self) -> TokenKeys<'_> {
        TokenKeys {
            id: &self.id,
            hash: self.hash,
            seal: &self.seal,
            camera: self.camera.as_ref(),
            deadline: Instant::now() + Duration::from_secs(30),
        }
    }

    /// The same with the keys of another token.
    fn keys_of<'a>(&'a self, other: &'a Self) -> TokenKeys<'a> {
        TokenKeys { id: &self.id, ..other.keys() }
    }
}

/// The code with the digit at `place` replaced by the next one.
fn changed(code: &Code, place: usize) -> Code {
    let mut digits = code.expose().to_vec();
    if let Some(digit) = digits.get_mut(place) {
        *digit = if *digit == b'9' { b'0' } else { *digit + 1 };
    }
    Code::parse(&String::from_utf8_lossy(&digits)).expect("as many digits as before")
}

/// The same code, a digit longer or shorter.
fn of_another_length(code: &Code) -> Code {
    let mut digits = code.expose().to_vec();
    if digits.len() < Code::MAX {
        digits.push(b'0');
    } else {
        digits.pop();
    }
    Code::parse(&String::from_utf8_lossy(&digits)).expect("4 to 10 digits")
}
