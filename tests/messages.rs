//! Texts for people: in the language that was asked for, beside codes that do not depend on it.
//!
//! Not responsible for: the sentences themselves (`daemon/api`).
#![forbid(unsafe_code)]

use e2e::{
    Caller, Reply,
    lifecycle::{Actor, Bank},
};
use http::Method;
use serde_json::{Value, json};

const C: &str = "C-1";

/// Sends a request in a language.
async fn say(
    caller: &Caller,
    language: &str,
    method: Method,
    path: &str,
    body: &Value,
    key: Option<&str>,
) -> Reply {
    let mut headers = vec![("accept-language", language)];
    headers.extend(key.map(|key| ("idempotency-key", key)));
    let body = if body.is_null() {
        bytes::Bytes::new()
    } else {
        headers.push(("content-type", "application/json"));
        body.to_string().into()
    };
    caller.request(method, path, &headers, body).await
}

/// Takes the texts out of an answer, wherever they are in it.
fn take_texts(answer: &mut Value) -> Vec<String> {
    let mut texts = Vec::new();
    match answer {
        Value::Object(fields) => {
            for name in ["text", "explanation", "title", "detail", "rule"] {
                texts.extend(fields.remove(name).and_then(|v| v.as_str().map(str::to_owned)));
            }
            fields.remove("request_id");
            fields.remove("instance");
            for value in fields.values_mut() {
                texts.extend(take_texts(value));
            }
        }
        Value::Array(items) => texts.extend(items.iter_mut().flat_map(take_texts)),
        _ => {}
    }
    texts
}

/// English and Japanese say the same with the same codes.
fn assert_same_but_texts(what: &str, english: &Reply, japanese: &Reply) {
    assert_eq!(english.status, japanese.status, "{what}");
    assert_eq!(english.header("content-language"), "en", "{what}: {english:?}");
    assert_eq!(japanese.header("content-language"), "ja", "{what}: {japanese:?}");
    let (mut en, mut ja) = (english.json(), japanese.json());
    let (en_texts, ja_texts) = (take_texts(&mut en), take_texts(&mut ja));
    assert_eq!(en, ja, "{what}: the codes differ");
    assert_eq!(en_texts.len(), ja_texts.len(), "{what}");
    assert!(!en_texts.is_empty(), "{what}: no text in {en:#}");
    for (en, ja) in en_texts.iter().zip(&ja_texts) {
        assert!(!en.is_empty() && en.is_ascii(), "{what}: {en}");
        assert!(!ja.is_ascii(), "{what}: {ja}");
    }
}

/// A request that was carried out is recalled in the other language: the answer is the same, its
/// text is another.
async fn once_in_both(bank: &Bank, by: &Actor, method: Method, path: &str, body: Value) -> Value {
    let body = by.into_body(body);
    let key = format!("{path}:{}", bank.clock.now()).replace(['/', '@'], "-");
    let key = Some(key.get(key.len().saturating_sub(60)..).unwrap_or_default());
    let caller = bank.sender(by);
    let english = say(caller, "en", method.clone(), path, &body, key).await.expect_status(200);
    let japanese = say(caller, "ja", method, path, &body, key).await;
    assert_eq!(japanese.header("idempotency-replayed"), "true", "{path}: {japanese:?}");
    assert_same_but_texts(path, &english, &japanese);
    english.json()
}

