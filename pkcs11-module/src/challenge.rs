//! Challenges: what was put to a user's keypad or camera token, as a session object.
//!
//! Not responsible for checking the answer, see [`crate::verify`].

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cryptoki_sys::{CK_ATTRIBUTE_TYPE, CKA_CLASS};
use warifu_api::{
    IdempotencyKey, ProblemType, SecretText,
    action::ActionOutcome,
    actor::Actor,
    challenge::{
        ChallengeAnswer, ChallengeCancelQuery, ChallengeRequest, ChallengeVerifyAnswer,
        CodeRequest, Image,
    },
    client::Client,
    denial::DenialReason,
    signing::Order,
};
use zeroize::Zeroizing;

use crate::{
    attributes::fixed_of_challenge,
    fault::{Fault, Outcome},
    handle::ObjectHandle,
    objects::{Object, What},
    provider::Provider,
    random,
    remote::{self, Trouble, concerning},
    rv::Rv,
    session::Session,
    template::{Attribute, Template},
    vendor::{CKA_WARIFU_CONTRACT, CKA_WARIFU_ORDER, CKA_WARIFU_USER},
};

/// A challenge that waits for its answer.
pub(crate) struct Challenge {
    pub(crate) contract: String,
    pub(crate) user: String,
    /// Its name at the daemon.
    pub(crate) name: String,
    /// The token that is asked.
    pub(crate) serial: String,
    /// The digits that the user types, or the text of the QR code.
    pub(crate) question: String,
    /// Empty for camera tokens.
    pub(crate) suite: String,
    /// A PNG file; empty for keypad tokens.
    pub(crate) image: Vec<u8>,
    /// The lines that the token shows.
    pub(crate) display: String,
    pub(crate) expires: String,
    secret: Secret,
}

/// What the daemon knows this challenge's session by: only who has it can answer.
struct Secret(Zeroizing<String>);

impl Secret {
    fn random() -> Outcome<Self> {
        let bytes = random::bytes::<24>()?;
        Ok(Self(Zeroizing::new(STANDARD.encode(bytes.as_slice()))))
    }

    fn text(&self) -> SecretText {
        SecretText::new(self.0.to_string())
    }

    fn actor(&self, user: &str) -> Actor {
        let (user, session) = (Some(user.to_owned()), Some(self.text()));
        Actor { user, session, ..Actor::default() }
    }
}

impl Challenge {
    /// How many digits its answer has, where that is known: RFC 6287 s.6.3 has it in the suite, as in
    /// `OCRA-1:HOTP-SHA256-8:QN08`; camera tokens show what their facts say.
    pub(crate) fn digits(&self) -> Option<usize> {
        let function = self.suite.split(':').nth(1)?;
        let (_, digits) = function.rsplit_once('-')?;
        digits.parse().ok().filter(|digits| *digits > 0)
    }

    /// Whether a program means this one: by what was asked, or by its name.
    pub(crate) fn is(&self, serial: &str, asked: &[u8]) -> bool {
        self.serial == serial
            && [&self.question, &self.name].iter().any(|own| own.as_bytes() == asked)
    }

    /// Asks the daemon about an answer.
    pub(crate) fn answer(
        &self,
        session: &Session,
        intent: &IdempotencyKey,
        code: &str,
    ) -> Result<ChallengeVerifyAnswer, Trouble> {
        let remote = &session.slot.remote;
        remote.ask(Some(intent), remote.deadline(), async |client: &Client| {
            let request = CodeRequest {
                actor: Some(self.secret.actor(&self.user)),
                code: SecretText::new(code.to_owned()),
                image: Image::None,
            };
            let Self { contract, user, name, .. } = self;
            let answer = client.verify_challenge(contract, user, name, &request).await?;
            concerning(answer, name, |answer| &answer.challenge)
        })
    }
}

/// What a template asks for.
#[derive(Debug)]
struct Wanted {
    contract: String,
    user: String,
    order: Order,
}

