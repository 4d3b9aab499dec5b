//! Many users at once: what concerns several is done for all of them or for none, once, whoever
//! races and whatever is killed.
//!
//! Not responsible for: speed (docs/benchmarks.md).
#![forbid(unsafe_code)]

use std::{collections::BTreeSet, sync::Arc};

use e2e::{
    Caller, Reply, TestToken,
    caller::JSON,
    lifecycle::{Actor, Bank, assert_outcome, outcome},
};
use http::Method;
use serde_json::{Value, json};

const CONTRACT: &str = "OOKII";
const DAY: &str = "2026-10-01T00:00:00+09:00";
const MANY: usize = 500;

fn user(n: usize) -> String {
    format!("U{n:03}")
}

fn names(count: usize) -> Vec<String> {
    (0..count).map(user).collect()
}

/// Makes the users of a contract, eight at a time.
async fn users(bank: &Bank, contract: &str, count: usize) {
    each(bank, count, |caller, n| {
        let path = format!("/v1/contracts/{contract}/users/{}", user(n));
        async move {
            let body = json!({ "role": "general" }).to_string();
            let reply = caller.request(Method::PUT, &path, JSON, body.into()).await;
            let _ = reply.expect_status(200);
        }
    })
    .await;
}

/// Something for each number, by eight members of staff.
async fn each<F: Future<Output = ()> + Send>(
    bank: &Bank,
    count: usize,
    what: impl Fn(Arc<Caller>, usize) -> F,
) {
    let hands: Vec<_> = (0..8).map(|_| Arc::new(bank.staff.again())).collect();
    for begin in (0..count).step_by(hands.len()) {
        let end = count.min(begin + hands.len());
        let shots = (begin..end).map(|n| what(Arc::clone(&hands[n - begin]), n));
        join_all(shots).await;
    }
}

