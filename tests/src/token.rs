//! Hardware tokens as the tests hold them: a seed and what it shows. Codes come from `oathtool`
//! (a part that we did not write) or, for load, from an own few lines over `hmac`.
//!
//! Not responsible for: what the daemon makes of a code. Shares no code with `warifu-core` on purpose.

use std::process::Command;

use hmac::{Hmac, Mac as _};
use ring::rand::SecureRandom as _;

use crate::{process::run, wait::unix_now};

/// Hash of the HMAC.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Hash {
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

impl Hash {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Sha1, Self::Sha256, Self::Sha512];

    /// As `oathtool` and PSKC suites write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
            Self::Sha512 => "SHA512",
        }
    }
}

/// What moves a token's codes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// HOTP with the counter of its first unused code.
    Hotp(u64),
    /// TOTP with the length of a step in seconds.
    Totp(u32),
}

/// One token.
#[derive(Clone, Debug)]
pub struct TestToken {
    /// As printed on it.
    pub serial: String,
    /// Its seed.
    pub seed: Vec<u8>,
    /// Hash of the HMAC.
    pub hash: Hash,
    /// Length of a code.
    pub digits: u8,
    /// HOTP or TOTP.
    pub kind: Kind,
    /// More elements for the PSKC `Policy`.
    pub policy: String,
    /// PSKC `TimeDrift`, in steps.
    pub drift: Option<i64>,
}

impl TestToken {
    /// Six digits, SHA-1, a random seed of 20 bytes.
    pub fn hotp(serial: &str) -> Self {
        Self::new(serial, Kind::Hotp(0))
    }

    /// Six digits, SHA-1, 30 seconds, a random seed of 20 bytes.
    pub fn totp(serial: &str) -> Self {
        Self::new(serial, Kind::Totp(30))
    }

    fn new(serial: &str, kind: Kind) -> Self {
        Self {
            serial: serial.to_owned(),
            seed: random(20),
            hash: Hash::Sha1,
            digits: 6,
            kind,
            policy: String::new(),
            drift: None,
        }
    }

    /// Another hash, with a seed as long as its MAC.
    #[must_use]
    pub fn hash(mut self, hash: Hash) -> Self {
        self.seed = random(match hash {
            Hash::Sha1 => 20,
            Hash::Sha256 => 32,
            Hash::Sha512 => 64,
        });
        self.hash = hash;
        self
    }

    /// Another length of the seed.
    #[must_use]
    pub fn seed_length(mut self, bytes: usize) -> Self {
        self.seed = random(bytes);
        self
    }

    /// Another number of digits.
    #[must_use]
    pub const fn digits(mut self, digits: u8) -> Self {
        self.digits = digits;
        self
    }

    /// Another start of the counter.
    #[must_use]
    pub const fn counter(mut self, counter: u64) -> Self {
        self.kind = Kind::Hotp(counter);
        self
    }

    /// Another step.
    #[must_use]
    pub const fn step(mut self, seconds: u32) -> Self {
        self.kind = Kind::Totp(seconds);
        self
    }

    /// Elements inside the PSKC `Policy`, as XML.
    #[must_use]
    pub fn policy(mut self, xml: &str) -> Self {
        xml.clone_into(&mut self.policy);
        self
    }

    /// PSKC `TimeDrift`.
    #[must_use]
    pub const fn drift(mut self, steps: i64) -> Self {
        self.drift = Some(steps);
        self
    }

    /// The step that the wall clock stands in; 0 for HOTP.
    pub fn now(&self) -> u64 {
        self.at(unix_now())
    }

    /// The step that a time (in seconds since 1970) stands in; 0 for HOTP.
    pub fn at(&self, unix_seconds: u64) -> u64 {
        match self.kind {
            Kind::Hotp(_) => 0,
            Kind::Totp(step) => unix_seconds / u64::from(step),
        }
    }

    /// The code that it shows at a time (in seconds since 1970).
    pub fn code_at(&self, unix_seconds: u64) -> String {
        self.code(self.at(unix_seconds))
    }

    /// The code for a moving factor, computed here.
    pub fn code(&self, factor: u64) -> String {
        let mac = self.mac(&factor.to_be_bytes());
        let offset = usize::from(mac.last().expect("a MAC has bytes") & 0x0F);
        let word =
            mac.get(offset..offset + 4).expect("RFC 4226 s.5.3: the offset leaves four bytes");
        let word: [u8; 4] = word.try_into().expect("four bytes");
        let value = u64::from(u32::from_be_bytes(word) & 0x7FFF_FFFF);
        let width = usize::from(self.digits);
        format!("{:0width$}", value % 10_u64.pow(u32::from(self.digits)))
    }

    fn mac(&self, message: &[u8]) -> Vec<u8> {
        macro_rules! mac {
            ($hash:ty) => {{
                let mut mac =
                    Hmac::<$hash>::new_from_slice(&self.seed).expect("any length is a key");
                mac.update(message);
                mac.finalize().into_bytes().to_vec()
            }};
        }
        match self.hash {
            Hash::Sha1 => mac!(sha1::Sha1),
            Hash::Sha256 => mac!(sha2::Sha256),
            Hash::Sha512 => mac!(sha2::Sha512),
        }
    }

    /// A code of the right length that no moving factor in `range` gives. `n` picks different ones.
    pub fn wrong_code(&self, range: std::ops::Range<u64>, n: u64) -> String {
        let right: Vec<_> = range.map(|factor| self.code(factor)).collect();
        let width = usize::from(self.digits);
        let modulus = 10_u64.pow(u32::from(self.digits));
        let candidates = (0..modulus).map(|i| format!("{:0width$}", (i * 7_919 + 13) % modulus));
        let index = usize::try_from(n).expect("a small number");
        candidates.filter(|c| !right.contains(c)).nth(index).expect("some code is wrong")
    }

    /// A wrong code around now (TOTP) or around the counter (HOTP).
    pub fn wrong(&self, n: u64) -> String {
        self.wrong_at(unix_now(), n)
    }

    /// A wrong code around a time (in seconds since 1970; TOTP) or around the counter (HOTP).
    pub fn wrong_at(&self, unix_seconds: u64, n: u64) -> String {
        let step = self.at(unix_seconds);
        match self.kind {
            Kind::Hotp(counter) => self.wrong_code(counter..counter + 100, n),
            Kind::Totp(_) => self.wrong_code(step - 50..step + 50, n),
        }
    }

    /// The code for a moving factor by `oathtool`, which knows HOTP with SHA-1 and 6 to 8 digits.
    pub fn oathtool(&self, factor: u64) -> String {
        let mut tool = Command::new("oathtool");
        match self.kind {
            Kind::Hotp(_) => tool.arg("--hotp").arg(format!("--counter={factor}")),
            Kind::Totp(step) => tool
                .arg(format!("--totp={}", self.hash.name()))
                .arg(format!("--time-step-size={step}s"))
                .arg(format!("--now=@{}", factor * u64::from(step))),
        };
        tool.arg(format!("--digits={}", self.digits)).arg(hex::encode(&self.seed));
        String::from_utf8_lossy(&run(&mut tool).stdout).trim().to_owned()
    }
}

/// Random bytes.
pub fn random(count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    ring::rand::SystemRandom::new().fill(&mut bytes).expect("the kernel gives random bytes");
    bytes
}