/// `C_CreateObject` of a challenge. One whose answer gets lost on the way is nobody's, and ends by
/// itself: the same call again makes another.
pub(crate) fn create(
    provider: &Provider,
    session: &Session,
    template: &Template,
) -> Outcome<ObjectHandle> {
    let Wanted { contract, user, order } = Wanted::of(template)?;
    let (remote, secret) = (&session.slot.remote, Secret::random()?);
    let intent = remote::intent()?;
    let request =
        ChallengeRequest { actor: Some(secret.actor(&user)), operation: order, image: Image::Png };
    let question =
        async |client: &Client| client.create_challenge(&contract, &user, &request).await;
    let answer = remote.ask(Some(&intent), remote.deadline(), question).map_err(unasked)?;
    let challenge = Challenge::of(contract, user, secret, answer)?;
    let what = What::Challenge(Arc::new(challenge));
    let session_object = Some(session.handle);
    Ok(provider.objects.put(Object { slot: session.slot.id, session: session_object, what }))
}

/// `C_DestroyObject`: takes the challenge back. One that is over already is no fault.
pub(crate) fn cancel(session: &Session, challenge: &Challenge) -> Outcome<()> {
    let remote = &session.slot.remote;
    let intent = remote::intent()?;
    let asked = remote.ask(Some(&intent), remote.deadline(), async |client: &Client| {
        let query = ChallengeCancelQuery { session: challenge.secret.text() };
        let Challenge { contract, user, name, .. } = challenge;
        client.cancel_challenge(contract, user, name, &query).await
    });
    match asked {
        Ok(_) | Err(Trouble::Problem(ProblemType::NotFound)) => Ok(()),
        Err(trouble) => Err(trouble.into()),
    }
}

impl Wanted {
    fn of(template: &Template) -> Outcome<Self> {
        template.iter().try_for_each(allowed)?;
        let contract = template.text(CKA_WARIFU_CONTRACT)?.ok_or_else(|| missing("CONTRACT"))?;
        let user = template.text(CKA_WARIFU_USER)?.ok_or_else(|| missing("USER"))?;
        let order = template.bytes(CKA_WARIFU_ORDER).ok_or_else(|| missing("ORDER"))?;
        let order = serde_json::from_slice(order).map_err(|error| unreadable(&error))?;
        Ok(Self { contract: contract.to_owned(), user: user.to_owned(), order })
    }
}

fn allowed(attribute: &Attribute) -> Outcome<()> {
    match (attribute.kind, fixed_of_challenge(attribute.kind)) {
        (CKA_CLASS | CKA_WARIFU_CONTRACT | CKA_WARIFU_USER | CKA_WARIFU_ORDER, _) => Ok(()),
        (_, Some(flag)) if attribute.value.as_slice() == [u8::from(flag)] => Ok(()),
        (kind, Some(_)) => Err(unfit(Rv::TemplateInconsistent, kind)),
        (kind, None) => Err(unfit(Rv::AttributeTypeInvalid, kind)),
    }
}

fn unfit(rv: Rv, kind: CK_ATTRIBUTE_TYPE) -> Fault {
    Fault::new(rv, format!("attribute {kind:#x}: no challenge has it so"))
}

fn missing(name: &str) -> Fault {
    Fault::new(Rv::TemplateIncomplete, format!("CKA_WARIFU_{name} is missing"))
}

/// Where, and what should be there; what is there could be names and accounts. Serde's texts end with
/// what it expected, and have no place where the fault is in a field of the operation.
fn unreadable(error: &serde_json::Error) -> Fault {
    let text = error.to_string();
    let expected = match text.rsplit_once("expected ") {
        Some((_, expected)) => format!("expected {expected}"),
        None if text.starts_with("missing field") => text,
        None => format!("line {} column {}", error.line(), error.column()),
    };
    let why = format!("CKA_WARIFU_ORDER is no operation of the interface: {expected}");
    Fault::new(Rv::AttributeValueInvalid, why)
}

/// The daemon did not take the request.
fn unasked(trouble: Trouble) -> Fault {
    use ProblemType as P;
    match trouble {
        Trouble::Problem(
            kind @ (P::InvalidField | P::MalformedRequest | P::NotFound | P::PayloadTooLarge),
        ) => Fault::new(Rv::AttributeValueInvalid, format!("the daemon says: {kind}")),
        Trouble::Unsendable => {
            Fault::new(Rv::AttributeValueInvalid, "contract and user are no texts for a path")
        }
        trouble => trouble.into(),
    }
}

