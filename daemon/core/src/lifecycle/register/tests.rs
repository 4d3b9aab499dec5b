//! Who may register which token, when.

use super::*;
use crate::{
    lifecycle::{
        GivenUp, TokenKind,
        fixture::{
            Desk, Sample, after, contract_id, issued_to, life, rules, serial, start, tokyo, user_id,
        },
        issue, leave,
        life::Stage,
        usage,
    },
    rules::{KindChange, RevocationRules},
    token::Switch,
};

fn denial(found: Result<Admission, Refused>) -> Option<Denial> {
    found.err().map(|refused| refused.denial)
}

fn sample(stage: Stage) -> Sample {
    Sample::new("10000001", life(stage))
}

fn revoke(desk: &mut Desk, token: &mut Sample, now: UnixTime) {
    let mut left = leave::Left { serial: &token.serial, kind: token.kind, life: &mut token.life };
    leave::revoke(&desk.rules, &desk.contract, &mut desk.user, &mut left, now).unwrap();
}

fn deactivate(desk: &mut Desk, token: &mut Sample, now: UnixTime) {
    let mut left = leave::Left { serial: &token.serial, kind: token.kind, life: &mut token.life };
    leave::deactivate(&desk.rules, &desk.contract, &mut desk.user, &mut left, now).unwrap();
}

#[test]
fn from_every_state_in_every_mode() {
    for mode in UsageMode::ALL {
        for stage in Stage::ALL {
            let expected = match (stage, mode) {
                (Stage::Stock, _) => Some(Denial::NotThisContract),
                (Stage::Issued, _) | (Stage::InService, UsageMode::Shared) => None,
                (Stage::InService, UsageMode::Individual) => Some(Denial::SerialInUse),
                (Stage::InService, UsageMode::Common) => Some(Denial::CommonTokenOnly),
                (Stage::Withdrawn, _) => Some(Denial::NeedsIssue),
                (Stage::Lost, _) => Some(Denial::TokenLost),
            };
            let found = denial(Desk::new(mode).check(&sample(stage), None, start()));
            assert_eq!(found, expected, "{stage:?} {mode:?}");
        }
    }
}

#[test]
fn only_of_the_own_contract_and_only_by_the_addressee() {
    let parts = life(Stage::Issued).parts();
    let other = Some(ContractId::parse("C2").unwrap());
    let foreign = Life::from_parts(crate::lifecycle::life::LifeParts { contract: other, ..parts });
    let foreign = Sample::new("10000001", foreign.unwrap());
    for mode in UsageMode::ALL {
        let desk = Desk::new(mode);
        let found = denial(desk.check(&foreign, None, start()));
        assert_eq!(found, Some(Denial::NotThisContract));
        for (to, mine) in [(None, true), (Some("U1"), true), (Some("U2"), false)] {
            let token = Sample::new("10000001", issued_to(Stage::Issued, to));
            let found = denial(desk.check(&token, None, start()));
            let refused = !mine && mode != UsageMode::Common;
            assert_eq!(found, refused.then_some(Denial::NotIssuedToUser), "{mode:?} {to:?}");
        }
    }
}

#[test]
fn only_a_token_whose_codes_count() {
    let desk = Desk::new(UsageMode::Individual);
    let mut off = sample(Stage::Issued);
    off.token.switch = Switch::Disabled;
    let cases = [
        (sample(Stage::Issued), None),
        (sample(Stage::Issued).locked(), Some(Denial::TokenLocked)),
        (sample(Stage::Issued).expires(start()), None),
        (sample(Stage::Issued).expires(UnixTime(start().0 - 1)), Some(Denial::TokenExpired)),
        (off, Some(Denial::TokenUnusable)),
    ];
    for (token, expected) in cases {
        assert_eq!(denial(desk.check(&token, None, start())), expected);
    }
}

#[test]
fn one_token_per_user() {
    for mode in UsageMode::ALL {
        let mut desk = Desk::new(mode);
        let mut first = sample(Stage::Issued);
        desk.register(&mut first, None, start());
        let second = Sample::new("10000002", life(Stage::Issued));
        for held in [first.clone(), first.clone().locked(), first.clone().expires(UnixTime(9))] {
            let found = denial(desk.check(&second, Some(&held), after(start(), 9)));
            assert_eq!(found, Some(Denial::AlreadyRegistered), "{mode:?}");
        }
    }
}

#[test]
fn a_lost_token_is_replaced_after_the_cool_down() {
    for mode in UsageMode::ALL {
        let mut desk = Desk::new(mode);
        let mut first = sample(Stage::Issued);
        desk.register(&mut first, None, start());
        let first = first.lost(after(start(), 60));
        let mut second = Sample::new("10000002", life(Stage::Issued));
        let opens = after(start(), 60 + 1_800);
        let early = desk.check(&second, Some(&first), UnixTime(opens.0 - 1));
        assert_eq!(early.err(), Some(Refused::until(opens)), "{mode:?}");
        desk.register(&mut second, Some(&first), opens);
        let (serial, since) = desk.contract.holding(&desk.user).unwrap();
        assert_eq!((serial, since), (&second.serial, opens));
    }
}

#[test]
fn the_wait_after_a_revocation_holds_to_the_second() {
    let mut desk = Desk::new(UsageMode::Individual);
    desk.rules.revocation = RevocationRules { reusable: true, ..rules().revocation };
    let mut token = sample(Stage::Issued);
    desk.register(&mut token, None, start());
    let revoked = tokyo("2026-04-30T23:50:00");
    let opens = tokyo("2026-05-01T00:20:00");
    revoke(&mut desk, &mut token, revoked);
    let early = desk.check(&token, None, UnixTime(opens.0 - 1));
    assert_eq!(early.err(), Some(Refused::until(opens)));
    desk.register(&mut token, None, opens);
    assert_eq!(desk.user.wait_until(), None);
}

