//! The PKCS#11 module beside the Rust client: the same verification through both, in turn; and a
//! search by serial among 100 and among 100,000 tokens.
//!
//! Not responsible for: what a verification costs the daemon (`verify.rs`).

use std::time::{Duration, Instant};

use e2e::{
    Identity,
    pkcs11::{Host, Module},
};
use warifu_api::{
    SecretText,
    client::{Client, ClientConfig, Protocol},
    token::Outcome,
};
use warifu_token::VirtualToken;

use crate::{
    report::{Report, median, ratio},
    seeds::{Bench, Seeds},
};

const ROUNDS: u64 = 5;
/// Codes per round and way.
const CODES: u64 = 1_000;
const FEW: u64 = 100;
const MANY: u64 = 100_000;
/// Searches per round.
const SEARCHES: u64 = 1_000;

/// The times of one round.
struct Times {
    median: f64,
    p99: f64,
}

/// Measures both.
pub(crate) async fn run(report: &mut Report) {
    let bench = Bench::new().await;
    let officer = bench.world.caller(&bench.daemon, "officer");
    let few = Seeds::new("F000", FEW, false);
    few.import(&officer).await;
    let identity = bench.world.identity("validator");
    let mut module = Module::new(&bench.world, &bench.daemon, &identity);
    module.set("objects", &(MANY * 2).to_string());
    verification(report, &bench, &module, &identity, &few).await;
    search(report, &module, &few, &officer).await;
}

async fn verification(
    report: &mut Report,
    bench: &Bench,
    module: &Module,
    identity: &Identity,
    seeds: &Seeds,
) {
    let mut host = module.session();
    let clients =
        [client(bench, identity, Protocol::Any), client(bench, identity, Protocol::Http1)];
    let mut ways: [Vec<Times>; 3] = [Vec::new(), Vec::new(), Vec::new()];
    for round in 0..ROUNDS {
        let (serial, token) = seeds.token(0);
        ways[0].push(through_module(module, &mut host, (&serial, &token), round));
        for (client, way) in clients.iter().zip([1, 2]) {
            let (serial, token) = seeds.token(way);
            ways[way].push(through_client(client, (&serial, &token), round).await);
        }
    }
    let middle = |way: &Vec<Times>, pick: fn(&Times) -> f64| median(way.iter().map(pick).collect());
    let [own, others @ ..] = &ways;
    let fastest = others.iter().map(|way| middle(way, |t| t.median)).fold(f64::MAX, f64::min);
    let row = |name: &str, way: &Vec<Times>| {
        let time = middle(way, |t| t.median);
        vec![
            name.to_owned(),
            format!("{time:.3} ms"),
            format!("{:.3} ms", middle(way, |t| t.p99)),
            ratio(time / fastest),
        ]
    };
    report.table(
        "A verification through PKCS#11, one at a time",
        &["way", "median", "p99", "of the faster client"],
        &[
            row("C program, C_VerifyInit and C_Verify", own),
            row("Rust client, HTTP/2", &ways[1]),
            row("Rust client, HTTP/1.1", &ways[2]),
        ],
    );
}

fn client(bench: &Bench, identity: &Identity, protocol: Protocol) -> Client {
    let server = format!("https://{}", bench.daemon.api());
    let (certificate, key) = (&identity.certificate, &identity.key);
    let mut config = ClientConfig::new(server, bench.world.pki.ca(), certificate, key);
    config.protocol = protocol;
    Client::new(&config).expect("the certificates of the bench")
}

fn codes(token: &VirtualToken, round: u64) -> Vec<String> {
    let counters = round * CODES..(round + 1) * CODES;
    let text = |counter| String::from_utf8_lossy(token.code(counter).expose()).into_owned();
    counters.map(text).collect()
}

fn through_module(
    module: &Module,
    host: &mut Host,
    (serial, token): (&str, &VirtualToken),
    round: u64,
) -> Times {
    let file = module.lines("codes", &codes(token, round));
    let key = host.find(serial);
    times(host, &format!("bench CKM_HOTP {key} {file}"))
}

/// What the C program measured.
fn times(host: &mut Host, line: &str) -> Times {
    let said = host.ok(line);
    let of = |name: &str| said.value(name).parse::<f64>().expect("a number") / 1e6;
    Times { median: of("median-ns"), p99: of("p99-ns") }
}

async fn through_client(
    client: &Client,
    (serial, token): (&str, &VirtualToken),
    round: u64,
) -> Times {
    let mut times = Vec::new();
    for code in codes(token, round) {
        let begin = Instant::now();
        let answer = client.verify(serial, SecretText::new(code)).await.expect("an answer");
        times.push(begin.elapsed());
        assert_eq!(answer.outcome, Outcome::Accepted, "{answer:?}");
    }
    times.sort_unstable();
    let at = |percent: usize| times.get(times.len() * percent / 100).map_or(0.0, ms);
    Times { median: at(50), p99: at(99) }
}

fn ms(time: &Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

async fn search(report: &mut Report, module: &Module, few: &Seeds, officer: &e2e::Caller) {
    let mut host = module.session();
    let among_few = searches(module, &mut host, few, FEW);
    let many = Seeds::new("M0000000", MANY, false);
    many.import(officer).await;
    let mut host = module.session();
    let among_many = searches(module, &mut host, &many, MANY);
    let row = |tokens: u64, times: &Times| {
        let of_few = ratio(times.median / among_few.median);
        let columns = [format!("{:.3} ms", times.median), format!("{:.3} ms", times.p99), of_few];
        [tokens.to_string()].into_iter().chain(columns).collect()
    };
    report.table(
        "A search by serial through PKCS#11",
        &["tokens", "median", "p99", "of 100"],
        &[row(FEW, &among_few), row(FEW + MANY, &among_many)],
    );
}

/// Searches spread over all tokens, some of them found before.
fn searches(module: &Module, host: &mut Host, seeds: &Seeds, tokens: u64) -> Times {
    const STRIDE: u64 = 7_919; // a prime, so that neighbours are not asked for one after another
    let index = |n: u64| usize::try_from(n * STRIDE % tokens).expect("a 64-bit machine");
    let serials: Vec<_> = (0..SEARCHES * ROUNDS).map(|n| seeds.token(index(n)).0).collect();
    times(host, &format!("bench-find {}", module.lines("serials", &serials)))
}
