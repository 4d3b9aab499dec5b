//! The plaintexts of the two activation messages.
//!
//! Not responsible for: the frame around them.

use thiserror::Error;
use zeroize::Zeroizing;

use crate::{
    bcd,
    field::{Bank, LoginId, TokenCode},
    secret::Salt,
};

/// Why a plaintext is no activation message. Nothing of it was used.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum ActivationFault {
    /// Not the length that the message has.
    #[error("has a length that an activation message does not have")]
    Length,
    /// A digit, character or flag that version 1 does not have.
    #[error("has a field with an impossible value")]
    Field,
}

impl ActivationFault {
    /// A stable word for screens, logs and tests.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Length | Self::Field => "bad_field",
        }
    }
}

/// First activation message, 21 bytes: `NS | issued | ttl | flags | bank`.
#[derive(Debug)]
pub struct First {
    /// The first salt.
    pub ns: Salt,
    /// When the message was made, Unix time.
    pub issued: u32,
    /// For how long it holds, in seconds. The server sees to it: a token has no clock.
    pub ttl: u16,
    /// The token may give up an activation that it has.
    pub may_replace: bool,
    /// Which bank it is from.
    pub bank: Bank,
}

impl First {
    /// Bytes of the plaintext.
    pub const LEN: usize = 21;

    /// The plaintext.
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let flags = u8::from(self.may_replace);
        let bank = bcd::pack::<2>(self.bank.get().into());
        start(&self.ns, self.issued, self.ttl, flags, &[&bank])
    }

    /// Reads a plaintext; what [`Self::encode`] would not write is refused.
    pub fn parse(plaintext: &[u8]) -> Result<Self, ActivationFault> {
        let (ns, issued, ttl, flags, rest) = parse_start(plaintext)?;
        let bank: [u8; 2] = rest.try_into().map_err(|_| ActivationFault::Length)?;
        let bank = bcd::number(&bank).and_then(|bank| u16::try_from(bank).ok());
        let bank = bank.and_then(Bank::new).ok_or(ActivationFault::Field)?;
        let may_replace = match flags {
            0 => false,
            MAY_REPLACE => true,
            _ => return Err(ActivationFault::Field),
        };
        Ok(Self { ns, issued, ttl, may_replace, bank })
    }
}

/// Second activation message, 24 to 53 bytes: `NI | issued | ttl | flags | token code | k | login ID`.
#[derive(Debug)]
pub struct Second {
    /// The second salt.
    pub ni: Salt,
    /// When the message was made, Unix time.
    pub issued: u32,
    /// For how long it holds, in seconds. The server sees to it: a token has no clock.
    pub ttl: u16,
    /// What the contract's users tell this token apart by; Token info shows it.
    pub token_code: TokenCode,
    /// Who takes the token into service; the token shows it.
    pub login_id: LoginId,
}

impl Second {
    /// The plaintext.
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let code = bcd::pack::<3>(self.token_code.get().into());
        let login_id = self.login_id.as_str().as_bytes();
        let length = u8::try_from(login_id.len()).unwrap_or(u8::MAX);
        start(&self.ni, self.issued, self.ttl, 0, &[&code, &[length], login_id])
    }

    /// Reads a plaintext; what [`Self::encode`] would not write is refused.
    pub fn parse(plaintext: &[u8]) -> Result<Self, ActivationFault> {
        let (ni, issued, ttl, flags, rest) = parse_start(plaintext)?;
        let (code, rest) = rest.split_first_chunk::<3>().ok_or(ActivationFault::Length)?;
        let (length, login_id) = rest.split_first().ok_or(ActivationFault::Length)?;
        if usize::from(*length) != login_id.len() {
            return Err(ActivationFault::Length);
        }
        let code = bcd::number(code).and_then(|code| u32::try_from(code).ok());
        let token_code = code.and_then(TokenCode::new).ok_or(ActivationFault::Field)?;
        let login_id = LoginId::from_bytes(login_id).map_err(|_| ActivationFault::Field)?;
        if flags != 0 {
            return Err(ActivationFault::Field);
        }
        Ok(Self { ni, issued, ttl, token_code, login_id })
    }
}

