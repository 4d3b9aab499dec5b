//! Camera tokens as users hold them: the virtual token with its buttons and its screen, on the
//! test's clock, and the seed files that a manufacturer would ship them with.
//!
//! Not responsible for: what the bank's page says meanwhile ([`crate::lifecycle`]), nor for what
//! protects a seed file (`tests/import_signing.rs`).

use std::io::Cursor;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;
use warifu_core::{rules, time::UnixTime};
use warifu_token::{
    BatchSeed, Model, Protection, SigningBatch,
    camera::{Button, Device, DeviceKeys, Hold, Refusal, Screen, picture},
};

use warifu_txa1::serial::DeviceSerial;

use crate::{TestClock, process::fail};

/// A camera token on the table, switched on. It has no clock: it counts seconds since it was made.
pub struct CameraToken {
    serial: String,
    device: Device,
    clock: TestClock,
    made: u64,
}

/// Camera tokens of one delivery: the file for the officer, the devices for the users.
pub struct Delivery {
    /// A seed file with plain values.
    pub file: Vec<u8>,
    /// What was shipped with it.
    pub tokens: Vec<CameraToken>,
}

impl Delivery {
    /// `count` tokens from a serial on, one seed for each in the file. Two deliveries with the same
    /// `secret` have the same keys.
    pub fn of_seeds(first: &str, count: u64, secret: u8, clock: &TestClock) -> Self {
        Self::new(Model::CameraSeed, first, count, secret, clock)
    }

    /// The same with three keys for each token in the file.
    pub fn of_keys(first: &str, count: u64, secret: u8, clock: &TestClock) -> Self {
        Self::new(Model::CameraKeys, first, count, secret, clock)
    }

    fn new(model: Model, first: &str, count: u64, secret: u8, clock: &TestClock) -> Self {
        let batch = SigningBatch {
            count,
            first_serial: first.to_owned(),
            manufacturer: crate::pskc::MANUFACTURER.to_owned(),
            model,
        };
        let seed = BatchSeed::from_bytes([secret; 32]);
        let mut file = Vec::new();
        batch.write(&seed, &Protection::Plain, &mut file).expect("the batch can be written");
        let token = |index| {
            let serial = batch.serial(index).expect("a serial of the batch");
            let keys = batch.camera(&seed, &serial).expect("a camera token of the batch");
            CameraToken::new(&serial, keys, clock)
        };
        Self { tokens: (0..count).map(token).collect(), file }
    }
}

impl CameraToken {
    /// Fresh from the factory.
    pub fn new(serial: &str, keys: DeviceKeys, clock: &TestClock) -> Self {
        let number = DeviceSerial::from_text(serial);
        let number = number.unwrap_or_else(|| fail(&format!("no serial: {serial}")));
        let device = Device::new(number, keys);
        let (serial, clock, made) = (serial.to_owned(), clock.clone(), clock.now());
        let mut token = Self { serial, device, clock, made };
        token.press(Button::Power);
        token
    }

    /// As printed on its back.
    pub fn serial(&self) -> &str {
        &self.serial
    }

    /// Whether it is registered, as far as the device knows.
    pub fn is_active(&self) -> bool {
        self.device.is_active()
    }

    /// What its user sees now.
    pub fn screen(&mut self) -> Screen {
        let now = self.now();
        self.device.pass(now);
        self.device.screen()
    }

    /// Wakes the screen where it is dark, which any button does; what its user sees then.
    pub fn wake(&mut self) -> Screen {
        if self.screen().dark {
            self.hold(Button::Left, Hold(0));
        }
        self.screen()
    }

    /// Wakes the screen where it is dark, then holds a button as long as it takes.
    pub fn press(&mut self, button: Button) -> Screen {
        self.wake();
        self.hold(button, button.usual_hold())
    }

    /// Holds a button.
    pub fn hold(&mut self, button: Button, seconds: Hold) -> Screen {
        let now = self.now();
        self.device.press(button, seconds, now);
        self.device.screen()
    }

    /// The left button.
    pub fn left(&mut self) -> Screen {
        self.press(Button::Left)
    }

    /// The right button.
    pub fn right(&mut self) -> Screen {
        self.press(Button::Right)
    }