impl Challenge {
    fn of(
        contract: String,
        user: String,
        secret: Secret,
        answer: ChallengeAnswer,
    ) -> Outcome<Self> {
        match answer.outcome {
            ActionOutcome::Done => {}
            ActionOutcome::Refused | ActionOutcome::Rejected => return Err(denied(answer.reason)),
            ActionOutcome::Unchanged => return Err(incomplete("it was so already")),
        }
        let (question, suite, image) = match (answer.prompt, answer.message) {
            (Some(prompt), _) => (prompt.digits, prompt.suite, Vec::new()),
            (None, Some(message)) => (message.text, String::new(), picture(message.image)?),
            (None, None) => return Err(incomplete("there is nothing to ask")),
        };
        Ok(Self {
            contract,
            user,
            name: answer.challenge.ok_or_else(|| incomplete("it has no name"))?,
            serial: answer.serial.ok_or_else(|| incomplete("it has no serial"))?,
            question,
            suite,
            image,
            display: answer.display.unwrap_or_default().join("\n"),
            expires: answer.expires_at.map(|at| at.0).unwrap_or_default(),
            secret,
        })
    }
}

fn picture(image: Option<String>) -> Outcome<Vec<u8>> {
    let decoded = image.map(|text| STANDARD.decode(text)).transpose();
    decoded.map(Option::unwrap_or_default).map_err(|_| incomplete("the picture is no base64"))
}

fn denied(reason: Option<DenialReason>) -> Fault {
    let rv = match reason {
        Some(DenialReason::Locked | DenialReason::TokenLocked) => Rv::PinLocked,
        _ => Rv::ActionProhibited,
    };
    Fault::new(rv, reason.map_or("denied", DenialReason::word))
}

/// The daemon is newer, or none.
fn incomplete(why: &str) -> Fault {
    Fault::new(Rv::DeviceError, format!("the answer is no challenge: {why}"))
}

