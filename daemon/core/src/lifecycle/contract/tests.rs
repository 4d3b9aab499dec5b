//! Who holds what in each mode and generation.

use super::*;
use crate::lifecycle::{
    Role, TokenKind,
    fixture::{contract, serial, start},
    user::GivenUp,
};

fn user() -> User {
    User::new(Role::General)
}

#[test]
fn users_of_a_common_token_hold_it_unless_it_was_taken_from_them() {
    let mut contract = contract(UsageMode::Common);
    assert_eq!(contract.holding(&user()), None, "nothing is registered yet");
    contract.hold(serial("10000001"), start());
    let common = serial("10000001");
    assert_eq!(contract.holding(&user()), Some((&common, start())), "present and future users");
    let mut waiting = user();
    waiting.issue(serial("10000002"), start());
    assert_eq!(contract.holding(&waiting), Some((&common, start())));
    let mut revoked = user();
    let old =
        GivenUp { serial: common.clone(), kind: TokenKind::Hard, at: start(), reusable: true };
    revoked.revoke(old, 1, start());
    assert_eq!(contract.holding(&revoked), None);
}

#[test]
fn a_switch_voids_every_bond() {
    let mut contract = contract(UsageMode::Individual);
    let mut held = user();
    held.hold(serial("10000001"), start(), contract.generation());
    assert!(contract.holding(&held).is_some());
    contract.switch(UsageMode::Common);
    assert_eq!((contract.holding(&held), contract.generation()), (None, 2));
    contract.hold(serial("10000002"), start());
    assert_eq!(contract.holding(&held).unwrap().0, &serial("10000002"), "as everybody");
    contract.switch(UsageMode::Common);
    assert_eq!((contract.common(), contract.holding(&held)), (None, None));
}

#[test]
fn parts_come_back() {
    let mut one = contract(UsageMode::Common);
    one.hold(serial("10000001"), start());
    let again = Contract::from_parts(
        one.service_start,
        one.mode(),
        one.generation(),
        one.common().cloned(),
    );
    assert_eq!(again, one);
}
