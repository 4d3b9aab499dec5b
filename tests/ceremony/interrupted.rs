//! Ceremonies that are interrupted: by a restart, by a `kill -9`, by an officer, by time.
//!
//! Not responsible for: ceremonies of which nothing comes because of what was typed.

use std::time::Duration;

use e2e::{World, approval, clock::at, wait};
use http::Method;
use serde_json::json;

use super::{
    Office, abort, begin, confirm, enter, keys, made,
    sheets::{AES_128, AES_256, Sheets},
    show,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_ceremony_goes_on_after_a_restart() {
    let office = Office::open().await;
    let sheets = Sheets::new(&AES_256, "ecb", 3);
    let id = begin(&office.officer("aoki"), &sheets.request_with_kcv("acme")).await;
    let _ = enter(&office.officer("aoki"), &id, &sheets.entry(0)).await.expect_status(200);
    let Office { world, daemon } = office;
    assert!(daemon.stop().0.success());
    let daemon = world.start().await;
    let office = Office { world, daemon };
    let _ = enter(&office.officer("baba"), &id, &sheets.entry(1)).await.expect_status(200);
    let Office { world, daemon } = office;
    daemon.kill();
    let daemon = world.start().await;
    let office = Office { world, daemon };
    let done = enter(&office.officer("chiba"), &id, &sheets.entry(2)).await;
    assert_eq!(done.expect_status(200).text("state"), "done");
    assert_eq!(
        keys(&office.officer("aoki")).await[0]["officers"],
        json!(["aoki", "baba", "chiba"])
    );
}

/// Brings a ceremony to its end, wherever an interruption left it.
async fn bring_to_the_end(office: &Office, id: &str, sheets: &Sheets) -> String {
    let baba = office.officer("baba");
    let left = show(&baba, id).await["state"].as_str().expect("a word").to_owned();
    let reply = match left.as_str() {
        "open" => enter(&baba, id, &sheets.entry(1)).await,
        "confirming" => confirm(&baba, id, &sheets.kcv()).await,
        _ => return left,
    };
    assert_eq!(reply.expect_status(200).text("state"), "done", "it was left {left}");
    left
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_around_the_last_component_leaves_a_ceremony_that_can_be_finished() {
    let mut office = Office::open().await;
    let mut seen = Vec::new();
    for round in 0..8 {
        let label = format!("acme-{round}");
        let sheets = Sheets::new(&AES_128, "ecb", 2);
        let id = begin(&office.officer("aoki"), &sheets.request_with_kcv(&label)).await;
        let _ = enter(&office.officer("aoki"), &id, &sheets.entry(0)).await.expect_status(200);
        let (baba, path) = (office.officer("baba"), format!("/v1/ceremonies/{id}/components"));
        let _ = show(&baba, &id).await; // its connection is open now
        let entry = sheets.entry(1).to_string();
        let last = baba.try_request(Method::POST, &path, e2e::caller::JSON, entry.into());
        let moment = Duration::from_millis(round * 3);
        let _ = tokio::time::timeout(moment, last).await;
        let Office { world, daemon } = office;
        daemon.kill();
        let daemon = world.start().await;
        office = Office { world, daemon };
        seen.push(bring_to_the_end(&office, &id, &sheets).await);
        let all = keys(&office.officer("aoki")).await;
        let key = all.iter().find(|key| key["label"] == label).expect("the key is listed");
        assert_eq!(key["kcv"], sheets.kcv(), "{seen:?}");
        assert_eq!(key["in_hsm"], true, "{seen:?}");
        let events = office.events().await;
        assert_eq!(approval::count(&events, "key_make", "done", &label), 1, "{seen:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ceremony_that_is_given_up_leaves_nothing_in_the_hsm() {
    let office = Office::open().await;
    let [aoki, baba] = office.officers();
    let sheets = Sheets::new(&AES_128, "ecb", 2);
    let id = begin(&aoki, &sheets.request("acme")).await;
    let two = aoki.post("/v1/ceremonies", &sheets.request("acme")).await.expect_status(409);
    assert_eq!(two.problem(), "conflict", "one ceremony for one name");
    let _ = enter(&aoki, &id, &sheets.entry(0)).await.expect_status(200);
    assert!(office.holds_ceremony(&id));
    let ended = abort(&baba, &id).await.expect_status(200).json();
    assert_eq!(ended["state"], "aborted", "{ended:#}");
    assert!(!office.holds_ceremony(&id));
    assert_eq!(enter(&baba, &id, &sheets.entry(1)).await.expect_status(409).problem(), "conflict");
    assert_eq!(abort(&baba, &id).await.expect_status(409).problem(), "conflict");
    let list = baba.get("/v1/ceremonies").await.expect_status(200).json();
    assert_eq!(list["items"][0]["state"], "aborted", "{list:#}");
    made(&office, "acme", &sheets).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ceremony_that_nobody_ends_expires() {
    let (mut world, clock) = World::with_clock(at("2026-10-01T10:00:00+09:00"));
    world.set("approval.enforce", "true");
    let daemon = world.start().await;
    let office = Office { world, daemon };
    let [aoki, baba] = office.officers();
    let sheets = Sheets::new(&AES_128, "ecb", 2);
    let id = begin(&aoki, &sheets.request("acme")).await;
    let _ = enter(&aoki, &id, &sheets.entry(0)).await.expect_status(200);
    clock.advance(Duration::from_secs(72 * 3_600 - 1));
    assert_eq!(show(&aoki, &id).await["state"], "open");
    clock.advance(Duration::from_secs(1));
    assert_eq!(show(&aoki, &id).await["state"], "aborted");
    assert_eq!(enter(&baba, &id, &sheets.entry(1)).await.expect_status(409).problem(), "conflict");
    // What is done now and then is done at the start.
    let Office { world, daemon } = office;
    assert!(daemon.stop().0.success());
    let daemon = world.start().await;
    let office = Office { world, daemon };
    wait::until("the chain tells of the end", || async {
        let events = office.events().await;
        (approval::count(&events, "ceremony", "expired", &id) == 1).then_some(())
    })
    .await;
    assert!(!office.holds_ceremony(&id), "the key of the ceremony was destroyed");
    made(&office, "acme", &sheets).await;
}
