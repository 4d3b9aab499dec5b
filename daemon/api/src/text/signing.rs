//! The `text` of activations and challenges: which number comes next, and what was wrong with one.
//!
//! The words are those that the token shows and the manuals use: 二次元コード, 認証エラー,
//! トランザクション認証番号.
//!
//! Not responsible for: reasons that mean the same elsewhere, see `reason`.

use super::{Language, Phrase, Told, Worded as _, answer::with_attempts, joined};
use crate::{
    action::ActionOutcome,
    camera::{ActivationAnswer, ActivationStep, CameraLeaveAnswer},
    challenge::{ChallengeAnswer, ChallengeVerifyAnswer, PromptUse},
    denial::DenialReason,
    token::Outcome,
};

impl Told for ActivationAnswer {
    fn tell(&mut self, language: Language) {
        let mut sentences = vec![match self.reason {
            Some(reason) => told(reason).in_language(language).to_owned(),
            None => self.progress().in_language(language).to_owned(),
        }];
        let asked_for = self.step.and_then(number).map(|phrase| phrase.in_language(language));
        if self.reason == Some(DenialReason::WrongKindOfCode) {
            sentences.extend(asked_for.map(str::to_owned));
        }
        sentences.extend(tries(language, self.reason, self.tries_left));
        let retired = self.retire_otp.filter(|_| self.reason.is_none());
        sentences.extend(retired.map(|one| one.in_language(language).to_owned()));
        self.text = Some(all(language, &sentences));
    }
}

impl ActivationAnswer {
    /// Where an activation stands that goes well.
    const fn progress(&self) -> Phrase {
        match (self.outcome, self.step) {
            (ActionOutcome::Done | ActionOutcome::Unchanged, Some(step)) => next(step),
            (ActionOutcome::Done | ActionOutcome::Unchanged, None) => NOTHING_OPEN,
            (ActionOutcome::Refused | ActionOutcome::Rejected, _) => NOT_REGISTERED,
        }
    }
}

impl Told for ChallengeAnswer {
    fn tell(&mut self, language: Language) {
        let phrase = match (self.reason, &self.prompt, &self.message) {
            (Some(reason), ..) => told(reason),
            (None, Some(prompt), _) => typed(prompt.purpose),
            (None, None, Some(_)) => READ,
            (None, None, None) => self.outcome.phrase(),
        };
        self.text = Some(phrase.in_language(language).to_owned());
    }
}

impl Told for ChallengeVerifyAnswer {
    fn tell(&mut self, language: Language) {
        let phrase = match (self.reason, self.outcome) {
            (Some(reason), _) => told(reason),
            (None, Outcome::Accepted) => CONFIRMED,
            (None, Outcome::Rejected) => self.outcome.phrase(),
        };
        // The token's lock is worse news than the end of one challenge, and is told instead.
        let attempts =
            self.remaining_attempts.filter(|_| self.reason == Some(DenialReason::BadCode));
        let text = with_attempts(language, phrase.in_language(language), attempts);
        let left = if self.retryable { self.tries_left } else { Some(0) };
        let tries = match attempts {
            Some(0) => None,
            _ => tries(language, self.reason, left),
        };
        self.text = Some(match tries {
            Some(tries) => joined(language, &[&text, &tries]),
            None => text,
        });
    }
}

impl Told for CameraLeaveAnswer {
    fn tell(&mut self, language: Language) {
        self.action.tell(language);
        if self.message.is_none() {
            return;
        }
        let text = self.action.text.take().unwrap_or_default();
        self.action.text = Some(joined(language, &[&text, FORGET.in_language(language)]));
    }
}

/// Reasons that mean something else for a challenge than for a one-time password.
fn told(reason: DenialReason) -> Phrase {
    match reason {
        DenialReason::Expired => TIME_IS_OVER,
        DenialReason::Reused => USED,
        reason => reason.phrase(),
    }
}