#[test]
fn a_given_up_token_needs_the_bank_again() {
    let mut desk = Desk::new(UsageMode::Individual);
    let mut token = sample(Stage::Issued);
    desk.register(&mut token, None, start());
    deactivate(&mut desk, &mut token, after(start(), 60));
    let now = after(start(), 120);
    assert_eq!(denial(desk.check(&token, None, now)), Some(Denial::NeedsIssue));
    let (contract_id, user_id) = (contract_id(), user_id("U1"));
    for addressed in [false, true] {
        let (mut desk_user, mut life) = (desk.user.clone(), token.life.clone());
        let one = issue::Issue {
            rules: &desk.rules,
            contract_id: &contract_id,
            contract: &desk.contract,
            serial: &token.serial,
            kind: token.kind,
            expired: false,
            now,
        };
        let to = addressed.then_some((&user_id, &mut desk_user));
        issue::issue(&one, &mut life, to).unwrap();
        let issued = Sample { life, ..token.clone() };
        let desk = Desk { user: desk_user, rules: rules(), ..Desk::new(UsageMode::Individual) };
        assert_eq!(denial(desk.check(&issued, None, now)), None, "addressed: {addressed}");
    }
}

#[test]
fn a_change_of_the_mode_is_no_issue() {
    let mut desk = Desk::new(UsageMode::Shared);
    let old = GivenUp {
        serial: serial("10000001"),
        kind: TokenKind::Hard,
        at: after(start(), 60),
        reusable: false,
    };
    desk.user.deactivate(old, None);
    let shared = sample(Stage::InService);
    let now = after(start(), 120);
    assert_eq!(denial(desk.check(&shared, None, now)), Some(Denial::NeedsIssue));
    usage::switch(&desk.rules, &mut desk.contract, UsageMode::Individual).unwrap();
    let freed = Sample { life: shared.life.clone().in_generation(2), ..shared };
    assert_eq!(denial(desk.check(&freed, None, now)), Some(Denial::NeedsIssue));
    desk.user_id = user_id("U2");
    desk.user = User::new(crate::lifecycle::Role::General);
    assert_eq!(denial(desk.check(&freed, None, now)), None, "free for everybody else");
}

#[test]
fn kinds_change_as_the_bank_allows_and_from_the_next_day() {
    let at = tokyo("2026-04-30T23:59:59");
    let kinds = TokenKind::ALL;
    for (from, to) in kinds.into_iter().flat_map(|from| kinds.map(|to| (from, to))) {
        for lost in [false, true] {
            let mut desk = Desk::new(UsageMode::Individual);
            desk.rules.revocation.cool_down_min = 0;
            let mut first = sample(Stage::Issued).kind(from);
            desk.register(&mut first, None, start());
            let held = if lost {
                Some(first.lost(at))
            } else {
                deactivate(&mut desk, &mut first, at);
                None
            };
            let next = Sample::new("10000002", life(Stage::Issued)).kind(to);
            let midnight = tokyo("2026-05-01T00:00:00");
            let same_day = desk.check(&next, held.as_ref(), at).err();
            let next_day = desk.check(&next, held.as_ref(), midnight).err();
            let forbidden = Some(Denial::KindChangeNotAllowed.into());
            let expected = match (from, to) {
                (from, to) if from == to => (None, None),
                (TokenKind::Soft, TokenKind::Hard) => (Some(Refused::until(midnight)), None),
                _ => (forbidden, forbidden),
            };
            assert_eq!((same_day, next_day), expected, "{from:?} to {to:?}, lost: {lost}");
            let at_once = KindChange { next_day: false, ..desk.rules.kind_change.clone() };
            desk.rules.kind_change = at_once;
            assert_eq!(desk.check(&next, held.as_ref(), at).err(), expected.1);
        }
    }
}

#[test]
fn one_registration_serves_all_users_of_a_common_token() {
    let mut desk = Desk::new(UsageMode::Common);
    let mut token = sample(Stage::Issued);
    desk.register(&mut token, None, start());
    assert_eq!(desk.contract.common().map(|common| common.at), Some(start()));
    assert_eq!(desk.user.binding(1), &Binding::Unregistered, "nobody's own");
    assert!(matches!(&token.life, Life::InService(one) if one.users() == 1));
    // Taken from one user, who rejoins; no other token will do.
    revoke(&mut desk, &mut token, after(start(), 60));
    let now = after(start(), 60 + 1_800);
    let other = Sample::new("10000002", life(Stage::Issued));
    assert_eq!(denial(desk.check(&other, None, now)), Some(Denial::CommonTokenOnly));
    let early = desk.check(&token, None, after(start(), 61));
    assert_eq!(early.err(), Some(Refused::until(now)));
    desk.register(&mut token, None, now);
    assert_eq!(desk.contract.holding(&desk.user), Some((&token.serial, start())));
    assert!(matches!(&token.life, Life::InService(one) if one.users() == 1));
}

#[test]
fn a_shared_token_counts_its_users() {
    let mut desk = Desk::new(UsageMode::Shared);
    let mut token = sample(Stage::Issued);
    for expected in 1..=3 {
        desk.user = User::new(crate::lifecycle::Role::General);
        desk.register(&mut token, None, start());
        assert!(matches!(&token.life, Life::InService(one) if one.users() == expected));
    }
}

#[test]
fn who_is_the_addressee() {
    let mut user = User::new(crate::lifecycle::Role::General);
    assert!(!is_addressee(&user, 1, &serial("10000001")));
    user.issue(serial("10000001"), start());
    assert!(is_addressee(&user, 1, &serial("10000001")));
    assert!(!is_addressee(&user, 1, &serial("10000002")));
}
