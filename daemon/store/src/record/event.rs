//! The body of an audit record: `warifu_core`'s event as it is chained, and as it is read back.
//!
//! Not responsible for: numbering and chaining (see [`crate::audit`]).

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};
use warifu_core::{
    event::{Action, Event},
    ident::{ContractId, Institution, Serial, UserId},
    time::UnixTime,
};

use super::envelope::{Record, open, seal};
use crate::port::{AuditEntry, StoreError};

#[derive(Decode, Encode)]
#[cbor(map)]
struct Wire<'a> {
    #[n(1)]
    at_ms: u64,
    #[b(2)]
    institution: Option<&'a str>,
    #[b(3)]
    actor: &'a str,
    #[b(4)]
    action: &'a str,
    #[b(5)]
    serial: Option<&'a str>,
    #[b(6)]
    outcome: &'a str,
    #[n(7)]
    number: Option<u64>,
    #[b(8)]
    note: Option<&'a str>,
    #[b(9)]
    contract: Option<&'a str>,
    #[b(10)]
    user: Option<&'a str>,
    #[b(11)]
    acting: Option<&'a str>,
    #[b(12)]
    assertions: Option<&'a str>,
    #[b(13)]
    reference: Option<&'a str>,
}

/// An event as it stands in the chain. Words stay text here: a chain may hold actions and outcomes
/// that this build does not know, and must verify all the same.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct DecodedEvent {
    /// [`DecodedEvent::at_ms`] for people, RFC 3339 in UTC, whole seconds.
    pub at: String,
    /// Wall time of the decision, in milliseconds since the epoch.
    pub at_ms: u64,
    /// The tenant.
    pub institution: Option<String>,
    /// Who.
    pub actor: String,
    /// What, a word of [`Action`].
    pub action: String,
    /// To which token.
    pub serial: Option<String>,
    /// How it ended.
    pub outcome: String,
    /// The number that explains the outcome.
    pub number: Option<u64>,
    /// A person's reason, or a batch.
    pub note: Option<String>,
    /// The contract, where it is the life cycle's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract: Option<String>,
    /// The user concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The user who acts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acting: Option<String>,
    /// What the front end asserted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assertions: Option<String>,
    /// Reference of an application, a call or a check of identity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

impl DecodedEvent {
    /// Reads a body.
    pub fn decode(body: &[u8]) -> Result<Self, StoreError> {
        let wire: Wire<'_> = open("audit", body)?;
        let own = |text: Option<&str>| text.map(str::to_owned);
        Ok(Self {
            at: UnixTime(wire.at_ms / 1_000).to_rfc3339(),
            at_ms: wire.at_ms,
            institution: own(wire.institution),
            actor: wire.actor.to_owned(),
            action: wire.action.to_owned(),
            serial: own(wire.serial),
            outcome: wire.outcome.to_owned(),
            number: wire.number,
            note: own(wire.note),
            contract: own(wire.contract),
            user: own(wire.user),
            acting: own(wire.acting),
            assertions: own(wire.assertions),
            reference: own(wire.reference),
        })
    }

    /// The action, where this build knows it.
    pub fn known_action(&self) -> Option<Action> {
        Action::ALL.into_iter().find(|action| action.word() == self.action)
    }
}

/// The stored form of an event.
pub fn encode_event(event: &Event) -> AuditEntry {
    AuditEntry(seal(&Wire {
        at_ms: event.at_ms,
        institution: event.institution.as_ref().map(Institution::as_str),
        actor: event.actor.as_str(),
        action: event.action.word(),
        serial: event.serial.as_ref().map(Serial::as_str),
        outcome: event.outcome,
        number: event.number,
        note: event.note.as_deref(),
        contract: event.parties.contract.as_ref().map(ContractId::as_str),
        user: event.parties.user.as_ref().map(UserId::as_str),
        acting: event.parties.acting.as_ref().map(UserId::as_str),
        assertions: event.parties.assertions.as_deref(),
        reference: event.parties.reference.as_deref(),
    }))
}

impl From<&Event> for AuditEntry {
    fn from(event: &Event) -> Self {
        encode_event(event)
    }
}

/// For generic code over records; encoding goes from the core's type.
impl Record for DecodedEvent {
    const KIND: &'static str = "audit";

