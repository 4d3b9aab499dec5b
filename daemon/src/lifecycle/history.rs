//! Why did this code fail? What was done with a token last, for the help desk.
//!
//! Not responsible for: the whole past, which is in the audit chain.

use warifu_api::history::{TokenEvent, TokenHistory};
use warifu_core::ident::{Institution, Serial, TokenId};
use warifu_store::record::TokenNote;

use super::view;
use crate::{failure::Failure, service::Service, wire};

impl Service {
    /// The token's latest events, newest first, and who takes part in it.
    pub(crate) async fn token_history(
        &self,
        institution: &Institution,
        serial: Serial,
    ) -> Result<TokenHistory, Failure> {
        let id = TokenId { institution: institution.clone(), serial };
        let loaded = self.load_token(&id).await?.ok_or(Failure::NotFound)?;
        let record = &loaded.record;
        let contract = record.life.contract().cloned();
        let (users, users_more) = match &contract {
            Some(name) => {
                let cell = self.load_contract(institution, name).await?.ok_or(Failure::NotFound)?;
                self.users_of(&id, (name, &cell.get().contract)).await?
            }
            None => (Vec::new(), false),
        };
        Ok(TokenHistory {
            serial: id.serial.to_string(),
            status: wire::status(record.token.status(self.now_for_display())),
            life: view::life(record.life.stage()),
            contract: contract.map(|name| name.to_string()),
            items: record.recent.iter().rev().map(event).collect(),
            users: users.iter().map(ToString::to_string).collect(),
            users_more,
            explanation: None,
        })
    }
}

fn event(note: &TokenNote) -> TokenEvent {
    TokenEvent {
        at: wire::timestamp_ms(note.at_ms),
        action: note.action.clone(),
        outcome: note.outcome.clone(),
        number: note.number,
        user: note.user.as_ref().map(ToString::to_string),
        by: note.by.to_string(),
    }
}
