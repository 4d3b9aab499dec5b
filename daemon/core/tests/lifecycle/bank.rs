//! A bank in memory: what the daemon does with the core, without disk, network and keys.
//!
//! Not responsible for: what must hold (`invariants`).

use std::collections::{BTreeMap, BTreeSet};

use warifu_core::{
    code::Code,
    ident::{ContractId, Serial, UserId},
    lifecycle::{
        Actor, Binding, Confirmation, Contract, Held, Life, Role, TokenKind, UsageMode, User,
        actor::{Scene, Subject},
        issue, leave,
        life::Stage,
        register, usage,
    },
    oath::{Digits, HashAlgorithm},
    plan,
    rules::{Gate, Rules},
    settle::{self, Verdict},
    time::UnixTime,
    token::{Fingerprint, Guard, Moving, Profile, Switch, Token},
};

use crate::variant::{Variant, rules};

/// The token that no history touches: what staff have left at its end.
pub(crate) const SPARE: usize = 5;

/// One step of a history.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    Order { by: usize, user: usize, kind: TokenKind },
    Issue { contract: usize, token: usize, to: Option<usize> },
    Recall { token: usize },
    Register { by: usize, user: usize, token: usize, right: bool },
    Verify { user: usize, ahead: u64 },
    Guess { user: usize, times: u64 },
    Unlock { by: usize, user: usize },
    Revoke { by: usize, user: usize },
    Deactivate { user: usize },
    Remove { user: usize },
    Switch { contract: usize, to: UsageMode },
    Lost { token: usize },
    Pass { s: u64 },
}

/// A token with its code state and its life.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Item {
    pub(crate) kind: TokenKind,
    pub(crate) life: Life,
    pub(crate) token: Token,
}

pub(crate) type UserKey = (ContractId, UserId);

/// Everything, and what only the test remembers.
#[derive(Clone, Debug)]
pub(crate) struct Bank {
    pub(crate) rules: Rules,
    pub(crate) now: UnixTime,
    pub(crate) contracts: BTreeMap<ContractId, Contract>,
    pub(crate) users: BTreeMap<UserKey, User>,
    pub(crate) tokens: BTreeMap<Serial, Item>,
    /// Codes that were accepted.
    pub(crate) accepted: BTreeMap<Serial, BTreeSet<u64>>,
    /// Who must not register before when.
    pub(crate) waits: BTreeMap<UserKey, UnixTime>,
    /// Which token a user gave up for good, unless it is issued anew.
    pub(crate) barred: BTreeMap<UserKey, Serial>,
}

pub(crate) fn contract_id(index: usize) -> ContractId {
    ContractId::parse(&format!("C{index}")).unwrap()
}

pub(crate) fn user_key(index: usize) -> UserKey {
    (contract_id(index / 3), UserId::parse(&format!("U{index}")).unwrap())
}

pub(crate) fn serial(index: usize) -> Serial {
    Serial::parse(&format!("1000000{index}")).unwrap()
}

fn role(index: usize) -> Role {
    [Role::Master, Role::Administrator, Role::General][index % 3]
}

fn token() -> Token {
    Token {
        profile: Profile {
            hash: HashAlgorithm::Sha1,
            digits: Digits::new(6).unwrap(),
            valid_from: None,
            expires_at: None,
        },
        moving: Moving::Event { next: 0, resync_required: false },
        switch: Switch::Enabled,
        guard: Guard::default(),
    }
}

impl Bank {
    pub(crate) fn new(variant: &Variant) -> Self {
        let now = UnixTime(1_790_000_000);
        let contract =
            |index: usize| (contract_id(index), Contract::new(now, variant.modes[index]));
        let item = |index: usize| {
            let kind = if index == 3 { TokenKind::Soft } else { TokenKind::Hard };
            (serial(index), Item { kind, life: Life::stock(), token: token() })
        };
        Self {
            rules: rules(variant),
            now,
            contracts: (0..2).map(contract).collect(),
            users: (0..6).map(|index| (user_key(index), User::new(role(index)))).collect(),
            tokens: (0..6).map(item).collect(),
            accepted: BTreeMap::new(),
            waits: BTreeMap::new(),
            barred: BTreeMap::new(),
        }
    }