async fn join_all<F: Future<Output = ()> + Send>(shots: impl Iterator<Item = F>) {
    let mut shots: Vec<_> = shots.map(Box::pin).collect();
    std::future::poll_fn(|context| {
        shots.retain_mut(|shot| shot.as_mut().poll(context).is_pending());
        if shots.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
}

/// Five hundred users, each with a token of their own in service.
async fn crowd(bank: &Bank) -> Vec<TestToken> {
    bank.contract(CONTRACT, DAY, "individual").await;
    let serials: Vec<_> = (0..MANY).map(|n| format!("{:08}", 10_000_000 + n)).collect();
    let serials: Vec<_> = serials.iter().map(String::as_str).collect();
    let tokens = bank.stock("hard", &serials).await;
    users(bank, CONTRACT, MANY).await;
    each(bank, MANY, |caller, n| {
        let (token, code) = (&tokens[n], bank.code(&tokens[n]));
        async move {
            let body = json!({ "contract": CONTRACT, "user": user(n) });
            let path = format!("/v1/tokens/{}/issue", token.serial);
            let reply = caller.post(&path, &Actor::paper().into_body(body)).await;
            assert_outcome(&reply.json(), "done");
            let body = json!({ "serial": token.serial, "code": code });
            let path = format!("/v1/contracts/{CONTRACT}/users/{}/registrations", user(n));
            let reply = caller.post(&path, &Actor::paper().into_body(body)).await;
            assert_outcome(&reply.json(), "done");
        }
    })
    .await;
    tokens
}

/// How many users of a contract are in each state.
async fn states(bank: &Bank, contract: &str) -> BTreeSet<(String, usize)> {
    let listed = bank.list_users(contract, "limit=500").await;
    let mut found = std::collections::BTreeMap::new();
    for one in &listed {
        *found.entry(one["state"].as_str().unwrap_or_default().to_owned()).or_insert(0) += 1;
    }
    found.into_iter().collect()
}

fn all(state: &str, count: usize) -> BTreeSet<(String, usize)> {
    BTreeSet::from([(state.to_owned(), count)])
}

fn count(answer: &Value, outcome: &str) -> usize {
    let results = answer["results"].as_array().into_iter().flatten();
    results.filter(|result| result["outcome"] == outcome).count()
}

async fn targets(bank: &Bank, what: &str, users: &[String], key: &str) -> Reply {
    let body = Actor::paper().into_body(json!({ "users": users }));
    bank.staff.post_once(&format!("/v1/contracts/{CONTRACT}/{what}"), &body, key).await
}

/// The same request again is answered as before, another one under its key is not answered.
async fn assert_repeatable(bank: &Bank, what: &str, first: &Value, users: &[String], key: &str) {
    let again = targets(bank, what, users, key).await.expect_status(200);
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(&again.json(), first);
    let fewer = targets(bank, what, &users[1..], key).await.expect_status(422);
    assert_eq!(fewer.problem(), "idempotency_mismatch");
}

#[tokio::test(flavor = "multi_thread")]
async fn r53_r75_r78_five_hundred_users_are_changed_as_one_or_not_at_all() {
    let bank = Bank::open("bank-001").await;
    let tokens = crowd(&bank).await;
    let everybody = names(MANY);
    assert_eq!(states(&bank, CONTRACT).await, all("in_service", MANY));
    unlock_of_all(&bank, &tokens, &everybody).await;
    let bank = switch_of_all(bank).await;
    revocation_of_all(&bank, &tokens[0], &everybody).await;
}

async fn unlock_of_all(bank: &Bank, tokens: &[TestToken], everybody: &[String]) {
    for n in [0, 250, 499] {
        bank.lock(CONTRACT, &user(n), &tokens[n]).await;
    }
    let mut with_unknown = everybody.to_vec();
    "NOBODY".clone_into(&mut with_unknown[499]);
    let refused = targets(bank, "unlocks", &with_unknown, "u-1").await.expect_status(200).json();
    assert_outcome(&refused, "refused");
    assert_outcome(&refused["results"][499], "refused unknown_user");
    assert_eq!((count(&refused, "unchanged"), count(&refused, "refused")), (499, 1));
    let stopped = bank.list_users(CONTRACT, "authentication=stopped").await;
    assert_eq!(stopped.len(), 3, "nothing was unlocked");

    let done = targets(bank, "unlocks", everybody, "u-2").await.expect_status(200).json();
    assert_outcome(&done, "done");
    assert_eq!((count(&done, "done"), count(&done, "unchanged")), (3, 497));
    assert_eq!(bank.list_users(CONTRACT, "authentication=stopped").await.len(), 0);
    assert_repeatable(bank, "unlocks", &done, everybody, "u-2").await;

    let mut too_many = everybody.to_vec();
    too_many.push("U500".to_owned());
    let refused = targets(bank, "unlocks", &too_many, "u-3").await.expect_status(422);
    assert_eq!(refused.problem(), "invalid_field");
}

/// The preview is exact, the change is one, and it survives a `kill -9` right after the answer.
async fn switch_of_all(bank: Bank) -> Bank {
    let preview = bank.usage_mode(CONTRACT, "common", true, &Actor::paper()).await;
    assert_outcome(&preview, "preview");
    assert_eq!((&preview["users"], &preview["tokens"]), (&json!(MANY), &json!(MANY)));
    assert_eq!(states(&bank, CONTRACT).await, all("in_service", MANY));
    let done = bank.usage_mode(CONTRACT, "common", false, &Actor::paper()).await;
    assert_outcome(&done, "done");
    assert_eq!((&done["users"], &done["tokens"]), (&json!(MANY), &json!(MANY)));
    let bank = bank.kill_and_restart().await;
    assert_eq!(states(&bank, CONTRACT).await, all("unregistered", MANY));
    bank
}

async fn revocation_of_all(bank: &Bank, token: &TestToken, everybody: &[String]) {
    let code = bank.fresh(token);
    let answer = bank.register(CONTRACT, "U000", &Actor::paper(), token, &code).await;
    assert_outcome(&answer, "done");
    assert_eq!(states(bank, CONTRACT).await, all("in_service", MANY), "one token for all");
    let done = targets(bank, "revocations", everybody, "r-1").await.expect_status(200).json();
    assert_outcome(&done, "done");
    assert_eq!(count(&done, "done"), MANY);
    assert_eq!(states(bank, CONTRACT).await, all("revoked", MANY));
    assert_repeatable(bank, "revocations", &done, everybody, "r-1").await;
}

/// Two front ends register one serial for two users at the same time: one of them has it.
#[tokio::test(flavor = "multi_thread")]
async fn r80_of_two_users_who_register_one_serial_at_once_exactly_one_gets_it() {
    let bank = Bank::open("default").await;
    bank.contract(CONTRACT, DAY, "individual").await;
    let serials: Vec<_> = (0..12).map(|n| format!("{:08}", 20_000_000 + n)).collect();
    let serials: Vec<_> = serials.iter().map(String::as_str).collect();
    let tokens = bank.stock("hard", &serials).await;
    users(&bank, CONTRACT, 24).await;
    let fronts = [Arc::new(bank.another_fe()), Arc::new(bank.another_fe())];
    for (round, token) in tokens.iter().enumerate() {
        let issued = bank.issue(&token.serial, CONTRACT, None, &Actor::paper()).await;
        assert_outcome(&issued, "done");
        let shots = [0, 1].map(|side| {
            let (front, name) = (Arc::clone(&fronts[side]), user(2 * round + side));
            let body = json!({ "serial": token.serial, "code": bank.code(token) });
            let body = Actor::user(&name).into_body(body);
            let path = format!("/v1/contracts/{CONTRACT}/users/{name}/registrations");
            tokio::spawn(async move { front.post(&path, &body).await.expect_status(200).json() })
        });
        let mut outcomes = Vec::new();
        for shot in shots {
            outcomes.push(outcome(&shot.await.expect("no front end panics")));
        }
        outcomes.sort();
        assert_eq!(outcomes, ["done", "refused serial_in_use"], "{}", token.serial);
        let listed = bank.history(&token.serial).await;
        assert_eq!(listed["users"].as_array().map(Vec::len), Some(1), "{listed:#}");
    }
    let in_service = bank.list_users(CONTRACT, "state=in_service").await;
    assert_eq!(in_service.len(), tokens.len());
}

/// Eight registrations and a change of the usage mode at once, in any order: afterwards all users
/// have the one token, or nobody has any.
#[tokio::test(flavor = "multi_thread")]
async fn r78_r79_a_switch_amid_registrations_leaves_nobody_half_registered() {
    let bank = Bank::open("bank-001").await;
    for round in 0..6 {
        let contract = format!("R{round}");
        bank.contract(&contract, DAY, "individual").await;
        users(&bank, &contract, 8).await;
        let serials: Vec<_> = (0..8).map(|n| format!("5{round}00000{n}")).collect();
        let serials: Vec<_> = serials.iter().map(String::as_str).collect();
        let tokens = bank.stock("hard", &serials).await;
        for token in &tokens {
            let issued = bank.issue(&token.serial, &contract, None, &Actor::paper()).await;
            assert_outcome(&issued, "done");
        }
        let shots: Vec<_> = tokens
            .iter()
            .enumerate()
            .map(|(n, token)| {
                let caller = bank.staff.again();
                let body = json!({ "serial": token.serial, "code": bank.code(token) });
                let body = Actor::paper().into_body(body);
                let path = format!("/v1/contracts/{contract}/users/{}/registrations", user(n));
                tokio::spawn(async move { caller.post(&path, &body).await.expect_status(200) })
            })
            .collect();
        let switched = bank.usage_mode(&contract, "common", false, &Actor::paper()).await;
        assert_outcome(&switched, "done");
        for shot in shots {
            let _ = shot.await.expect("no hand panics");
        }
        assert_all_or_nobody(&bank, &contract).await;
    }
}

async fn assert_all_or_nobody(bank: &Bank, contract: &str) {
    let detail = bank.get(&bank.staff, &format!("/v1/contracts/{contract}")).await;
    let listed = bank.list_users(contract, "").await;
    let serials: BTreeSet<_> = listed.iter().map(|user| user["serial"].as_str()).collect();
    assert_eq!(serials, BTreeSet::from([detail["common_serial"].as_str()]), "{listed:#?}");
    let state = if detail["common_serial"].is_null() { "unregistered" } else { "in_service" };
    assert_eq!(states(bank, contract).await, all(state, 8), "{detail:#}");
    let in_use: Vec<_> = bank.list_tokens(contract).await;
    let in_use: Vec<_> = in_use.iter().filter(|token| token["life"] == "in_service").collect();
    let common: Vec<_> = in_use.iter().filter_map(|token| token["serial"].as_str()).collect();
    assert_eq!(common, detail["common_serial"].as_str().into_iter().collect::<Vec<_>>());
}

/// The answer about 500 users is long; sent by four at once under one key it is the same for all of
/// them, and after a `kill -9` too.
#[tokio::test(flavor = "multi_thread")]
async fn r75_one_key_sent_by_four_at_once_revokes_once() {
    let bank = Bank::open("bank-001").await;
    let token = bank.stock_one("hard", "40000001").await;
    bank.contract(CONTRACT, DAY, "common").await;
    users(&bank, CONTRACT, MANY).await;
    bank.in_service(CONTRACT, "U000", &Actor::paper(), &token).await;
    let body = Actor::paper().into_body(json!({ "users": names(MANY) }));
    let path = format!("/v1/contracts/{CONTRACT}/revocations");
    let shots: Vec<_> = (0..4)
        .map(|_| {
            let (caller, body, path) = (bank.staff.again(), body.clone(), path.clone());
            tokio::spawn(async move { caller.post_once(&path, &body, "once").await })
        })
        .collect();
    let mut replies = Vec::new();
    for shot in shots {
        replies.push(shot.await.expect("no hand panics").expect_status(200));
    }
    let first = replies[0].json();
    assert_eq!(count(&first, "done"), MANY);
    assert!(replies.iter().all(|reply| reply.json() == first));
    let fresh = replies.iter().filter(|reply| reply.header("idempotency-replayed") != "true");
    assert_eq!(fresh.count(), 1);
    let bank = bank.kill_and_restart().await;
    let later = bank.staff.post_once(&path, &body, "once").await.expect_status(200);
    assert_eq!(later.json(), first);
    let revoked = bank.audit().await;
    let revoked = revoked.iter().filter(|record| record["event"]["action"] == "revoke");
    assert_eq!(revoked.count(), MANY, "each of them once");
}

const CONTRACTS: usize = 12;
const USERS: usize = 40;

/// One contract with a common token, so that its users are in service.
async fn common(bank: &Bank, contract: &str, token: &TestToken) {
    bank.contract(contract, DAY, "common").await;
    users(bank, contract, USERS).await;
    bank.in_service(contract, "U000", &Actor::paper(), token).await;
    assert_eq!(states(bank, contract).await, all("in_service", USERS));
}

/// Revokes all users of each contract, until the daemon is gone; which were answered.
async fn revoke_each(
    caller: Caller,
    contracts: Vec<String>,
    answered: tokio::sync::mpsc::Sender<String>,
) {
    for contract in contracts {
        let body = Actor::paper().into_body(json!({ "users": names(USERS) })).to_string();
        let path = format!("/v1/contracts/{contract}/revocations");
        let sent = caller.try_request(Method::POST, &path, JSON, body.into()).await;
        let Ok(reply) = sent else { return };
        assert_outcome(&reply.expect_status(200).json(), "done");
        if answered.send(contract).await.is_err() {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r75_a_kill_amid_revocations_leaves_each_of_them_whole_or_undone() {
    let mut bank = Bank::open("bank-001").await;
    let serials: Vec<_> = (0..CONTRACTS).map(|n| format!("{:08}", 30_000_000 + n)).collect();
    let serials: Vec<_> = serials.iter().map(String::as_str).collect();
    let tokens = bank.stock("hard", &serials).await;
    let contracts: Vec<_> = (0..CONTRACTS).map(|n| format!("C{n}")).collect();
    for (contract, token) in contracts.iter().zip(&tokens) {
        common(&bank, contract, token).await;
    }
    let mut left = contracts;
    for kill_after in [1, 2, 3] {
        let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
        let hands: Vec<_> = (0..3)
            .map(|hand| {
                let own = left.iter().skip(hand).step_by(3).cloned().collect();
                tokio::spawn(revoke_each(bank.staff.again(), own, sender.clone()))
            })
            .collect();
        drop(sender);
        let mut answered = BTreeSet::new();
        while let Some(contract) = receiver.recv().await {
            answered.insert(contract);
            if answered.len() >= kill_after {
                break;
            }
        }
        bank = bank.kill_and_restart().await;
        while let Some(contract) = receiver.recv().await {
            answered.insert(contract);
        }
        for hand in hands {
            hand.await.expect("no hand panics");
        }
        left = assert_whole(&bank, &left, &answered).await;
    }
}

/// Whatever was answered is there, and no contract is half revoked; which are not revoked yet.
async fn assert_whole(bank: &Bank, all_of: &[String], answered: &BTreeSet<String>) -> Vec<String> {
    let mut left = Vec::new();
    for contract in all_of {
        let found = states(bank, contract).await;
        if found == all("in_service", USERS) {
            assert!(!answered.contains(contract), "{contract} was answered and is not there");
            left.push(contract.clone());
        } else {
            assert_eq!(found, all("revoked", USERS), "{contract} is half revoked");
        }
    }
    assert!(answered.len() <= all_of.len() - left.len());
    left
}
