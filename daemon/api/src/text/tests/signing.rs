//! What people are told of activations and challenges.

use serde_json::{from_value, json};

use super::*;
use crate::{
    camera::{ActivationAnswer, ActivationStep, CameraLeaveAnswer, CameraScreen, RetireOtp},
    challenge::{ChallengeAnswer, ChallengeVerifyAnswer, Message, PromptUse},
};

fn activation(outcome: ActionOutcome, step: Option<ActivationStep>) -> ActivationAnswer {
    ActivationAnswer { step, ..ActivationAnswer::new(outcome) }
}

fn of_activation(mut answer: ActivationAnswer, language: Language) -> String {
    answer.tell(language);
    answer.text.expect("it was just told")
}

fn both(answer: &ActivationAnswer) -> [String; 2] {
    Language::ALL.map(|language| of_activation(answer.clone(), language))
}

#[test]
fn each_step_says_which_number_comes_next() {
    let cases = [
        (ActivationStep::DeviceCode, "12 digits", "12桁"),
        (ActivationStep::ConfirmCode, "8 digits", "8桁"),
        (ActivationStep::Active, "complete", "完了しました"),
    ];
    for (step, en, ja) in cases {
        for outcome in [ActionOutcome::Done, ActionOutcome::Unchanged] {
            let told = both(&activation(outcome, Some(step)));
            assert!(told[0].is_ascii() && told[0].contains(en), "{told:?}");
            assert!(is_japanese(&told[1]) && told[1].contains(ja), "{told:?}");
        }
    }
}

#[test]
fn r89_users_who_mix_up_the_two_numbers_are_told_which_one_it_is() {
    let mut answer = activation(ActionOutcome::Rejected, Some(ActivationStep::ConfirmCode));
    answer.reason = Some(DenialReason::WrongKindOfCode);
    answer.tries_left = Some(5);
    let told = both(&answer);
    assert!(told[0].ends_with("It is the one of 8 digits."), "{told:?}");
    assert!(told[1].ends_with("8桁の番号を入力してください。12桁の番号とは異なります。"));
    answer.step = Some(ActivationStep::DeviceCode);
    assert!(both(&answer)[0].ends_with("It is the one of 12 digits."));
}

#[test]
fn a_wrong_number_says_how_often_it_can_be_tried_and_a_typo_does_not() {
    let mut answer = activation(ActionOutcome::Rejected, Some(ActivationStep::ConfirmCode));
    answer.reason = Some(DenialReason::BadCode);
    answer.tries_left = Some(4);
    assert!(both(&answer)[0].ends_with(" It can be entered 4 more times."));
    assert!(both(&answer)[1].ends_with("。あと4回入力できます。"));
    answer.tries_left = Some(1);
    assert!(both(&answer)[0].ends_with(" It can be entered 1 more time."));
    (answer.tries_left, answer.step) = (Some(0), None);
    assert!(both(&answer)[1].ends_with("はじめからやり直してください。"));
    answer.reason = Some(DenialReason::Typo);
    answer.tries_left = Some(4);
    assert_eq!(both(&answer)[0], DenialReason::Typo.phrase().en);
}

#[test]
fn r99_an_activation_ends_with_what_becomes_of_the_older_token() {
    let mut answer = activation(ActionOutcome::Done, Some(ActivationStep::Active));
    for retire in RetireOtp::ALL {
        answer.retire_otp = Some(*retire);
        let told = both(&answer);
        assert!(told[0].ends_with(retire.phrase().en) && told[1].ends_with(retire.phrase().ja));
    }
}

#[test]
fn what_is_over_is_not_told_as_a_token_past_its_expiry() {
    let mut answer = ChallengeAnswer::new(ActionOutcome::Refused);
    for reason in [DenialReason::Expired, DenialReason::Reused] {
        answer.reason = Some(reason);
        answer.tell(Language::Ja);
        assert_ne!(answer.text.as_deref(), Some(reason.phrase().ja));
        assert!(answer.text.as_deref().is_some_and(|text| !text.contains("ワンタイム")));
    }
    answer.reason = Some(DenialReason::Limit);
    answer.tell(Language::En);
    assert_eq!(answer.text.as_deref(), Some(DenialReason::Limit.phrase().en));
}

