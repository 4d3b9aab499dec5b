//! `C_WaitForSlotEvent`: a token comes and goes with the reach of its daemons.
//!
//! Whoever waits looks himself, in his own thread. Not responsible for looking, see
//! [`crate::remote::Remote::is_present`].

use std::{
    collections::HashMap,
    sync::{Condvar, Mutex, PoisonError},
    time::Duration,
};

use crate::{
    fault::Outcome, handle::SlotId, provider::Provider, rv::Rv, session::lock, slot::Slot,
};

/// Pause between two looks. How old an answer may be is decided where it is remembered.
const PAUSE: Duration = Duration::from_secs(1);

/// What the program was last told.
#[derive(Default)]
pub(crate) struct Events {
    told: Mutex<HashMap<SlotId, bool>>,
    finalised: Condvar,
}

impl Events {
    /// Lets all who wait look whether the module is finalised.
    pub(crate) fn wake(&self) {
        drop(lock(&self.told)); // whoever has looked but does not wait yet
        self.finalised.notify_all();
    }

    /// Notes the presence of a slot; says whether that is news. The first look at a slot is none.
    fn is_news(&self, slot: SlotId, present: bool) -> bool {
        lock(&self.told).insert(slot, present).is_some_and(|before| before != present)
    }

    fn is_known(&self, slot: SlotId) -> bool {
        lock(&self.told).contains_key(&slot)
    }

    fn pause(&self, provider: &Provider) {
        let told = lock(&self.told);
        if !provider.is_finalised() {
            let waited = self.finalised.wait_timeout(told, PAUSE);
            drop(waited.unwrap_or_else(PoisonError::into_inner));
        }
    }
}

/// Waits for a change, or looks once. Ends with [`Rv::CryptokiNotInitialized`] when the module is
/// finalised meanwhile (PKCS#11 v3.1 s.5.5.4).
pub(crate) fn wait(provider: &Provider, may_block: bool) -> Outcome<SlotId> {
    loop {
        if provider.is_finalised() {
            return Err(Rv::CryptokiNotInitialized.into());
        }
        if let Some(slot) = provider.slots.iter().find(|slot| has_changed(&provider.events, slot)) {
            return Ok(slot.id);
        }
        if !may_block {
            return Err(Rv::NoEvent.into());
        }
        provider.events.pause(provider);
    }
}

/// What the program may have been told by another function before counts as told.
fn has_changed(events: &Events, slot: &Slot) -> bool {
    if !events.is_known(slot.id)
        && let Some(before) = slot.remote.last_presence()
    {
        events.is_news(slot.id, before);
    }
    events.is_news(slot.id, slot.remote.is_present())
}

#[cfg(test)]
mod tests {
    use std::{net::TcpListener, thread, time::Duration};

    use super::*;
    use crate::config::{Config, SlotConfig};

    fn provider(ports: &[u16]) -> Provider {
        let slot = |(id, port): (u64, &u16)| SlotConfig {
            id,
            label: format!("slot {id}"),
            servers: vec![format!("https://127.0.0.1:{port}")],
            ca: "/none".into(),
            certificate: "/none".into(),
            key: "/none".into(),
            deadline: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(5),
            import_deadline: Duration::from_secs(5),
        };
        let slots = (0..).zip(ports).map(slot).collect();
        Provider::new(Config { slots, sessions: 1, objects: 16, ..Config::default() }, false)
    }

    fn free_port() -> u16 {
        TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
    }

    #[test]
    fn a_look_without_a_change_is_no_event() {
        let provider = provider(&[free_port()]);
        assert_eq!(wait(&provider, false).unwrap_err().rv, Rv::NoEvent);
        assert_eq!(wait(&provider, false).unwrap_err().rv, Rv::NoEvent);
    }

    #[test]
    fn a_daemon_that_comes_is_an_event_of_its_slot_once() {
        let port = free_port();
        let provider = provider(&[free_port(), port]);
        assert_eq!(wait(&provider, false).unwrap_err().rv, Rv::NoEvent);
        let _listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        assert_eq!(wait(&provider, true).unwrap(), SlotId(1));
        assert_eq!(wait(&provider, false).unwrap_err().rv, Rv::NoEvent);
    }

    #[test]
    fn whoever_waits_is_let_go_by_finalise() {
        let provider = provider(&[free_port()]);
        thread::scope(|scope| {
            let waiting = scope.spawn(|| wait(&provider, true).unwrap_err().rv);
            provider.finalise();
            assert_eq!(waiting.join().unwrap(), Rv::CryptokiNotInitialized);
        });
    }
}
