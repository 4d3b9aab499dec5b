//! The `text` of each answer, made of the answer's words.
//!
//! Not responsible for: the sentences themselves.

use super::{Language, Told, Worded as _, joined};
use crate::{
    action::{ActionAnswer, ActionOutcome},
    authorize::{AuthorizeAnswer, Decision},
    camera::CameraScreen,
    contract::{TargetResult, TargetsAnswer, UsageModeAnswer, UsageOutcome},
    denial::DenialReason,
    grant::GrantAnswer,
    token::{Reason, VerifyAnswer},
    user::{Screen, UserStatusAnswer, UserVerifyAnswer},
};

impl Told for VerifyAnswer {
    fn tell(&mut self, language: Language) {
        let counted = (self.reason == Some(Reason::Wrong)).then_some(self.remaining_attempts);
        let sentence = match self.reason {
            Some(reason) => reason.in_language(language),
            None => self.outcome.in_language(language),
        };
        self.text = Some(with_attempts(language, sentence, counted));
    }
}

impl Told for UserVerifyAnswer {
    fn tell(&mut self, language: Language) {
        let counted = self.remaining_attempts.filter(|_| self.reason == Some(Reason::Wrong));
        let sentence = match self.reason {
            Some(reason) => reason.in_language(language),
            None => self.outcome.in_language(language),
        };
        self.text = Some(with_attempts(language, sentence, counted));
    }
}

impl Told for ActionAnswer {
    fn tell(&mut self, language: Language) {
        let sentence = match self.reason {
            Some(reason) => reason.in_language(language),
            None => self.outcome.in_language(language),
        };
        let counted = counted(self.reason, self.remaining_attempts);
        self.text = Some(with_attempts(language, sentence, counted));
    }
}

impl Told for TargetsAnswer {
    fn tell(&mut self, language: Language) {
        let one_is_refused = self.outcome == ActionOutcome::Refused;
        let sentence = match self.reason {
            Some(reason) => reason.in_language(language),
            None if one_is_refused => nothing_was_changed(language),
            None => self.outcome.in_language(language),
        };
        let counted = counted(self.reason, self.remaining_attempts);
        self.text = Some(with_attempts(language, sentence, counted));
        self.results.iter_mut().for_each(|result| result.tell(language));
    }
}

impl Told for TargetResult {
    fn tell(&mut self, language: Language) {
        let sentence = match self.reason {
            Some(reason) => reason.in_language(language),
            None => self.outcome.in_language(language),
        };
        self.text = Some(sentence.to_owned());
    }
}

impl Told for UsageModeAnswer {
    fn tell(&mut self, language: Language) {
        let text = match self.reason {
            Some(reason) => {
                let counted = counted(self.reason, self.remaining_attempts);
                with_attempts(language, reason.in_language(language), counted)
            }
            None if matches!(self.outcome, UsageOutcome::Done | UsageOutcome::Preview) => {
                let numbers = freed(language, self.users, self.tokens);
                joined(language, &[self.outcome.in_language(language), &numbers])
            }
            None => self.outcome.in_language(language).to_owned(),
        };
        self.text = Some(text);
    }
}

impl Told for GrantAnswer {
    fn tell(&mut self, language: Language) {
        let sentence = match self.reason {
            Some(reason) => reason.in_language(language),
            None => self.outcome.in_language(language),
        };
        self.text = Some(sentence.to_owned());
    }
}

impl Told for AuthorizeAnswer {
    fn tell(&mut self, language: Language) {
        let sentence = match (self.decision, self.factor, self.reason) {
            (Decision::Required, Some(factor), _) => factor.in_language(language),
            (Decision::Denied, _, Some(cause)) => cause.in_language(language),
            (decision, _, _) => decision.in_language(language),
        };
        self.text = Some(with_limit(language, sentence, self.limit_yen_per_day));
    }
}

impl Told for UserStatusAnswer {
    fn tell(&mut self, language: Language) {
        let asks = matches!(self.screen, Screen::MaySkip | Screen::MustRegister);
        let sentence = match self.login_blocked {
            Some(cause) => cause.in_language(language).to_owned(),
            None if asks && self.grace_until.is_some() => {
                joined(language, &[self.screen.in_language(language), grace(language)])
            }
            None => self.screen.in_language(language).to_owned(),
        };
        let limited = with_limit(language, &sentence, self.limit_yen_per_day);
        self.text = Some(with_camera(language, limited, self));
    }
}

/// What there is to do about a camera token, after what is to be done at all.
fn with_camera(language: Language, text: String, answer: &UserStatusAnswer) -> String {
    if answer.login_blocked.is_some() || answer.camera_screen == CameraScreen::Nothing {
        return text;
    }
    let camera = answer.camera_screen.in_language(language);
    match answer.screen {
        Screen::Nothing => camera.to_owned(),
        _ => joined(language, &[&text, camera]),
    }
}

/// The number of attempts belongs to a code that was told to be wrong, and to nothing else:
/// elsewhere it would say that the code was what was looked at.
fn counted(reason: Option<DenialReason>, remaining: Option<u32>) -> Option<u32> {
    remaining.filter(|_| matches!(reason, Some(DenialReason::CodeRejected | DenialReason::Wrong)))
}

pub(super) fn with_attempts(language: Language, sentence: &str, remaining: Option<u32>) -> String {
    let Some(remaining) = remaining else { return sentence.to_owned() };
    let attempts = match (language, remaining) {
        (Language::En, 0) => "The token is locked now.".to_owned(),
        (Language::En, 1) => "The token is locked after 1 more error.".to_owned(),
        (Language::En, _) => format!("The token is locked after {remaining} more errors."),
        (Language::Ja, 0) => "誤りが続いたため、利用停止となりました。".to_owned(),
        (Language::Ja, _) => format!("あと{remaining}回誤ると、利用停止となります。"),
    };
    joined(language, &[sentence, &attempts])
}

fn with_limit(language: Language, sentence: &str, yen_per_day: Option<u64>) -> String {
    let Some(yen) = yen_per_day else { return sentence.to_owned() };
    let yen = grouped(yen);
    let limit = match language {
        Language::En => format!("Without a token, transfers are limited to {yen} yen per day."),
        Language::Ja => format!("トークンのご利用がない場合、振込は一日あたり{yen}円までです。"),
    };
    joined(language, &[sentence, &limit])
}

/// In groups of three digits, as both languages write amounts.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len().saturating_mul(2));
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn freed(language: Language, users: u64, tokens: u64) -> String {
    match language {
        Language::En => format!("Registrations concerned: {users}; tokens concerned: {tokens}."),
        Language::Ja => {
            format!("対象の登録済みユーザは{users}名、対象のトークンは{tokens}個です。")
        }
    }
}

const fn nothing_was_changed(language: Language) -> &'static str {
    match language {
        Language::En => "Nothing was changed because this is not possible for every user named.",
        Language::Ja => "お取り扱いできないユーザが含まれているため、すべて変更しませんでした。",
    }
}

const fn grace(language: Language) -> &'static str {
    match language {
        Language::En => "During the grace period, operations are possible without a token.",
        Language::Ja => "猶予期間中は、トークンを登録せずにお取引いただけます。",
    }
}