    /// One step, a second later than the last one.
    pub(crate) fn step(&mut self, op: &Op) {
        self.now.0 += 1;
        match *op {
            Op::Order { by, user, kind } => self.order(by, user, kind),
            Op::Issue { contract, token, to } => self.issue(contract, token, to),
            Op::Recall { token } => self.recall(token),
            Op::Register { by, user, token, right } => self.register(by, user, token, right),
            Op::Verify { user, ahead } => self.verify(user, ahead),
            Op::Guess { user, times } => self.guess(user, times),
            Op::Unlock { by, user } => self.unlock(by, user),
            Op::Revoke { by, user } => self.revoke(by, user),
            Op::Deactivate { user } => self.deactivate(user),
            Op::Remove { user } => self.remove(user),
            Op::Switch { contract, to } => {
                let contract = self.contracts.get_mut(&contract_id(contract)).unwrap();
                usage::switch(&self.rules, contract, to).unwrap();
            }
            Op::Lost { token } => {
                let serial = serial(token);
                let life = self.life(&serial);
                self.tokens.get_mut(&serial).unwrap().life = life.lost(self.now);
            }
            Op::Pass { s } => self.now.0 += s,
        }
    }

    pub(crate) fn user(&self, index: usize) -> &User {
        &self.users[&user_key(index)]
    }

    /// A token's life in the present generation of the contract that owns it.
    pub(crate) fn life(&self, serial: &Serial) -> Life {
        let life = self.tokens[serial].life.clone();
        match life.contract().map(|owner| self.contracts[owner].generation()) {
            Some(generation) => life.in_generation(generation),
            None => life,
        }
    }

    /// The serial that a user's codes come from.
    pub(crate) fn holding(&self, key: &UserKey) -> Option<Serial> {
        let holding = self.contracts[&key.0].holding(&self.users[key]);
        holding.map(|(serial, _)| serial.clone())
    }