/// Bit 0 of the flags of a first message.
const MAY_REPLACE: u8 = 1;

/// What both plaintexts begin with, and what follows. Nothing is moved while it grows: the salt
/// would stay behind.
fn start(salt: &Salt, issued: u32, ttl: u16, flags: u8, rest: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let fixed: [&[u8]; 4] = [salt.expose(), &issued.to_be_bytes(), &ttl.to_be_bytes(), &[flags]];
    let parts = fixed.iter().chain(rest);
    let length = parts.clone().map(|part| part.len()).sum();
    let mut plaintext = Zeroizing::new(Vec::with_capacity(length));
    parts.for_each(|part| plaintext.extend_from_slice(part));
    plaintext
}

type Start<'a> = (Salt, u32, u16, u8, &'a [u8]);

fn parse_start(plaintext: &[u8]) -> Result<Start<'_>, ActivationFault> {
    let read = || {
        let (salt, rest) = plaintext.split_first_chunk()?;
        let (issued, rest) = rest.split_first_chunk()?;
        let (ttl, rest) = rest.split_first_chunk()?;
        let (flags, rest) = rest.split_first()?;
        let (issued, ttl) = (u32::from_be_bytes(*issued), u16::from_be_bytes(*ttl));
        Some((Salt::new(*salt), issued, ttl, *flags, rest))
    };
    read().ok_or(ActivationFault::Length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first() -> Vec<u8> {
        let bank = Bank::from_text("0144").unwrap();
        let ns = Salt::new([0xA5; 12]);
        First { ns, issued: 1, ttl: 600, may_replace: true, bank }.encode().to_vec()
    }

    fn second() -> Vec<u8> {
        let token_code = TokenCode::from_text("000007").unwrap();
        let login_id = LoginId::from_text("A").unwrap();
        Second { ni: Salt::new([0xA5; 12]), issued: 1, ttl: 300, token_code, login_id }
            .encode()
            .to_vec()
    }

    #[test]
    fn a_first_message_is_read_back() {
        let plaintext = first();
        assert_eq!(plaintext.len(), First::LEN);
        let read = First::parse(&plaintext).unwrap();
        assert!(read.may_replace && read.bank.get() == 144 && read.ttl == 600);
        assert_eq!(*read.encode(), plaintext);
    }

    #[test]
    fn a_second_message_is_read_back() {
        let plaintext = second();
        let read = Second::parse(&plaintext).unwrap();
        assert_eq!((read.token_code.get(), read.login_id.as_str()), (7, "A"));
        assert_eq!(*read.encode(), plaintext);
    }

    #[test]
    fn unknown_flags_digits_and_lengths_are_refused() {
        let changed = |plaintext: &[u8], place: usize, byte| {
            let mut plaintext = plaintext.to_vec();
            plaintext[place] = byte;
            plaintext
        };
        let fault = |plaintext: &[u8]| First::parse(plaintext).unwrap_err();
        assert_eq!(fault(&changed(&first(), 18, 2)), ActivationFault::Field);
        assert_eq!(fault(&changed(&first(), 20, 0x4A)), ActivationFault::Field);
        assert_eq!(fault(&first()[..20]), ActivationFault::Length);
        assert_eq!(fault(&[first(), vec![0]].concat()), ActivationFault::Length);
        let fault = |plaintext: &[u8]| Second::parse(plaintext).unwrap_err();
        assert_eq!(fault(&changed(&second(), 18, 1)), ActivationFault::Field);
        assert_eq!(fault(&changed(&second(), 21, 0x0A)), ActivationFault::Field);
        assert_eq!(fault(&changed(&second(), 22, 2)), ActivationFault::Length);
        assert_eq!(fault(&changed(&second(), 23, 0x0A)), ActivationFault::Field);
        assert_eq!(fault(&second()[..22]), ActivationFault::Length);
    }
}
