//! Single use, time, session and tries of a challenge. Not responsible for: codes.

use super::*;

fn challenge() -> Challenge {
    Challenge {
        contract: ContractId::parse("C1").unwrap(),
        user: UserId::parse("U1").unwrap(),
        session: [1; 16],
        issued: UnixTime(1_000),
        lifetime_s: 300,
        wrong: 0,
        activation: 2,
        state: State::Open,
    }
}

fn rules() -> ChallengeRules {
    ChallengeRules::default()
}

fn check(challenge: &Challenge, at: u64) -> Result<(), Denial> {
    let (contract, user) = (challenge.contract.clone(), challenge.user.clone());
    challenge.check((&contract, &user), &[1; 16], 2, UnixTime(at))
}

#[test]
fn it_is_answered_by_its_user_in_its_session_in_time() {
    let one = challenge();
    assert_eq!(check(&one, 1_299), Ok(()));
    assert_eq!(check(&one, 1_300), Err(Denial::ChallengeExpired));
    let (contract, other) = (one.contract.clone(), UserId::parse("U2").unwrap());
    let now = UnixTime(1_000);
    assert_eq!(one.check((&contract, &other), &[1; 16], 2, now), Err(Denial::NotBound));
    assert_eq!(one.check((&contract, &one.user), &[2; 16], 2, now), Err(Denial::NotBound));
    assert_eq!(one.check((&contract, &one.user), &[1; 16], 3, now), Err(Denial::ChallengeExpired));
}

#[test]
fn it_is_answered_once() {
    let mut one = challenge();
    one.accept(UnixTime(1_010));
    assert_eq!(check(&one, 1_011), Err(Denial::AlreadyUsed));
    assert!(!one.cancel());
}

#[test]
fn guesses_are_counted() {
    let mut one = challenge();
    assert_eq!(one.miss(&rules()), 2);
    assert_eq!(one.miss(&rules()), 1);
    assert_eq!(check(&one, 1_001), Ok(()));
    assert_eq!(one.miss(&rules()), 0);
    assert_eq!(check(&one, 1_001), Err(Denial::Limit));
}

#[test]
fn what_was_taken_back_is_no_challenge() {
    let mut one = challenge();
    assert!(one.cancel());
    assert_eq!(check(&one, 1_001), Err(Denial::NoChallenge));
}
