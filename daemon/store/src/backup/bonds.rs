//! Users who lost their token after their record in a backup was read, told by audit records: they
//! do not get it back by a restore.
//!
//! Only what protects is taken over. A registration that only the user's record knows of is taken
//! back: the token may be somebody else's by then. A registration, an order or a change of the usage
//! mode that a backup lacks is done again by a person; a user who was removed comes back without a
//! token.
//!
//! Not responsible for: the tokens' own later history (`later`).

use std::collections::{HashMap, HashSet};

use warifu_core::{
    event::Action,
    ident::{ContractId, Institution, Serial, UserId},
    lifecycle::{Binding, GivenUp, Life, User, signing::Signer},
    time::UnixTime,
};

use crate::record::{DecodedEvent, TokenRecord, UserRecord};

/// A user, as records name them.
pub(super) type Who = (Institution, ContractId, UserId);

/// The ends of bonds, by user.
#[derive(Debug, Default)]
pub(super) struct Bonds {
    ends: HashMap<Who, Vec<End>>,
    /// Registrations, shares and activations, of which the token's record may lack what the user's record says.
    begins: HashSet<(Who, Serial)>,
}

/// The end of one bond.
#[derive(Clone, Debug)]
pub(super) struct End {
    /// To which token.
    pub(super) serial: Serial,
    at: UnixTime,
    /// Somebody else ended it.
    revoked: bool,
    /// From when on the user may register again, where that was said.
    reopens: Option<UnixTime>,
}

impl Bonds {
    /// Takes an audit record into account, in the order of the chain.
    pub(super) fn note(&mut self, event: &DecodedEvent) {
        let begins = match event.known_action() {
            Some(Action::Activate | Action::Register | Action::Share) => true,
            Some(Action::Revoke | Action::Deactivate | Action::UserRemove) => false,
            _ => return,
        };
        if event.outcome != "done" {
            return;
        }
        let Some((who, serial)) = parties(event) else { return };
        if begins {
            self.begins.insert((who, serial));
        } else {
            let at = UnixTime(event.at_ms / 1_000);
            let revoked = event.known_action() == Some(Action::Revoke);
            let reopens = event.number.filter(|_| revoked).map(UnixTime);
            let end = End { serial, at, revoked, reopens };
            self.ends.entry(who).or_default().push(end);
        }
    }

    /// Every user who registered a token, or took part in one.
    pub(super) fn begun(&self) -> impl Iterator<Item = &(Who, Serial)> {
        self.begins.iter()
    }

    /// Every user that was noted, with the ends of their bonds.
    pub(super) fn all(&self) -> impl Iterator<Item = (&Who, &[End])> {
        self.ends.iter().map(|(who, ends)| (who, ends.as_slice()))
    }
}

impl End {
    /// Ends the bond where the record still has it. `false` where nothing changed. `common`: the
    /// generation of the contract, where the token was everybody's.
    pub(super) fn apply(
        &self,
        record: &mut UserRecord,
        token: &TokenRecord,
        common: Option<u32>,
    ) -> bool {
        let generation = match (record.user.recorded(), common) {
            (Binding::InService { serial, at, generation }, _)
                if *serial == self.serial && *at <= self.at =>
            {
                *generation
            }
            (Binding::Unregistered, Some(generation)) if self.revoked => generation,
            _ => return false,
        };
        let (serial, at) = (self.serial.clone(), self.at);
        let mut parts = record.user.parts();
        // Whether the policy lets the user take it up again is for a person to say.
        parts.given_up =
            Some(GivenUp { serial: serial.clone(), kind: token.kind, at, reusable: false });
        parts.binding = if self.revoked {
            Binding::Revoked { serial, at, generation }
        } else {
            Binding::Unregistered
        };
        parts.wait_until = self.reopens.or(parts.wait_until);
        record.user = User::from_parts(parts);
        true
    }

    /// Ends the bond to a camera token where the record still has it. `false` where nothing changed.
    pub(super) fn stop_signing(&self, record: &mut UserRecord) -> bool {
        let mut parts = record.user.parts();
        let its = |signer: &mut Signer| signer.serial == self.serial && signer.at <= self.at;
        let ended = parts.signer.take_if(its).is_some();
        if ended {
            parts.signer_wait_until = self.reopens.or(parts.signer_wait_until);
            record.user = User::from_parts(parts);
        }
        ended
    }

    /// One user of the token fewer. Its record was read before the user's, so it lacks what the
    /// user's record lacked.
    pub(super) fn leave(&self, token: &mut TokenRecord) {
        token.life = match std::mem::take(&mut token.life) {
            Life::InService(held) => held.leave(false, self.at),
            other => other,
        };
    }
}

/// Whether the token's record knows that somebody of this contract holds it, or held it when it was
/// lost.
pub(super) fn serves(token: &TokenRecord, contract: &ContractId) -> bool {
    let held = matches!(token.life, Life::InService(_) | Life::Lost(_));
    held && token.life.contract() == Some(contract)
}

/// Takes back what the user's record says of a registration. `false` where it says something else.
pub(super) fn forget(record: &mut UserRecord, serial: &Serial) -> bool {
    let mut parts = record.user.parts();
    let says = matches!(&parts.binding, Binding::InService { serial: its, .. } if its == serial);
    if says {
        parts.binding = Binding::Unregistered;
        record.user = User::from_parts(parts);
    }
    says
}

/// Takes back what the user's record says of a camera token. `false` where it says something else.
pub(super) fn forget_signer(record: &mut UserRecord, serial: &Serial) -> bool {
    let mut parts = record.user.parts();
    let says = parts.signer.take_if(|signer| signer.serial == *serial).is_some();
    record.user = User::from_parts(parts);
    says
}

fn parties(event: &DecodedEvent) -> Option<(Who, Serial)> {
    let institution = Institution::parse(event.institution.as_deref()?).ok()?;
    let contract = ContractId::parse(event.contract.as_deref()?).ok()?;
    let user = UserId::parse(event.user.as_deref()?).ok()?;
    let serial = Serial::parse(event.serial.as_deref()?).ok()?;
    Some(((institution, contract, user), serial))
}
