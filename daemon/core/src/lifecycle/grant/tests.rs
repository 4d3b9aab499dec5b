//! How far a grant reaches, and what ends it.

use super::*;
use crate::{
    lifecycle::{
        Role, UsageMode,
        fixture::{
            Sample, after, contract, contract_id, life, rules, serial, start, user_id, with_rule,
        },
        life::Stage,
    },
    rules::OperationRule,
};

const HERE: [u8; 16] = [1; 16];
const ELSEWHERE: [u8; 16] = [2; 16];
const CLASS: OperationClass = OperationClass::TransferSingle;

fn grant() -> Grant {
    let whose = (&contract_id(), &user_id("U1"));
    open(&rules(), whose, HERE, CLASS, (&serial("10000001"), start()), start()).unwrap()
}

fn holder() -> (Contract, User, Sample) {
    let mut user = User::new(Role::General);
    user.hold(serial("10000001"), start(), 1);
    let token = Sample::new("10000001", life(Stage::InService));
    (contract(UsageMode::Individual), user, token)
}

#[test]
fn only_for_the_classes_that_the_bank_names_and_never_for_signatures() {
    let whose = (&contract_id(), &user_id("U1"));
    for class in OperationClass::ALL {
        let found = open(&rules(), whose, HERE, class, (&serial("10000001"), start()), start());
        assert_eq!(found.is_some(), class == CLASS, "{class:?}");
    }
    for factor in [Factor::None, Factor::Otp, Factor::TransactionSignature] {
        let rules = with_rule(CLASS, |rule| *rule = OperationRule { factor, ..rule.clone() });
        let found = open(&rules, whose, HERE, CLASS, (&serial("10000001"), start()), start());
        assert_eq!(found.is_some(), factor == Factor::Otp, "{factor:?}");
    }
    let never = Rules { grant: None, ..rules() };
    assert_eq!(open(&never, whose, HERE, CLASS, (&serial("10000001"), start()), start()), None);
}

#[test]
fn it_covers_as_often_as_allowed() {
    let (contract, user, token) = holder();
    let mut grant = grant();
    let mut spend = || grant.spend(HERE, CLASS, (&contract, &user, Some(token.held())), start());
    assert_eq!([spend(), spend(), spend()], [Ok(()), Ok(()), Err(GrantEnd::UsedUp)]);
    assert_eq!(grant.uses_left, 0);
}

#[test]
fn it_ends_with_time_class_session_and_token() {
    let (_, _, token) = holder();
    let last = after(start(), 599);
    let cases = [
        (HERE, CLASS, token.clone(), last, Ok(())),
        (HERE, CLASS, token.clone(), after(start(), 600), Err(GrantEnd::Expired)),
        (HERE, OperationClass::Payeasy, token.clone(), last, Err(GrantEnd::OtherClass)),
        (ELSEWHERE, CLASS, token.clone(), last, Err(GrantEnd::OtherSession)),
        (HERE, CLASS, token.clone().locked(), last, Err(GrantEnd::TokenChanged)),
        (HERE, CLASS, token.clone().lost(start()), last, Err(GrantEnd::TokenChanged)),
        (HERE, CLASS, token.expires(start()), last, Err(GrantEnd::TokenChanged)),
    ];
    for (session, class, token, now, expected) in cases {
        let (contract, user, _) = holder();
        let mut grant = grant();
        let found = grant.spend(session, class, (&contract, &user, Some(token.held())), now);
        assert_eq!(found, expected);
        assert_eq!(grant.uses_left, if expected.is_ok() { 1 } else { 2 });
    }
}

#[test]
fn it_ends_when_the_user_holds_another_token_or_none() {
    let (mut contract, user, token) = holder();
    let mut other = user.clone();
    other.hold(serial("10000002"), start(), 1);
    let ended = Err(GrantEnd::TokenChanged);
    let held = Some(token.held());
    let mut again = user.clone();
    again.hold(serial("10000001"), after(start(), 1), 1);
    assert_eq!(grant().spend(HERE, CLASS, (&contract, &again, held), after(start(), 1)), ended);
    assert_eq!(grant().spend(HERE, CLASS, (&contract, &other, held), start()), ended);
    assert_eq!(grant().spend(HERE, CLASS, (&contract, &user, None), start()), ended);
    contract.switch(UsageMode::Individual);
    assert_eq!(grant().spend(HERE, CLASS, (&contract, &user, held), start()), ended);
}
