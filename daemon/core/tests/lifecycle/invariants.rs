//! What must hold of a bank after every step, and between two steps.
//!
//! Not responsible for: making the steps (`bank`).

use std::fmt::Write;

use warifu_core::lifecycle::authorize::Holdings;
use warifu_core::{
    ident::Serial,
    lifecycle::{
        Authentication, Binding, Life, ListedState, UsageMode, User,
        authorize::{self, Cause, Decision, Operation},
        life::Stage,
        standing,
    },
    rules::{Factor, OperationClass, Stage as At},
};

use crate::bank::{Bank, Op, SPARE, UserKey, next, serial, user_key};

/// What must hold of every state.
pub(crate) fn hold(bank: &Bank) {
    for serial in bank.tokens.keys() {
        token_holds(bank, serial);
    }
    for key in bank.users.keys() {
        user_holds(bank, key);
    }
}

fn token_holds(bank: &Bank, serial: &Serial) {
    let (item, life) = (&bank.tokens[serial], bank.life(serial));
    assert_eq!(Life::from_parts(item.life.parts()).as_ref(), Some(&item.life), "restart");
    let holders: Vec<_> =
        bank.users.keys().filter(|key| bank.holding(key).as_ref() == Some(serial)).collect();
    let owner = life.contract();
    assert!(holders.iter().all(|key| Some(&key.0) == owner), "{serial} beyond its contract");
    let common = owner.is_some_and(|owner| {
        bank.contracts[owner].common().is_some_and(|common| common.serial == *serial)
    });
    match &life {
        Life::InService(one) => {
            let expected = if common { 1 } else { holders.len() };
            assert_eq!(usize::try_from(one.users()).unwrap(), expected, "{serial}: {holders:?}");
        }
        Life::Lost(_) => {}
        _ => assert!(holders.is_empty() && !common, "{serial} held, yet {life:?}"),
    }
    let used = bank.accepted.get(serial).and_then(|used| used.last());
    assert!(used.is_none_or(|used| *used < next(&item.token)), "{serial}: used step forgotten");
}

fn user_holds(bank: &Bank, key: &UserKey) {
    let (contract, user) = (&bank.contracts[&key.0], &bank.users[key]);
    assert_eq!(&User::from_parts(user.parts()), user, "restart");
    let holding = bank.holding(key);
    if contract.mode() == UsageMode::Common {
        let common = contract.common().map(|common| &common.serial);
        assert!(holding.is_none() || holding.as_ref() == common);
    }
    bank.with_held(holding.as_ref(), |held| {
        let locked = held.is_some_and(|held| held.token.guard.locked_at.is_some());
        let stopped = standing::authentication(held) == Authentication::Stopped;
        assert_eq!(locked, stopped, "a lock is that of all users");
        let listed = standing::listed(contract, user, held, bank.now);
        let live = held.is_some_and(|held| held.is_live(bank.now));
        assert_eq!(live, listed == ListedState::InService && !stopped, "{listed:?}");
        let operation = Operation {
            class: OperationClass::TransferSingle,
            stage: At::Execution,
            payee_preregistered: false,
            attributes: Vec::new(),
            logged_in_at: None,
        };
        let decision = authorize::authorize(
            &bank.rules,
            contract,
            user,
            Holdings { otp: held, signer: None },
            &operation,
            bank.now,
        )
        .decision;
        let expected = match () {
            () if live => Decision::Required(Factor::Otp),
            () if listed == ListedState::Revoked => Decision::Denied(Cause::Revoked),
            () if stopped => Decision::Denied(Cause::Locked),
            () => Decision::Denied(Cause::RegistrationRequired),
        };
        assert_eq!(decision, expected);
    });
}

/// What must hold between a state and the one after it.
pub(crate) fn step_is_lawful(before: &Bank, after: &Bank) {
    for serial in after.tokens.keys() {
        let (old, new) = (before.life(serial), after.life(serial));
        if old.stage() == Stage::Lost {
            assert_eq!(old, new, "lost is final");
            assert_eq!(before.tokens[serial].token.moving, after.tokens[serial].token.moving);
        }
        // A code counts for a token in service, or it is what puts the token into service.
        if before.accepted.get(serial) != after.accepted.get(serial) {
            assert_eq!(new.stage(), Stage::InService, "accepted in {old:?}");
            assert!(matches!(old.stage(), Stage::InService | Stage::Issued));
            assert!(before.tokens[serial].token.guard.locked_at.is_none());
        }
        // From one owner to the next only through the bank's hands.
        if let (Some(was), Some(is)) = (old.contract(), new.contract()) {
            assert!(was == is || old.stage() == Stage::Withdrawn, "{was} to {is}: {old:?}");
        }
    }
    for (key, user) in &after.users {
        let (was, is) = (before.holding(key), after.holding(key));
        if let (Some(was), Some(is)) = (&was, &is)
            && was != is
        {
            assert_eq!(before.life(was).stage(), Stage::Lost, "a second token for {user:?}");
        }
    }
}

impl Bank {
    /// Staff's way out: what the user has is withdrawn, another token sent and registered.
    pub(crate) fn rescue(&mut self, user: usize) {
        let contract = user / 3;
        if self.contracts[&user_key(user).0].mode() == UsageMode::Common {
            self.step(&Op::Switch { contract, to: UsageMode::Common });
        }
        self.step(&Op::Revoke { by: 6, user });
        let on_its_way = match self.user(user).recorded() {
            Binding::Issued { serial, .. } => Some(serial.clone()),
            _ => None,
        };
        if let Some(index) = (0..5).find(|index| Some(serial(*index)) == on_its_way) {
            self.step(&Op::Recall { token: index });
        }
        self.step(&Op::Pass { s: 2 * 86_400 });
        self.step(&Op::Issue { contract, token: SPARE, to: Some(user) });
        self.step(&Op::Register { by: 6, user, token: SPARE, right: true });
    }

    /// The user's codes count.
    pub(crate) fn is_served(&self, user: usize) -> bool {
        let holding = self.holding(&user_key(user));
        self.with_held(holding.as_ref(), |held| held.is_some_and(|held| held.is_live(self.now)))
    }

    /// Everything but time, so that a state is visited once.
    pub(crate) fn shape(&self) -> String {
        let mut shape = String::new();
        for (serial, item) in &self.tokens {
            let parts = self.life(serial).parts();
            let who = (parts.contract, parts.to, parts.users);
            write!(shape, "{:?}{who:?}{} ", parts.stage, item.token.guard.failures).unwrap();
        }
        for (key, user) in &self.users {
            let generation = self.contracts[&key.0].generation();
            let waits = user.wait_until().is_some_and(|until| self.now < until);
            let last = user.given_up().map(|last| (&last.serial, last.reusable));
            let bound = match user.binding(generation) {
                Binding::Unregistered => "-".to_owned(),
                Binding::Issued { serial, .. } => format!("i{serial}"),
                Binding::InService { serial, .. } => format!("s{serial}"),
                Binding::Revoked { serial, .. } => format!("r{serial}"),
            };
            write!(shape, "{bound}{waits}{last:?} ").unwrap();
        }
        for contract in self.contracts.values() {
            write!(shape, "{:?}{:?}", contract.mode(), contract.common().map(|c| &c.serial))
                .unwrap();
        }
        shape
    }
}
