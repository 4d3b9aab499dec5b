//! Tokens page by page, a page only when a program wants to hear more.
//!
//! Not responsible for which of them are wanted.

use warifu_api::{
    client::Client,
    facts::TokenFacts,
    token::{TokenPage, TokenQuery, TokenSummary},
};

use super::{allowed, one_token};
use crate::{clock::Deadline, fault::Outcome, provider::Provider, session::Session};

/// The most that the daemon gives at once.
const TOKENS_PER_PAGE: u32 = 1_000;

/// A page of tokens that was not asked for yet.
#[derive(Debug)]
pub(super) struct Page {
    cursor: Option<String>,
    manufacturer: Option<String>,
    /// Whose the tokens are; a list does not say it.
    institution: Option<String>,
}

impl Page {
    pub(super) fn first(manufacturer: Option<String>) -> Self {
        Self { cursor: None, manufacturer, institution: None }
    }

    /// The tokens, and the page after this.
    pub(super) fn fetch(
        &self,
        provider: &Provider,
        session: &Session,
        deadline: Deadline,
    ) -> Outcome<(Vec<TokenFacts>, Option<Self>)> {
        let query = TokenQuery {
            limit: Some(TOKENS_PER_PAGE),
            cursor: self.cursor.clone(),
            manufacturer: self.manufacturer.clone(),
            ..TokenQuery::default()
        };
        let question = async |client: &Client| client.tokens(&query).await;
        let asked = session.slot.remote.ask(None, deadline, question);
        // Front ends may not list tokens; they know whose code they have.
        let Some(page) = allowed(provider, asked)? else { return Ok((Vec::new(), None)) };
        let institution = match &self.institution {
            Some(known) => Some(known.clone()),
            None => institution(provider, session, &page)?,
        };
        Ok(self.turn(page, institution))
    }

    fn turn(
        &self,
        page: TokenPage,
        institution: Option<String>,
    ) -> (Vec<TokenFacts>, Option<Self>) {
        let facts = |token| institution.as_ref().map(|whose| facts(token, whose.clone()));
        let tokens = page.items.into_iter().filter_map(facts).collect();
        let manufacturer = self.manufacturer.clone();
        let next =
            page.next_cursor.map(|cursor| Self { cursor: Some(cursor), manufacturer, institution });
        (tokens, next)
    }
}

/// Asked of the first token that is still there, once per search.
fn institution(
    provider: &Provider,
    session: &Session,
    page: &TokenPage,
) -> Outcome<Option<String>> {
    for token in &page.items {
        if let Some(facts) = one_token(provider, session, &token.serial)? {
            return Ok(Some(facts.institution));
        }
    }
    Ok(None)
}

fn facts(token: TokenSummary, institution: String) -> TokenFacts {
    let TokenSummary {
        serial,
        manufacturer,
        kind,
        algorithm,
        hash,
        digits,
        time_step_s,
        suites,
        ..
    } = token;
    TokenFacts {
        institution,
        serial,
        manufacturer,
        kind,
        algorithm,
        hash,
        digits,
        time_step_s,
        suites,
    }
}

#[cfg(test)]
mod tests {
    use warifu_api::token::{Algorithm, Hash, TokenKind, TokenLife, TokenStatus};

    use super::*;

    fn summary(serial: &str) -> TokenSummary {
        TokenSummary {
            serial: serial.to_owned(),
            manufacturer: "Maker".to_owned(),
            kind: TokenKind::Hard,
            life: TokenLife::Stock,
            algorithm: Algorithm::Totp,
            hash: Hash::Sha1,
            digits: 6,
            time_step_s: Some(60),
            suites: None,
            status: TokenStatus::Active,
            batch: "b".to_owned(),
            expires_at: None,
        }
    }

    #[test]
    fn a_page_leads_to_the_next_until_there_is_none() {
        let first = Page::first(Some("Maker".to_owned()));
        let page = TokenPage { items: vec![summary("1")], next_cursor: Some("1".to_owned()) };
        let (tokens, next) = first.turn(page, Some("bank".to_owned()));
        let token = tokens.first().unwrap();
        assert_eq!((token.serial.as_str(), token.institution.as_str()), ("1", "bank"));
        assert_eq!(token.time_step_s, Some(60));
        let next = next.unwrap();
        assert_eq!(
            (next.cursor.as_deref(), next.manufacturer.as_deref()),
            (Some("1"), Some("Maker"))
        );
        let page = TokenPage { items: Vec::new(), next_cursor: None };
        let (tokens, last) = next.turn(page, next.institution.clone());
        assert!(tokens.is_empty() && last.is_none());
    }
}
