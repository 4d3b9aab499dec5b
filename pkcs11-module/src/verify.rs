//! `C_Verify`: a code, and the daemon's verdict on it.
//!
//! A token that was restored or has drifted away needs two consecutive codes (`CKR_NEXT_OTP`): its first
//! code waits in the session for the next `C_VerifyInit` with `CKF_NEXT_OTP`. A code whose verdict got
//! lost waits there, too: the same code for the same key asks again under the same idempotency key,
//! so that it is judged once.
//!
//! Not responsible for the verdict.

mod memory;
mod parameter;
mod verdict;

use std::sync::Arc;

use cryptoki_sys::CK_MECHANISM_TYPE;
use warifu_api::{IdempotencyKey, SecretText, client::Client, facts::TokenFacts};
use zeroize::Zeroizing;

pub(crate) use self::memory::{FirstCode, Unanswered};
use self::{parameter::Wish, verdict::Verdict};
use crate::{
    attributes,
    challenge::Challenge,
    fault::{Fault, Outcome},
    handle::ObjectHandle,
    mechanism::{Mechanism, is_otp},
    objects::What,
    provider::Provider,
    remote::{self, Trouble, concerning},
    rv::Rv,
    session::Session,
};

/// A verification under way.
pub(crate) struct Verification {
    key: ObjectHandle,
    serial: String,
    /// How many digits the code has.
    digits: usize,
    about: About,
}

/// What the code is for.
enum About {
    /// A one-time password.
    Code,
    /// The second of two consecutive ones.
    Pair {
        /// The first.
        first: Code,
    },
    /// The answer to a challenge.
    Challenge(ObjectHandle, Arc<Challenge>),
}

/// A code as the token shows it: ASCII digits.
type Code = Zeroizing<String>;

/// `C_VerifyInit`. With `CKF_NEXT_OTP` the code that follows is the second of two; where no first one of
/// this key waits in this session, there is nothing to go on with: [`Rv::OperationNotInitialized`].
pub(crate) fn begin(
    provider: &Provider,
    session: &Session,
    mechanism: &Mechanism,
    key: ObjectHandle,
) -> Outcome<()> {
    session.logged_in()?;
    if session.under_way().verification.is_some() {
        return Err(Rv::OperationActive.into());
    }
    let facts = token(provider, session, key)?;
    suits(mechanism.kind, &facts)?;
    let wish = parameter::read(facts.algorithm, &mechanism.parameter)?;
    let (about, digits) = wished(provider, session, key, &facts, &wish)?;
    wish.fits(digits)?;
    let mut under_way = session.under_way();
    if under_way.verification.is_some() {
        return Err(Rv::OperationActive.into());
    }
    under_way.turn_to(key);
    under_way.verification = Some(Verification { key, serial: facts.serial, digits, about });
    Ok(())
}

/// `C_Verify`. `data` is empty for one-time passwords. Every answer ends the verification (PKCS#11 v3.1
/// s.5.15.2).
pub(crate) fn verify(
    provider: &Provider,
    session: &Session,
    data: &[u8],
    code: &[u8],
) -> Outcome<()> {
    let taken = session.under_way().verification.take();
    let verification = taken.ok_or(Rv::OperationNotInitialized)?;
    if !data.is_empty() {
        return Err(Fault::new(Rv::DataLenRange, "a one-time password is over no data"));
    }
    let code = readable(code, verification.digits)?;
    let unanswered = session.under_way().take_intent(&verification, &code);
    let is_repeated = unanswered.is_some();
    let intent = unanswered.map_or_else(remote::intent, Ok)?;
    let asked = verification.ask(session, &intent, &code);
    if let (Ok(verdict), About::Challenge(object, _)) = (&asked, &verification.about)
        && verdict.is_final
    {
        // It can not be answered a second time.
        provider.objects.remove(*object);
    }
    // After a logout nothing is remembered for whoever logs in next.
    if session.logged_in().is_ok() {
        session.under_way().settle(&verification, code, intent, is_repeated, &asked);
    }
    match asked {
        Ok(verdict) => verdict.outcome(),
        Err(trouble) => Err(memory::told(trouble, is_repeated)),
    }
}

/// `C_SignInit`: no key here makes codes.
pub(crate) fn refuse_to_sign(
    provider: &Provider,
    session: &Session,
    mechanism: &Mechanism,
    key: ObjectHandle,
) -> Outcome<()> {
    session.logged_in()?;
    let facts = token(provider, session, key)?;
    suits(mechanism.kind, &facts)?;
    Err(Fault::new(Rv::KeyFunctionNotPermitted, "codes are made by tokens, not here"))
}

impl Verification {
    fn ask(
        &self,
        session: &Session,
        intent: &IdempotencyKey,
        code: &str,
    ) -> Result<Verdict, Trouble> {
        let (remote, serial) = (&session.slot.remote, self.serial.as_str());
        let secret = |code: &str| SecretText::new(code.to_owned());
        let asked = match &self.about {
            About::Code => remote.ask(Some(intent), remote.deadline(), async |client: &Client| {
                let answer = client.verify(serial, secret(code)).await?;
                concerning(answer, serial, |answer| &answer.serial)
            }),
            About::Pair { first } => {
                remote.ask(Some(intent), remote.deadline(), async |client: &Client| {
                    let answer = client.resync(serial, [secret(first), secret(code)]).await?;
                    concerning(answer, serial, |answer| &answer.serial)
                })
            }
            About::Challenge(_, challenge) => {
                let answer = challenge.answer(session, intent, code);
                return answer.map(|answer| Verdict::of_challenge(&answer));
            }
        };
        asked.map(|answer| Verdict::of_code(&answer))
    }
}

