//! Every word has its texts, and what the texts must not do.

mod signing;

use std::collections::HashSet;

use super::*;
use crate::{
    action::{ActionAnswer, ActionOutcome},
    actor::{Confirmation, LoginMethod},
    approval::ProposalState,
    authorize::{AuthorizeAnswer, Cause, Decision, Factor, OperationClass, Stage},
    camera::{CameraScreen, CameraState, RetireOtp},
    challenge::{PromptLabel, PromptUse},
    contract::{TargetResult, TargetsAnswer, UsageMode, UsageModeAnswer, UsageOutcome},
    denial::DenialReason,
    grant::{GrantAnswer, GrantEnd, GrantOutcome},
    history::{TokenEvent, TokenHistory},
    import::ImportState,
    key::{CeremonyState, KeyOrigin, RotationState},
    problem::{Problem, ProblemType},
    signing::{AccountType, BatchKind, Covered},
    time::Timestamp,
    token::{Outcome, Reason, TokenKind, TokenLife, TokenStatus, VerifyAnswer},
    user::{Authentication, ListedState, Role, Screen, UserStatusAnswer, UserVerifyAnswer},
};

fn phrases_of<T: Worded>(all: &[T]) -> Vec<Phrase> {
    all.iter().map(|word| word.phrase()).collect()
}

/// By enum; the words of each must differ.
fn sentences() -> Vec<Vec<Phrase>> {
    vec![
        phrases_of(ActionOutcome::ALL),
        phrases_of(CameraScreen::ALL),
        phrases_of(Cause::ALL),
        phrases_of(Decision::ALL),
        phrases_of(Factor::ALL),
        phrases_of(GrantEnd::ALL),
        phrases_of(GrantOutcome::ALL),
        phrases_of(Outcome::ALL),
        phrases_of(ProblemType::ALL),
        phrases_of(Reason::ALL),
        phrases_of(RetireOtp::ALL),
        phrases_of(Screen::ALL),
        phrases_of(UsageOutcome::ALL),
    ]
}

fn labels() -> Vec<Vec<Phrase>> {
    vec![
        phrases_of(AccountType::ALL),
        phrases_of(Authentication::ALL),
        phrases_of(BatchKind::ALL),
        phrases_of(CameraState::ALL),
        phrases_of(CeremonyState::ALL),
        phrases_of(Confirmation::ALL),
        phrases_of(Covered::ALL),
        phrases_of(ImportState::ALL),
        phrases_of(KeyOrigin::ALL),
        phrases_of(ListedState::ALL),
        phrases_of(LoginMethod::ALL),
        phrases_of(OperationClass::ALL),
        phrases_of(PromptLabel::ALL),
        phrases_of(PromptUse::ALL),
        phrases_of(ProposalState::ALL),
        phrases_of(Role::ALL),
        phrases_of(RotationState::ALL),
        phrases_of(Stage::ALL),
        phrases_of(TokenKind::ALL),
        phrases_of(TokenLife::ALL),
        phrases_of(TokenStatus::ALL),
        phrases_of(UsageMode::ALL),
    ]
}

fn is_japanese(text: &str) -> bool {
    text.chars().any(|c| matches!(c, '\u{3040}'..='\u{30FF}' | '\u{4E00}'..='\u{9FFF}'))
}

fn is_sentence(phrase: Phrase) -> bool {
    let english = phrase.en.is_ascii() && phrase.en.ends_with('.');
    english && is_japanese(phrase.ja) && phrase.ja.ends_with('。') && !phrase.ja.contains("。。")
}

#[test]
fn every_word_is_a_sentence_in_both_languages() {
    let denials = phrases_of(DenialReason::ALL);
    for phrase in sentences().into_iter().flatten().chain(denials) {
        assert!(is_sentence(phrase), "{phrase:?}");
        let digits = |text: &str| text.chars().any(char::is_numeric);
        assert!(!digits(phrase.en), "{phrase:?}");
        assert!(!phrase.ja.chars().any(|c| c.is_ascii_digit()), "{phrase:?}");
    }
    for phrase in labels().into_iter().flatten() {
        assert!(phrase.en.is_ascii() && is_japanese(phrase.ja), "{phrase:?}");
    }
}

