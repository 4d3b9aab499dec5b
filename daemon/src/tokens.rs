//! What operators do to tokens: look, unlock, enable, disable, set an expiry, resynchronise.
//!
//! Not responsible for: who may (http/authz), or for checking codes (verify).

use warifu_api::{
    facts::TokenFacts,
    token::{TokenDetail, TokenPage, TokenQuery, VerifyAnswer},
};
use warifu_core::{
    code::Code,
    event::Action,
    ident::{Institution, Serial, TokenId},
    lifecycle::{Life, standing::admits_serial},
    resync,
    rules::Rules,
    settle::{self, Reason, Verdict},
    time::UnixTime,
    token::{Moving, Switch, Token},
};
use warifu_keys::custody;
use warifu_store::{
    Space,
    record::{self, Record as _, TokenRecord},
};

use crate::{
    ask::{Ask, Kept},
    failure::Failure,
    lifecycle::{demand_grounds, token_note},
    service::{Committed, Loaded, Moment, Service},
    tls::Role,
    verify::{UNKNOWN, answer},
    wire,
};

/// A change of a token that a person asked for.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) what: What,
    /// For the audit chain: a reason.
    pub(crate) note: Option<String>,
    /// For the audit chain: of an application, a call or a check of identity.
    pub(crate) reference: Option<String>,
}

/// What is to be changed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum What {
    Disable,
    Enable,
    SetExpiry(Option<UnixTime>),
    Unlock,
}

impl What {
    const fn action(self) -> Action {
        match self {
            Self::Disable => Action::Disable,
            Self::Enable => Action::Enable,
            Self::SetExpiry(_) => Action::SetExpiry,
            Self::Unlock => Action::Unlock,
        }
    }

    /// Whether anything changed.
    fn apply(self, token: &mut Token) -> bool {
        match self {
            Self::Disable => token.switch_to(Switch::Disabled),
            Self::Enable => token.switch_to(Switch::Enabled),
            Self::SetExpiry(at) => std::mem::replace(&mut token.profile.expires_at, at) != at,
            Self::Unlock => token.unlock(),
        }
    }
}

/// A token that is in a customer's hands is not changed without what policy wants of staff, nor
/// unlocked where policy leaves that to the customer.
fn explained(rules: &Rules, loaded: &Loaded, change: &Change) -> Result<(), Failure> {
    if loaded.record.life.contract().is_none() {
        return Ok(());
    }
    if matches!(change.what, What::Unlock) && !rules.unlock.staff {
        return Err(Failure::Forbidden);
    }
    demand_grounds(rules, change.note.as_deref(), change.reference.as_deref())
}

/// The help desk also finds a token again that is on its way or in stock; nobody one that is
/// withdrawn or lost.
fn may_resync(ask: &Ask, rules: &Rules, life: &Life) -> bool {
    let at_the_bank = matches!(life, Life::Stock(_) | Life::Issued(_));
    admits_serial(rules.serial_verification, life)
        || (at_the_bank && ask.caller.roles.contains(Role::Operator))
}

impl Service {
    /// Changes a token. Asking for what is so already is no error, and is recorded all the same.
    pub(crate) async fn change_token(
        &self,
        ask: &Ask,
        serial: Serial,
        change: Change,
    ) -> Result<Kept<TokenDetail>, Failure> {
        let id = TokenId { institution: ask.institution().clone(), serial };
        let _turn = self.turns.take(&id, ask.deadline).await?;
        loop {
            if let Some(detail) = self.recall(ask).await? {
                return Ok(Kept::Replayed(detail));
            }
            let moment = self.moment()?;
            let policy = self.policy(&id.institution)?;
            let mut loaded = self.load_token(&id).await?.ok_or(Failure::NotFound)?;
            let rules = self.rules(&id.institution)?;
            explained(&rules, &loaded, &change)?;
            loaded.changed = change.what.apply(&mut loaded.record.token);
            let detail = wire::detail(&loaded.record, &policy, moment.now());
            let outcome = if loaded.changed { "done" } else { "unchanged" };
            let mut event = ask.event(change.what.action(), Some(&id.serial), moment.ms, outcome);
            event.note.clone_from(&change.note);
            event.parties.reference.clone_from(&change.reference);
            event.parties.contract = loaded.record.life.contract().cloned();
            if let What::SetExpiry(Some(at)) = change.what {
                event.number = Some(at.0);
            }
            if loaded.changed {
                let note = token_note(ask, change.what.action(), outcome, None, None, moment.ms);
                loaded.record.push(note);
            }
            let unit = Self::unit(ask, &loaded, &detail, &event, moment)?;
            if self.commit(ask, &id, unit).await? == Committed::Done {
                return Ok(Kept::Fresh(detail));
            }
        }
    }

