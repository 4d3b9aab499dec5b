//! Contracts: make, change, show.
//!
//! Not responsible for: their usage mode after they were made (`usage`), their lists (`lists`).

use warifu_api::contract::ContractDetail;
use warifu_core::{
    event::Action,
    ident::{ContractId, Institution},
    lifecycle::{Contract, UsageMode},
    rules::Rules,
    time::UnixTime,
};
use warifu_store::record::ContractRecord;

use super::{
    acting::{Acting, demand_grounds},
    draft::Cell,
    view,
};
use crate::{
    ask::{Ask, Kept},
    failure::Failure,
    service::Service,
    tls::Role,
    wire,
};

/// What a contract shall be.
#[derive(Debug)]
pub(crate) struct ContractWish {
    /// 利用開始日; absent: as it is, or now for a new contract.
    pub(crate) service_start: Option<UnixTime>,
    /// For a new contract; the policy's initial mode where absent.
    pub(crate) mode: Option<UsageMode>,
    pub(crate) reason: Option<String>,
    pub(crate) reference: Option<String>,
}

impl Service {
    /// Makes a contract, or changes its service start.
    pub(crate) async fn set_contract(
        &self,
        ask: &Ask,
        contract: &ContractId,
        wish: &ContractWish,
    ) -> Result<Kept<ContractDetail>, Failure> {
        loop {
            if let Some(detail) = self.recall(ask).await? {
                return Ok(Kept::Replayed(detail));
            }
            let cell = match self.load_contract(ask.institution(), contract).await? {
                Some(cell) => changed(ask, &*self.rules(ask.institution())?, cell, wish)?,
                None => self.new_contract(ask.institution(), contract, wish)?,
            };
            let outcome = if cell.is_new() { "created" } else { "done" };
            let detail = detail(cell.get());
            let mut draft = self.draft(ask, contract, cell)?;
            let acting = Acting {
                reason: wish.reason.clone(),
                reference: wish.reference.clone(),
                ..Acting::default()
            };
            let mut event = acting.event(ask, &draft, Action::ContractSet, (None, None), outcome);
            event.number = Some(draft.contract.get().contract.service_start.0);
            draft.push(event);
            if let Some(kept) = self.finish(ask, draft, detail).await? {
                return Ok(kept);
            }
        }
    }

    fn new_contract(
        &self,
        institution: &Institution,
        id: &ContractId,
        wish: &ContractWish,
    ) -> Result<Cell<ContractRecord>, Failure> {
        let rules = self.rules(institution)?;
        let moment = self.moment()?;
        let mode = wish.mode.unwrap_or(rules.usage.initial);
        if mode != rules.usage.initial && !rules.usage.allowed.contains(&mode) {
            return Err(Failure::Field {
                field: "usage_mode",
                rule: "is not one that this institution's profile allows",
            });
        }
        Ok(Cell::new(ContractRecord {
            institution: institution.clone(),
            id: id.clone(),
            contract: Contract::new(wish.service_start.unwrap_or_else(|| moment.now()), mode),
            created_ms: moment.ms,
            last_request: None,
        }))
    }

    /// One contract.
    pub(crate) async fn show_contract(
        &self,
        institution: &Institution,
        contract: &ContractId,
    ) -> Result<ContractDetail, Failure> {
        let cell = self.load_contract(institution, contract).await?.ok_or(Failure::NotFound)?;
        Ok(detail(cell.get()))
    }
}

fn changed(
    ask: &Ask,
    rules: &Rules,
    mut cell: Cell<ContractRecord>,
    wish: &ContractWish,
) -> Result<Cell<ContractRecord>, Failure> {
    let before = &cell.get().contract;
    if wish.mode.is_some_and(|mode| mode != before.mode()) {
        return Err(Failure::Conflict(
            "the usage mode of an existing contract is changed at its own address: it frees all tokens",
        ));
    }
    if let Some(start) = wish.service_start.filter(|start| *start != before.service_start) {
        // A later start would be a new grace period, which is not the front end's to give.
        if !ask.caller.roles.contains(Role::Operator) {
            return Err(Failure::Forbidden);
        }
        demand_grounds(rules, wish.reason.as_deref(), wish.reference.as_deref())?;
        cell.edit().contract.service_start = start;
    }
    Ok(cell)
}

fn detail(record: &ContractRecord) -> ContractDetail {
    let contract = &record.contract;
    ContractDetail {
        contract: record.id.to_string(),
        service_start: wire::timestamp(contract.service_start),
        usage_mode: view::mode(contract.mode()),
        generation: contract.generation(),
        common_serial: contract.common().map(|common| common.serial.to_string()),
        common_since: contract.common().map(|common| wire::timestamp(common.at)),
        created_at: wire::timestamp_ms(record.created_ms),
    }
}
