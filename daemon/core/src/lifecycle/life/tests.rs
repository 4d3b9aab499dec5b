//! Every state of a token and every way out of it.

use super::*;
use crate::lifecycle::fixture::{after, contract_id, issued_to, life, start, user_id};

fn issued(to: Option<&str>) -> Issued {
    let Life::Issued(issued) = issued_to(Stage::Issued, to) else { unreachable!() };
    issued
}

#[test]
fn the_way_from_stock_into_service() {
    let Life::Stock(stock) = Life::stock() else { unreachable!() };
    let issued = stock.issue(contract_id(), Some(user_id("U1")), start());
    assert_eq!((issued.contract(), issued.to()), (&contract_id(), Some(&user_id("U1"))));
    let shared = issued.register(1, after(start(), 5)).share();
    assert_eq!((shared.users(), shared.contract()), (2, &contract_id()));
    let life = Life::InService(shared);
    assert_eq!((life.stage(), life.since()), (Stage::InService, Some(after(start(), 5))));
}

#[test]
fn the_last_user_frees_or_withdraws_it() {
    for reusable in [false, true] {
        let two = issued(None).register(1, start()).share();
        let Life::InService(one) = two.leave(reusable, after(start(), 9)) else { unreachable!() };
        assert_eq!(one.users(), 1);
        let life = one.leave(reusable, after(start(), 10));
        let expected = if reusable { Stage::Issued } else { Stage::Withdrawn };
        assert_eq!((life.stage(), life.contract()), (expected, Some(&contract_id())));
        let addressee = if let Life::Issued(free) = &life { free.to() } else { None };
        assert_eq!(addressee, None, "free for anybody of the contract");
    }
}

#[test]
fn withdrawn_goes_back_to_any_contract() {
    let Life::Withdrawn(old) = life(Stage::Withdrawn) else { unreachable!() };
    let other = ContractId::parse("C2").unwrap();
    assert_eq!(old.issue(other.clone(), None, start()).contract(), &other);
    assert_eq!(Life::Stock(issued(Some("U1")).recall()), Life::stock());
}

#[test]
fn lost_from_every_state_and_for_good() {
    for stage in Stage::ALL {
        let before = life(stage);
        let owner = before.contract().cloned();
        let lost = before.lost(after(start(), 60));
        assert_eq!(lost.stage(), Stage::Lost);
        assert_eq!(lost.contract(), owner.as_ref(), "{stage:?}");
        let first = if stage == Stage::Lost { start() } else { after(start(), 60) };
        assert_eq!(lost.since(), Some(first), "the first report counts");
        assert_eq!(lost.clone().lost(after(start(), 99)), lost);
        assert_eq!(lost.clone().in_generation(7), lost);
    }
}

#[test]
fn a_change_of_the_usage_mode_frees_what_is_in_service_and_nothing_else() {
    for stage in Stage::ALL {
        let before = issued_to(stage, (stage == Stage::Issued).then_some("U1"));
        assert_eq!(before.clone().in_generation(1), before, "{stage:?} in its own generation");
        let after = before.clone().in_generation(2);
        if stage == Stage::InService {
            assert_eq!(after, life(Stage::Issued), "free for anybody, since its registration");
        } else {
            assert_eq!(after, before, "{stage:?}");
        }
    }
}

#[test]
fn parts_come_back() {
    for stage in Stage::ALL {
        for to in [None, Some("U1")] {
            let to = to.filter(|_| stage == Stage::Issued);
            let life = issued_to(stage, to);
            assert_eq!(Life::from_parts(life.parts()), Some(life));
        }
    }
    let never_issued = Life::stock().lost(start());
    assert_eq!(Life::from_parts(never_issued.parts()), Some(never_issued));
    assert_eq!(Life::default(), Life::stock());
}

#[test]
fn parts_that_no_state_gives_are_refused() {
    let whole = LifeParts {
        stage: Stage::Stock,
        contract: Some(contract_id()),
        to: Some(user_id("U1")),
        at: 1,
        generation: 1,
        users: 1,
    };
    for stage in Stage::ALL {
        assert_eq!(Life::from_parts(LifeParts { stage, ..whole.clone() }), None, "{stage:?}");
    }
    for stage in [Stage::Issued, Stage::InService, Stage::Withdrawn] {
        let nobodys = LifeParts { contract: None, ..life(stage).parts() };
        assert_eq!(Life::from_parts(nobodys), None, "{stage:?} without an owner");
    }
    let empty = LifeParts { users: 0, ..life(Stage::InService).parts() };
    assert_eq!(Life::from_parts(empty), None, "in service with nobody");
}

#[test]
fn each_stage_has_a_word_of_its_own() {
    let words: std::collections::BTreeSet<_> =
        Stage::ALL.iter().map(|stage| stage.word()).collect();
    assert_eq!(words.len(), Stage::ALL.len());
}
