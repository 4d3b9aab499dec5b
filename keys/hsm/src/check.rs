//! Codes over whole inputs, and messages to camera tokens. No MAC leaves this file.
//!
//! Not responsible for: opening the key (`verify.rs`), what inputs and messages mean.

use warifu_core::{code::Code, oath};
use warifu_hsm_protocol::{
    JobError, KeyKind, KeyRef, MAX_INPUTS, MAX_TEXT, Reduction, Reply, Row, SecretBytes,
};

use crate::{
    station::{Station, Trouble},
    verify::{hash_of, parse_code},
};

impl Station<'_> {
    /// Makes the code of each input in order and stops at the first match.
    pub(crate) fn check(
        &self,
        key: &KeyRef,
        reduction: Reduction,
        code: &SecretBytes,
        inputs: &[Vec<u8>],
        row: Option<&Row>,
    ) -> Result<Reply, Trouble> {
        let (hash, code) = (hash_of(key)?, parse_code(code)?);
        let fits = inputs.len() <= MAX_INPUTS
            && inputs.iter().all(|input| (1..=MAX_TEXT).contains(&input.len()));
        if !fits || !(4..=10).contains(&digits(reduction)) {
            return Err(JobError::Malformed.into());
        }
        self.check_row(row)?;
        let found = self.with_key(key, |object| {
            for (index, input) in (0..).zip(inputs) {
                let mac = self.hand.code_mac(hash, object, input)?;
                if reduce(mac.as_ref(), reduction).is_some_and(|right| right.matches(&code)) {
                    return Ok(Some(index));
                }
            }
            Ok(None)
        })?;
        Ok(Reply::Verified(found))
    }

    /// Encrypts a message for the token.
    pub(crate) fn seal_message(
        &self,
        key: &KeyRef,
        nonce: &[u8; 12],
        aad: &[u8],
        plaintext: &SecretBytes,
        row: Option<&Row>,
    ) -> Result<Reply, Trouble> {
        let plaintext = plaintext.expose();
        let fits = (1..=MAX_TEXT).contains(&plaintext.len()) && aad.len() <= MAX_TEXT;
        if key.kind != KeyKind::Aes || !fits {
            return Err(JobError::Malformed.into());
        }
        self.demand(key.kind)?;
        self.check_row(row)?;
        self.with_key(key, |object| self.hand.encrypt(object, nonce, aad, plaintext))
            .map(Reply::Message)
    }

    /// Whether this token and its provider can use keys of that kind.
    pub(crate) fn demand(&self, kind: KeyKind) -> Result<(), JobError> {
        if kind != KeyKind::Aes || self.shared.abilities.messages {
            return Ok(());
        }
        Err(JobError::Unsupported(if self.epoch.keys.keks_e.is_empty() {
            let name = self.shared.names().kek_e();
            format!("the token has no key {name}; `warifu hsm init` makes it, then restart warifud")
        } else {
            "the provider's AES-GCM does not do what messages to camera tokens need; \
             `warifu hsm doctor` says what is missing"
                .to_owned()
        }))
    }
}

const fn digits(reduction: Reduction) -> u8 {
    match reduction {
        Reduction::Decimal64 { digits } | Reduction::Truncate { digits } => digits,
    }
}

/// The code that a MAC stands for.
fn reduce(mac: &[u8], reduction: Reduction) -> Option<Code> {
    let number = match reduction {
        Reduction::Decimal64 { .. } => u64::from_be_bytes(*mac.first_chunk()?),
        Reduction::Truncate { .. } => oath::truncated(mac)?,
    };
    Some(Code::from_number(number, digits(reduction)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(mac: &[u8], reduction: Reduction) -> String {
        String::from_utf8(reduce(mac, reduction).unwrap().expose().to_vec()).unwrap()
    }

    #[test]
    fn the_last_digits_of_the_first_eight_bytes() {
        let mut mac = [0xFF; 32];
        assert_eq!(code(&mac, Reduction::Decimal64 { digits: 8 }), "09551615");
        mac[..8].copy_from_slice(&[0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF]);
        assert_eq!(code(&mac, Reduction::Decimal64 { digits: 8 }), "16486895");
        assert_eq!(code(&mac, Reduction::Decimal64 { digits: 4 }), "6895");
        assert!(reduce(&mac[..7], Reduction::Decimal64 { digits: 8 }).is_none());
    }

    /// RFC 4226 s.5.4.
    #[test]
    fn the_example_of_dynamic_truncation() {
        let mac = hex::decode("1f8698690e02ca16618550ef7f19da8e945b555a").unwrap();
        assert_eq!(code(&mac, Reduction::Truncate { digits: 6 }), "872921");
        assert_eq!(code(&mac, Reduction::Truncate { digits: 4 }), "2921");
        assert_eq!(code(&mac, Reduction::Truncate { digits: 10 }), "1357872921");
        assert!(reduce(&mac[..19], Reduction::Truncate { digits: 6 }).is_none());
    }
}
