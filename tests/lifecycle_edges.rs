//! The edges of the life cycle in time: closing windows to the second, in zones with and without
//! summer time, and expiry to the minute.
//!
//! Not responsible for: the manuals' ordinary days (`tests/bank_00*.rs`), or for many users at once
//! (`tests/lifecycle_scale.rs`).
#![forbid(unsafe_code)]

use e2e::{
    TestToken,
    clock::at,
    lifecycle::{Actor, Bank, assert_outcome, assert_row, assert_shown, row},
    process::write_private,
};
use serde_json::json;

const CONTRACT: &str = "K1";
const DAY: &str = "2026-10-01T00:00:00+09:00";

/// A profile of the bank's own on top of a built-in one.
async fn bank_with(profile: &str) -> Bank {
    Bank::open_with("default", |world| {
        let file = write_private(&world.path("own.toml"), profile.as_bytes());
        world.profile(&file.display().to_string());
    })
    .await
}

/// A contract whose `count` users share one token.
async fn sharing(bank: &Bank, count: usize) -> TestToken {
    bank.contract(CONTRACT, DAY, "shared").await;
    let token = bank.stock_one("hard", "12345678").await;
    let issued = bank.issue(&token.serial, CONTRACT, None, &Actor::paper()).await;
    assert_outcome(&issued, "done");
    for n in 0..count {
        let user = format!("U{n}");
        bank.user(CONTRACT, &user, "general").await;
        let by = Actor::paper();
        let answer = bank.register(CONTRACT, &user, &by, &token, &bank.fresh(&token)).await;
        assert_outcome(&answer, "done");
    }
    token
}

/// Revokes one user after the other, at the first time of each pair; the second is when that user
/// may register again, to the second.
async fn assert_edges(bank: &Bank, edges: &[(&str, &str)]) {
    let token = sharing(bank, edges.len() + 1).await;
    for (n, (revoked, opens)) in edges.iter().enumerate() {
        let user = format!("U{n}");
        bank.set(revoked);
        let answer = bank.revoke(CONTRACT, &[&user], &Actor::paper()).await;
        assert_outcome(&answer, "done");
        let told = answer["results"][0]["not_before"].as_str().expect("it says when");
        assert_eq!(at(told), at(opens), "revoked {revoked}: {answer:#}");
        assert_shown(&bank.status(CONTRACT, &user, "").await, "revoked blocked revoked");
        bank.clock.set(at(opens) - jiff::SignedDuration::from_secs(1));
        let early =
            bank.register(CONTRACT, &user, &Actor::paper(), &token, &bank.code(&token)).await;
        assert_outcome(&early, "refused not_before");
        bank.set(opens);
        let status = bank.status(CONTRACT, &user, "").await;
        assert_eq!(status["login_allowed"], true, "{status:#}");
        let answer =
            bank.register(CONTRACT, &user, &Actor::paper(), &token, &bank.code(&token)).await;
        assert_outcome(&answer, "done");
    }
}

const REUSABLE: &str = "[usage]\ninitial = \"shared\"\n[revocation]\nreusable = true\n";

