//! A signature instead of a code: who holds a camera token proves themselves by a challenge that
//! their token answered just before.
//!
//! Not responsible for: whether one is needed (the gate), the challenge's own answer (`answer`).

use warifu_api::signing::Signed;
use warifu_core::{
    challenge::{Purpose, State},
    ident::UserId,
    lifecycle::Denial,
};

use super::{ChallengeName, signed};
use crate::{
    ask::Ask,
    failure::Failure,
    lifecycle::{acting::Acting, draft::Draft, grants::session_digest},
    service::Service,
};

impl Service {
    /// Uses up the signature that came with the request. `false`: it is none, or not this actor's.
    pub(in crate::lifecycle) async fn spend_signature(
        &self,
        ask: &Ask,
        draft: &mut Draft,
        acting: &Acting,
        (actor, name): (&UserId, &ChallengeName),
    ) -> Result<bool, Failure> {
        let Some(session) = &acting.session else { return Ok(false) };
        let session = session_digest(self, ask, session.expose());
        let ChallengeName { serial, id } = name;
        if !self.fetch_challenge(draft, serial, id).await? {
            return Ok(false);
        }
        let signs = draft.signs(actor).is_some_and(|held| held.serial == serial);
        let now = draft.now();
        let owner = (draft.contract_id.clone(), actor.clone());
        let Some(cell) = draft.challenge_cell(serial, id) else { return Ok(false) };
        let one = cell.get();
        let whose = (one.challenge.contract.clone(), one.challenge.user.clone());
        let fresh = matches!(one.challenge.state, State::Verified { at }
            if now.0 < at.0.saturating_add(one.challenge.lifetime_s.into()));
        // A transfer that was signed must not pass for anything else.
        let kind = matches!(signed::signed(one), Some(Signed::Admin { .. } | Signed::Login {}));
        let good = signs
            && whose == owner
            && one.challenge.session == session
            && one.purpose == Purpose::Sign
            && fresh
            && kind;
        if good {
            cell.edit().challenge.state = State::Ended(Denial::AlreadyUsed);
        }
        Ok(good)
    }
}
