//! Revocation, deactivation, removal, and when registration opens again.

use jiff::civil::time;

use super::*;
use crate::{
    lifecycle::{
        Role,
        fixture::{Desk, Sample, after, issued_to, life, rules, serial, start, tokyo, user_id},
        life::Stage,
    },
    rules::ClosingWindow,
};

fn window(from: (i8, i8), to: (i8, i8)) -> ClosingWindow {
    ClosingWindow { from: time(from.0, from.1, 0, 0), to: time(to.0, to.1, 0, 0) }
}

/// A desk whose user has 10000001 in service since the start.
fn served(mode: UsageMode) -> (Desk, Sample) {
    let mut desk = Desk::new(mode);
    let mut token = Sample::new("10000001", life(Stage::Issued));
    desk.register(&mut token, None, start());
    (desk, token)
}

fn left(token: &mut Sample) -> Left<'_> {
    Left { serial: &token.serial, kind: token.kind, life: &mut token.life }
}

#[test]
fn cool_down_and_window_by_both_rules() {
    let early = vec![window((2, 59), (3, 10))];
    let night = vec![window((20, 50), (8, 10))];
    let both = vec![window((2, 59), (3, 10)), window((3, 0), (3, 20))];
    let table = [
        (vec![], "2026-04-01T12:00:00", "2026-04-01T12:30:00", "2026-04-01T12:30:00"),
        (vec![], "2026-04-30T23:45:00", "2026-05-01T00:15:00", "2026-05-01T00:15:00"),
        (early.clone(), "2026-04-01T02:58:59", "2026-04-01T03:28:59", "2026-04-01T03:28:59"),
        (early.clone(), "2026-04-01T02:59:00", "2026-04-01T03:29:00", "2026-04-01T03:10:00"),
        (early.clone(), "2026-04-01T03:05:00", "2026-04-01T03:35:00", "2026-04-01T03:10:00"),
        (early, "2026-04-01T03:10:00", "2026-04-01T03:40:00", "2026-04-01T03:40:00"),
        (night.clone(), "2026-04-01T20:49:59", "2026-04-01T21:19:59", "2026-04-01T21:19:59"),
        (night.clone(), "2026-04-01T20:50:00", "2026-04-02T08:10:00", "2026-04-02T08:10:00"),
        (night.clone(), "2026-04-30T23:59:59", "2026-05-01T08:10:00", "2026-05-01T08:10:00"),
        (night.clone(), "2026-04-02T00:00:00", "2026-04-02T08:10:00", "2026-04-02T08:10:00"),
        (night.clone(), "2026-04-02T08:00:00", "2026-04-02T08:30:00", "2026-04-02T08:10:00"),
        (night, "2026-04-02T08:10:00", "2026-04-02T08:40:00", "2026-04-02T08:40:00"),
        (both, "2026-04-01T03:05:00", "2026-04-01T03:35:00", "2026-04-01T03:20:00"),
    ];
    for (windows, moment, later, window_end) in table {
        for (window_rule, expected) in
            [(WindowRule::Later, later), (WindowRule::WindowEnd, window_end)]
        {
            let rules = rules();
            let revocation =
                RevocationRules { windows: windows.clone(), window_rule, ..rules.revocation };
            let opens = revocation.reopens(tokyo(moment), &rules.zone);
            assert_eq!(opens, tokyo(expected), "{moment} {window_rule:?}");
        }
    }
}

#[test]
fn revoked_by_mode_and_by_whether_it_can_be_used_again() {
    let now = after(start(), 60);
    for mode in UsageMode::ALL {
        for reusable in [false, true] {
            let (mut desk, mut token) = served(mode);
            desk.rules.revocation.reusable = reusable;
            let Desk { rules, contract, user, .. } = &mut desk;
            let opens = revoke(rules, contract, user, &mut left(&mut token), now);
            assert_eq!(opens, Ok(after(now, 1_800)));
            assert_eq!((contract.holding(user), user.wait_until()), (None, opens.ok()));
            let expected = match (mode, reusable) {
                (UsageMode::Common, _) => Stage::InService,
                (_, true) => Stage::Issued,
                (_, false) => Stage::Withdrawn,
            };
            assert_eq!(token.life.stage(), expected, "{mode:?}");
            let again = user.given_up().unwrap().reusable;
            assert_eq!(again, reusable || mode == UsageMode::Common);
            let twice = revoke(rules, contract, user, &mut left(&mut token), now);
            assert_eq!(twice, Err(Denial::NotRegistered.into()));
        }
    }
}

