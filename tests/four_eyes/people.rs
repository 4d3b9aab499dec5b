//! Who is another person: not the one who staged the batch, whatever certificates they hold, and
//! nobody of another institution or without the officer's role.
//!
//! Not responsible for: faults in the list of people (tests of the daemon's configuration).

use e2e::{
    TestToken, World,
    approval::{approve, reject, stage, take_back},
    import,
    pki::Wish,
    process, pskc,
    world::{BANK, OTHER_BANK},
};
use rustix::process::Signal;
use serde_json::json;

use super::{House, conflict, path};

/// All names by which one person goes.
const SATO: [&str; 7] =
    ["sato", "SATO", "Sato", "sato-card", "Sato-Card", "sato-laptop", "SATO-LAPTOP"];

fn sato_has_cards(world: &mut World) {
    world.person("sato", &["sato-card", "sato-laptop"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_decides_about_their_own_batch_whatever_certificate_they_hold() {
    let house = House::open_with(sato_has_cards).await;
    let House { world, daemon, suzuki, .. } = &house;
    let stager = world.named(daemon, BANK, "officer", "sato-laptop");
    let job = stage(&stager, "own", &[TestToken::hotp("PE-1")]).await;
    assert_eq!(job["report"]["officer"], "sato-laptop", "{job:#}");
    for name in SATO {
        let same = world.named(daemon, BANK, "officer", name);
        for reply in [approve(&same, &job).await, reject(&same, &job).await] {
            assert_eq!(reply.expect_status(403).problem(), "same_person", "{name}");
        }
    }
    let mut both = Wish::role(BANK, "officer", "sato-card");
    both.uris.push(format!("warifu://{BANK}/operator/sato-card"));
    let both = world.caller_as(daemon, &world.pki.client(&both));
    assert_eq!(approve(&both, &job).await.expect_status(403).problem(), "same_person");
    assert_eq!(house.show(&job).await["state"], "staged");
    assert!(!house.exists("PE-1").await);

    conflict(take_back(suzuki, &job).await);
    let card = world.named(daemon, BANK, "officer", "SATO-card");
    let back = take_back(&card, &job).await.expect_status(200).json();
    assert_eq!(back["decided_by"], "SATO-card", "one's own, with another certificate: {back:#}");
    assert_eq!(house.count("withdraw", "done", "own by sato-laptop").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_roles_and_other_institutions_do_not_decide() {
    let house = House::open_with(sato_has_cards).await;
    let House { world, daemon, sato, suzuki, .. } = &house;
    let job = stage(sato, "ours", &[TestToken::hotp("PE-2")]).await;
    for role in ["operator", "validator", "auditor", "metrics"] {
        for name in ["sato", "sato-card", "tanaka"] {
            let caller = world.named(daemon, BANK, role, name);
            for reply in [approve(&caller, &job).await, reject(&caller, &job).await] {
                assert_eq!(reply.expect_status(403).problem(), "forbidden", "{role} {name}");
            }
            let reply = take_back(&caller, &job).await.expect_status(403);
            assert_eq!(reply.problem(), "forbidden", "{role} {name}");
        }
    }
    for name in ["suzuki", "sato"] {
        let stranger = world.named(daemon, OTHER_BANK, "officer", name);
        let replies = [
            stranger.get(&path(&job)).await,
            approve(&stranger, &job).await,
            reject(&stranger, &job).await,
            take_back(&stranger, &job).await,
        ];
        for reply in replies {
            assert_eq!(reply.expect_status(404).problem(), "not_found", "{name}");
        }
        let list = stranger.get("/v1/imports").await.expect_status(200).json();
        assert_eq!(list["items"], json!([]), "{name}");
    }
    // A batch of the same name is another batch.
    let stranger = world.named(daemon, OTHER_BANK, "officer", "sato");
    let theirs = stage(&stranger, "ours", &[TestToken::hotp("PE-2")]).await;
    conflict(approve(suzuki, &json!({ "id": "ours", "fingerprint": theirs["fingerprint"] })).await);
    assert_eq!(house.show(&job).await["state"], "staged");
    let _ = approve(suzuki, &job).await.expect_status(200);
}

/// Who is one person with whom is read again like the institutions themselves.
#[tokio::test(flavor = "multi_thread")]
async fn people_are_read_again_without_a_restart() {
    let mut house = House::open().await;
    let job = stage(&house.sato, "before", &[TestToken::hotp("PE-3")]).await;
    house.world.person("sato", &["sato", "suzuki"]);
    let _ = house.world.config();
    assert!(process::signal(house.daemon.pid(), Signal::HUP));
    house.daemon.wait_for_log("institutions were reloaded");
    let reply = approve(&house.suzuki, &job).await.expect_status(403);
    assert_eq!(reply.problem(), "same_person");
    let tanaka = house.world.named(&house.daemon, BANK, "officer", "tanaka");
    let _ = approve(&tanaka, &job).await.expect_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_sends_the_file_of_somebody_elses_import() {
    let house = House::open_with(sato_has_cards).await;
    let House { world, daemon, sato, suzuki, .. } = &house;
    let job = import::open(sato, &json!({ "batch": "opened" })).await.expect_status(201).json();
    let id = job["id"].as_str().unwrap_or_default();
    // Staged under Sato's name, it would wait for Suzuki's approval.
    let file = || pskc::plain(&[TestToken::hotp("PE-9")]);
    conflict(import::send(suzuki, id, file()).await);
    assert_eq!(house.show(&job).await["state"], "awaiting_content");
    let card = world.named(daemon, BANK, "officer", "Sato-Card");
    let _ = import::send(&card, id, file()).await.expect_status(202);
    let staged = import::finished(sato, id).await;
    assert_eq!(staged["state"], "staged", "{staged:#}");
    assert_eq!(approve(&card, &staged).await.expect_status(403).problem(), "same_person");
}
