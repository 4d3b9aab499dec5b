//! Orders, issue and recall in every state.

use super::*;
use crate::lifecycle::{
    GivenUp, Role,
    fixture::{after, contract, issued_to, life, rules, serial, start, user_id},
    life::Stage,
};

struct Counter {
    contract: Contract,
    rules: Rules,
    kind: TokenKind,
    expired: bool,
}

impl Counter {
    fn new(mode: UsageMode) -> Self {
        let (contract, rules) = (contract(mode), rules());
        Self { contract, rules, kind: TokenKind::Hard, expired: false }
    }

    /// Issues 10000001, of contract C1 or nobody, to `owner`.
    fn issue_to(
        &self,
        owner: &str,
        life: &mut Life,
        to: Option<(&str, &mut User)>,
    ) -> Result<(), Denial> {
        let one = Issue {
            rules: &self.rules,
            contract_id: &ContractId::parse(owner).unwrap(),
            contract: &self.contract,
            serial: &serial("10000001"),
            kind: self.kind,
            expired: self.expired,
            now: after(start(), 60),
        };
        let id = to.as_ref().map(|(id, _)| user_id(id));
        let to = id.as_ref().zip(to.map(|(_, user)| user));
        issue(&one, life, to).map_err(|refused| refused.denial)
    }
}

fn user() -> User {
    User::new(Role::General)
}

#[test]
fn from_every_state_to_the_owner_and_to_another_contract() {
    let cases = [
        (Stage::Stock, Ok(()), Ok(())),
        (Stage::Issued, Ok(()), Err(Denial::NotThisContract)),
        (Stage::InService, Err(Denial::SerialInUse), Err(Denial::SerialInUse)),
        (Stage::Withdrawn, Ok(()), Ok(())),
        (Stage::Lost, Err(Denial::TokenLost), Err(Denial::TokenLost)),
    ];
    for (stage, same, other) in cases {
        for (owner, expected) in [("C1", same), ("C2", other)] {
            let (mut now, before) = (life(stage), life(stage));
            let done = Counter::new(UsageMode::Individual).issue_to(owner, &mut now, None);
            assert_eq!(done, expected, "{stage:?} to {owner}");
            if done.is_ok() {
                assert_eq!(now.stage(), Stage::Issued);
                assert_eq!(now.contract().unwrap().as_str(), owner);
                assert_eq!(now.since(), Some(after(start(), 60)));
            } else {
                assert_eq!(now, before, "a refusal changes nothing");
            }
        }
    }
}

#[test]
fn a_soft_token_gets_a_new_seed_each_time() {
    let counter = Counter { kind: TokenKind::Soft, ..Counter::new(UsageMode::Individual) };
    let done = counter.issue_to("C1", &mut life(Stage::Withdrawn), None);
    assert_eq!(done, Err(Denial::NewSeedRequired));
    assert_eq!(counter.issue_to("C1", &mut Life::stock(), None), Ok(()));
}

#[test]
fn an_expired_token_is_not_handed_out() {
    let counter = Counter { expired: true, ..Counter::new(UsageMode::Individual) };
    assert_eq!(counter.issue_to("C1", &mut Life::stock(), None), Err(Denial::TokenExpired));
}

#[test]
fn the_addressee_is_told_and_must_be_free() {
    let counter = Counter::new(UsageMode::Individual);
    let mut user = user();
    user.order(TokenKind::Hard, start());
    let mut life = Life::stock();
    assert_eq!(counter.issue_to("C1", &mut life, Some(("U1", &mut user))), Ok(()));
    assert!(is_addressee(&user, 1, &serial("10000001")) && user.ordered().is_none());
    // The same once more, as after a lost letter with the token found again.
    assert_eq!(counter.issue_to("C1", &mut life, Some(("U1", &mut user))), Ok(()));
    let mut waiting = User::new(Role::General);
    waiting.issue(serial("10000002"), start());
    let done = counter.issue_to("C1", &mut Life::stock(), Some(("U2", &mut waiting)));
    assert_eq!(done, Err(Denial::AlreadyIssued));
    let mut holding = User::new(Role::General);
    holding.hold(serial("10000002"), start(), 1);
    let done = counter.issue_to("C1", &mut Life::stock(), Some(("U2", &mut holding)));
    assert_eq!(done, Err(Denial::AlreadyRegistered));
}