/// The token behind a handle. Other objects are no keys, or verify nothing.
fn token(provider: &Provider, session: &Session, key: ObjectHandle) -> Outcome<TokenFacts> {
    let found = provider.objects.find(session.slot.id, key).ok_or(Rv::KeyHandleInvalid)?;
    match &found.what {
        What::Token(facts) => Ok(facts.clone()),
        What::Challenge(_) => Err(Fault::new(Rv::KeyHandleInvalid, "a challenge is no key")),
        What::Staged(_) => {
            let why = "another officer has to approve the import first";
            Err(Fault::new(Rv::KeyFunctionNotPermitted, why))
        }
        What::TransportKey(_) => {
            Err(Fault::new(Rv::KeyFunctionNotPermitted, "the key unwraps and does nothing else"))
        }
    }
}

fn suits(mechanism: CK_MECHANISM_TYPE, facts: &TokenFacts) -> Outcome<()> {
    if !is_otp(mechanism) {
        return Err(Rv::MechanismInvalid.into());
    }
    if mechanism != attributes::mechanism(facts.algorithm) {
        let why = format!("the token is {}", facts.algorithm);
        return Err(Fault::new(Rv::KeyTypeInconsistent, why));
    }
    Ok(())
}

/// What the code will be for, and how many digits it will have.
fn wished(
    provider: &Provider,
    session: &Session,
    key: ObjectHandle,
    facts: &TokenFacts,
    wish: &Wish,
) -> Outcome<(About, usize)> {
    let usual = usize::from(facts.digits);
    if let Some(question) = &wish.question {
        let (object, challenge) = open_challenge(provider, session, &facts.serial, question)?;
        let digits = challenge.digits().unwrap_or(usual);
        return Ok((About::Challenge(object, challenge), digits));
    }
    if !wish.is_second {
        return Ok((About::Code, usual));
    }
    let first = session.under_way().first_of(key).ok_or_else(|| {
        Fault::new(Rv::OperationNotInitialized, "no first code of the token was given before")
    })?;
    Ok((About::Pair { first }, usual))
}

/// The challenge of this session that has the question or the name; the newest, of several.
fn open_challenge(
    provider: &Provider,
    session: &Session,
    serial: &str,
    question: &[u8],
) -> Outcome<(ObjectHandle, Arc<Challenge>)> {
    let open = provider.objects.unlisted(session.slot.id, session.handle);
    let asked = open.into_iter().rev().find_map(|(handle, object)| match &object.what {
        What::Challenge(challenge) if challenge.is(serial, question) => {
            Some((handle, Arc::clone(challenge)))
        }
        _ => None,
    });
    asked.ok_or_else(|| {
        let why = "CK_OTP_CHALLENGE is no open challenge of this session and key";
        Fault::new(Rv::MechanismParamInvalid, why)
    })
}

/// What surely is no code is not worth a request, nor an attempt.
fn readable(code: &[u8], digits: usize) -> Outcome<Code> {
    if code.len() != digits {
        let why = format!("the token shows {digits} digits");
        return Err(Fault::new(Rv::SignatureLenRange, why));
    }
    if !code.iter().all(u8::is_ascii_digit) {
        return Err(Fault::new(Rv::SignatureInvalid, "a code has ASCII digits only"));
    }
    Ok(code.iter().copied().map(char::from).collect::<String>().into())
}

#[cfg(test)]
mod tests {
    use cryptoki_sys::{CKM_AES_KEY_WRAP, CKM_HOTP};
    use warifu_api::token::{Algorithm, Hash, TokenKind};

    use super::*;
    use crate::vendor::{CKM_WARIFU_OCRA, CKM_WARIFU_TOTP, CKM_WARIFU_TXA1};

    #[test]
    fn what_is_no_code_is_refused_at_once() {
        assert_eq!(readable(b"012345", 6).unwrap().as_str(), "012345");
        assert_eq!(readable(b"12345", 6).unwrap_err().rv, Rv::SignatureLenRange);
        assert_eq!(readable(b"1234567", 6).unwrap_err().rv, Rv::SignatureLenRange);
        assert_eq!(readable(b"", 6).unwrap_err().rv, Rv::SignatureLenRange);
        assert_eq!(readable(b"12345a", 6).unwrap_err().rv, Rv::SignatureInvalid);
        assert_eq!(
            readable(&[0xD9, 0xA1, b'3', b'4', b'5', b'6'], 6).unwrap_err().rv,
            Rv::SignatureInvalid
        );
    }

    #[test]
    fn a_refusal_never_repeats_the_code() {
        for code in [&b"12345"[..], b"12345a"] {
            assert!(!readable(code, 6).unwrap_err().why.contains("12345"));
        }
    }

    #[test]
    fn each_mechanism_suits_its_own_tokens_only() {
        let all = [
            (Algorithm::Hotp, CKM_HOTP),
            (Algorithm::Totp, CKM_WARIFU_TOTP),
            (Algorithm::Ocra, CKM_WARIFU_OCRA),
            (Algorithm::Txa1, CKM_WARIFU_TXA1),
        ];
        for (algorithm, own) in all {
            let facts = TokenFacts {
                institution: "bank".to_owned(),
                serial: "1".to_owned(),
                manufacturer: "Maker".to_owned(),
                kind: TokenKind::Hard,
                algorithm,
                hash: Hash::Sha1,
                digits: 6,
                time_step_s: None,
                suites: None,
            };
            for (_, mechanism) in all {
                let rv = suits(mechanism, &facts).err().map(|fault| fault.rv);
                assert_eq!(rv, (mechanism != own).then_some(Rv::KeyTypeInconsistent));
            }
            assert_eq!(suits(CKM_AES_KEY_WRAP, &facts).unwrap_err().rv, Rv::MechanismInvalid);
        }
    }
}
