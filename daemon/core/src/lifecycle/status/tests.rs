//! What a user sees at login.

use super::*;
use crate::lifecycle::{
    GivenUp, Role, TokenKind, UsageMode,
    fixture::{Sample, after, contract, life, rules, serial, start, tokyo, with_rule},
    life::Stage,
};

const RIGHTS: &[OperationClass] = &[OperationClass::Unprotected, OperationClass::TransferSingle];

fn user(change: impl FnOnce(&mut User)) -> User {
    let mut user = User::new(Role::General);
    change(&mut user);
    user
}

fn old() -> GivenUp {
    GivenUp { serial: serial("10000001"), kind: TokenKind::Hard, at: start(), reusable: false }
}

fn ask(rules: &Rules, user: &User, token: Option<&Sample>, now: UnixTime) -> Answer {
    let contract = contract(UsageMode::Individual);
    let tokens = Holdings { otp: token.map(Sample::held), signer: None };
    status(rules, &contract, user, tokens, Login { rights: RIGHTS, shareable: false }, now)
}

#[test]
fn what_each_user_sees() {
    let opens = after(start(), 1_800);
    let wait = after(start(), 60);
    let none = user(|_| ());
    let issued = user(|one| one.issue(serial("10000001"), start()));
    let held = user(|one| one.hold(serial("10000001"), start(), 1));
    let revoked = user(|one| one.revoke(old(), 1, opens));
    let reissued = user(|one| {
        one.revoke(old(), 1, opens);
        one.issue(serial("10000002"), wait);
    });
    let on_its_way = Sample::new("10000001", life(Stage::Issued));
    let second = Sample::new("10000002", life(Stage::Issued));
    let token = Sample::new("10000001", life(Stage::InService));
    let locked = token.clone().locked();
    let expired = token.clone().expires(start());
    let lost = token.clone().locked().lost(start());
    let cases = [
        ("未登録", &none, None, wait, Screen::MaySkip),
        ("発行済み", &issued, Some(&on_its_way), wait, Screen::MaySkip),
        ("利用中", &held, Some(&token), wait, Screen::Nothing),
        ("停止中", &held, Some(&locked), wait, Screen::Locked),
        ("期限切れ", &held, Some(&expired), wait, Screen::Expired),
        ("失効中", &revoked, None, wait, Screen::Revoked),
        ("失効中, 最後の一秒", &revoked, None, UnixTime(opens.0 - 1), Screen::Revoked),
        ("失効, 再登録可", &revoked, None, opens, Screen::MaySkip),
        ("失効, 再発行済み", &reissued, Some(&second), wait, Screen::Revoked),
        ("再発行済み, 再登録可", &reissued, Some(&second), opens, Screen::MaySkip),
        ("紛失", &held, Some(&lost), wait, Screen::Revoked),
        ("紛失, 再登録可", &held, Some(&lost), opens, Screen::MaySkip),
    ];
    let never_skip = Rules { skip: false, ..rules() };
    for (name, user, token, now, screen) in cases {
        let answer = ask(&rules(), user, token, now);
        assert_eq!(answer.screen, screen, "{name}");
        let waits = screen == Screen::Revoked;
        assert_eq!(answer.not_before, waits.then_some(opens), "{name}");
        let blocked = match screen {
            Screen::Revoked => Some(Cause::Revoked),
            Screen::Locked => Some(Cause::Locked),
            _ => None,
        };
        assert_eq!(answer.login_blocked, blocked, "{name}");
        let must = if screen == Screen::MaySkip { Screen::MustRegister } else { screen };
        assert_eq!(ask(&never_skip, user, token, now).screen, must, "{name}");
    }
}

#[test]
fn no_screen_before_the_service_starts_or_without_protected_rights() {
    let none = user(|_| ());
    assert_eq!(ask(&rules(), &none, None, UnixTime(start().0 - 1)).screen, Screen::Nothing);
    assert_eq!(ask(&rules(), &none, None, start()).screen, Screen::MaySkip);
    let contract = contract(UsageMode::Individual);
    let screen = |rules: &Rules, rights| {
        let login = Login { rights, shareable: false };
        status(rules, &contract, &none, Holdings::default(), login, start()).screen
    };
    for rights in [&[][..], &[OperationClass::Unprotected]] {
        assert_eq!(screen(&rules(), rights), Screen::Nothing);
        let at_login = with_rule(OperationClass::Login, |_| ());
        assert_eq!(screen(&at_login, rights), Screen::MaySkip, "everybody logs in");
    }
}

#[test]
fn grace_and_limit_are_for_users_who_never_had_a_token() {
    let rules = Rules { limit_without_token_yen: Some(200_000), ..rules() };
    let end = tokyo("2026-04-08T00:00:00");
    let none = user(|_| ());
    let held = user(|one| one.hold(serial("10000001"), start(), 1));
    let revoked = user(|one| one.revoke(old(), 1, start()));
    let token = Sample::new("10000001", life(Stage::InService));
    let cases = [
        (&none, None, UnixTime(start().0 - 1), None, Some(200_000)),
        (&none, None, start(), Some(end), Some(200_000)),
        (&none, None, UnixTime(end.0 - 1), Some(end), Some(200_000)),
        (&none, None, end, None, Some(200_000)),
        (&held, Some(&token), start(), None, None),
        (&revoked, None, start(), None, None),
    ];
    for (user, token, now, grace_until, limit) in cases {
        let answer = ask(&rules, user, token, now);
        assert_eq!((answer.grace_until, answer.limit_yen_per_day), (grace_until, limit), "{now}");
    }
}

#[test]
fn who_lost_a_camera_token_waits_for_the_next() {
    let rules = with_rule(OperationClass::TransferSingle, |rule| {
        rule.factor = Factor::TransactionSignature;
    });
    let mut user = User::new(Role::General);
    user.stop_signing(Some(UnixTime(start().0 + 60)));
    let ask = |now| {
        let login = Login { rights: &[OperationClass::TransferSingle], shareable: true };
        let contract = contract(UsageMode::Shared);
        status(&rules, &contract, &user, Holdings::default(), login, now)
    };
    let waiting = ask(start());
    assert_eq!((waiting.screen, waiting.camera), (Screen::Revoked, CameraScreen::Nothing));
    assert_eq!(waiting.not_before, Some(UnixTime(start().0 + 60)));
    let open = ask(UnixTime(start().0 + 60));
    assert_eq!((open.screen, open.camera), (Screen::MaySkip, CameraScreen::Choose));
}
