//! Sections `server` and `metrics`.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use warifu_core::{ident::Institution, rules::Rules};

use super::{
    MetricsListener, Server,
    check::Check,
    fault::Fault,
    files,
    raw::{RawMetrics, RawRate, RawServer},
    tree::Tree,
};
use crate::{
    server::{Rate, ServerSettings},
    tls::Files,
};

const LISTEN: &str = r#"listen = "0.0.0.0:8443""#;

pub(super) fn server(
    tree: &Tree,
    credentials: Option<&Path>,
    faults: &mut Vec<Fault>,
) -> Option<Server> {
    let mut raw: RawServer = tree.section("server", faults);
    let mut check = Check::new(tree, "server", faults);
    let what = "where the interface listens";
    let listen = check.required("listen", raw.listen.take(), what, LISTEN);
    let listen = check.address("listen", listen.as_ref(), LISTEN);
    let files = tls_files(&mut check, &mut raw, credentials);
    let settings = settings(&mut check, &raw);
    let why = "JSON bodies are small";
    let request_bytes =
        check.number("request_bytes", raw.request_bytes, 65_536, 1_024..=1 << 20, why);
    let why = "a seed file of a million keys has about 1 GiB";
    let most = 64 << 30;
    let import_bytes = check.number("import_bytes", raw.import_bytes, 2 << 30, 1_024..=most, why);
    let why = "clients give up too";
    let request_deadline =
        check.millis("request_deadline_ms", raw.request_deadline_ms, 5_000, 100..=60_000, why);
    Some(Server {
        listen: listen?,
        files: files?,
        settings,
        request_bytes: usize::try_from(request_bytes).unwrap_or(usize::MAX),
        import_bytes,
        request_deadline,
    })
}

fn tls_files(
    check: &mut Check<'_>,
    raw: &mut RawServer,
    credentials: Option<&Path>,
) -> Option<Files> {
    let example = r#"certificate = "/etc/warifu/tls/server.pem""#;
    let what = "PEM file with the server's certificate, then its intermediates";
    let certificate = check.file("certificate", raw.certificate.take(), what, example);
    let example = r#"key = "/etc/warifu/tls/server.key""#;
    let what = "PEM file with the key of the server's certificate";
    let key = check.secret_file("key", raw.key.take(), credentials, what, example);
    let example = r#"client_ca = "/etc/warifu/tls/clients.pem""#;
    let what = "PEM file with the authorities of client certificates";
    let client_ca = check.file("client_ca", raw.client_ca.take(), what, example);
    let crl: Vec<PathBuf> = raw.crl.0.iter().map(PathBuf::from).collect();
    for list in &crl {
        if let Err(rule) = files::readable(list) {
            check.fault("crl", rule, r#"crl = ["/etc/warifu/tls/clients.crl"]"#);
        }
    }
    Some(Files { certificate: certificate?, key: key?, client_ca: client_ca?, crl })
}

/// The institution that runs the daemon; the only one there is, unless said otherwise.
pub(super) fn house(
    tree: &Tree,
    institutions: &HashMap<Institution, Arc<Rules>>,
    faults: &mut Vec<Fault>,
) -> Option<Institution> {
    let raw: RawServer = tree.section("server", &mut Vec::new());
    let mut check = Check::new(tree, "server", faults);
    let example = r#"house = "bank-000""#;
    let mut names = institutions.keys();
    match (raw.house, names.next(), names.next()) {
        (Some(text), ..) => {
            let house = Institution::parse(&text).ok().filter(|one| institutions.contains_key(one));
            if house.is_none() {
                check.fault(
                    "house",
                    format_args!("{text:?} is no institution of this file"),
                    example,
                );
            }
            house
        }
        (None, Some(only), None) => Some(only.clone()),
        (None, None, _) => None,
        (None, Some(_), Some(_)) => {
            let rule = "must be set where there are several institutions: its auditors and officers \
                        export the audit chain and take backups, which hold all of them";
            check.fault("house", rule, example);
            None
        }
    }
}

fn settings(check: &mut Check<'_>, raw: &RawServer) -> ServerSettings {
    let why = "each takes a file descriptor and some 100 KB";
    let most = check.number("max_connections", raw.max_connections, 4_096, 1..=65_536, why);
    let why = "one caller must not take all places";
    let per_caller = "max_connections_per_caller";
    let of_caller =
        check.number(per_caller, raw.max_connections_per_caller, 1_024.min(most), 1..=most, why);
    let why = "a client that is slower holds a place for nothing";
    let handshake =
        check.millis("handshake_timeout_ms", raw.handshake_timeout_ms, 5_000, 100..=60_000, why);
    let why = "keep-alive connections are closed after this rest";
    let idle = check.seconds("idle_timeout_s", raw.idle_timeout_s, 120, 1..=86_400, why);
    let why = "a stop waits this long for requests under way";
    let drain = check.seconds("drain_timeout_s", raw.drain_timeout_s, 20, 1..=600, why);
    ServerSettings {
        max_connections: usize::try_from(most).unwrap_or(usize::MAX),
        max_connections_per_caller: usize::try_from(of_caller).unwrap_or(usize::MAX),
        handshake_timeout: handshake,
        idle_timeout: idle,
        drain_timeout: drain,
        rate: Some(rate(check, raw.rate_per_caller.as_ref())),
    }
}

fn rate(check: &mut Check<'_>, raw: Option<&RawRate>) -> Rate {
    let key = "rate_per_caller";
    let example = "rate_per_caller = { per_second = 5000, burst = 10000 }";
    let per_second = raw.and_then(|raw| raw.per_second).unwrap_or(5_000);
    let burst = raw.and_then(|raw| raw.burst).unwrap_or_else(|| per_second.saturating_mul(2));
    let numbers = [per_second, burst].map(|n| u32::try_from(n).ok().filter(|n| *n > 0));
    if let [Some(per_second), Some(burst)] = numbers
        && burst >= per_second.min(1_000_000)
        && per_second <= 1_000_000
    {
        return Rate { per_second, burst };
    }
    check.fault(key, "per_second is 1 to 1000000, burst no less than per_second", example);
    Rate { per_second: 5_000, burst: 10_000 }
}

pub(super) fn metrics(tree: &Tree, faults: &mut Vec<Fault>) -> Option<MetricsListener> {
    let raw: RawMetrics = tree.section("metrics", faults);
    let mut check = Check::new(tree, "metrics", faults);
    let example = r#"listen = "127.0.0.1:9464""#;
    let listen = check.address("listen", raw.listen.as_ref(), example)?;
    let plain = raw.plain.unwrap_or(false);
    if plain && !listen.ip().is_loopback() {
        check.fault("plain", "plain HTTP is for loopback addresses only", example);
    }
    Some(MetricsListener { listen, plain })
}
