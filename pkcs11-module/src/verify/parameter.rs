//! What a program says about a code before it comes: `CK_OTP_PARAMS` (PKCS#11 v3.1 s.6.44.4).
//!
//! Counter, time and PIN are the daemon's affair (`CKA_OTP_*_REQUIREMENT` says ignored): they are looked
//! at for their shape only, so that a program that gives something else by mistake hears of it.
//!
//! Not responsible for whether a challenge is one of ours.

use cryptoki_sys::{
    CK_FLAGS, CK_OTP_FORMAT_DECIMAL, CK_ULONG, CKF_EXCLUDE_CHALLENGE, CKF_EXCLUDE_COUNTER,
    CKF_EXCLUDE_PIN, CKF_EXCLUDE_TIME, CKF_NEXT_OTP,
};
use warifu_api::token::Algorithm;

use crate::{
    fault::{Fault, Outcome},
    mechanism::{OtpParams, Parameter},
    rv::Rv,
};

/// What is left of it.
#[derive(Debug, Default, Eq, PartialEq)]
pub(super) struct Wish {
    /// The code is the second of two.
    pub(super) is_second: bool,
    /// The challenge that is answered; present exactly for tokens that answer challenges.
    pub(super) question: Option<Vec<u8>>,
    output_length: Option<CK_ULONG>,
}

impl Wish {
    /// Whether the code will have the length that the program expects.
    pub(super) fn fits(&self, digits: usize) -> Outcome<()> {
        match self.output_length.map(usize::try_from) {
            None => Ok(()),
            Some(Ok(length)) if length == digits => Ok(()),
            Some(_) => Err(invalid(&format!("CK_OTP_OUTPUT_LENGTH: it shows {digits} digits"))),
        }
    }
}

/// Flags that say no more than what is so anyway: what is ignored can be left out. User-friendly codes
/// (`CKF_USER_FRIENDLY_OTP`) are not made.
const EXCLUDED: CK_FLAGS =
    CKF_EXCLUDE_TIME | CKF_EXCLUDE_COUNTER | CKF_EXCLUDE_CHALLENGE | CKF_EXCLUDE_PIN;

pub(super) fn read(algorithm: Algorithm, parameter: &Parameter) -> Outcome<Wish> {
    let none = OtpParams::default();
    let params = match parameter {
        Parameter::None => &none,
        Parameter::Otp(params) => params,
        Parameter::Bytes(_) | Parameter::Oaep(_) => {
            return Err(invalid("the parameter is no CK_OTP_PARAMS"));
        }
    };
    shapes(params)?;
    let flags = params.flags.unwrap_or_default();
    match algorithm {
        Algorithm::Hotp | Algorithm::Totp => code(params, flags),
        Algorithm::Ocra | Algorithm::Txa1 => answer(params, flags),
    }
}

fn shapes(params: &OtpParams) -> Outcome<()> {
    let is_time = |time: &[u8]| time.len() == 14 && time.iter().all(u8::is_ascii_digit);
    let rules = [
        (!params.has_value, "CK_OTP_VALUE is an output"),
        (params.counter.as_ref().is_none_or(|it| it.len() == 8), "CK_OTP_COUNTER has 8 bytes"),
        (params.time.as_deref().is_none_or(is_time), "CK_OTP_TIME is YYYYMMDDhhmmss"),
        (
            params.output_format.is_none_or(|format| format == CK_OTP_FORMAT_DECIMAL),
            "CK_OTP_OUTPUT_FORMAT: codes are decimal",
        ),
    ];
    let broken = rules.iter().find(|(kept, _)| !kept);
    broken.map_or(Ok(()), |(_, rule)| Err(invalid(rule)))
}

fn code(params: &OtpParams, flags: CK_FLAGS) -> Outcome<Wish> {
    only(flags, CKF_NEXT_OTP | EXCLUDED)?;
    let is_second = flags & CKF_NEXT_OTP != 0;
    Ok(Wish { is_second, question: None, output_length: params.output_length })
}

fn answer(params: &OtpParams, flags: CK_FLAGS) -> Outcome<Wish> {
    only(flags, EXCLUDED & !CKF_EXCLUDE_CHALLENGE)?;
    let question =
        params.challenge.clone().ok_or_else(|| invalid("CK_OTP_CHALLENGE is missing"))?;
    let output_length = params.output_length;
    Ok(Wish { is_second: false, question: Some(question), output_length })
}