#[test]
fn a_challenge_says_what_to_do_with_the_token() {
    let text = |answer: &ChallengeAnswer| {
        let mut answer = answer.clone();
        answer.tell(Language::En);
        answer.text.expect("it was just told")
    };
    let mut answer = ChallengeAnswer::new(ActionOutcome::Done);
    answer.message =
        Some(Message { text: "TXA1:".to_owned(), format: None, image: None, version: 7 });
    assert!(text(&answer).starts_with("Please read the picture"));
    answer.message = None;
    for purpose in PromptUse::ALL {
        let prompt = json!({ "use": purpose.word(), "suite": "OCRA-1:HOTP-SHA256-8:QN08",
            "entries": [], "digits": "" });
        answer.prompt = Some(from_value(prompt).expect("a prompt"));
        assert!(text(&answer).contains("type"), "{purpose}");
    }
}

fn verified(outcome: Outcome) -> ChallengeVerifyAnswer {
    from_value(json!({ "outcome": outcome.word(), "retryable": true, "challenge": "0012-00",
        "serial": "0012", "checked_at": "2026-11-21T13:30:00Z", "request_id": "r1" }))
    .expect("an answer")
}

#[test]
fn a_signature_is_told_with_its_tries_and_the_lock() {
    let mut answer = verified(Outcome::Accepted);
    answer.tell(Language::Ja);
    assert_eq!(answer.text.as_deref(), Some("トランザクション認証番号を確認しました。"));
    let mut answer = verified(Outcome::Rejected);
    answer.reason = Some(DenialReason::BadCode);
    (answer.tries_left, answer.remaining_attempts) = (Some(2), Some(4));
    answer.tell(Language::En);
    let text = answer.text.take().expect("it was just told");
    assert!(text.contains("after 4 more errors") && text.ends_with("2 more times."), "{text}");
    (answer.retryable, answer.tries_left) = (false, None);
    answer.tell(Language::En);
    assert!(answer.text.take().is_some_and(|text| text.ends_with("Please begin again.")));
    answer.remaining_attempts = Some(0);
    answer.tell(Language::En);
    let text = answer.text.take().expect("it was just told");
    assert!(text.ends_with("The token is locked now."), "{text}");
    answer.reason = Some(DenialReason::NotAccepted);
    (answer.tries_left, answer.remaining_attempts) = (Some(2), Some(4));
    answer.tell(Language::En);
    assert_eq!(answer.text.as_deref(), Some(DenialReason::NotAccepted.phrase().en));
}

#[test]
fn the_last_user_is_told_to_have_the_token_forget() {
    let done = ActionAnswer::new(ActionOutcome::Done);
    let mut answer = CameraLeaveAnswer::from(done);
    answer.tell(Language::En);
    assert_eq!(answer.action.text.as_deref(), Some(ActionOutcome::Done.phrase().en));
    answer.message = Some(Message { text: String::new(), format: None, image: None, version: 5 });
    answer.tell(Language::En);
    assert!(answer.action.text.as_deref().unwrap().ends_with("forgets its registration."));
}

#[test]
fn r82_a_login_offers_both_paths_where_there_are_two() {
    let answer = json!({ "screen": "nothing", "login_allowed": true, "state": "in_service",
        "authentication": "available", "camera_screen": "choose" });
    let mut answer: UserStatusAnswer = from_value(answer).expect("an answer");
    answer.tell(Language::Ja);
    assert_eq!(answer.text.as_deref(), Some(CameraScreen::Choose.phrase().ja));
    answer.screen = Screen::MustRegister;
    answer.camera_screen = CameraScreen::First;
    answer.tell(Language::En);
    let text = answer.text.as_deref().unwrap();
    assert!(text.starts_with(Screen::MustRegister.phrase().en), "{text}");
    assert!(text.ends_with(CameraScreen::First.phrase().en), "{text}");
    answer.login_blocked = Some(Cause::Locked);
    answer.tell(Language::En);
    assert_eq!(answer.text.as_deref(), Some(Cause::Locked.phrase().en));
}

#[test]
fn a_history_explains_the_last_signature_and_the_last_activation() {
    let of = |action, outcome| {
        let one = history(TokenStatus::Active, TokenLife::InService, &[(action, outcome)]);
        Language::ALL.map(|language| explained(one.clone(), language))
    };
    assert_eq!(of("sign", "accepted")[0], "The last signature was right.");
    assert!(of("activate", "am2_sent")[0].contains("went well"));
    assert!(of("verify", "wrong_kind_of_code")[0].contains("answers challenges"));
    for action in ["activate", "share", "sign"] {
        for reason in DenialReason::ALL {
            let [en, ja] = of(action, reason.word());
            assert!(en.is_ascii() && en.ends_with('.') && !en.contains("went well"), "{en}");
            assert!(is_japanese(&ja) && ja.ends_with('。'), "{ja}");
            assert!(!ja.contains("ワンタイムパスワード"), "{ja}");
        }
    }
}