#[test]
fn no_two_words_of_an_enum_are_told_alike() {
    for group in sentences().into_iter().chain(labels()) {
        let english: HashSet<_> = group.iter().map(|phrase| phrase.en).collect();
        let japanese: HashSet<_> = group.iter().map(|phrase| phrase.ja).collect();
        assert_eq!(english.len(), group.len(), "{group:?}");
        assert_eq!(japanese.len(), group.len(), "{group:?}");
    }
}

/// A rule that forbids something and a code that is not looked at are two words for one fact.
#[test]
fn denials_are_told_alike_only_where_they_mean_the_same() {
    let same = [
        (DenialReason::CodeRejected, DenialReason::Wrong),
        (DenialReason::Disabled, DenialReason::TokenUnusable),
        (DenialReason::Expired, DenialReason::TokenExpired),
        (DenialReason::Locked, DenialReason::TokenLocked),
    ];
    for (a, b) in same {
        assert_eq!(a.phrase(), b.phrase());
    }
    let all = phrases_of(DenialReason::ALL);
    let english: HashSet<_> = all.iter().map(|phrase| phrase.en).collect();
    let japanese: HashSet<_> = all.iter().map(|phrase| phrase.ja).collect();
    assert_eq!(english.len(), all.len() - same.len());
    assert_eq!(japanese.len(), all.len() - same.len());
}

/// Whatever a code can be rejected for can also be told of a code that came with a change.
#[test]
fn every_reason_is_a_denial_and_is_told_alike() {
    for reason in Reason::ALL {
        let denial = DenialReason::from_word(reason.word()).expect("a denial of the same word");
        if denial != DenialReason::NotRegistered {
            assert_eq!(denial.phrase(), reason.phrase(), "{reason}");
        }
    }
}

#[test]
fn what_was_not_accepted_is_not_hinted_at() {
    for phrase in [Reason::NotAccepted.phrase(), DenialReason::NotAccepted.phrase()] {
        for hint in ["serial", "password", "code", "token", "digit"] {
            assert!(!phrase.en.to_lowercase().contains(hint), "{}", phrase.en);
        }
        for hint in ["シリアル", "パスワード", "トークン", "番号", "桁"] {
            assert!(!phrase.ja.contains(hint), "{}", phrase.ja);
        }
    }
    let mut answer = action(DenialReason::NotAccepted, Some(3));
    answer.tell(Language::En);
    assert_eq!(answer.text.as_deref(), Some(DenialReason::NotAccepted.phrase().en));
}

fn action(reason: DenialReason, remaining_attempts: Option<u32>) -> ActionAnswer {
    let reason = Some(reason);
    ActionAnswer { reason, remaining_attempts, ..ActionAnswer::new(ActionOutcome::Rejected) }
}

fn told(mut answer: ActionAnswer, language: Language) -> String {
    answer.tell(language);
    answer.text.expect("it was just told")
}

#[test]
fn a_wrong_code_says_how_many_errors_are_left() {
    let wrong = |left| action(DenialReason::CodeRejected, Some(left));
    assert!(told(wrong(4), Language::En).ends_with(" The token is locked after 4 more errors."));
    assert!(told(wrong(1), Language::En).ends_with("after 1 more error."));
    assert!(told(wrong(0), Language::En).ends_with("The token is locked now."));
    assert!(told(wrong(4), Language::Ja).ends_with("。あと4回誤ると、利用停止となります。"));
    assert!(told(wrong(0), Language::Ja).ends_with("。誤りが続いたため、利用停止となりました。"));
    let done = ActionAnswer::new(ActionOutcome::Done);
    assert_eq!(told(done, Language::Ja), "手続きが完了しました。");
}

fn at() -> Timestamp {
    Timestamp("2026-11-21T13:30:00Z".to_owned())
}