#[tokio::test(flavor = "multi_thread")]
async fn r63_the_later_of_thirty_minutes_and_the_window_counts_by_default() {
    let bank = bank_with(&format!("base = \"bank-002\"\n{REUSABLE}")).await;
    let edges = [
        ("2026-10-02T02:58:59+09:00", "2026-10-02T03:28:59+09:00"),
        ("2026-10-03T02:59:00+09:00", "2026-10-03T03:29:00+09:00"),
        ("2026-10-04T03:05:00+09:00", "2026-10-04T03:35:00+09:00"),
        ("2026-10-05T03:09:59+09:00", "2026-10-05T03:39:59+09:00"),
        ("2026-10-06T03:10:00+09:00", "2026-10-06T03:40:00+09:00"),
        ("2026-10-31T23:45:00+09:00", "2026-11-01T00:15:00+09:00"),
    ];
    assert_edges(&bank, &edges).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r63_read_as_an_exception_the_window_ends_at_ten_past_three() {
    let profile = format!("base = \"bank-002\"\n{REUSABLE}window_rule = \"window_end\"\n");
    let edges = [
        ("2026-10-02T02:58:59+09:00", "2026-10-02T03:28:59+09:00"),
        ("2026-10-03T02:59:00+09:00", "2026-10-03T03:10:00+09:00"),
        ("2026-10-04T03:05:00+09:00", "2026-10-04T03:10:00+09:00"),
        ("2026-10-05T03:09:59+09:00", "2026-10-05T03:10:00+09:00"),
        ("2026-10-06T03:10:00+09:00", "2026-10-06T03:40:00+09:00"),
    ];
    assert_edges(&bank_with(&profile).await, &edges).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r64_a_window_across_midnight_ends_on_the_next_morning() {
    let edges = [
        ("2026-10-02T20:49:59+09:00", "2026-10-02T21:19:59+09:00"),
        ("2026-10-03T20:50:00+09:00", "2026-10-04T08:10:00+09:00"),
        ("2026-10-05T00:00:00+09:00", "2026-10-05T08:10:00+09:00"),
        ("2026-10-06T07:40:00+09:00", "2026-10-06T08:10:00+09:00"),
        ("2026-10-07T08:09:59+09:00", "2026-10-07T08:39:59+09:00"),
        ("2026-10-08T08:10:00+09:00", "2026-10-08T08:40:00+09:00"),
        ("2026-10-31T23:59:59+09:00", "2026-11-01T08:10:00+09:00"),
        ("2026-12-31T21:00:00+09:00", "2027-01-01T08:10:00+09:00"),
        ("2028-02-28T23:00:00+09:00", "2028-02-29T08:10:00+09:00"),
    ];
    assert_edges(&Bank::open("bank-004").await, &edges).await;
}

/// Summer time begins on 2027-03-28 (02:00 becomes 03:00) and ends on 2026-10-25 (03:00 becomes 02:00).
#[tokio::test(flavor = "multi_thread")]
async fn r64_windows_keep_to_the_clock_on_the_wall_where_there_is_summer_time() {
    let profile = format!(
        "base = \"default\"\ntime_zone = \"Europe/Berlin\"\n{REUSABLE}window_rule = \"window_end\"\n\
         windows = [{{ from = \"01:30\", to = \"02:30\" }}]\n"
    );
    let edges = [
        ("2026-10-25T02:10:00+02:00", "2026-10-25T02:30:00+02:00"),
        ("2026-10-25T02:10:00+01:00", "2026-10-25T02:30:00+01:00"),
        ("2027-03-28T01:45:00+01:00", "2027-03-28T03:30:00+02:00"),
        ("2027-03-29T01:45:00+02:00", "2027-03-29T02:30:00+02:00"),
    ];
    assert_edges(&bank_with(&profile).await, &edges).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r7_r104_a_token_expires_to_the_minute() {
    let bank = Bank::open("bank-002").await;
    bank.contract(CONTRACT, DAY, "").await;
    let serials = ["10000001", "10000002", "10000003"];
    let tokens = bank.stock_until("hard", &serials, at("2026-10-05T08:00:00+09:00")).await;
    for user in ["U1", "U2", "U3"] {
        bank.user(CONTRACT, user, "general").await;
    }
    bank.in_service(CONTRACT, "U1", &Actor::paper(), &tokens[0]).await;
    let issued = bank.issue("10000002", CONTRACT, Some("U2"), &Actor::paper()).await;
    assert_outcome(&issued, "done");

    bank.set("2026-10-05T08:00:00+09:00");
    let last = bank.verify_user(CONTRACT, "U1", &bank.code(&tokens[0])).await;
    assert_outcome(&last, "accepted");
    let before = bank.show_user(CONTRACT, "U1").await;
    assert_row(&before, "in_service available 10000001 2026-10-05 08:00");

    bank.set("2026-10-05T08:00:01+09:00");
    let late = bank.verify_user(CONTRACT, "U1", &bank.code(&tokens[0])).await;
    assert_outcome(&late, "rejected expired");
    let users = bank.list_users(CONTRACT, "").await;
    let rows: Vec<_> = users.iter().map(row).collect();
    let expected = [
        "expired available 10000001 2026-10-05 08:00",
        "expired available 10000002 2026-10-05 08:00",
        "unregistered available",
    ];
    assert_eq!(rows, expected);
    assert_shown(&bank.status(CONTRACT, "U1", "").await, "expired");
    let late =
        bank.register(CONTRACT, "U2", &Actor::paper(), &tokens[1], &bank.code(&tokens[1])).await;
    assert_outcome(&late, "refused token_expired");
    let late = bank.issue("10000003", CONTRACT, Some("U3"), &Actor::paper()).await;
    assert_outcome(&late, "refused token_expired");
    let asked = bank.authorize(CONTRACT, "U1", json!({ "class": "customer_data" })).await;
    assert_eq!(asked["reason"], "expired", "{asked:#}");
}