fn only(flags: CK_FLAGS, allowed: CK_FLAGS) -> Outcome<()> {
    match flags & !allowed {
        0 => Ok(()),
        other => Err(invalid(&format!("CK_OTP_FLAGS: {other:#x} does not suit the token"))),
    }
}

fn invalid(rule: &str) -> Fault {
    Fault::new(Rv::MechanismParamInvalid, rule.to_owned())
}

#[cfg(test)]
mod tests {
    use cryptoki_sys::CKF_USER_FRIENDLY_OTP;
    use zeroize::Zeroizing;

    use super::*;

    fn given(algorithm: Algorithm, params: OtpParams) -> Outcome<Wish> {
        read(algorithm, &Parameter::Otp(params))
    }

    fn flags(flags: CK_FLAGS) -> OtpParams {
        OtpParams { flags: Some(flags), ..OtpParams::default() }
    }

    fn asked() -> OtpParams {
        OtpParams { challenge: Some(b"4711".to_vec()), ..OtpParams::default() }
    }

    fn assert_invalid(outcome: Outcome<Wish>) {
        assert_eq!(outcome.unwrap_err().rv, Rv::MechanismParamInvalid);
    }

    #[test]
    fn one_time_passwords_need_no_parameter() {
        for algorithm in [Algorithm::Hotp, Algorithm::Totp] {
            assert_eq!(read(algorithm, &Parameter::None).unwrap(), Wish::default());
            assert_eq!(given(algorithm, OtpParams::default()).unwrap(), Wish::default());
            assert_invalid(read(algorithm, &Parameter::Bytes(vec![0; 16])));
        }
    }

    #[test]
    fn what_the_daemon_knows_better_is_ignored() {
        let params = OtpParams {
            challenge: Some(b"x".to_vec()),
            counter: Some(vec![0; 8]),
            time: Some(b"20261122033346".to_vec()),
            pin: Some(Zeroizing::new(b"1234".to_vec())),
            output_format: Some(CK_OTP_FORMAT_DECIMAL),
            ..OtpParams::default()
        };
        assert_eq!(given(Algorithm::Hotp, params).unwrap(), Wish::default());
    }

    #[test]
    fn what_is_ignored_has_its_shape_all_the_same() {
        let empty = OtpParams::default;
        for broken in [
            OtpParams { counter: Some(vec![0; 4]), ..empty() },
            OtpParams { time: Some(b"2026-11-22".to_vec()), ..empty() },
            OtpParams { time: Some(b"2026112203334x".to_vec()), ..empty() },
            OtpParams { has_value: true, ..empty() },
            OtpParams { output_format: Some(1), ..empty() },
        ] {
            assert_invalid(given(Algorithm::Totp, broken));
        }
    }

    #[test]
    fn a_length_is_that_of_the_token() {
        let wish = |length| {
            let params = OtpParams { output_length: Some(length), ..OtpParams::default() };
            given(Algorithm::Hotp, params).unwrap()
        };
        assert!(wish(6).fits(6).is_ok());
        assert_invalid(wish(8).fits(6).map(|()| Wish::default()));
        assert_invalid(wish(CK_ULONG::MAX).fits(6).map(|()| Wish::default()));
        assert!(Wish::default().fits(8).is_ok());
    }

    #[test]
    fn flags_are_those_that_make_sense() {
        assert!(given(Algorithm::Hotp, flags(CKF_NEXT_OTP)).unwrap().is_second);
        assert!(!given(Algorithm::Totp, flags(EXCLUDED)).unwrap().is_second);
        assert_invalid(given(Algorithm::Hotp, flags(CKF_USER_FRIENDLY_OTP)));
        assert_invalid(given(Algorithm::Hotp, flags(0x40)));
    }

    #[test]
    fn an_answer_needs_its_challenge() {
        for algorithm in [Algorithm::Ocra, Algorithm::Txa1] {
            assert_eq!(given(algorithm, asked()).unwrap().question.unwrap(), b"4711");
            assert_invalid(read(algorithm, &Parameter::None));
            assert_invalid(given(algorithm, OtpParams::default()));
            for not in [CKF_NEXT_OTP, CKF_EXCLUDE_CHALLENGE] {
                assert_invalid(given(algorithm, OtpParams { flags: Some(not), ..asked() }));
            }
        }
    }
}