#[test]
fn codes_are_told_with_or_without_a_user() {
    let mut by_serial = VerifyAnswer {
        serial: "0012".to_owned(),
        outcome: Outcome::Rejected,
        reason: Some(Reason::Wrong),
        remaining_attempts: 2,
        checked_at: at(),
        request_id: "r1".to_owned(),
        text: None,
    };
    by_serial.tell(Language::En);
    let mut by_user = UserVerifyAnswer {
        outcome: Outcome::Rejected,
        reason: Some(Reason::Wrong),
        remaining_attempts: Some(2),
        serial: None,
        checked_at: at(),
        request_id: "r1".to_owned(),
        grant: None,
        text: None,
    };
    by_user.tell(Language::En);
    assert_eq!(by_serial.text, by_user.text);
    by_user.remaining_attempts = None;
    by_user.tell(Language::En);
    assert_eq!(by_user.text.as_deref(), Some(Reason::Wrong.phrase().en));
    by_user.reason = None;
    by_user.outcome = Outcome::Accepted;
    by_user.tell(Language::Ja);
    assert_eq!(by_user.text.as_deref(), Some("ワンタイムパスワードを確認しました。"));
}

#[test]
fn each_target_is_told_and_the_whole() {
    let result = |reason: Option<DenialReason>, outcome| TargetResult {
        user: "U1".to_owned(),
        outcome,
        reason,
        serial: None,
        not_before: None,
        affected_users: None,
        affected_more: None,
        text: None,
    };
    let mut answer = TargetsAnswer {
        outcome: ActionOutcome::Refused,
        reason: None,
        remaining_attempts: None,
        results: vec![
            result(None, ActionOutcome::Unchanged),
            result(Some(DenialReason::NotRegistered), ActionOutcome::Refused),
        ],
        text: None,
    };
    answer.tell(Language::Ja);
    assert!(answer.text.unwrap().contains("すべて変更しませんでした"));
    assert_eq!(answer.results[0].text.as_deref(), Some("変更はありませんでした。"));
    let second = answer.results[1].text.as_deref();
    assert_eq!(second, Some(DenialReason::NotRegistered.phrase().ja));
}

#[test]
fn a_change_of_the_usage_mode_counts_what_it_frees() {
    let mut answer = UsageModeAnswer {
        outcome: UsageOutcome::Preview,
        reason: None,
        remaining_attempts: None,
        usage_mode: UsageMode::Individual,
        new_usage_mode: UsageMode::Common,
        users: 500,
        tokens: 499,
        text: None,
    };
    answer.tell(Language::En);
    let text = answer.text.as_deref().unwrap();
    assert!(text.starts_with("Nothing was changed yet.") && text.contains("500"), "{text}");
    answer.tell(Language::Ja);
    assert!(
        answer.text.as_deref().unwrap().ends_with("ユーザは500名、対象のトークンは499個です。")
    );
    answer.reason = Some(DenialReason::ModeNotAllowed);
    answer.outcome = UsageOutcome::Refused;
    answer.tell(Language::En);
    assert_eq!(answer.text.as_deref(), Some(DenialReason::ModeNotAllowed.phrase().en));
}

#[test]
fn a_decision_says_what_to_show_or_why_not_and_the_limit() {
    let mut answer = AuthorizeAnswer {
        decision: Decision::Required,
        factor: Some(Factor::Otp),
        reason: None,
        grace_until: None,
        limit_yen_per_day: None,
        text: None,
    };
    answer.tell(Language::En);
    assert_eq!(answer.text.as_deref(), Some(Factor::Otp.phrase().en));
    answer.decision = Decision::Denied;
    answer.reason = Some(Cause::Locked);
    answer.tell(Language::Ja);
    assert_eq!(answer.text.as_deref(), Some(Cause::Locked.phrase().ja));
    answer.decision = Decision::NotRequired;
    answer.limit_yen_per_day = Some(200_000);
    answer.tell(Language::Ja);
    assert!(answer.text.as_deref().unwrap().ends_with("一日あたり200,000円までです。"));
    answer.limit_yen_per_day = Some(1_234_567);
    answer.tell(Language::En);
    assert!(answer.text.as_deref().unwrap().ends_with("1,234,567 yen per day."));
}