#[cfg(test)]
pub(crate) fn sample(name: &str, serial: &str, question: &str) -> Challenge {
    Challenge {
        contract: "K-1".to_owned(),
        user: "U1".to_owned(),
        name: name.to_owned(),
        serial: serial.to_owned(),
        question: question.to_owned(),
        suite: "OCRA-1:HOTP-SHA256-8:QN08".to_owned(),
        image: Vec::new(),
        display: "line".to_owned(),
        expires: "2026-10-01T03:05:00Z".to_owned(),
        secret: Secret(Zeroizing::new("session".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use cryptoki_sys::{CKA_LABEL, CKA_PRIVATE, CKA_TOKEN};
    use warifu_api::{
        Timestamp,
        challenge::{Message, Prompt, PromptUse},
    };

    use super::*;
    use crate::vendor::CKO_WARIFU_CHALLENGE;

    const LOGIN: &[u8] = br#"{"type":"login"}"#;

    fn template(extra: &[(CK_ATTRIBUTE_TYPE, &[u8])], order: &[u8]) -> Template {
        let class = CKO_WARIFU_CHALLENGE.to_ne_bytes();
        let all = [
            (CKA_CLASS, class.as_slice()),
            (CKA_WARIFU_CONTRACT, b"K-1"),
            (CKA_WARIFU_USER, b"U1"),
            (CKA_WARIFU_ORDER, order),
        ];
        let all = all.iter().chain(extra).filter(|(_, value)| !value.is_empty());
        let attribute =
            |(kind, value): &(_, &[u8])| Attribute { kind: *kind, value: value.to_vec().into() };
        Template::new(all.map(attribute).collect()).unwrap()
    }

    fn refused(template: &Template) -> Fault {
        Wanted::of(template).unwrap_err()
    }

    #[test]
    fn a_template_names_contract_user_and_order() {
        let wanted = Wanted::of(&template(&[(CKA_TOKEN, &[0])], LOGIN)).unwrap();
        assert_eq!(wanted.order, Order::Login {});
        assert_eq!((wanted.contract.as_str(), wanted.user.as_str()), ("K-1", "U1"));
        assert_eq!(refused(&template(&[], b"")).rv, Rv::TemplateIncomplete);
    }

    #[test]
    fn a_template_asks_for_nothing_that_no_challenge_is() {
        let refused = |extra| refused(&template(&[extra], LOGIN)).rv;
        assert_eq!(refused((CKA_TOKEN, &[1])), Rv::TemplateInconsistent);
        assert_eq!(refused((CKA_PRIVATE, &[0])), Rv::TemplateInconsistent);
        assert_eq!(refused((CKA_LABEL, b"x")), Rv::AttributeTypeInvalid);
    }

    #[test]
    fn a_bad_order_is_explained_but_not_repeated() {
        for (order, hint) in [
            (r#"{"type":"question","question":"1","yamada":1}"#, "expected `question` or `suite`"),
            (r#"{"type":"yamada"}"#, "`transfer`"),
            (r#"{"type":"question","question":["yamada"]}"#, "expected a string"),
            (r#"{"type":"admin"}"#, "missing field `text`"),
            (r#"{"yamada""#, "line 1 column"),
        ] {
            let fault = refused(&template(&[], order.as_bytes()));
            assert_eq!(fault.rv, Rv::AttributeValueInvalid);
            assert!(fault.why.contains(hint), "{}", fault.why);
            assert!(!fault.why.contains("yamada"), "{}", fault.why);
        }
    }

    fn made(answer: ChallengeAnswer) -> Outcome<Challenge> {
        Challenge::of("K-1".to_owned(), "U1".to_owned(), Secret::random()?, answer)
    }

    fn done() -> ChallengeAnswer {
        ChallengeAnswer {
            challenge: Some("1.9f".to_owned()),
            serial: Some("1".to_owned()),
            expires_at: Some(Timestamp("2026-10-01T03:05:00Z".to_owned())),
            ..ChallengeAnswer::new(ActionOutcome::Done)
        }
    }

    #[test]
    fn a_keypad_token_is_asked_digits() {
        let prompt = Prompt {
            purpose: PromptUse::Login,
            suite: "OCRA-1:HOTP-SHA1-6:QN08".to_owned(),
            entries: Vec::new(),
            digits: "00123".to_owned(),
        };
        let challenge = made(ChallengeAnswer { prompt: Some(prompt), ..done() }).unwrap();
        assert_eq!((challenge.question.as_str(), challenge.digits()), ("00123", Some(6)));
        assert!(challenge.image.is_empty());
    }

    #[test]
    fn a_camera_token_is_shown_a_picture() {
        let message = Message {
            text: "TXA1:AB".to_owned(),
            format: None,
            image: Some(STANDARD.encode(b"PNG")),
            version: 3,
        };
        let display = Some(vec!["a".to_owned(), "b".to_owned()]);
        let answer = ChallengeAnswer { message: Some(message), display, ..done() };
        let challenge = made(answer).unwrap();
        assert_eq!((challenge.question.as_str(), challenge.digits()), ("TXA1:AB", None));
        assert_eq!((challenge.image.as_slice(), challenge.display.as_str()), (&b"PNG"[..], "a\nb"));
    }

    #[test]
    fn a_denial_is_told_with_its_word() {
        for (reason, rv) in [
            (DenialReason::Locked, Rv::PinLocked),
            (DenialReason::TokenLocked, Rv::PinLocked),
            (DenialReason::NotRegistered, Rv::ActionProhibited),
        ] {
            let answer = ChallengeAnswer {
                reason: Some(reason),
                ..ChallengeAnswer::new(ActionOutcome::Refused)
            };
            let fault = made(answer).err().unwrap();
            assert_eq!((fault.rv, fault.why.as_ref()), (rv, reason.word()));
        }
        assert_eq!(made(done()).err().unwrap().rv, Rv::DeviceError);
    }

    #[test]
    fn no_two_challenges_share_their_secret() {
        let (one, other) = (Secret::random().unwrap(), Secret::random().unwrap());
        assert_ne!(one.0, other.0);
        assert_eq!(one.0.len(), 32);
    }
}
