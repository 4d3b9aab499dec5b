//! What a change of the usage mode frees.

use super::*;
use crate::lifecycle::{
    Life, Role, User,
    fixture::{contract, rules, serial, start},
    life::Stage,
};

#[test]
fn only_to_a_mode_that_the_bank_offers() {
    for from in UsageMode::ALL {
        for to in UsageMode::ALL {
            let mut one = contract(from);
            let done = switch(&rules(), &mut one, to);
            if to == UsageMode::Shared {
                assert_eq!(done, Err(Denial::ModeNotAllowed.into()));
                assert_eq!(one, contract(from), "nothing changed");
            } else {
                assert_eq!(done, Ok(()));
                assert_eq!((one.mode(), one.generation()), (to, 2));
            }
        }
    }
}

#[test]
fn one_write_frees_all_tokens_of_all_users() {
    let mut contract = contract(UsageMode::Individual);
    let mut users = Vec::new();
    for number in 0..500 {
        let mut user = User::new(Role::General);
        user.hold(serial(&format!("{:08}", 10_000_000 + number)), start(), contract.generation());
        users.push(user);
    }
    switch(&rules(), &mut contract, UsageMode::Common).unwrap();
    assert!(users.iter().all(|user| contract.holding(user).is_none()));
    let life: Life = crate::lifecycle::fixture::life(Stage::InService);
    assert_eq!(life.in_generation(contract.generation()).stage(), Stage::Issued, "reusable");
}
