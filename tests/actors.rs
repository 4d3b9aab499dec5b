//! Who may do what to whom, exhaustively and end to end: every profile that is shipped, every role of
//! the actor and of the subject, every state of the actor's token, every way to show password and code.
//! What is right is worked out here, from the banks' rules, not by the daemon's own code.
//!
//! Not responsible for: what a change then does (the scenarios of the banks), certificates (`roles.rs`).
#![forbid(unsafe_code)]

#[path = "actors/expected.rs"]
mod expected;
#[path = "actors/stage.rs"]
mod stage;

use e2e::{
    lifecycle::{Actor, Bank, assert_outcome, outcome},
    process::fail,
};
use http::Method;
use serde_json::{Value, json};

use self::{
    expected::{Case, Code, Doing, Holds, Password, Role, expected, sharing},
    stage::{Pool, Stage},
};

async fn every_case_of(profile: &'static str) {
    let bank = Bank::open(profile).await;
    let mut pool = Pool::default();
    let mut cases = 0;
    for actor in Role::ALL {
        for subject in [None, Some(Role::Master), Some(Role::Administrator), Some(Role::General)] {
            for holds in Holds::ALL {
                if subject.is_some() || holds != Holds::Same {
                    cases +=
                        constellation(&bank, &mut pool, profile, (actor, subject, holds)).await;
                }
            }
        }
    }
    // 45 constellations of 12 ways to show password and code, of six operations each; where nobody
    // shares a token, nine of them have one operation only.
    let all = if sharing(profile).is_some() { 45 * 6 * 12 } else { (36 * 6 + 9) * 12 };
    assert_eq!(cases, all, "{profile}");
}

/// All operations, passwords and codes of one actor before one subject.
async fn constellation(
    bank: &Bank,
    pool: &mut Pool,
    profile: &'static str,
    who: (Role, Option<Role>, Holds),
) -> usize {
    let (actor, subject, holds) = who;
    let mut stage = Stage::build(bank, pool, profile, who).await;
    let mut cases = 0;
    for doing in Doing::ALL {
        // Without sharing, two users can not hold the same token; one of them can still try.
        if holds == Holds::Same && sharing(profile).is_none() && doing != Doing::Register {
            continue;
        }
        for password in Password::ALL {
            for code in Code::ALL {
                let case = Case { profile, doing, actor, subject, holds, password, code };
                let seen = attempt(bank, &stage, case).await;
                let right = expected(case);
                assert_eq!(seen, right, "{case:?}");
                cases += 1;
                let lasting = !matches!(doing, Doing::Unlock | Doing::Order);
                if right == "done" && lasting {
                    stage = Stage::build(bank, pool, profile, who).await;
                }
            }
        }
    }
    cases
}

/// What the daemon makes of a case, in words.
async fn attempt(bank: &Bank, stage: &Stage, case: Case) -> String {
    let by = match case.password {
        Password::Right => Actor::user("A").right(),
        Password::Wrong => Actor::user("A").wrong(),
        Password::NotChecked => Actor::user("A"),
    };
    if case.doing == Doing::Register {
        let code = stage.registration_code(bank, case.code).await;
        let reply = stage.register(bank, &by, code.as_deref()).await;
        return match reply.status.as_u16() {
            200 => outcome(&reply.json()),
            _ => reply.problem(),
        };
    }
    let by = match stage.actors_code(bank, case.code).await {
        Some(code) => by.code(&code),
        None => by,
    };
    outcome(&perform(bank, stage, case.doing, &by).await)
}