#[test]
fn a_token_on_its_way_goes_to_another_only_after_a_recall() {
    let counter = Counter::new(UsageMode::Individual);
    let (mut first, mut second) = (user(), user());
    let mut life = Life::stock();
    counter.issue_to("C1", &mut life, Some(("U1", &mut first))).unwrap();
    for other in [Some(("U2", &mut second)), None] {
        assert_eq!(counter.issue_to("C1", &mut life, other), Err(Denial::AlreadyIssued));
    }
    assert_eq!(recall(&serial("10000001"), &mut life, Some(&mut first)), Ok(()));
    assert_eq!((&life, first.binding(1)), (&Life::stock(), &Binding::Unregistered));
    assert_eq!(counter.issue_to("C1", &mut life, Some(("U2", &mut second))), Ok(()));
}

#[test]
fn a_shared_token_may_be_allowed_to_one_more_user() {
    for mode in UsageMode::ALL {
        let mut user = user();
        let kind = TokenKind::Hard;
        let old = GivenUp { serial: serial("10000001"), kind, at: start(), reusable: false };
        user.deactivate(old, None);
        let before = life(Stage::InService);
        let mut life = before.clone();
        let done = Counter::new(mode).issue_to("C1", &mut life, Some(("U2", &mut user)));
        assert_eq!(done.is_ok(), mode == UsageMode::Shared, "{mode:?}");
        assert_eq!(user.given_up().unwrap().reusable, mode == UsageMode::Shared);
        assert_eq!((&life, user.binding(1)), (&before, &Binding::Unregistered));
    }
}

#[test]
fn only_what_is_on_its_way_is_recalled() {
    let cases = [
        (Stage::Stock, Err(Denial::NotThisContract)),
        (Stage::Issued, Ok(())),
        (Stage::InService, Err(Denial::SerialInUse)),
        (Stage::Withdrawn, Err(Denial::NotThisContract)),
        (Stage::Lost, Err(Denial::TokenLost)),
    ];
    for (stage, expected) in cases {
        let mut now = life(stage);
        let done = recall(&serial("10000001"), &mut now, None);
        assert_eq!(done, expected.map_err(Refused::from), "{stage:?}");
        assert_eq!(now, if done.is_ok() { Life::stock() } else { life(stage) });
    }
    let mut life = issued_to(Stage::Issued, Some("U1"));
    let mut elsewhere = user();
    elsewhere.issue(serial("10000002"), start());
    recall(&serial("10000001"), &mut life, Some(&mut elsewhere)).unwrap();
    assert!(is_addressee(&elsewhere, 1, &serial("10000002")), "another token stays on its way");
}

#[test]
fn kinds_that_may_be_ordered() {
    let kinds = TokenKind::ALL;
    for (last, next) in kinds.into_iter().flat_map(|last| kinds.map(|next| (last, next))) {
        let mut user = user();
        let old = GivenUp { serial: serial("10000009"), kind: last, at: start(), reusable: false };
        user.deactivate(old, None);
        let done = order(&rules(), &contract(UsageMode::Individual), &mut user, next, start());
        // A camera token stands beside the other and changes nothing of it.
        let beside = next == TokenKind::Camera;
        let allowed = last == next || beside || (last, next) == (TokenKind::Soft, TokenKind::Hard);
        let expected = if allowed { Ok(()) } else { Err(Denial::KindChangeNotAllowed.into()) };
        assert_eq!(done, expected, "{last:?} to {next:?}");
        assert_eq!(user.ordered().is_some(), allowed);
        let counter = Counter { kind: next, ..Counter::new(UsageMode::Individual) };
        let issued = counter.issue_to("C1", &mut Life::stock(), Some(("U1", &mut user)));
        assert_eq!(issued.is_ok(), allowed, "{last:?} to {next:?}");
    }
}

#[test]
fn orders_follow_the_bank_and_the_state_of_the_user() {
    let contract = contract(UsageMode::Individual);
    let order = |rules: &Rules, user: &mut User| {
        order(rules, &contract, user, TokenKind::Hard, start()).map_err(|refused| refused.denial)
    };
    let mut on_paper = rules();
    on_paper.issue.kinds.clear();
    assert_eq!(order(&on_paper, &mut user()), Err(Denial::KindNotAllowed));
    let mut issued = user();
    issued.issue(serial("10000001"), start());
    assert_eq!(order(&rules(), &mut issued), Err(Denial::AlreadyIssued));
    let mut held = user();
    held.hold(serial("10000001"), start(), contract.generation());
    assert_eq!(order(&rules(), &mut held), Err(Denial::AlreadyRegistered));
    let mut free = user();
    assert_eq!(order(&rules(), &mut free), Ok(()));
    assert_eq!(free.ordered(), Some((TokenKind::Hard, start())));
}