    /// Finds counter or clock again from two consecutive codes.
    pub(crate) async fn resync(
        &self,
        ask: &Ask,
        serial: Serial,
        codes: [&Code; 2],
    ) -> Result<Kept<VerifyAnswer>, Failure> {
        let id = TokenId { institution: ask.institution().clone(), serial };
        let _turn = self.turns.take(&id, ask.deadline).await?;
        loop {
            if let Some(answer) = self.recall(ask).await? {
                return Ok(Kept::Replayed(answer));
            }
            let moment = self.moment()?;
            let policy = self.policy(&id.institution)?;
            let Some(mut loaded) = self.load_token(&id).await? else {
                return self.resync_unknown(ask, &id, codes, moment, UNKNOWN).await;
            };
            let rules = self.rules(&id.institution)?;
            let admitted = may_resync(ask, &rules, &loaded.record.life);
            if rules.hide_which && !admitted && !ask.caller.roles.contains(Role::Operator) {
                let word = Reason::NotInService.word();
                return self.resync_unknown(ask, &id, codes, moment, word).await;
            }
            let verdict = self.judge_pair(ask, &id, &mut loaded, codes, moment).await?;
            loaded.note(ask, Action::Resync, verdict, moment);
            let answer = answer(ask, &loaded.record.token, &policy, &id.serial, verdict, moment);
            let outcome = wire::outcome_word(verdict);
            let mut event = ask.event(Action::Resync, Some(&id.serial), moment.ms, outcome);
            event.number = Some(wire::explanation(verdict));
            let unit = Self::unit(ask, &loaded, &answer, &event, moment)?;
            if self.commit(ask, &id, unit).await? == Committed::Done {
                self.metrics.resynchronised(&id.institution, outcome);
                return Ok(Kept::Fresh(answer));
            }
        }
    }

    /// Whoever may look tokens up is told the truth; to others it must not be a way to find out.
    async fn resync_unknown(
        &self,
        ask: &Ask,
        id: &TokenId,
        codes: [&Code; 2],
        moment: Moment,
        word: &'static str,
    ) -> Result<Kept<VerifyAnswer>, Failure> {
        if ask.caller.roles.contains(Role::Operator) {
            return Err(Failure::NotFound);
        }
        let policy = self.policy(&id.institution)?;
        let ready = self.hsm.is_ready();
        let verdict = self.decoys.refuse_pair(id, &policy, moment.now(), codes, ready)?;
        let kept = self.told_unknown(ask, id, (Action::Resync, word), verdict, moment).await?;
        if matches!(kept, Kept::Fresh(_)) {
            self.metrics.resynchronised(&id.institution, word);
        }
        Ok(kept)
    }

    async fn judge_pair(
        &self,
        ask: &Ask,
        id: &TokenId,
        loaded: &mut Loaded,
        codes: [&Code; 2],
        moment: Moment,
    ) -> Result<Verdict, Failure> {
        let policy = self.policy(&id.institution)?;
        let record = &mut loaded.record;
        let rules = self.rules(&id.institution)?;
        if !may_resync(ask, &rules, &record.life) {
            return Ok(settle::decline(&record.token, &policy, Reason::NotInService));
        }
        let search = match resync::plan(&record.token, &policy, moment.now(), codes) {
            Ok(search) => search,
            Err(refusal) => return Ok(resync::refused(&record.token, &policy, refusal)),
        };
        let profile = &record.token.profile;
        let found = self
            .hsm
            .resync(
                &record.seal,
                &custody::record_name(id),
                profile.hash,
                profile.digits,
                codes,
                search.from,
                search.count,
                self.hsm_deadline(ask),
            )
            .await?;
        loaded.changed = true;
        Ok(resync::settle(&mut record.token, &policy, moment.now(), search, found))
    }