/// What to do in this step.
const fn next(step: ActivationStep) -> Phrase {
    match step {
        ActivationStep::Active => Phrase {
            en: "The registration is complete. Please check that the token says so too.",
            ja: "トランザクション認証の利用開始登録が完了しました。トークンの設定が完了していることをご確認ください。",
        },
        ActivationStep::ConfirmCode => Phrase {
            en: "Please read the second picture with the token and enter the 8 digits that it shows. Do not interrupt this before the registration is complete.",
            ja: "続けて二次元コードをトークンで読み取り、表示された8桁の番号を入力してください。登録が完了するまで操作は中断できません。",
        },
        ActivationStep::DeviceCode => Phrase {
            en: "Please read the picture with the token and enter the 12 digits that it shows. Do not interrupt this before the registration is complete.",
            ja: "二次元コードをトークンで読み取り、表示された12桁の番号を入力してください。登録が完了するまで操作は中断できません。",
        },
    }
}

/// Which number a step waits for; users mix up the two.
const fn number(step: ActivationStep) -> Option<Phrase> {
    match step {
        ActivationStep::Active => None,
        ActivationStep::ConfirmCode => Some(Phrase {
            en: "It is the one of 8 digits.",
            ja: "8桁の番号を入力してください。12桁の番号とは異なります。",
        }),
        ActivationStep::DeviceCode => Some(Phrase {
            en: "It is the one of 12 digits.",
            ja: "12桁の番号を入力してください。8桁の番号とは異なります。",
        }),
    }
}

/// What to do with a keypad token.
const fn typed(purpose: PromptUse) -> Phrase {
    match purpose {
        PromptUse::Account
        | PromptUse::AccountAmount
        | PromptUse::ChallengeAccountAmount
        | PromptUse::Question => Phrase {
            en: "Please check the digits, type them into the token and enter the number that it shows.",
            ja: "表示された内容をご確認のうえ、数字をトークンに入力し、トークンに表示された番号を入力してください。",
        },
        PromptUse::Login => Phrase {
            en: "Please type the digits into the token and enter the number that it shows.",
            ja: "数字をトークンに入力し、トークンに表示された番号を入力してください。",
        },
    }
}

/// How often a number can still be tried: told of one that was looked at, and of no other.
fn tries(language: Language, reason: Option<DenialReason>, left: Option<u8>) -> Option<String> {
    let left = left.filter(|_| reason == Some(DenialReason::BadCode))?;
    Some(match (language, left) {
        (Language::En, 0) => "It can not be entered again. Please begin again.".to_owned(),
        (Language::En, 1) => "It can be entered 1 more time.".to_owned(),
        (Language::En, _) => format!("It can be entered {left} more times."),
        (Language::Ja, 0) => "これ以上入力できません。はじめからやり直してください。".to_owned(),
        (Language::Ja, _) => format!("あと{left}回入力できます。"),
    })
}

fn all(language: Language, sentences: &[String]) -> String {
    joined(language, &sentences.iter().map(String::as_str).collect::<Vec<_>>())
}

const READ: Phrase = Phrase {
    en: "Please read the picture with the token, check what it shows, and enter its number.",
    ja: "二次元コードをトークンで読み取り、トークンに表示された内容をご確認のうえ、トランザクション認証番号を入力してください。",
};

const CONFIRMED: Phrase = Phrase {
    en: "The transaction was confirmed with the token.",
    ja: "トランザクション認証番号を確認しました。",
};

const TIME_IS_OVER: Phrase = Phrase {
    en: "The time for this is over. Please begin again.",
    ja: "有効時間が過ぎました。はじめからやり直してください。",
};

const USED: Phrase = Phrase {
    en: "This number was used already. Please wait a moment and have the token show a new one.",
    ja: "この番号は使用済みです。しばらくしてから、トークンに新しい番号を表示させて入力してください。",
};

const NOTHING_OPEN: Phrase = Phrase {
    en: "No activation is under way.",
    ja: "利用開始登録の途中の操作はありません。",
};

const NOT_REGISTERED: Phrase = Phrase {
    en: "The token was not registered.",
    ja: "トークンは登録されませんでした。",
};

const FORGET: Phrase = Phrase {
    en: "Nobody uses the token any more: please read the picture with it, so that it forgets its registration.",
    ja: "このトークンを利用するユーザはいなくなりました。二次元コードをトークンで読み取り、トークンの登録を消去してください。",
};
