//! A device on the table, a bank that makes messages for it, and the protocol's values.
//!
//! Not responsible for: expectations.

use std::sync::LazyLock;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use serde_json::Value;
use warifu_core::time::UnixTime;
use warifu_token::camera::{Button, Device, DeviceKeys, Refusal, Screen};
use warifu_txa1::activation::{First, Second};
use warifu_txa1::field::{Bank, LoginId, TokenCode};
use warifu_txa1::frame::{Frame, Header, Kind};
use warifu_txa1::secret::{Salt, both};
use warifu_txa1::serial::DeviceSerial;
use warifu_txa1::{base45, qr_text};

pub(crate) static VECTORS: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../../../tests/vectors/txa1.json")).unwrap()
});

/// A text of the vectors.
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// The n-th activation of the vectors.
pub(crate) fn activation(n: usize) -> &'static Value {
    &VECTORS["activations"][n]
}

/// A signed content of the vectors, by its name.
pub(crate) fn content(name: &str) -> &'static Value {
    let all = VECTORS["contents"].as_array().unwrap();
    all.iter().find(|content| content["name"] == name).unwrap()
}

pub(crate) fn bytes<const N: usize>(value: &Value) -> [u8; N] {
    hex::decode(text(value)).unwrap().try_into().unwrap()
}

pub(crate) fn serial() -> DeviceSerial {
    DeviceSerial::from_text(text(&VECTORS["token"]["serial"])).unwrap()
}

pub(crate) fn device() -> Device {
    let seed = bytes(&VECTORS["token"]["seed"]);
    Device::new(serial(), DeviceKeys::from_seed(&seed, serial()))
}

/// A device and the time.
pub(crate) struct Table {
    pub(crate) device: Device,
    pub(crate) now: u64,
}

impl Table {
    /// A device that was just switched on.
    pub(crate) fn new() -> Self {
        Self::with(device())
    }

    /// One that began some activations already.
    pub(crate) fn counted(counter: u16) -> Self {
        Self::with(device().with_counter(counter))
    }

    pub(crate) fn with(device: Device) -> Self {
        let mut table = Self { device, now: 1_764_000_000 };
        table.press(Button::Power);
        table
    }

    /// An active one, as after an activation of the vectors.
    pub(crate) fn active(n: usize) -> Self {
        let counter = activation(n)["counter"].as_u64().unwrap();
        let mut table = Self::counted(u16::try_from(counter).unwrap() - 1);
        table.activate(activation(n));
        table
    }

    /// Holds a button as long as it takes, at once.
    pub(crate) fn press(&mut self, button: Button) -> Screen {
        self.device.press(button, button.usual_hold(), UnixTime(self.now));
        self.device.screen()
    }

    pub(crate) fn left(&mut self) -> Screen {
        self.press(Button::Left)
    }

    pub(crate) fn right(&mut self) -> Screen {
        self.press(Button::Right)
    }

    pub(crate) fn off_and_on(&mut self) -> Screen {
        self.press(Button::Power);
        self.press(Button::Power)
    }

    pub(crate) fn wait(&mut self, seconds: u64) -> Screen {
        self.now += seconds;
        self.device.pass(UnixTime(self.now));
        self.device.screen()
    }

    /// The same, and a tap on a button that only wakes the screen.
    pub(crate) fn wait_and_wake(&mut self, seconds: u64) -> Screen {
        self.wait(seconds);
        assert!(self.device.is_dark());
        self.left()
    }

    pub(crate) fn scan(&mut self, text: &str) -> Result<Screen, Refusal> {
        self.device.scan(text, UnixTime(self.now)).map(|()| self.device.screen())
    }

    pub(crate) fn scan_hex(&mut self, message: &Value) -> Result<Screen, Refusal> {
        let message = hex::decode(text(message)).unwrap();
        self.scan(&format!("TXA1:{}", base45::encode(&message)))
    }

    /// From the camera up to the second code.
    pub(crate) fn first_half(&mut self, activation: &Value) {
        self.scan(text(&activation["am1"]["qr_text"])).unwrap();
        self.right();
        assert_eq!(self.right().id, Some("DP008"));
    }

    /// From the camera up to the 8 digits.
    pub(crate) fn almost(&mut self, activation: &Value) -> Screen {
        self.first_half(activation);
        self.scan(text(&activation["am2"]["qr_text"])).unwrap()
    }

    /// From the camera to the camera.
    pub(crate) fn activate(&mut self, activation: &Value) {
        self.almost(activation);
        assert_eq!(self.right().id, Some("DP011"));
        assert_eq!(self.right().stage, "activated");
        assert_eq!(self.right().stage, "camera");
    }

    /// Reads the contents to their end; gives all their lines and the code.
    pub(crate) fn read(&mut self) -> (Vec<String>, String) {
        let mut screen = self.device.screen();
        let mut lines = vec![screen.title.clone()];
        while screen.stage == "content" {
            assert_eq!(screen.code, None, "no code before the last page");
            assert_eq!(screen.title, lines[0], "every page names the operation");
            lines.extend(screen.lines);
            screen = self.right();
        }
        assert_eq!(screen.stage, "code");
        (lines, screen.code.unwrap())
    }
}

/// Seals a plaintext for the device of the vectors.
pub(crate) fn seal(header: Header, bound: &[u8], plaintext: &[u8], nonce: u8) -> String {
    let key = bytes::<32>(&VECTORS["token"]["enc"]);
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).unwrap());
    let mut sealed = plaintext.to_vec();
    let aad = header.aad(bound);
    let at = Nonce::assume_unique_for_key([nonce; 12]);
    key.seal_in_place_append_tag(at, Aad::from(&*aad), &mut sealed).unwrap();
    qr_text::encode(&Frame::new(header, [nonce; 12], sealed).unwrap().encode())
}

/// Seals a plaintext for the first activation of the vectors.
pub(crate) fn seal_first(kind: Kind, plaintext: &[u8]) -> String {
    let ns = Salt::new(bytes(&activation(0)["ns"]));
    let ni = Salt::new(bytes(&activation(0)["ni"]));
    seal(Header::new(kind, serial(), 1, 1).unwrap(), &both(&ns, &ni), plaintext, 0x77)
}

/// A first code that is in no vector.
pub(crate) fn first_code(n: u8, may_replace: bool) -> String {
    let first = First {
        ns: Salt::new([n; 12]),
        issued: 1_764_000_000,
        ttl: 600,
        may_replace,
        bank: Bank::from_text("0144").unwrap(),
    };
    seal(Header::first(serial()), &[], &first.encode(), n)
}

/// The second code for [`first_code`] and a counter.
pub(crate) fn second_code(n: u8, instance: u8, counter: u16) -> String {
    let second = Second {
        ni: Salt::new([n ^ 0xFF; 12]),
        issued: 1_764_000_060,
        ttl: 300,
        token_code: TokenCode::from_text("000042").unwrap(),
        login_id: LoginId::from_text("HANAKODT").unwrap(),
    };
    let header = Header::new(Kind::Am2, serial(), instance, counter).unwrap();
    seal(header, &[n; 12], &second.encode(), n)
}
