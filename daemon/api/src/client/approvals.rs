//! What one person begins and another decides, one method each: staged batches and proposals.
//!
//! Not responsible for how a request travels.

use super::{Client, ClientError, exchange::Content, target::query_text};
use crate::{
    approval::{DecisionRequest, Proposal, ProposalPage, ProposalQuery, ProposalRequest},
    import::{ApproveRequest, ImportJob},
    operation::Operation,
};

impl Client {
    /// Puts a staged batch into service; by another person than staged it.
    pub async fn approve_import(
        &self,
        id: &str,
        request: &ApproveRequest,
    ) -> Result<ImportJob, ClientError> {
        self.ask(Operation::ImportApprove, &[id], "", Content::json(request)?).await
    }

    /// Refuses a staged batch; nothing of it is kept.
    pub async fn reject_import(
        &self,
        id: &str,
        request: &DecisionRequest,
    ) -> Result<ImportJob, ClientError> {
        self.ask(Operation::ImportReject, &[id], "", Content::json(request)?).await
    }

    /// Proposes an operation that needs two people.
    pub async fn propose(&self, request: &ProposalRequest) -> Result<Proposal, ClientError> {
        self.ask(Operation::ProposalCreate, &[], "", Content::json(request)?).await
    }

    /// One page of the list of proposals.
    pub async fn proposals(&self, query: &ProposalQuery) -> Result<ProposalPage, ClientError> {
        self.get(Operation::ProposalList, &[], &query_text(query)?).await
    }

    /// Shows a proposal.
    pub async fn proposal(&self, id: &str) -> Result<Proposal, ClientError> {
        self.get(Operation::ProposalShow, &[id], "").await
    }

    /// Carries a proposal out; by another person than proposed it.
    pub async fn approve_proposal(
        &self,
        id: &str,
        request: &DecisionRequest,
    ) -> Result<Proposal, ClientError> {
        self.ask(Operation::ProposalApprove, &[id], "", Content::json(request)?).await
    }

    /// Refuses a proposal.
    pub async fn reject_proposal(
        &self,
        id: &str,
        request: &DecisionRequest,
    ) -> Result<Proposal, ClientError> {
        self.ask(Operation::ProposalReject, &[id], "", Content::json(request)?).await
    }

    /// Takes a proposal of one's own back.
    pub async fn withdraw_proposal(&self, id: &str) -> Result<Proposal, ClientError> {
        self.ask(Operation::ProposalWithdraw, &[id], "", Content::None).await
    }
}
