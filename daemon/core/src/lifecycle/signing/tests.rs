//! Who may take part in a camera token, and how bonds end. Not responsible for: activations.

use super::*;
use crate::{
    camera::{Active, Material, Phase},
    lifecycle::{
        Role, Stage,
        fixture::{
            Sample, contract as new_contract, contract_id, issued_to, life, rules, serial, start,
            user_id,
        },
    },
};

fn camera(stage: Stage, phase: Phase) -> Sample {
    let mut sample = Sample::new("0112345679", life(stage)).kind(TokenKind::Camera);
    let activations = u32::from(matches!(phase, Phase::Active(_)));
    sample.token.moving = Moving::Camera(Camera { phase, activations, ..Camera::default() });
    sample
}

fn active() -> Phase {
    let material = Material::default();
    Phase::Active(Active { since: start(), proven: false, material, tag: [0; 32] })
}

fn bond() -> Signer {
    Signer {
        serial: serial("0112345679"),
        login: LoginName::parse("ICHIRODT").unwrap(),
        at: start(),
        generation: 1,
        activation: 1,
    }
}

type Check = fn(Joining<'_>) -> Result<(), Refused>;

fn ask(check: Check, user: &User, token: &Sample, held: Option<&Sample>) -> Result<(), Denial> {
    let (rules, contract) = (rules(), new_contract(UsageMode::Shared));
    check(Joining {
        rules: &rules,
        contract_id: &contract_id(),
        contract: &contract,
        user_id: &user_id("U1"),
        user,
        held: held.map(Sample::held),
        token: token.held(),
        now: start(),
    })
    .map_err(|refused| refused.denial)
}

#[test]
fn a_token_is_activated_from_the_hands_of_its_contract() {
    let nobody = User::new(Role::General);
    let cases = [
        (Stage::Stock, Err(Denial::NotThisContract)),
        (Stage::Issued, Ok(())),
        (Stage::InService, Err(Denial::SerialInUse)),
        (Stage::Withdrawn, Err(Denial::NeedsIssue)),
        (Stage::Lost, Err(Denial::TokenLost)),
    ];
    for (stage, expected) in cases {
        let token = camera(stage, active());
        assert_eq!(ask(check_activation, &nobody, &token, None), expected, "{stage:?}");
    }
    let mut other = camera(Stage::Issued, Phase::Ready);
    other.life = issued_to(Stage::Issued, Some("U2"));
    assert_eq!(ask(check_activation, &nobody, &other, None), Err(Denial::NotIssuedToUser));
    let broken = camera(Stage::Issued, Phase::InitRequired);
    assert_eq!(ask(check_activation, &nobody, &broken, None), Err(Denial::InitRequired));
    let locked = camera(Stage::Issued, Phase::Ready).locked();
    assert_eq!(ask(check_activation, &nobody, &locked, None), Err(Denial::TokenLocked));
    let otp = Sample::new("12345678", life(Stage::Issued));
    assert_eq!(ask(check_activation, &nobody, &otp, None), Err(Denial::NotSignable));
}

#[test]
fn a_second_user_takes_part_and_nobody_twice() {
    let token = camera(Stage::InService, active());
    let nobody = User::new(Role::General);
    assert_eq!(ask(check_share, &nobody, &token, None), Ok(()));
    let mut holder = nobody;
    holder.sign_with(bond());
    let held = Some(&token);
    assert_eq!(ask(check_share, &holder, &token, held), Err(Denial::AlreadyRegistered));
    let idle = camera(Stage::Issued, Phase::Ready);
    assert_eq!(ask(check_share, &holder, &idle, Some(&idle)), Err(Denial::NotThisContract));
}

#[test]
fn an_initialisation_ends_every_bond_at_once() {
    let mut token = camera(Stage::InService, active());
    assert!(token.held().binds(&bond(), &contract_id(), 1));
    assert!(!token.held().binds(&bond(), &contract_id(), 2));
    initialised(&mut token.life);
    assert!(!token.held().binds(&bond(), &contract_id(), 1));
    // Activated anew by somebody else: the old bond does not come back.
    token.life = life(Stage::InService);
    let Moving::Camera(camera) = &mut token.token.moving else { panic!("a camera token") };
    camera.activations = 2;
    assert!(!token.held().binds(&bond(), &contract_id(), 1));
}

#[test]
fn the_last_one_to_leave_frees_the_token() {
    let rules = rules();
    let mut user = User::new(Role::General);
    let mut one = camera(Stage::Issued, Phase::Ready);
    activated(&new_contract(UsageMode::Shared), &mut user, &mut one.life, bond()).unwrap();
    let mut second = User::new(Role::General);
    shared(&mut second, &mut one.life, bond()).unwrap();
    let (until, free) = leave(&rules, &mut user, &mut one.life, Leaving::Revoked, start());
    assert_eq!(until, Some(rules.revocation.reopens(start(), &rules.zone)));
    assert!(!free);
    assert_eq!(user.signer(), None);
    let (until, free) = leave(&rules, &mut second, &mut one.life, Leaving::GivenUp, start());
    assert_eq!((until, free), (None, true));
}

#[test]
fn who_was_revoked_waits() {
    let mut user = User::new(Role::General);
    user.stop_signing(Some(UnixTime(start().0 + 1)));
    let token = camera(Stage::Issued, Phase::Ready);
    assert_eq!(ask(check_activation, &user, &token, None), Err(Denial::NotBefore));
    user.stop_signing(Some(start()));
    assert_eq!(ask(check_activation, &user, &token, None), Ok(()));
}

#[test]
fn another_registration_leaves_the_camera_bond_alone() {
    let mut user = User::new(Role::General);
    user.sign_with(bond());
    user.hold(serial("12345678"), start(), 1);
    assert_eq!(user.signer(), Some(&bond()));
    user.follow();
    assert_eq!(user.signer(), Some(&bond()));
}

/// The user's record still names it: nobody tells the record when the bank is told of a loss.
#[test]
fn a_keypad_token_signs_while_it_is_in_service_only() {
    let (contract, user) = (new_contract(UsageMode::Individual), User::new(Role::General));
    for stage in Stage::ALL {
        let mut token = Sample::new("30000001", life(stage));
        let suite = crate::ocra::keypad::KeypadUse::Login.suite();
        token.token.moving = Moving::Keypad(crate::keypad::Keypad::new(vec![suite]).unwrap());
        let found = signs((&contract_id(), &contract), &user, None, Some(token.held()));
        assert_eq!(found.is_some(), stage == Stage::InService, "{stage:?}");
    }
}
