//! Who proposes and who decides: two people of one institution, both with the role that the operation
//! belongs to.
//!
//! Not responsible for: what the operations do.

use e2e::{
    approval::{about, propose, withdraw},
    pki::Wish,
    world::{BANK, OTHER_BANK},
};
use serde_json::{Value, json};

use super::{House, conflict, lost, path};

fn key(label: &str) -> Value {
    json!({ "operation": "key_generate", "label": label, "bits": 256 })
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_decides_about_their_own_proposal_whatever_certificate_they_hold() {
    let house = House::open().await;
    let serial = house.tokens[2].serial.clone();
    let proposal = propose(&house.operator("sato-card"), &lost(&serial)).await;
    for name in ["sato-card", "SATO-CARD", "sato", "Sato"] {
        let same = house.operator(name);
        for verb in ["approval", "rejection"] {
            let reply = about(&same, &proposal, verb).await.expect_status(403);
            assert_eq!(reply.problem(), "same_person", "{name} {verb}");
        }
    }
    let mut both = Wish::role(BANK, "operator", "sato");
    both.uris.push(format!("warifu://{BANK}/officer/sato"));
    let both = house.bank.world.pki.client(&both);
    let both = house.bank.world.caller_as(&house.bank.daemon, &both);
    let reply = about(&both, &proposal, "approval").await.expect_status(403);
    assert_eq!(reply.problem(), "same_person");
    assert_eq!(house.show(&proposal).await["state"], "open");
    assert!(house.of_token("lost", &serial).await.is_empty());
    let done = about(&house.suzuki, &proposal, "approval").await.expect_status(200);
    assert_eq!(done.json()["state"], "done");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_operation_belongs_to_a_role() {
    let house = House::open().await;
    let (world, daemon) = (&house.bank.world, &house.bank.daemon);
    let named = |role: &str, name: &str| world.named(daemon, BANK, role, name);
    let (officer, other) = (named("officer", "tanaka"), named("officer", "ito"));
    let of_operators = lost(&house.tokens[2].serial);
    let of_officers = key("maker-1");
    for (operation, mine, theirs) in
        [(&of_operators, &house.suzuki, &officer), (&of_officers, &other, &house.suzuki)]
    {
        let reply = theirs.post("/v1/proposals", operation).await.expect_status(403);
        assert_eq!(reply.problem(), "forbidden", "{operation}");
        let first = if *operation == of_operators { &house.sato } else { &officer };
        let proposal = propose(first, operation).await;
        for verb in ["approval", "rejection"] {
            let reply = about(theirs, &proposal, verb).await.expect_status(403);
            assert_eq!(reply.problem(), "forbidden", "{operation} {verb}");
        }
        assert_eq!(withdraw(theirs, &proposal).await.expect_status(403).problem(), "forbidden");
        for role in ["validator", "auditor", "metrics"] {
            let reply = about(&named(role, "ueda"), &proposal, "approval").await;
            assert_eq!(reply.expect_status(403).problem(), "forbidden", "{role}");
        }
        let done = about(mine, &proposal, "approval").await.expect_status(200).json();
        assert_eq!(done["state"], "done", "{done:#}");
    }
    let unread = named("validator", "ueda").get("/v1/proposals").await.expect_status(403);
    assert_eq!(unread.problem(), "forbidden");
    // What concerns every institution is for the house's officers alone.
    let strange = world.named(daemon, OTHER_BANK, "officer", "tanaka");
    for operation in [
        json!({ "operation": "wrapping_key_rotate" }),
        json!({ "operation": "wrapping_key_destroy", "generation": 1 }),
    ] {
        let reply = strange.post("/v1/proposals", &operation).await.expect_status(403);
        assert_eq!(reply.problem(), "forbidden", "{operation}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_institution_sees_and_decides_nothing() {
    let house = House::open().await;
    let proposal = propose(&house.sato, &lost(&house.tokens[2].serial)).await;
    let (world, daemon) = (&house.bank.world, &house.bank.daemon);
    for name in ["suzuki", "sato"] {
        let stranger = world.named(daemon, OTHER_BANK, "operator", name);
        let replies = [
            stranger.get(&path(&proposal)).await,
            about(&stranger, &proposal, "approval").await,
            about(&stranger, &proposal, "rejection").await,
            withdraw(&stranger, &proposal).await,
        ];
        for reply in replies {
            assert_eq!(reply.expect_status(404).problem(), "not_found", "{name}");
        }
        let list = stranger.get("/v1/proposals").await.expect_status(200).json();
        assert_eq!(list["items"], json!([]), "{name}");
        let id = proposal["id"].as_str().expect("an id");
        let list = stranger.get(&format!("/v1/proposals?cursor={id}")).await.json();
        assert_eq!(list["items"], json!([]), "a cursor is no way in");
    }
    // The same serial there is another token, or none.
    let sato = world.named(daemon, OTHER_BANK, "operator", "sato");
    let theirs = propose(&sato, &lost(&house.tokens[2].serial)).await;
    let suzuki = world.named(daemon, OTHER_BANK, "operator", "suzuki");
    let failed = about(&suzuki, &theirs, "approval").await.expect_status(200).json();
    assert_eq!(failed["state"], "failed", "{failed:#}");
    assert!(
        house
            .of_token("lost", &house.tokens[2].serial)
            .await
            .iter()
            .all(|event| { event["institution"] == OTHER_BANK && event["outcome"] != "done" })
    );
    conflict(withdraw(&house.suzuki, &proposal).await);
    assert_eq!(house.show(&proposal).await["state"], "open");
}