#[test]
fn a_shared_token_loses_one_user_only() {
    let (mut desk, mut token) = served(UsageMode::Shared);
    let mut other = User::new(Role::General);
    std::mem::swap(&mut desk.user, &mut other);
    desk.user_id = user_id("U2");
    desk.register(&mut token, None, after(start(), 5));
    let Desk { rules, contract, user, .. } = &mut desk;
    revoke(rules, contract, user, &mut left(&mut token), after(start(), 60)).unwrap();
    assert!(contract.holding(&other).is_some(), "the other keeps it");
    assert!(matches!(&token.life, Life::InService(one) if one.users() == 1));
    remove(rules, contract, &mut left(&mut token), after(start(), 90));
    assert_eq!(token.life.stage(), Stage::Withdrawn, "with the last user");
}

#[test]
fn given_up_by_the_user() {
    let now = after(start(), 60);
    for reusable in [false, true] {
        let (mut desk, mut token) = served(UsageMode::Individual);
        desk.rules.deactivation.reusable = reusable;
        let Desk { rules, contract, user, .. } = &mut desk;
        assert_eq!(deactivate(rules, contract, user, &mut left(&mut token), now), Ok(()));
        assert_eq!(user.binding(1), &Binding::Unregistered);
        assert_eq!(user.wait_until(), None, "nothing has to be waited for");
        let expected = if reusable { Stage::Issued } else { Stage::Withdrawn };
        assert_eq!(token.life.stage(), expected);
        let twice = deactivate(rules, contract, user, &mut left(&mut token), now);
        assert_eq!(twice, Err(Denial::NotRegistered.into()));
    }
    let (mut desk, mut token) = served(UsageMode::Common);
    let Desk { rules, contract, user, .. } = &mut desk;
    let done = deactivate(rules, contract, user, &mut left(&mut token), now);
    assert_eq!(done, Err(Denial::CommonTokenOnly.into()));
    assert!(contract.holding(user).is_some());
}

#[test]
fn whatever_is_done_to_a_lost_token_it_stays_lost_and_the_wait_stays() {
    let reported = after(start(), 60);
    let now = after(start(), 120);
    for way in [false, true] {
        let (mut desk, token) = served(UsageMode::Individual);
        let mut token = token.lost(reported);
        let Desk { rules, contract, user, .. } = &mut desk;
        if way {
            deactivate(rules, contract, user, &mut left(&mut token), now).unwrap();
            assert_eq!(user.wait_until(), Some(after(reported, 1_800)));
        } else {
            revoke(rules, contract, user, &mut left(&mut token), now).unwrap();
            assert_eq!(user.wait_until(), Some(after(now, 1_800)));
        }
        remove(rules, contract, &mut left(&mut token), now);
        assert_eq!((token.life.stage(), token.life.since()), (Stage::Lost, Some(reported)));
    }
}

#[test]
fn a_common_token_outlives_its_users() {
    let (desk, mut token) = served(UsageMode::Common);
    remove(&desk.rules, &desk.contract, &mut left(&mut token), start());
    assert_eq!(token.life.stage(), Stage::InService);
}

#[test]
fn catching_up_with_a_loss() {
    let (mut desk, token) = served(UsageMode::Individual);
    let reported = after(start(), 60);
    let mut catch = |token: &Sample| {
        let contract = (&crate::lifecycle::fixture::contract_id(), &desk.contract);
        let changed =
            catch_up(&desk.rules, contract, (&desk.user_id, &mut desk.user), token.held());
        (changed, desk.user.parts())
    };
    assert!(!catch(&token).0, "in service");
    let elsewhere = Sample::new("10000002", life(Stage::Lost));
    assert!(!catch(&elsewhere).0, "another token");
    let (changed, parts) = catch(&token.lost(reported));
    assert!(changed && matches!(parts.binding, Binding::Revoked { .. }));
    assert_eq!(parts.wait_until, Some(after(reported, 1_800)));
    assert_eq!(parts.given_up.map(|old| old.at), Some(reported));
}

#[test]
fn catching_up_with_a_token_that_went_elsewhere() {
    let cases = [
        (issued_to(Stage::Issued, Some("U1")), false),
        (issued_to(Stage::Issued, Some("U2")), true),
        (life(Stage::Issued), true),
        (life(Stage::Stock), true),
        (life(Stage::InService), true),
        (life(Stage::Withdrawn), true),
        (life(Stage::Lost), true),
    ];
    for (life, gone) in cases {
        let mut desk = Desk::new(UsageMode::Individual);
        desk.user.issue(serial("10000001"), start());
        let token = Sample::new("10000001", life);
        let contract = (&crate::lifecycle::fixture::contract_id(), &desk.contract);
        let changed =
            catch_up(&desk.rules, contract, (&desk.user_id, &mut desk.user), token.held());
        assert_eq!(changed, gone, "{:?}", token.life);
        assert_eq!(desk.user.binding(1) == &Binding::Unregistered, gone);
    }
}
