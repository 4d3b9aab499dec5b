//! The state machine of a camera token, step by step. Not responsible for: codes.

use super::*;

fn rules() -> CameraRules {
    CameraRules::default()
}

fn contract() -> ContractId {
    ContractId::parse("C1").unwrap()
}

fn user(name: &str) -> UserId {
    UserId::parse(name).unwrap()
}

fn session(at: u64) -> Session {
    Session {
        id: [7; 12],
        contract: contract(),
        user: user("U1"),
        login: LoginName::parse("ICHIRODT").unwrap(),
        since: UnixTime(at),
        wrong: 0,
        material: Material::default(),
        message: vec![1],
    }
}

fn second() -> Camera {
    let mut camera = Camera::default();
    camera.start(session(1_000));
    let code = (contract(), TokenCode::parse("482913").unwrap());
    camera.advance(1, code, Material::default(), vec![2], UnixTime(1_100));
    camera
}

#[test]
fn a_first_step_that_takes_too_long_leaves_the_token_as_it_was() {
    let mut camera = Camera::default();
    camera.start(session(1_000));
    assert!(!camera.expire(&rules(), UnixTime(1_599)));
    assert!(camera.expire(&rules(), UnixTime(1_600)));
    assert_eq!(camera.phase, Phase::Ready);
}

#[test]
fn a_second_step_that_takes_too_long_needs_an_initialisation() {
    let mut camera = second();
    assert!(!camera.expire(&rules(), UnixTime(1_399)));
    assert!(camera.expire(&rules(), UnixTime(1_400)));
    assert_eq!(camera.may_start(false), Err(Denial::InitRequired));
    assert_eq!(camera.second(&[7; 12], &user("U1")).unwrap_err(), Denial::InitRequired);
    camera.initialise();
    assert_eq!(camera.may_start(false), Ok(()));
    let automatic = CameraRules { auto_initialise: true, ..rules() };
    let mut camera = second();
    camera.expire(&automatic, UnixTime(1_400));
    assert_eq!(camera.phase, Phase::Ready);
}

#[test]
fn the_tries_of_each_step_are_counted_apart() {
    let mut camera = Camera::default();
    camera.start(session(0));
    for left in (1..5).rev() {
        assert_eq!(camera.miss_first(&rules()), Miss::Wrong { left });
    }
    assert_eq!(camera.miss_first(&rules()), Miss::Over { lock: false });
    assert_eq!(camera.phase, Phase::Ready);
    let mut camera = second();
    for left in (1..5).rev() {
        assert_eq!(camera.miss_second(&rules()), Miss::Wrong { left });
    }
    assert_eq!(camera.miss_second(&rules()), Miss::Over { lock: false });
    assert_eq!(camera.phase, Phase::InitRequired);
}

#[test]
fn starting_again_buys_no_guesses_without_end() {
    let mut camera = Camera::default();
    let mut guesses = 0;
    loop {
        camera.start(session(0));
        guesses += 1;
        if camera.miss_first(&rules()) == (Miss::Over { lock: true }) {
            break;
        }
    }
    assert_eq!(guesses, 20);
}

#[test]
fn a_counter_must_rise() {
    let camera = second();
    assert!(!camera.is_fresh(0));
    assert!(!camera.is_fresh(1));
    assert!(camera.is_fresh(2));
}

#[test]
fn the_codes_of_the_two_steps_are_told_apart() {
    let camera = second();
    assert_eq!(camera.first(&[7; 12], &user("U1")).unwrap_err(), Denial::WrongKindOfCode);
    assert_eq!(camera.second(&[8; 12], &user("U1")).unwrap_err(), Denial::NoChallenge);
    assert_eq!(camera.second(&[7; 12], &user("U2")).unwrap_err(), Denial::NotBound);
    assert!(camera.second(&[7; 12], &user("U1")).is_ok());
}

#[test]
fn a_proven_token_is_not_initialised() {
    let mut camera = second();
    camera.activate(Material::default(), [0; 32], UnixTime(1_200));
    assert_eq!(camera.may_start(true), Err(Denial::SerialInUse));
    assert_eq!(camera.may_initialise(), Ok(()));
    assert!(camera.prove());
    assert!(!camera.prove());
    assert_eq!(camera.may_initialise(), Err(Denial::NotInitialisable));
    assert!(camera.may_replace());
}

#[test]
fn a_restore_ends_sessions() {
    let mut camera = second();
    camera.forget_sessions();
    assert_eq!(camera.phase, Phase::InitRequired);
}

#[test]
fn names_are_what_the_screen_can_show() {
    for good in ["A", "ICHIRODT", "a.b-c@d e", &"x".repeat(30)] {
        assert!(LoginName::parse(good).is_some(), "{good}");
    }
    for bad in ["", " A", "A ", "ｱ", "a\nb", &"x".repeat(31)] {
        assert!(LoginName::parse(bad).is_none(), "{bad}");
    }
    assert!(TokenCode::parse("012345").is_some());
    assert!(TokenCode::parse("12345").is_none());
    assert_eq!(TokenCode::from_random(7).as_str(), "000007");
}