async fn get_in_both(caller: &Caller, path: &str) {
    let english = say(caller, "en", Method::GET, path, &Value::Null, None).await;
    let japanese = say(caller, "ja", Method::GET, path, &Value::Null, None).await;
    assert_same_but_texts(path, &english.expect_status(200), &japanese);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_comes_in_both_languages_also_when_it_is_recalled() {
    let bank = Bank::open("bank-004").await;
    bank.contract(C, "2026-10-01T00:00:00+09:00", "").await;
    bank.user(C, "M1", "master").await;
    bank.user(C, "G1", "general").await;
    let user = |what: &str| format!("/v1/contracts/{C}/users/M1/{what}");
    let me = Actor::user("M1").right();
    let post = Method::POST;
    let token = bank.stock_one("hard", "12345678").await;
    get_in_both(&bank.fe, &user("status")).await;
    once_in_both(&bank, &me, post.clone(), &user("skips"), json!({})).await;
    let transfer = json!({ "class": "transfer_single" });
    once_in_both(&bank, &me, post.clone(), &user("authorizations"), transfer.clone()).await;
    once_in_both(&bank, &me, post.clone(), &user("issue-requests"), json!({ "kind": "hard" }))
        .await;
    let paper = Actor::paper();
    let issue = "/v1/tokens/12345678/issue";
    once_in_both(&bank, &paper, post.clone(), issue, json!({ "contract": C })).await;
    let body = json!({ "serial": "12345678", "code": bank.code(&token) });
    let done = once_in_both(&bank, &me, post.clone(), &user("registrations"), body).await;
    assert_eq!(done["outcome"], "done", "{done:#}");
    bank.advance_minutes(1);
    once_in_both(&bank, &me, post.clone(), &user("authorizations"), transfer).await;
    let body = json!({ "code": bank.wrong(&token) });
    once_in_both(&bank, &me, post.clone(), &user("verify"), body).await;
    bank.advance_minutes(1);
    let body = json!({ "code": bank.code(&token), "class": "transfer_single", "grant": true });
    let with_session = me.clone().session("s");
    let answer = once_in_both(&bank, &with_session, post, &user("verify"), body).await;
    let grant = answer["grant"]["id"].as_str().expect("a grant").to_owned();
    grants(&bank, &grant).await;
    changes_of_several(&bank).await;
    get_in_both(&bank.staff, "/v1/tokens/12345678/history").await;
}

async fn grants(bank: &Bank, grant: &str) {
    let path = format!("/v1/grants/{grant}/use");
    let body = json!({ "contract": C, "user": "M1", "session": "s", "class": "transfer_single" });
    let english = say(&bank.fe, "en", Method::POST, &path, &body, Some("use-1")).await;
    let japanese = say(&bank.fe, "ja", Method::POST, &path, &body, Some("use-1")).await;
    assert_same_but_texts(&path, &english.expect_status(200), &japanese);
    let path = format!("/v1/grants/{grant}");
    let english = say(&bank.fe, "en", Method::DELETE, &path, &Value::Null, Some("end-1")).await;
    let japanese = say(&bank.fe, "ja", Method::DELETE, &path, &Value::Null, Some("end-1")).await;
    assert_same_but_texts(&path, &english.expect_status(200), &japanese);
}

async fn changes_of_several(bank: &Bank) {
    let paper = Actor::paper();
    let contract = |what: &str| format!("/v1/contracts/{C}/{what}");
    for what in ["unlocks", "revocations"] {
        for users in [json!(["M1", "G1"]), json!(["M1"])] {
            bank.advance_minutes(1);
            let body = json!({ "users": users });
            once_in_both(bank, &paper, Method::POST, &contract(what), body).await;
        }
    }
    let body = json!({ "usage_mode": "common" });
    let refused = once_in_both(bank, &paper, Method::PUT, &contract("usage-mode"), body).await;
    assert_eq!(refused["outcome"], "refused", "{refused:#}");
    let lost = "/v1/tokens/12345678/lost";
    once_in_both(bank, &paper, Method::POST, lost, json!({})).await;
    bank.advance_minutes(1);
    let recall = "/v1/tokens/12345678/recall";
    once_in_both(bank, &paper, Method::POST, recall, json!({})).await;
    let gone = format!("/v1/contracts/{C}/users/G1?reason=left&reference=T-1");
    let english = say(&bank.staff, "en", Method::DELETE, &gone, &Value::Null, Some("del")).await;
    let japanese = say(&bank.staff, "ja", Method::DELETE, &gone, &Value::Null, Some("del")).await;
    assert_same_but_texts(&gone, &english.expect_status(200), &japanese);
}

#[tokio::test(flavor = "multi_thread")]
async fn problems_come_in_both_languages() {
    let bank = Bank::open("bank-004").await;
    bank.contract(C, "2026-10-01T00:00:00+09:00", "").await;
    bank.user(C, "M1", "master").await;
    let user = format!("/v1/contracts/{C}/users/M1");
    let cases = [
        (&bank.fe, Method::GET, "/v1/contracts/none".to_owned(), Value::Null, "not_found"),
        (&bank.fe, Method::GET, "/v1/nowhere".to_owned(), Value::Null, "not_found"),
        (&bank.fe, Method::DELETE, user.clone(), Value::Null, "forbidden"),
        (&bank.fe, Method::POST, format!("{user}/verify"), json!({}), "malformed_request"),
        (&bank.fe, Method::POST, format!("{user}/verify"), json!({"code":"x"}), "invalid_field"),
        (&bank.staff, Method::POST, user, Value::Null, "method_not_allowed"),
    ];
    for (caller, method, path, body, word) in cases {
        let english = say(caller, "en", method.clone(), &path, &body, None).await;
        let japanese = say(caller, "ja", method, &path, &body, None).await;
        assert_eq!(english.problem(), word, "{path}");
        assert_eq!(english.header("content-language"), "en", "{path}: {english:?}");
        assert_eq!(japanese.header("content-language"), "ja", "{path}: {japanese:?}");
        let (en, ja) = (english.json(), japanese.json());
        assert_eq!((&en["type"], &en["status"]), (&ja["type"], &ja["status"]), "{path}");
        let title = |problem: &Value| problem["title"].as_str().unwrap_or_default().to_owned();
        assert!(title(&en).is_ascii() && !title(&ja).is_ascii(), "{en:#} {ja:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_wish_of_a_browser_is_understood() {
    let bank = Bank::open("bank-004").await;
    bank.contract(C, "2026-10-01T00:00:00+09:00", "").await;
    bank.user(C, "M1", "master").await;
    let path = format!("/v1/contracts/{C}/users/M1/status");
    let wishes = [
        ("ja-JP,ja;q=0.9,en-US;q=0.8,en;q=0.7", "ja"),
        ("ja", "ja"),
        ("JA-jp", "ja"),
        ("en;q=0.1, ja;q=0.5", "ja"),
        ("fr, ja;q=0.2", "ja"),
        ("en-GB,en;q=0.9,ja;q=0.8", "en"),
        ("fr", "en"),
        ("*", "en"),
        ("ja;q=0", "en"),
        ("", "en"),
        (";;;q=,,", "en"),
    ];
    for (wish, language) in wishes {
        let reply = say(&bank.fe, wish, Method::GET, &path, &Value::Null, None).await;
        let reply = reply.expect_status(200);
        assert_eq!(reply.header("content-language"), language, "{wish:?}");
        assert_eq!(reply.text("text").is_ascii(), language == "en", "{wish:?}: {reply:?}");
    }
    let silent = bank.fe.get(&path).await.expect_status(200);
    assert_eq!(silent.header("content-language"), "en");
    let japanese = bank.fe.in_japanese().get(&path).await.expect_status(200);
    assert_eq!(japanese.header("content-language"), "ja");
}

/// What a code of a serial alone is told, which banks without contracts use.
#[tokio::test(flavor = "multi_thread")]
async fn a_code_of_a_serial_is_told_in_both_languages() {
    let bank = Bank::open("standalone").await;
    let token = bank.stock_one("hard", "12345678").await;
    let path = "/v1/tokens/12345678/verify";
    let fe = &bank.fe;
    for (key, code) in [("right", bank.code(&token)), ("wrong", bank.wrong(&token))] {
        let body = json!({ "code": code });
        let english = say(fe, "en", Method::POST, path, &body, Some(key)).await;
        let japanese = say(fe, "ja", Method::POST, path, &body, Some(key)).await;
        assert_same_but_texts(key, &english.expect_status(200), &japanese);
    }
}