    fn encode(&self) -> Vec<u8> {
        seal(&Wire {
            at_ms: self.at_ms,
            institution: self.institution.as_deref(),
            actor: &self.actor,
            action: &self.action,
            serial: self.serial.as_deref(),
            outcome: &self.outcome,
            number: self.number,
            note: self.note.as_deref(),
            contract: self.contract.as_deref(),
            user: self.user.as_deref(),
            acting: self.acting.as_deref(),
            assertions: self.assertions.as_deref(),
            reference: self.reference.as_deref(),
        })
    }

    fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        Self::decode(bytes)
    }
}

#[cfg(test)]
mod tests {
    use warifu_core::{event::Parties, ident::Name};

    use super::*;

    fn event() -> Event {
        Event {
            at_ms: 1_795_267_800_123,
            institution: Some(Institution::parse("bank-a").unwrap()),
            actor: Name::parse("web1").unwrap(),
            action: Action::Verify,
            serial: Some(Serial::parse("0012").unwrap()),
            outcome: "accepted",
            number: Some(59_842_260),
            note: None,
            parties: Parties::default(),
        }
    }

    #[test]
    fn the_stored_form_does_not_drift() {
        assert_eq!(
            hex::encode(encode_event(&event()).0),
            "830101a7011b000001a1fe4cac3b026662616e6b2d61036477656231046676657269667905643030313206686163636570746564071a03911ed4"
        );
    }

    fn revocation() -> Event {
        Event {
            action: Action::Revoke,
            parties: Parties {
                contract: Some(ContractId::parse("C1").unwrap()),
                user: Some(UserId::parse("U1").unwrap()),
                acting: Some(UserId::parse("M1").unwrap()),
                assertions: Some("a=b".to_owned()),
                reference: Some("r".to_owned()),
            },
            ..event()
        }
    }

    #[test]
    fn the_stored_form_of_the_parties_does_not_drift() {
        let stored = hex::encode(encode_event(&revocation()).0);
        assert!(stored.starts_with("830101ac01"), "{stored}");
        let parties = "096243310a6255310b624d310c63613d620d6172";
        assert!(stored.ends_with(parties), "{stored}");
    }

    #[test]
    fn the_parties_come_out() {
        let body = encode_event(&revocation()).0;
        let read = DecodedEvent::decode(&body).unwrap();
        assert_eq!(read.known_action(), Some(Action::Revoke));
        assert_eq!((read.contract.as_deref(), read.user.as_deref()), (Some("C1"), Some("U1")));
        assert_eq!(read.acting.as_deref(), Some("M1"));
        assert_eq!(read.encode(), body);
        let json = serde_json::to_string(&read).unwrap();
        assert_eq!(serde_json::from_str::<DecodedEvent>(&json).unwrap(), read);
    }

    #[test]
    fn the_longest_event_fits_into_an_audit_record() {
        let (id, user) = ("x".repeat(ContractId::MAX), "u".repeat(UserId::MAX));
        let event = Event {
            at_ms: u64::MAX,
            institution: Some(Institution::parse(&"i".repeat(Institution::MAX)).unwrap()),
            actor: Name::parse(&"n".repeat(Name::MAX)).unwrap(),
            serial: Some(Serial::parse(&"s".repeat(Serial::MAX)).unwrap()),
            number: Some(u64::MAX),
            note: Some("\u{2F804}".repeat(200)),
            parties: Parties {
                contract: Some(ContractId::parse(&id).unwrap()),
                user: Some(UserId::parse(&user).unwrap()),
                acting: Some(UserId::parse(&user).unwrap()),
                assertions: Some("\u{2F804}".repeat(300)),
                reference: Some("\u{2F804}".repeat(100)),
            },
            ..event()
        };
        let length = encode_event(&event).0.len();
        assert!(length <= crate::port::MAX_AUDIT_BODY, "{length}");
    }

    #[test]
    fn what_went_in_comes_out() {
        let body = encode_event(&event()).0;
        let read = DecodedEvent::decode(&body).unwrap();
        assert_eq!(read.at, event().at().to_rfc3339());
        assert_eq!(read.known_action(), Some(Action::Verify));
        assert_eq!(read.number, Some(59_842_260));
        assert_eq!(read.encode(), body);
    }
}
