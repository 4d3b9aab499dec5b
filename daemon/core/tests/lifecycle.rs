//! The life cycle by property: whatever a few contracts, users and tokens go through, in whatever
//! order and by whoever's hand, some things never happen.
//!
//! Not responsible for: single rules by example (they stand beside the code), or storage: `bank` is
//! a daemon without disk, network and keys that calls the core as the daemon does.

#![expect(clippy::unwrap_used, reason = "names and states of this test; a bad one fails it")]

#[path = "lifecycle/bank.rs"]
mod bank;
#[path = "lifecycle/invariants.rs"]
mod invariants;
#[path = "lifecycle/variant.rs"]
mod variant;

use std::collections::BTreeSet;

use bank::{Bank, Op};
use proptest::prelude::*;
use variant::{Variant, every_kind_change};
use warifu_core::lifecycle::{TokenKind, UsageMode};

fn mode() -> impl Strategy<Value = UsageMode> {
    prop::sample::select(UsageMode::ALL.to_vec())
}

fn kind() -> impl Strategy<Value = TokenKind> {
    prop::sample::select(TokenKind::ALL.to_vec())
}

/// One step. Users 0 to 2 belong to contract 0, 3 to 5 to contract 1; actor 6 is the bank's staff.
fn op() -> impl Strategy<Value = Op> {
    let actor = prop_oneof![Just(6_usize), 0_usize..6];
    let (user, token) = (0_usize..6, 0_usize..5);
    let contract = 0_usize..2;
    prop_oneof![
        1 => (actor.clone(), user.clone(), kind()).prop_map(|(by, user, kind)| Op::Order { by, user, kind }),
        4 => (contract.clone(), token.clone(), prop::option::weighted(0.6, user.clone()))
            .prop_map(|(contract, token, to)| Op::Issue { contract, token, to }),
        1 => token.clone().prop_map(|token| Op::Recall { token }),
        8 => (actor.clone(), user.clone(), token.clone(), prop::bool::weighted(0.9))
            .prop_map(|(by, user, token, right)| Op::Register { by, user, token, right }),
        4 => (user.clone(), 0_u64..4).prop_map(|(user, ahead)| Op::Verify { user, ahead }),
        3 => (user.clone(), 1_u64..=3).prop_map(|(user, times)| Op::Guess { user, times }),
        3 => (actor.clone(), user.clone()).prop_map(|(by, user)| Op::Unlock { by, user }),
        3 => (actor.clone(), user.clone()).prop_map(|(by, user)| Op::Revoke { by, user }),
        2 => user.clone().prop_map(|user| Op::Deactivate { user }),
        1 => user.clone().prop_map(|user| Op::Remove { user }),
        1 => (contract, mode()).prop_map(|(contract, to)| Op::Switch { contract, to }),
        1 => token.prop_map(|token| Op::Lost { token }),
        4 => prop::sample::select(vec![60_u64, 1_800, 7_200, 86_400]).prop_map(|s| Op::Pass { s }),
    ]
}

fn any_variant() -> impl Strategy<Value = Variant> {
    let cool = prop::sample::select(vec![0_u32, 30]);
    (any::<[bool; 4]>(), cool, [mode(), mode()]).prop_map(|(flags, cool_down_min, modes)| {
        let [revoked_reusable, given_up_reusable, night, any_kind] = flags;
        let soft_to_hard = vec![(TokenKind::Soft, TokenKind::Hard)];
        let kind_changes = if any_kind { every_kind_change() } else { soft_to_hard };
        Variant { revoked_reusable, given_up_reusable, night, kind_changes, cool_down_min, modes }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 700, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_history_breaks_an_invariant(
        variant in any_variant(),
        ops in prop::collection::vec(op(), 1..120),
    ) {
        let mut bank = Bank::new(&variant);
        for op in &ops {
            let before = bank.clone();
            bank.step(op);
            invariants::hold(&bank);
            invariants::step_is_lawful(&before, &bank);
        }
    }

    /// However things stand, staff can give any user a token again.
    #[test]
    fn no_history_is_a_dead_end(
        variant in any_variant(),
        ops in prop::collection::vec(op(), 1..60),
        user in 0_usize..6,
    ) {
        let mut bank = Bank::new(&Variant { kind_changes: every_kind_change(), ..variant });
        for op in &ops {
            bank.step(op);
        }
        bank.rescue(user);
        invariants::hold(&bank);
        prop_assert!(bank.is_served(user), "{:?}", bank.user(user));
    }
}

/// Every state that one contract with two users and two tokens can reach within a few steps.
#[test]
fn every_short_history_holds() {
    for mode in UsageMode::ALL {
        let variant = Variant { modes: [mode, mode], ..Variant::plain() };
        let mut seen = BTreeSet::new();
        let mut border = vec![Bank::new(&variant)];
        for _ in 0..5 {
            let mut next = Vec::new();
            for (bank, op) in border.iter().flat_map(|bank| small().map(move |op| (bank, op))) {
                let mut after = bank.clone();
                after.step(&op);
                invariants::hold(&after);
                invariants::step_is_lawful(bank, &after);
                if seen.insert(after.shape()) {
                    next.push(after);
                }
            }
            border = next;
        }
        assert!(seen.len() > 100, "{mode:?}: {} states", seen.len());
    }
}

fn small() -> impl Iterator<Item = Op> {
    let users = [0, 1];
    let tokens = [0, 1];
    let per_token = tokens.into_iter().flat_map(move |token| {
        let issue = |to| Op::Issue { contract: 0, token, to };
        let to_users = users.map(|user| issue(Some(user)));
        let registers = users.map(|user| Op::Register { by: 6, user, token, right: true });
        let rest = [issue(None), Op::Recall { token }, Op::Lost { token }];
        to_users.into_iter().chain(registers).chain(rest)
    });
    let per_user = users.into_iter().flat_map(|user| {
        let leaves = [Op::Revoke { by: 6, user }, Op::Deactivate { user }, Op::Remove { user }];
        leaves.into_iter().chain([Op::Guess { user, times: 3 }, Op::Unlock { by: 6, user }])
    });
    let switches = UsageMode::ALL.map(|to| Op::Switch { contract: 0, to });
    per_token.chain(per_user).chain(switches).chain([Op::Pass { s: 86_400 }])
}
