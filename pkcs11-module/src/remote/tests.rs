//! The way to the daemons over real TLS: logins, failover, what is told when no answer comes.

mod server;

use std::{
    net::TcpListener,
    sync::atomic::{AtomicUsize, Ordering},
};

use warifu_api::secret::SecretText;

use self::server::{Authority, Files, HEALTHY, Reply, Server};
use super::*;

/// A server, an identity that it accepts, and what made them.
struct Setting {
    authority: Authority,
    servers: Vec<Server>,
    files: Files,
    remote: Remote,
}

fn setting(servers: usize) -> Setting {
    let authority = Authority::new();
    let start = |_| Server::start(&authority, &authority);
    let servers: Vec<_> = (0..servers).map(start).collect();
    let files = Files::new(&authority, &authority);
    let addresses: Vec<_> = servers.iter().map(|server| server.address.clone()).collect();
    Setting { remote: Remote::new(files.slot(&addresses), true), authority, servers, files }
}

fn dead() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("https://localhost:{}", listener.local_addr().unwrap().port())
}

fn login(remote: &Remote) -> Result<(), Rv> {
    remote.unlock(None).map_err(|fault| fault.rv)
}

/// A question that changes something: the client sends the key with it.
fn change(remote: &Remote, key: &IdempotencyKey) -> Result<(), Trouble> {
    change_within(remote, key, Duration::from_secs(20))
}

fn change_within(remote: &Remote, key: &IdempotencyKey, limit: Duration) -> Result<(), Trouble> {
    let code = || SecretText::new("123456".to_owned());
    let asked = remote.ask(Some(key), Deadline::after(limit), async |client: &Client| {
        client.verify("0012", code()).await
    });
    asked.map(drop)
}

fn read(remote: &Remote) -> Result<(), Trouble> {
    let asked = remote.ask(None, remote.deadline(), async |client: &Client| client.health().await);
    asked.map(drop)
}

const ACCEPTED: Reply = Reply::Answer(
    200,
    r#"{"serial":"0012","outcome":"accepted","remaining_attempts":5,
        "checked_at":"2026-01-01T00:00:00Z","request_id":"1"}"#,
);
const DRAINING: &str = r#"{"type":"urn:warifu:problem:draining","title":"x","status":503}"#;