async fn perform(bank: &Bank, stage: &Stage, doing: Doing, by: &Actor) -> Value {
    let contract = &stage.contract;
    match doing {
        Doing::Unlock => bank.unlock(contract, &[stage.holder], by).await,
        Doing::Revoke => bank.revoke(contract, &[stage.holder], by).await,
        Doing::Deactivate => bank.deactivate(contract, stage.holder, by).await,
        Doing::Order => bank.order(contract, stage.newcomer, by, "hard").await,
        Doing::Usage => bank.usage_mode(contract, stage.other_mode, false, by).await,
        Doing::Register => fail("registrations carry a code of their own"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_actors_of_the_default_profile() {
    every_case_of("default").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_actors_of_the_standalone_profile() {
    every_case_of("standalone").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_actors_of_bank_000() {
    every_case_of("bank-000").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_actors_of_bank_001() {
    every_case_of("bank-001").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_actors_of_bank_002() {
    every_case_of("bank-002").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_actors_of_bank_003() {
    every_case_of("bank-003").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_actors_of_bank_004() {
    every_case_of("bank-004").await;
}

/// A profile that is added must be added above.
#[test]
fn every_shipped_profile_is_gone_through() {
    let folder = e2e::binaries::repository().join("daemon/profiles");
    let files = std::fs::read_dir(folder).expect("the profiles' folder is readable");
    let names = files.flatten().map(|file| file.file_name().to_string_lossy().into_owned());
    let names = names.filter(|name| name != "Cargo.toml");
    let mut found: Vec<_> =
        names.filter_map(|name| name.strip_suffix(".toml").map(str::to_owned)).collect();
    found.sort();
    assert_eq!(found, expected::PROFILES);
}

/// Staff act under their own certificate, in every bank, and say why and on what grounds.
#[tokio::test(flavor = "multi_thread")]
async fn staff_may_do_everything_with_reason_and_reference() {
    let who = (Role::Master, Some(Role::General), Holds::Live);
    for profile in expected::PROFILES {
        let bank = Bank::open(profile).await;
        let mut pool = Pool::default();
        for doing in Doing::ALL {
            let stage = Stage::build(&bank, &mut pool, profile, who).await;
            let steps = [
                (Actor::staff(), "refused reason_required"),
                (Actor::staff().reference("R-1"), "refused reason_required"),
                (Actor::staff().reason("  ").reference("R-1"), "refused reason_required"),
                (Actor::staff().reason("来店"), "refused reference_required"),
                (Actor::paper(), expected::of_staff(profile, doing)),
            ];
            for (by, right) in steps {
                let seen = if doing == Doing::Register {
                    let code = stage.registration_code(&bank, Code::Right).await;
                    outcome(&stage.register(&bank, &by, code.as_deref()).await.json())
                } else {
                    outcome(&perform(&bank, &stage, doing, &by).await)
                };
                assert_eq!(seen, right, "{profile} {doing:?} {by:?}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_front_end_names_the_actor_and_staff_must_not() {
    let bank = Bank::open("bank-004").await;
    let mut pool = Pool::default();
    let who = (Role::Master, Some(Role::General), Holds::Live);
    let stage = Stage::build(&bank, &mut pool, "bank-004", who).await;
    let path = format!("/v1/contracts/{}/unlocks", stage.contract);
    let nobody = json!({ "users": ["S"], "reason": "x", "reference": "y" });
    let reply = bank.send(&bank.fe, Method::POST, &path, &nobody).await;
    assert_eq!(reply.expect_status(422).problem(), "invalid_field");
    let somebody = Actor::user("A").right().into_body(json!({ "users": ["S"] }));
    let reply = bank.send(&bank.staff, Method::POST, &path, &somebody).await;
    assert_eq!(reply.expect_status(422).problem(), "invalid_field");
    let answer = bank.unlock(&stage.contract, &["S"], &Actor::user("Z").right()).await;
    assert_outcome(&answer, "refused unknown_user");

    let other = Stage::build(&bank, &mut pool, "bank-004", who).await;
    bank.user(&other.contract, "B", "master").await;
    let answer = bank.unlock(&stage.contract, &["S"], &Actor::user("B").right()).await;
    assert_outcome(&answer, "refused unknown_user");
}

/// The role is the one that the daemon knows, from the next request on.
#[tokio::test(flavor = "multi_thread")]
async fn a_role_counts_as_it_is_recorded() {
    let bank = Bank::open("bank-004").await;
    let who = (Role::General, Some(Role::General), Holds::Live);
    let stage = Stage::build(&bank, &mut Pool::default(), "bank-004", who).await;
    let by = Actor::user("A").right();
    for (role, right) in [
        ("general", "refused actor_not_allowed"),
        ("administrator", "done"),
        ("general", "refused actor_not_allowed"),
        ("master", "done"),
    ] {
        bank.user(&stage.contract, "A", role).await;
        assert_outcome(&bank.unlock(&stage.contract, &["S"], &by).await, right);
    }
    let path = format!("/v1/contracts/{}/unlocks", stage.contract);
    let mut body = by.into_body(json!({ "users": ["S"] }));
    body["actor"]["role"] = json!("master");
    let reply = bank.send(&bank.fe, Method::POST, &path, &body).await;
    assert_eq!(reply.problem(), "malformed_request", "a role is no part of a request");
}