    /// Off and on: what was pending is gone.
    pub fn restart(&mut self) -> Screen {
        self.press(Button::Power);
        self.press(Button::Power)
    }

    /// Holds the text of an answer's message before the camera.
    pub fn scan(&mut self, answer: &Value) -> Result<Screen, Refusal> {
        let text = answer["message"]["text"].as_str();
        let text = text.unwrap_or_else(|| fail(&format!("no message: {answer:#}")));
        self.see(text)
    }

    /// Holds the picture (PNG) of an answer's message before the camera.
    pub fn photograph(&mut self, answer: &Value) -> Result<Screen, Refusal> {
        let message = &answer["message"];
        let picture = message["image"].as_str().filter(|_| message["format"] == "png");
        let picture = picture.and_then(|text| STANDARD.decode(text).ok());
        let picture = picture.unwrap_or_else(|| fail(&format!("no picture: {answer:#}")));
        let text = picture::read(Cursor::new(picture));
        self.see(&text.unwrap_or_else(|e| fail(&format!("no readable picture: {e}"))))
    }

    /// The 12 digits that it shows for the first message of an activation.
    pub fn device_code(&mut self, answer: &Value) -> String {
        let screen = self.scan(answer);
        shown(screen, "device_code")
    }

    /// Past DP007 and DP008: the 8 digits that it shows for the second message.
    pub fn confirm_code(&mut self, answer: &Value) -> String {
        self.right();
        let screen = self.right();
        assert_eq!(screen.id, Some("DP008"), "{screen}");
        let screen = self.scan(answer);
        shown(screen, "confirm")
    }

    /// Done, Yes, and back to the camera.
    pub fn finish(&mut self) {
        let screen = self.right();
        assert_eq!(screen.id, Some("DP011"), "{screen}");
        let screen = self.right();
        assert_eq!(screen.stage, "activated", "{screen}");
        self.right();
    }

    /// Scans what is to be signed and turns all its pages: the lines and the code. Back to the camera.
    pub fn sign(&mut self, answer: &Value) -> (Vec<String>, String) {
        let screen = self.scan(answer);
        let read = self.read(screen);
        let screen = self.right();
        assert_eq!(screen.stage, "camera", "{screen}");
        read
    }

    /// Turns the pages of what was scanned: all its lines, the title first, and the code at the end.
    pub fn read(&mut self, screen: Result<Screen, Refusal>) -> (Vec<String>, String) {
        let mut screen = screen.unwrap_or_else(|e| fail(&format!("the token refuses: {e}")));
        let mut lines = vec![screen.title.clone()];
        while screen.stage == "content" {
            assert_eq!(screen.code, None, "a code before the last page: {screen}");
            lines.extend(screen.lines);
            screen = self.right();
        }
        (lines, shown(Ok(screen), "code"))
    }

    /// Token info: what it says.
    pub fn info(&mut self) -> Screen {
        let screen = self.press(Button::LeftPower);
        assert_eq!(screen.stage, "info", "{screen}");
        self.right();
        screen
    }

    fn see(&mut self, text: &str) -> Result<Screen, Refusal> {
        let now = self.now();
        self.device.scan(text, now).map(|()| self.device.screen())
    }

    fn now(&self) -> UnixTime {
        UnixTime(self.clock.now().saturating_sub(self.made))
    }
}

/// The digits of a screen, which has to be this one.
fn shown(screen: Result<Screen, Refusal>, stage: &str) -> String {
    let screen = screen.unwrap_or_else(|e| fail(&format!("the token refuses: {e}")));
    assert_eq!(screen.stage, stage, "{screen}");
    screen.code.unwrap_or_else(|| fail("no digits on the screen"))
}

/// The same digits with the last one mistyped.
pub fn misread(code: &str) -> String {
    let (body, last) = code.split_at(code.len() - 1);
    format!("{body}{}", if last == "9" { "0" } else { "9" })
}

/// A device code that was not shown: the counter of this one, other digits, a right check digit.
pub fn other_device_code(code: &str) -> String {
    let body = misread(&code[..code.len() - 1]);
    let candidates = (0..10).map(|digit| format!("{body}{digit}"));
    let right = candidates.into_iter().find(|code| rules::mod_11_10(code));
    right.unwrap_or_else(|| fail(&format!("no check digit for {body}")))
}
