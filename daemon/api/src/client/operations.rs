//! The operations, one method each, but for those of the life cycle, of signatures, of keys and of
//! what two people decide. Not responsible for how a request travels.

use serde::de::DeserializeOwned;

use super::{Client, ClientError, Download, exchange::Content, target::query_text};
use crate::{
    audit::AuditPublicKey,
    facts::TokenFacts,
    import::{ImportJob, ImportPage, ImportQuery, ImportRequest},
    operation::Operation,
    secret::SecretText,
    status::{Health, Readiness, Status},
    time::Timestamp,
    token::{
        ChangeRequest, ExpiryRequest, ResyncRequest, TokenDetail, TokenPage, TokenQuery,
        VerifyAnswer, VerifyRequest,
    },
};

impl Client {
    /// Checks a code. A wrong code is an answer, not an error.
    pub async fn verify(
        &self,
        serial: &str,
        code: SecretText,
    ) -> Result<VerifyAnswer, ClientError> {
        let body = Content::json(&VerifyRequest { code })?;
        self.ask(Operation::TokenVerify, &[serial], "", body).await
    }

    /// Checks two consecutive codes and finds the token's counter or clock again.
    pub async fn resync(
        &self,
        serial: &str,
        codes: [SecretText; 2],
    ) -> Result<VerifyAnswer, ClientError> {
        let body = Content::json(&ResyncRequest { codes })?;
        self.ask(Operation::TokenResync, &[serial], "", body).await
    }

    /// One page of the list of tokens.
    pub async fn tokens(&self, query: &TokenQuery) -> Result<TokenPage, ClientError> {
        self.get(Operation::TokenList, &[], &query_text(query)?).await
    }

    /// Shows a token.
    pub async fn token(&self, serial: &str) -> Result<TokenDetail, ClientError> {
        self.get(Operation::TokenShow, &[serial], "").await
    }

    /// How a token makes its codes.
    pub async fn token_facts(&self, serial: &str) -> Result<TokenFacts, ClientError> {
        self.get(Operation::TokenFacts, &[serial], "").await
    }

    /// Lifts a token's lock.
    pub async fn unlock(
        &self,
        serial: &str,
        why: &ChangeRequest,
    ) -> Result<TokenDetail, ClientError> {
        self.change(Operation::TokenUnlock, serial, why).await
    }

    /// Puts a token in use.
    pub async fn enable(
        &self,
        serial: &str,
        why: &ChangeRequest,
    ) -> Result<TokenDetail, ClientError> {
        self.change(Operation::TokenEnable, serial, why).await
    }

    /// Puts a token out of use.
    pub async fn disable(
        &self,
        serial: &str,
        why: &ChangeRequest,
    ) -> Result<TokenDetail, ClientError> {
        self.change(Operation::TokenDisable, serial, why).await
    }

    /// Sets a token's expiry, or lifts it.
    pub async fn set_expiry(
        &self,
        serial: &str,
        expires_at: Option<Timestamp>,
        why: ChangeRequest,
    ) -> Result<TokenDetail, ClientError> {
        let ChangeRequest { reason, reference } = why;
        let body = Content::json(&ExpiryRequest { expires_at, reason, reference })?;
        self.ask(Operation::TokenExpiry, &[serial], "", body).await
    }

    /// Opens an import; its file is sent with [`Client::import_content`].
    pub async fn open_import(&self, request: &ImportRequest) -> Result<ImportJob, ClientError> {
        self.ask(Operation::ImportCreate, &[], "", Content::json(request)?).await
    }

    /// One page of the list of imports.
    pub async fn imports(&self, query: &ImportQuery) -> Result<ImportPage, ClientError> {
        self.get(Operation::ImportList, &[], &query_text(query)?).await
    }

    /// Shows an import.
    pub async fn import(&self, id: &str) -> Result<ImportJob, ClientError> {
        self.get(Operation::ImportShow, &[id], "").await
    }

    /// Cancels an import.
    pub async fn cancel_import(&self, id: &str) -> Result<ImportJob, ClientError> {
        self.ask(Operation::ImportCancel, &[id], "", Content::None).await
    }

    /// Exports the whole audit chain: a part of it could not be verified.
    pub async fn audit_export(&self) -> Result<Download, ClientError> {
        self.download(Operation::AuditExport, "").await
    }

    /// The public key of the audit chain.
    pub async fn audit_public_key(&self) -> Result<AuditPublicKey, ClientError> {
        self.get(Operation::AuditPublicKey, &[], "").await
    }

    /// Takes a backup.
    pub async fn backup(&self) -> Result<Download, ClientError> {
        self.download(Operation::BackupCreate, "").await
    }

    /// Facts about the daemon.
    pub async fn status(&self) -> Result<Status, ClientError> {
        self.get(Operation::Status, &[], "").await
    }

    /// Whether the process answers.
    pub async fn health(&self) -> Result<Health, ClientError> {
        self.get(Operation::Health, &[], "").await
    }

    /// Whether codes can be checked right now. Not being ready is an answer, not an error.
    pub async fn ready(&self) -> Result<Readiness, ClientError> {
        let answer = self.open_any(Operation::Ready, &[], "", Content::None).await?;
        let (status, headers, bytes) = self.read(answer).await?;
        serde_json::from_slice(&bytes)
            .map_err(|_| super::exchange::problem(status, &headers, &bytes))
    }

    /// The daemon's OpenAPI description.
    pub async fn description(&self) -> Result<serde_json::Value, ClientError> {
        self.get(Operation::OpenApi, &[], "").await
    }

    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        operation: Operation,
        arguments: &[&str],
        query: &str,
    ) -> Result<T, ClientError> {
        self.ask(operation, arguments, query, Content::None).await
    }

    async fn change(
        &self,
        operation: Operation,
        serial: &str,
        why: &ChangeRequest,
    ) -> Result<TokenDetail, ClientError> {
        let body = Content::json(why)?;
        self.ask(operation, &[serial], "", body).await
    }

    async fn download(&self, operation: Operation, query: &str) -> Result<Download, ClientError> {
        let answer = self.open(operation, &[], query, Content::None).await?;
        Ok(Download::new(self.clone(), answer))
    }
}
