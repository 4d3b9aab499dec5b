//! Whether any daemon of a slot is in reach: a TCP connection, nothing more, and remembered for some
//! seconds, because programs ask for flags of slots very often.
//!
//! Not responsible for whether a daemon accepts us.

use std::{io, net::ToSocketAddrs as _, sync::Mutex, time::Duration, time::Instant};

use tokio::{net::TcpStream, runtime::Builder, task::JoinSet, time};
use warifu_api::client::Resolution;

use crate::{
    clock,
    config::{Address, SlotConfig},
    session::lock,
};

/// How long presence is believed.
const PRESENT_FOR: Duration = Duration::from_secs(5);
/// How long absence is believed.
const ABSENT_FOR: Duration = Duration::from_secs(2);

/// Presence of a slot's daemons.
pub(super) struct Presence {
    addresses: Vec<Address>,
    limit: Duration,
    resolution: Resolution,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    last: Option<(Instant, bool)>,
    /// Somebody looks now: whoever has an old answer goes with that.
    is_looking: bool,
}

impl Presence {
    pub(super) fn new(config: &SlotConfig, resolution: Resolution) -> Self {
        let addresses = config.servers.iter().filter_map(|server| Address::parse(server));
        Self {
            addresses: addresses.collect(),
            limit: config.connect_timeout,
            resolution,
            known: Mutex::default(),
        }
    }

    pub(super) fn last(&self) -> Option<bool> {
        lock(&self.known).last.map(|(_, present)| present)
    }

    /// A daemon has answered.
    pub(super) fn note_reached(&self) {
        lock(&self.known).last = Some((clock::now(), true));
    }

    pub(super) fn look(&self) -> bool {
        {
            let mut known = lock(&self.known);
            if let Some((when, present)) = known.last
                && (known.is_looking || is_believed(present, clock::now().duration_since(when)))
            {
                return present;
            }
            known.is_looking = true;
        }
        let looking = Looking(&self.known);
        let present = any_in_reach(&self.addresses, self.limit, self.resolution);
        lock(&self.known).last = Some((clock::now(), present));
        drop(looking);
        present
    }
}

/// Somebody looks as long as this is there. A panic ends that, too: a thread whose data is gone, as in
/// exit handlers, can not look, and the others must not wait for it.
struct Looking<'a>(&'a Mutex<Known>);

impl Drop for Looking<'_> {
    fn drop(&mut self) {
        lock(self.0).is_looking = false;
    }
}

fn is_believed(present: bool, age: Duration) -> bool {
    age < if present { PRESENT_FOR } else { ABSENT_FOR }
}

/// All at once, until the first connection stands. Without descriptors nothing is in reach.
pub(super) fn any_in_reach(addresses: &[Address], limit: Duration, resolution: Resolution) -> bool {
    let Ok(runtime) = Builder::new_current_thread().enable_io().enable_time().build() else {
        return false;
    };
    let found = runtime.block_on(async {
        let mut dials: JoinSet<_> =
            addresses.iter().cloned().map(|address| dial(address, resolution)).collect();
        let first = async {
            while let Some(dialled) = dials.join_next().await {
                if matches!(dialled, Ok(Ok(_))) {
                    return true;
                }
            }
            false
        };
        time::timeout(limit, first).await.unwrap_or(false)
    });
    runtime.shutdown_background(); // not waiting for a name
    found
}

async fn dial(address: Address, resolution: Resolution) -> io::Result<TcpStream> {
    let address = (address.host.as_str(), address.port);
    match resolution {
        Resolution::Thread => TcpStream::connect(address).await,
        Resolution::Caller => {
            let found: Vec<_> = address.to_socket_addrs()?.collect();
            TcpStream::connect(found.as_slice()).await
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        cell::RefCell,
        net::TcpListener,
        panic::{AssertUnwindSafe, catch_unwind},
        sync::Arc,
        thread,
    };

    use super::*;

    const LIMIT: Duration = Duration::from_secs(5);

    fn closed_port() -> Address {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Address { host: "127.0.0.1".to_owned(), port }
    }

    #[test]
    fn one_daemon_is_enough_and_none_is_none() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let open = Address { host: "localhost".to_owned(), port };
        for resolution in [Resolution::Thread, Resolution::Caller] {
            let both = [closed_port(), open.clone()];
            assert!(any_in_reach(&both, LIMIT, resolution));
            assert!(!any_in_reach(&both[..1], LIMIT, resolution));
            assert!(!any_in_reach(&[], LIMIT, resolution));
        }
    }

    #[test]
    fn presence_is_believed_longer_than_absence() {
        let seconds = Duration::from_secs;
        assert!(is_believed(true, seconds(4)) && !is_believed(true, seconds(5)));
        assert!(is_believed(false, seconds(1)) && !is_believed(false, seconds(2)));
    }

    fn presence_of(address: Address) -> Presence {
        let (addresses, resolution) = (vec![address], Resolution::Caller);
        Presence { addresses, limit: LIMIT, resolution, known: Mutex::default() }
    }

    fn make_old(presence: &Presence) {
        let mut known = lock(&presence.known);
        known.last = known.last.and_then(|(when, is)| Some((when.checked_sub(LIMIT)?, is)));
    }

    /// Looks while the thread's data is gone, as a program's exit handlers may do.
    struct LooksLast(Arc<Presence>);

    impl Drop for LooksLast {
        fn drop(&mut self) {
            make_old(&self.0);
            let _ = catch_unwind(AssertUnwindSafe(|| self.0.look()));
        }
    }

    thread_local! {
        static LOOKS_LAST: RefCell<Option<LooksLast>> = const { RefCell::new(None) };
    }

    #[test]
    fn a_look_that_comes_to_nothing_does_not_keep_others_from_looking() {
        let port = closed_port();
        let presence = Arc::new(presence_of(port.clone()));
        let theirs = Arc::clone(&presence);
        let ended = thread::spawn(move || {
            LOOKS_LAST.set(Some(LooksLast(Arc::clone(&theirs))));
            theirs.look()
        });
        assert!(!ended.join().unwrap());
        let _listener = TcpListener::bind((port.host.as_str(), port.port)).unwrap();
        make_old(&presence);
        assert!(presence.look());
    }

    #[test]
    fn what_was_found_is_remembered() {
        let presence = presence_of(closed_port());
        assert_eq!(presence.last(), None);
        assert!(!presence.look());
        assert_eq!(presence.last(), Some(false));
        presence.note_reached();
        assert!(presence.look());
    }
}
