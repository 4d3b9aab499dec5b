//! The five listed states and the two authentication states.

use super::*;
use crate::lifecycle::{
    GivenUp, Role, UsageMode,
    fixture::{Sample, after, contract, life, serial, start},
    life::Stage,
};

fn user(change: impl FnOnce(&mut User)) -> User {
    let mut user = User::new(Role::General);
    change(&mut user);
    user
}

fn old() -> GivenUp {
    GivenUp { serial: serial("10000001"), kind: TokenKind::Hard, at: start(), reusable: false }
}

#[test]
fn the_five_states_of_a_list() {
    let sample = |stage| Sample::new("10000001", life(stage));
    let end = after(start(), 60);
    let none = user(|_| ());
    let issued = user(|one| one.issue(serial("10000001"), start()));
    let held = user(|one| one.hold(serial("10000001"), start(), 1));
    let revoked = user(|one| one.revoke(old(), 1, end));
    let lost = |stage| sample(stage).lost(start());
    let cases = [
        ("未登録", &none, None, ListedState::Unregistered),
        ("発行済み", &issued, Some(sample(Stage::Issued)), ListedState::Issued),
        ("期限切れ", &issued, Some(sample(Stage::Issued).expires(end)), ListedState::Expired),
        ("郵送中に紛失", &issued, Some(lost(Stage::Issued)), ListedState::Unregistered),
        ("回収済み", &issued, Some(sample(Stage::Stock)), ListedState::Unregistered),
        ("他の契約先へ", &issued, None, ListedState::Unregistered),
        ("取下げ", &issued, Some(sample(Stage::Withdrawn)), ListedState::Unregistered),
        ("利用中", &held, Some(sample(Stage::InService)), ListedState::InService),
        ("停止中", &held, Some(sample(Stage::InService).locked()), ListedState::InService),
        ("期限切れ", &held, Some(sample(Stage::InService).expires(end)), ListedState::Expired),
        ("紛失", &held, Some(lost(Stage::InService)), ListedState::Revoked),
        ("紛失, 期限切れ", &held, Some(lost(Stage::InService).expires(end)), ListedState::Revoked),
        ("失効中", &revoked, None, ListedState::Revoked),
    ];
    for (name, user, token, expected) in cases {
        let token = token.as_ref().map(Sample::held);
        let now = after(end, 1);
        let state = listed(&contract(UsageMode::Individual), user, token, now);
        assert_eq!(state, expected, "{name}");
    }
}

#[test]
fn the_last_minute_is_in_service() {
    let end = after(start(), 60);
    let token = Sample::new("10000001", life(Stage::InService)).expires(end);
    let held = user(|one| one.hold(serial("10000001"), start(), 1));
    for (now, state) in [(end, ListedState::InService), (after(end, 1), ListedState::Expired)] {
        let contract = contract(UsageMode::Individual);
        assert_eq!(listed(&contract, &held, Some(token.held()), now), state);
        assert_eq!(token.held().is_live(now), state == ListedState::InService);
    }
}

#[test]
fn another_generation_is_unregistered() {
    let mut contract = contract(UsageMode::Individual);
    contract.switch(UsageMode::Individual);
    for user in [
        user(|one| one.hold(serial("10000001"), start(), 1)),
        user(|one| one.revoke(old(), 1, start())),
    ] {
        assert_eq!(listed(&contract, &user, None, start()), ListedState::Unregistered);
    }
}

#[test]
fn the_two_states_of_authentication() {
    let open = Sample::new("10000001", life(Stage::InService));
    assert_eq!(authentication(None), Authentication::Available);
    assert_eq!(authentication(Some(open.held())), Authentication::Available);
    assert_eq!(authentication(Some(open.clone().locked().held())), Authentication::Stopped);
}

#[test]
fn live_is_in_service_and_active() {
    for stage in Stage::ALL {
        let token = Sample::new("10000001", life(stage));
        assert_eq!(token.held().is_live(start()), stage == Stage::InService, "{stage:?}");
        assert!(!token.locked().held().is_live(start()), "{stage:?} and locked");
    }
}

#[test]
fn a_code_by_serial_alone() {
    for stage in Stage::ALL {
        let in_service = stage == Stage::InService;
        assert_eq!(admits_serial(SerialVerification::InService, &life(stage)), in_service);
        let unassigned = in_service || stage == Stage::Stock;
        assert_eq!(admits_serial(SerialVerification::Unassigned, &life(stage)), unassigned);
    }
}
