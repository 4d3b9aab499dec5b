//! What is left of a ceremony: every step in the audit chain, and no component anywhere.
//!
//! Not responsible for: the memory of the daemon (`memory.rs`).

use std::path::Path;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use e2e::{Caller, World, approval, process, token::random};
use serde_json::json;

use super::{
    Office, abort, begin, confirm, enter,
    sheets::{AES_256, Sheets},
};

/// How a secret could be written down.
fn forms(secret: &[u8]) -> [Vec<u8>; 4] {
    let base64 = STANDARD.encode(secret);
    [
        secret.to_vec(),
        hex::encode(secret).into_bytes(),
        hex::encode_upper(secret).into_bytes(),
        base64.trim_end_matches('=').as_bytes().to_vec(),
    ]
}

fn contains(place: &[u8], needle: &[u8]) -> bool {
    place.windows(needle.len()).any(|window| window == needle)
}

/// Content of every file below a folder.
fn contents(folder: &Path) -> Vec<Vec<u8>> {
    let entries = std::fs::read_dir(folder).expect("a folder").flatten();
    let content = |path: std::path::PathBuf| {
        if path.is_dir() { contents(&path) } else { vec![std::fs::read(path).expect("a file")] }
    };
    entries.flat_map(|entry| content(entry.path())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_chain_has_every_step_and_nothing_has_a_component() {
    let mut world = World::new();
    world.set("approval.enforce", "true").set("log.level", "\"trace\"");
    let daemon = world.start().await;
    let office = Office { world, daemon };
    let officers: [Caller; 4] = office.officers();
    let [aoki, baba, chiba, doi] = &officers;
    let sheets = Sheets::new(&AES_256, "ecb", 3);
    let mistyped = random(32);

    let given_up = begin(aoki, &sheets.request("early")).await;
    let _ = enter(aoki, &given_up, &sheets.entry(0)).await.expect_status(200);
    let _ = abort(baba, &given_up).await.expect_status(200);
    let id = begin(doi, &sheets.request("acme")).await;
    let wrong = json!({ "component": hex::encode(&mistyped), "kcv": "000000" });
    let _ = enter(aoki, &id, &wrong).await.expect_status(422);
    for (index, officer) in [aoki, baba, chiba].into_iter().enumerate() {
        let _ = enter(officer, &id, &sheets.entry(index)).await.expect_status(200);
    }
    process::signal(office.daemon.worker(), rustix::process::Signal::KILL);
    office.daemon.ready(&office.world.caller(&office.daemon, "auditor")).await;
    let _ = confirm(doi, &id, &sheets.kcv()).await.expect_status(200);

    let events = office.events().await;
    for (action, outcome, note, times) in [
        ("ceremony", "opened", given_up.as_str(), 1),
        ("ceremony", "component", given_up.as_str(), 1),
        ("ceremony", "aborted", given_up.as_str(), 1),
        ("ceremony", "opened", id.as_str(), 1),
        ("ceremony", "component", id.as_str(), 3),
        ("key_make", "done", "acme aes-256 ceremony", 1),
    ] {
        let found = approval::count(&events, action, outcome, note);
        assert_eq!(found, times, "{action} {outcome} {note}: {events:#?}");
    }
    let Office { world, daemon } = office;
    let log = daemon.stop().1.into_bytes();
    let mut places = contents(&world.store());
    places.extend([log, format!("{events:?}").into_bytes()]);
    let mut secrets = sheets.components.clone();
    secrets.extend([sheets.key(), mistyped]);
    for (index, secret) in secrets.iter().enumerate() {
        for form in forms(secret) {
            assert!(!places.iter().any(|place| contains(place, &form)), "secret {index} is there");
        }
    }
}