    /// Calls `look` with the token in hand.
    pub(crate) fn with_held<T>(
        &self,
        serial: Option<&Serial>,
        look: impl FnOnce(Option<Held<'_>>) -> T,
    ) -> T {
        let Some(serial) = serial else { return look(None) };
        let (item, life) = (&self.tokens[serial], self.life(serial));
        look(Some(Held { serial, kind: item.kind, life: &life, token: &item.token }))
    }

    fn admits(&self, gate: &Gate, by: usize, user: usize) -> bool {
        let key = user_key(user);
        let concerned = self.holding(&key);
        let subject =
            Subject { id: &key.1, role: self.users[&key].role, serial: concerned.as_ref() };
        let actor_key = user_key(by.min(5));
        if by < 6 && actor_key.0 != key.0 {
            return false;
        }
        let scene =
            Scene { contract: &self.contracts[&key.0], staff: self.rules.staff, now: self.now };
        self.with_held(self.holding(&actor_key).as_ref(), |token| {
            let actor = if by == 6 {
                Actor::Staff { reason: true, reference: false }
            } else {
                Actor::User {
                    id: &actor_key.1,
                    user: &self.users[&actor_key],
                    token,
                    confirmation: Confirmation::Right,
                    code: true,
                    signer: None,
                    signed: false,
                }
            };
            gate.admit(scene, actor, Some(subject)).is_ok()
        })
    }

    fn catch_up(&mut self, key: &UserKey) {
        let generation = self.contracts[&key.0].generation();
        let (Binding::InService { serial, .. } | Binding::Issued { serial, .. }) =
            self.users[key].binding(generation).clone()
        else {
            return;
        };
        let mut user = self.users[key].clone();
        let contract = (&key.0, &self.contracts[&key.0]);
        self.with_held(Some(&serial), |token| {
            leave::catch_up(&self.rules, contract, (&key.1, &mut user), token.unwrap())
        });
        self.users.insert(key.clone(), user);
    }

    fn order(&mut self, by: usize, user: usize, kind: TokenKind) {
        if !self.admits(&self.rules.issue.order, by, user) {
            return;
        }
        let key = user_key(user);
        self.catch_up(&key);
        let user = self.users.get_mut(&key).unwrap();
        let _refused = issue::order(&self.rules, &self.contracts[&key.0], user, kind, self.now);
    }

    fn issue(&mut self, contract: usize, token: usize, to: Option<usize>) {
        let (contract_id, serial) = (contract_id(contract), serial(token));
        let key = to.map(user_key).filter(|key| key.0 == contract_id);
        if let Some(key) = &key {
            self.catch_up(key);
        }
        let mut life = self.life(&serial);
        let mut user = key.as_ref().map(|key| self.users[key].clone());
        let one = issue::Issue {
            rules: &self.rules,
            contract_id: &contract_id,
            contract: &self.contracts[&contract_id],
            serial: &serial,
            kind: self.tokens[&serial].kind,
            expired: false,
            now: self.now,
        };
        let to = key.as_ref().zip(user.as_mut()).map(|(key, user)| (&key.1, user));
        if issue::issue(&one, &mut life, to).is_err() {
            return;
        }
        let anew = life.stage() == Stage::Issued;
        self.barred.retain(|who, what| *what != serial || !(anew || Some(who) == key.as_ref()));
        self.tokens.get_mut(&serial).unwrap().life = life;
        self.users.extend(key.zip(user));
    }

    fn recall(&mut self, token: usize) {
        let serial = serial(token);
        let mut life = self.life(&serial);
        let addressee = match &life {
            Life::Issued(one) => one.to().map(|to| (one.contract().clone(), to.clone())),
            _ => None,
        };
        let user = addressee.and_then(|key| self.users.get_mut(&key));
        let _refused = issue::recall(&serial, &mut life, user);
        self.tokens.get_mut(&serial).unwrap().life = life;
    }

    fn register(&mut self, by: usize, user: usize, token: usize, right: bool) {
        if !self.admits(&self.rules.registration.gate, by, user) {
            return;
        }
        let (key, serial) = (user_key(user), serial(token));
        let (mut life, item) = (self.life(&serial), self.tokens[&serial].clone());
        let admission = self.with_held(self.holding(&key).as_ref(), |held| {
            register::check(register::Registration {
                rules: &self.rules,
                contract_id: &key.0,
                contract: &self.contracts[&key.0],
                user_id: &key.1,
                user: &self.users[&key],
                held,
                token: Held { serial: &serial, kind: item.kind, life: &life, token: &item.token },
                now: self.now,
            })
        });
        let Ok(admission) = admission else { return };
        let factor = if right { next(&item.token) } else { 999_000 + self.now.0 % 1_000 };
        if !self.submit(&serial, factor) {
            return;
        }
        assert!(self.waits.remove(&key).is_none_or(|until| self.now >= until), "too early");
        assert_ne!(self.barred.remove(&key), Some(serial.clone()), "not issued anew");
        let contract = self.contracts.get_mut(&key.0).unwrap();
        let user = self.users.get_mut(&key).unwrap();
        register::apply(admission, contract, user, (&serial, &mut life), self.now);
        self.tokens.get_mut(&serial).unwrap().life = life;
    }

    /// The token that codes for this user are looked at with.
    fn asked(&self, user: usize) -> Option<Serial> {
        let serial = self.holding(&user_key(user))?;
        (self.life(&serial).stage() == Stage::InService).then_some(serial)
    }

    /// A code of the user's own token: the last one again, or one that is `ahead`.
    fn verify(&mut self, user: usize, ahead: u64) {
        if let Some(serial) = self.asked(user) {
            let factor = next(&self.tokens[&serial].token) + ahead;
            self.submit(&serial, factor.saturating_sub(1));
        }
    }

    /// Wrong codes, none like the other.
    fn guess(&mut self, user: usize, times: u64) {
        for time in 0..times {
            if let Some(serial) = self.asked(user) {
                self.submit(&serial, 900_000 + self.now.0 % 10_000 * 8 + time);
            }
        }
    }

    /// One code at the token. The code is its moving factor, written in six digits.
    fn submit(&mut self, serial: &Serial, factor: u64) -> bool {
        let token = &mut self.tokens.get_mut(serial).unwrap().token;
        let code = Code::parse(&format!("{factor:06}")).unwrap();
        let policy = &self.rules.verification;
        let print = Fingerprint(factor.to_be_bytes());
        let Ok(plan) = plan::plan(token, policy, self.now, &code, print) else { return false };
        let found = plan.candidates().position(|candidate| candidate == factor);
        let verdict = settle::settle(token, policy, self.now, &plan, found);
        let accepted = matches!(verdict, Verdict::Accepted { .. });
        if accepted {
            let fresh = self.accepted.entry(serial.clone()).or_default().insert(factor);
            assert!(fresh, "{serial}: {factor} twice");
        }
        accepted
    }

    fn unlock(&mut self, by: usize, user: usize) {
        let Some(serial) = self.holding(&user_key(user)) else { return };
        if self.admits(&self.rules.unlock, by, user) {
            self.tokens.get_mut(&serial).unwrap().token.unlock();
        }
    }

    fn revoke(&mut self, by: usize, user: usize) {
        if !self.admits(&self.rules.revocation.gate, by, user) {
            return;
        }
        let reusable = self.rules.revocation.reusable;
        self.leave(user, reusable, |rules, contract, user, left, now| {
            leave::revoke(rules, contract, user, left, now).ok().map(Some)
        });
    }

    fn deactivate(&mut self, user: usize) {
        if !self.admits(&self.rules.deactivation.gate, user, user) {
            return;
        }
        let reusable = self.rules.deactivation.reusable;
        self.leave(user, reusable, |rules, contract, user, left, now| {
            leave::deactivate(rules, contract, user, left, now).ok().map(|()| None)
        });
    }

    /// `way` answers from when on the user may register again, where that is said; `None`: refused.
    fn leave(
        &mut self,
        user: usize,
        reusable: bool,
        way: impl FnOnce(
            &Rules,
            &Contract,
            &mut User,
            &mut leave::Left<'_>,
            UnixTime,
        ) -> Option<Option<UnixTime>>,
    ) {
        let key = user_key(user);
        let Some(serial) = self.holding(&key) else { return };
        let contract = &self.contracts[&key.0];
        let (mut life, kind) = (self.life(&serial), self.tokens[&serial].kind);
        let lost_at = if life.stage() == Stage::Lost { life.since() } else { None };
        let mut left = leave::Left { serial: &serial, kind, life: &mut life };
        let user = self.users.get_mut(&key).unwrap();
        let Some(wait) = way(&self.rules, contract, user, &mut left, self.now) else { return };
        let after_loss = lost_at.map(|at| self.rules.revocation.reopens(at, &self.rules.zone));
        if let Some(until) = wait.max(after_loss) {
            self.waits.insert(key.clone(), until);
        }
        if !reusable && contract.mode() != UsageMode::Common {
            self.barred.insert(key.clone(), serial.clone());
        }
        self.tokens.get_mut(&serial).unwrap().life = life;
        assert_eq!(self.holding(&key), None, "left, and still held");
    }

    fn remove(&mut self, user: usize) {
        let key = user_key(user);
        if let Some(serial) = self.holding(&key) {
            let mut life = self.life(&serial);
            let kind = self.tokens[&serial].kind;
            let mut left = leave::Left { serial: &serial, kind, life: &mut life };
            leave::remove(&self.rules, &self.contracts[&key.0], &mut left, self.now);
            self.tokens.get_mut(&serial).unwrap().life = life;
        }
        self.waits.remove(&key);
        self.barred.remove(&key);
        self.users.insert(key, User::new(role(user)));
    }
}

pub(crate) fn next(token: &Token) -> u64 {
    match token.moving {
        Moving::Event { next, .. } => next,
        Moving::Time { .. } | Moving::Keypad(_) | Moving::Camera(_) => 0,
    }
}