    /// One token, as it is now.
    pub(crate) async fn show_token(
        &self,
        institution: &Institution,
        serial: Serial,
    ) -> Result<TokenDetail, Failure> {
        let id = TokenId { institution: institution.clone(), serial };
        let policy = self.policy(institution)?;
        let mut record = self.load_token(&id).await?.ok_or(Failure::NotFound)?.record;
        let now = self.now_for_display();
        if let Moving::Camera(camera) = &mut record.token.moving {
            // What has taken too long is over, also before anybody writes that down.
            camera.expire(&self.rules(institution)?.camera, now);
        }
        Ok(wire::detail(&record, &policy, now))
    }

    /// How a token makes its codes. A front end hears of no token whose codes it could not have
    /// checked by serial, where policy hides which those are: it is told the same as of a serial
    /// that no token has.
    pub(crate) async fn token_facts(
        &self,
        ask: &Ask,
        serial: Serial,
    ) -> Result<TokenFacts, Failure> {
        let id = TokenId { institution: ask.institution().clone(), serial };
        let record = self.load_token(&id).await?.ok_or(Failure::NotFound)?.record;
        let staff = [Role::Auditor, Role::Officer, Role::Operator];
        let is_staff = staff.iter().any(|role| ask.caller.roles.contains(*role));
        let rules = self.rules(&id.institution)?;
        let hidden = rules.hide_which && !admits_serial(rules.serial_verification, &record.life);
        if hidden && !is_staff { Err(Failure::NotFound) } else { Ok(wire::facts(&record)) }
    }

    /// A page of tokens. Looks at no more than [`SCAN_BUDGET`] records, so a page may hold fewer
    /// tokens than asked for and still not be the last.
    pub(crate) async fn list_tokens(
        &self,
        institution: &Institution,
        query: &TokenQuery,
    ) -> Result<TokenPage, Failure> {
        let limit = page_limit(query.limit)?;
        let mut after = query.cursor.as_deref().map(cursor(institution)).transpose()?;
        let prefix = match &query.prefix {
            Some(text) => [record::token_prefix(institution), text.as_bytes().to_vec()].concat(),
            None => record::token_prefix(institution),
        };
        let (mut items, mut seen) = (Vec::new(), 0);
        loop {
            let rest = limit - items.len();
            let page =
                self.store.scan(Space::Token, &prefix, after.as_deref(), rest.max(64)).await?;
            for (key, found) in page.items {
                after = Some(key);
                seen += 1;
                let record = TokenRecord::decode(&found.bytes)?;
                if self.fits(&record, query).await? {
                    items.push(wire::summary(&record, self.now_for_display()));
                }
                if items.len() == limit {
                    break;
                }
            }
            let full = items.len() == limit || seen >= SCAN_BUDGET;
            if full || page.next.is_none() {
                let more = full && after.is_some();
                let next_cursor = more.then(|| after.as_deref().map(cursor_text)).flatten();
                return Ok(TokenPage { items, next_cursor });
            }
        }
    }

    async fn fits(&self, record: &TokenRecord, query: &TokenQuery) -> Result<bool, Failure> {
        let now = self.now_for_display();
        let wanted = query.status.is_none_or(|want| wire::status(record.token.status(now)) == want)
            && query.batch.as_deref().is_none_or(|want| record.batch.as_str() == want)
            && query.manufacturer.as_deref().is_none_or(|want| record.manufacturer == want);
        let active =
            self.batches.is_active(&*self.store, &record.institution, &record.batch).await?;
        Ok(wanted && active)
    }

    pub(crate) fn now_for_display(&self) -> UnixTime {
        UnixTime(self.clock_ms() / 1_000)
    }
}

pub(crate) fn page_limit(limit: Option<u32>) -> Result<usize, Failure> {
    match limit.unwrap_or(100) {
        limit @ 1..=1_000 => Ok(limit as usize),
        _ => Err(Failure::Field { field: "limit", rule: "1 to 1000" }),
    }
}

/// A cursor is the last serial of the page before: readable, and worthless to another institution.
fn cursor(institution: &Institution) -> impl Fn(&str) -> Result<Vec<u8>, Failure> + '_ {
    |text| {
        let serial = Serial::parse(text)
            .map_err(|_| Failure::Field { field: "cursor", rule: "the next_cursor of a page" })?;
        Ok(record::token_key(&TokenId { institution: institution.clone(), serial }))
    }
}

fn cursor_text(key: &[u8]) -> String {
    let serial = key.rsplit(|byte| *byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(serial).into_owned()
}

/// Most records one page looks at.
const SCAN_BUDGET: usize = 10_000;