#[test]
fn a_login_is_told_its_screen_or_why_it_is_blocked() {
    let mut answer = UserStatusAnswer {
        screen: Screen::MaySkip,
        camera_screen: CameraScreen::Nothing,
        login_allowed: true,
        login_blocked: None,
        state: ListedState::Unregistered,
        authentication: Authentication::Available,
        serial: None,
        expires_local: None,
        not_before: None,
        grace_until: Some(at()),
        limit_yen_per_day: None,
        text: None,
    };
    answer.tell(Language::Ja);
    assert!(answer.text.as_deref().unwrap().contains("猶予期間中"));
    answer.screen = Screen::Locked;
    answer.tell(Language::Ja);
    assert_eq!(answer.text.as_deref(), Some(Screen::Locked.phrase().ja));
    answer.login_blocked = Some(Cause::Locked);
    answer.tell(Language::En);
    assert_eq!(answer.text.as_deref(), Some(Cause::Locked.phrase().en));
}

#[test]
fn a_grant_is_told() {
    let mut answer = GrantAnswer {
        outcome: GrantOutcome::Refused,
        reason: Some(GrantEnd::UsedUp),
        uses_left: None,
        expires_at: None,
        text: None,
    };
    answer.tell(Language::Ja);
    assert_eq!(answer.text.as_deref(), Some(GrantEnd::UsedUp.phrase().ja));
}

fn history(status: TokenStatus, life: TokenLife, events: &[(&str, &str)]) -> TokenHistory {
    let event = |(action, outcome): &(&str, &str)| TokenEvent {
        at: at(),
        action: (*action).to_owned(),
        outcome: (*outcome).to_owned(),
        number: None,
        user: None,
        by: "web1".to_owned(),
    };
    TokenHistory {
        serial: "0012".to_owned(),
        status,
        life,
        contract: None,
        items: events.iter().map(event).collect(),
        users: Vec::new(),
        users_more: false,
        explanation: None,
    }
}

fn explained(mut history: TokenHistory, language: Language) -> String {
    history.tell(language);
    history.explanation.expect("it was just told")
}

#[test]
fn a_history_explains_the_last_code() {
    use TokenLife::InService;
    let active = |events| explained(history(TokenStatus::Active, InService, events), Language::En);
    assert_eq!(
        active(&[("unlock", "done"), ("verify", "accepted")]),
        "The last code was accepted."
    );
    assert!(active(&[("verify", "wrong"), ("verify", "accepted")]).contains("fitted nothing"));
    assert!(active(&[("register", "code_rejected")]).contains("fitted nothing"));
    assert!(active(&[("register", "serial_in_use")]).contains("a rule forbade"));
    assert!(active(&[("register", "token_locked")]).contains("was locked"));
    assert!(active(&[("verify", "a word of later")]).contains("a rule forbade"));
    assert!(active(&[("issue", "done")]).starts_with("No code"));
    let locked = history(TokenStatus::Locked, InService, &[("verify", "wrong")]);
    let text = explained(locked, Language::Ja);
    assert!(
        text.starts_with("現在、利用停止中です。") && text.ends_with("同期してください。"),
        "{text}"
    );
}

#[test]
fn a_history_is_explained_in_every_state() {
    for reason in Reason::ALL {
        let mut seen = HashSet::new();
        for status in TokenStatus::ALL {
            for life in TokenLife::ALL {
                let one = history(*status, *life, &[("verify", reason.word())]);
                assert!(explained(one.clone(), Language::En).is_ascii(), "{one:?}");
                let text = explained(one, Language::Ja);
                assert!(is_japanese(&text) && text.ends_with('。'));
                seen.insert(text);
            }
        }
        assert!(seen.len() >= 8, "{reason}");
    }
}

#[test]
fn a_problem_is_told_in_both_languages() {
    let mut titles = HashSet::new();
    for kind in ProblemType::ALL {
        let english = Problem::new(*kind).in_language(Language::En);
        assert_eq!(english.title, kind.title());
        let text = english.text.unwrap();
        assert!(text.is_ascii() && text.matches('.').count() >= 2, "{text}");
        let problem = Problem::new(*kind).in_language(Language::Ja);
        assert!(is_japanese(&problem.title), "{kind}");
        let text = problem.text.as_deref().unwrap();
        assert!(is_japanese(text) && text.ends_with('。') && !text.contains(' '), "{text}");
        let json = serde_json::to_string(&problem).unwrap();
        assert_eq!(serde_json::from_str::<Problem>(&json).unwrap(), problem);
        titles.insert(problem.title);
    }
    assert_eq!(titles.len(), ProblemType::ALL.len());
}
