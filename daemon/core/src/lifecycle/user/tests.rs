//! A user's bond through its changes.

use super::*;
use crate::lifecycle::fixture::{after, serial, start};

fn given_up(reusable: bool) -> GivenUp {
    GivenUp { serial: serial("10000001"), kind: TokenKind::Hard, at: start(), reusable }
}

#[test]
fn a_bond_counts_in_its_own_generation_only() {
    let mut user = User::new(Role::General);
    user.hold(serial("10000001"), start(), 3);
    assert!(matches!(user.binding(3), Binding::InService { .. }));
    assert_eq!(user.binding(4), &Binding::Unregistered);
    assert!(matches!(user.recorded(), Binding::InService { .. }), "what was written stays");
    user.revoke(given_up(false), 4, start());
    assert!(matches!(user.binding(4), Binding::Revoked { .. }));
    assert_eq!(user.binding(5), &Binding::Unregistered);
}

#[test]
fn a_token_on_its_way_outlives_a_generation() {
    let mut user = User::new(Role::General);
    user.issue(serial("10000001"), start());
    assert_eq!(user.binding(1), user.binding(2));
}

#[test]
fn holding_forgets_order_wait_and_the_token_before() {
    let mut user = User::new(Role::Master);
    user.order(TokenKind::Soft, start());
    user.revoke(given_up(false), 1, after(start(), 1_800));
    user.hold(serial("10000002"), after(start(), 1_800), 1);
    assert_eq!((user.ordered(), user.wait_until(), user.given_up()), (None, None, None));
    assert_eq!(user.role, Role::Master);
}

#[test]
fn issuing_ends_the_order_and_keeps_the_wait() {
    let mut user = User::new(Role::General);
    user.revoke(given_up(false), 1, after(start(), 1_800));
    user.order(TokenKind::Hard, start());
    user.issue(serial("10000002"), start());
    assert_eq!((user.ordered(), user.wait_until()), (None, Some(after(start(), 1_800))));
    assert!(user.given_up().is_some_and(|old| !old.reusable), "another token was issued");
    user.issue(serial("10000001"), start());
    assert!(user.given_up().is_some_and(|old| old.reusable));
}

#[test]
fn only_the_token_that_went_elsewhere_is_forgotten() {
    let mut user = User::new(Role::General);
    user.issue(serial("10000001"), start());
    user.unissue(&serial("10000002"));
    assert!(matches!(user.binding(1), Binding::Issued { .. }));
    user.unissue(&serial("10000001"));
    assert_eq!(user.binding(1), &Binding::Unregistered);
}

#[test]
fn parts_come_back() {
    let mut user = User::new(Role::Administrator);
    user.order(TokenKind::Camera, start());
    user.revoke(given_up(true), 9, after(start(), 60));
    assert_eq!(User::from_parts(user.parts()), user);
}