#[test]
fn calls_share_a_connection_and_a_closed_one_is_noticed() {
    let here = setting(1);
    let Setting { servers, remote, .. } = &here;
    let server = &servers[0];
    assert_eq!(read(remote), Err(Trouble::Locked));
    login(remote).unwrap();
    assert!(remote.is_unlocked() && remote.is_present());
    for _ in 0..3 {
        read(remote).unwrap();
    }
    assert_eq!(server.connections(), 1);
    server.requests();
    server.reply_with(Reply::AnswerAndClose(200, r#"{"status":"ok"}"#));
    read(remote).unwrap();
    server.reply_with(HEALTHY);
    read(remote).unwrap();
    assert_eq!(server.requests().len(), 2, "nothing is asked twice");
    assert_eq!(login(remote), Err(Rv::UserAlreadyLoggedIn));
    remote.lock();
    assert_eq!(read(remote), Err(Trouble::Locked));
}

#[test]
fn a_login_says_what_is_wrong_with_the_certificate() {
    let here = setting(1);
    let Setting { authority, remote, files, servers, .. } = &here;
    files.renew(authority, true);
    assert_eq!(login(remote), Err(Rv::PinExpired));
    files.renew(&Authority::new(), false);
    assert_eq!(login(remote), Err(Rv::PinIncorrect));
    files.renew(authority, false);
    login(remote).unwrap();
    let unknown = r#"{"type":"urn:warifu:problem:unauthenticated","title":"x","status":401}"#;
    remote.lock();
    servers[0].reply_with(Reply::Answer(401, unknown));
    assert_eq!(login(remote), Err(Rv::PinIncorrect));
    let stranger = Files::new(&Authority::new(), authority);
    let other = Remote::new(stranger.slot(&[servers[0].address.clone()]), false);
    assert_eq!(login(&other), Err(Rv::TokenNotRecognized));
    let nobody = Remote::new(files.slot(&[dead()]), false);
    assert_eq!(login(&nobody), Err(Rv::TokenNotPresent));
    assert!(!nobody.is_present());
}

#[test]
fn a_pin_beside_a_key_in_the_clear_is_wrong() {
    let here = setting(1);
    let Setting { remote, servers, .. } = &here;
    let pin = Zeroizing::new(b"1234".to_vec());
    assert!(!remote.needs_pin());
    assert_eq!(remote.unlock(Some(&pin)).unwrap_err().rv, Rv::PinIncorrect);
    assert_eq!(servers[0].connections(), 0, "nobody was asked");
}

#[test]
fn a_request_without_an_answer_is_repeated_with_its_key_and_then_unknown() {
    let short = Duration::from_millis(1_500);
    let here = setting(1);
    let Setting { remote, servers, .. } = &here;
    login(remote).unwrap();
    servers[0].requests();
    let key = intent().unwrap();
    servers[0].reply_with(Reply::BreakOff);
    assert_eq!(change_within(remote, &key, short), Err(Trouble::Unknown));
    let requests = servers[0].requests();
    assert!(requests.len() > 1);
    for request in &requests {
        assert!(request.line.ends_with("/v1/tokens/0012/verify HTTP/1.1"), "{request:?}");
        assert_eq!(request.key.as_deref(), Some(key.as_str()));
    }
    let reading =
        remote.ask(None, Deadline::after(short), async |client: &Client| client.health().await);
    assert_eq!(reading.map(drop), Err(Trouble::Unreachable), "what only reads did nothing");
    servers[0].reply_with(Reply::Stall);
    let before = clock::now();
    assert_eq!(change_within(remote, &key, short), Err(Trouble::Unknown));
    assert!(clock::now().duration_since(before) < short * 4, "the deadline holds");
    servers[0].reply_with(ACCEPTED);
    change(remote, &key).unwrap();
}

#[test]
fn the_next_daemon_is_asked_with_the_same_key() {
    let here = setting(2);
    let Setting { remote, servers, .. } = &here;
    let [first, second] = &servers[..] else { panic!("two were started") };
    login(remote).unwrap();
    assert_eq!((first.requests().len(), second.requests().len()), (1, 0));
    for reply in [Reply::BreakOff, Reply::Answer(503, DRAINING), Reply::Answer(502, "proxy")] {
        first.reply_with(reply);
        second.reply_with(ACCEPTED);
        let key = intent().unwrap();
        change(remote, &key).unwrap();
        let keys = second.requests().into_iter().map(|request| request.key);
        assert_eq!(keys.collect::<Vec<_>>(), [Some(key.as_str().to_owned())], "{reply:?}");
        lock(&remote.standings).work(0);
    }
}

#[test]
fn a_daemon_that_failed_is_not_asked_first() {
    let here = setting(2);
    let Setting { remote, servers, .. } = &here;
    let [first, second] = &servers[..] else { panic!("two were started") };
    login(remote).unwrap();
    first.reply_with(Reply::BreakOff);
    read(remote).unwrap();
    first.requests();
    second.requests();
    // However long this test takes, its time has not come again.
    lock(&remote.standings).plan(clock::now() + Duration::from_secs(3_600));
    read(remote).unwrap();
    assert_eq!((first.requests().len(), second.requests().len()), (0, 1));
}

#[test]
fn a_dead_daemon_costs_nothing_but_its_turn() {
    let authority = Authority::new();
    let files = Files::new(&authority, &authority);
    let server = Server::start(&authority, &authority);
    let remote = Remote::new(files.slot(&[dead(), server.address.clone()]), false);
    login(&remote).unwrap();
    read(&remote).unwrap();
    assert!(remote.is_present());
}

#[test]
fn no_daemon_in_reach_is_surely_nothing_done() {
    let authority = Authority::new();
    let files = Files::new(&authority, &authority);
    let server = Server::start(&authority, &authority);
    let mut slot = files.slot(std::slice::from_ref(&server.address));
    let remote = Remote::new(slot.clone(), false);
    login(&remote).unwrap();
    slot.servers = vec![dead()];
    let nobody = Remote::new(slot, false);
    lock(&nobody.held).identity =
        Some(Arc::new(Identity::open(&nobody.config, None, Resolution::Caller).unwrap()));
    assert_eq!(change(&nobody, &intent().unwrap()), Err(Trouble::Unreachable));
    assert!(nobody.is_unlocked(), "an outage is no logout");
}

#[test]
fn a_busy_daemon_is_asked_again_until_it_has_time() {
    let here = setting(1);
    let Setting { remote, servers, .. } = &here;
    login(remote).unwrap();
    servers[0].requests();
    servers[0].reply_with(Reply::Answer(503, DRAINING));
    thread::scope(|scope| {
        let asking = scope.spawn(|| read(remote));
        let mut seen = 0;
        while seen < 2 {
            seen += servers[0].requests().len();
            thread::yield_now();
        }
        servers[0].reply_with(HEALTHY);
        asking.join().unwrap().unwrap();
    });
}

#[test]
fn a_renewed_certificate_is_taken_up_without_a_login() {
    let here = setting(1);
    let Setting { authority, remote, files, servers, .. } = &here;
    let next = Authority::new();
    login(remote).unwrap();
    servers[0].accept_only(authority, &next);
    files.renew(&next, false);
    read(remote).unwrap();
    assert!(remote.is_unlocked());
    servers[0].accept_only(authority, authority);
    assert_eq!(read(remote), Err(Trouble::Refused { expired: false }));
    assert!(!remote.is_unlocked(), "a program can log in again");
}

#[test]
fn an_expired_certificate_between_calls_is_a_logout() {
    let here = setting(1);
    login(&here.remote).unwrap();
    here.files.renew(&here.authority, true);
    // What was read at the login is refused, and what is read anew has expired.
    here.servers[0].accept_only(&here.authority, &Authority::new());
    let trouble = read(&here.remote).unwrap_err();
    assert_eq!(trouble, Trouble::Refused { expired: true });
    assert_eq!(Fault::from(trouble).rv, Rv::UserNotLoggedIn);
    assert_eq!(login(&here.remote), Err(Rv::PinExpired));
}

#[test]
fn calls_do_not_wait_for_each_other() {
    let here = setting(1);
    let Setting { remote, .. } = &here;
    login(remote).unwrap();
    let inside = AtomicUsize::new(0);
    let together = || {
        remote.ask(None, remote.deadline(), async |client: &Client| {
            inside.fetch_add(1, Ordering::SeqCst);
            while inside.load(Ordering::SeqCst) < 2 {
                tokio::task::yield_now().await;
            }
            client.health().await
        })
    };
    thread::scope(|scope| {
        let other = scope.spawn(together);
        together().unwrap();
        other.join().unwrap().unwrap();
    });
}

#[test]
fn a_report_tells_each_daemon_by_itself() {
    let authority = Authority::new();
    let files = Files::new(&authority, &authority);
    let server = Server::start(&authority, &authority);
    let slot = files.slot(&[dead(), server.address.clone()]);
    let report = SlotReport::of(&slot, Some(&Zeroizing::new(b"unused".to_vec())));
    let [dead, alive] = &report.servers[..] else { panic!("{report:?}") };
    assert_eq!((dead.in_reach, dead.accepted), (false, false));
    assert_eq!(dead.error, Some("CKR_TOKEN_NOT_PRESENT"));
    assert_eq!((alive.in_reach, alive.accepted), (true, true));
    assert!(report.is_usable() && !report.needs_pin);
}
