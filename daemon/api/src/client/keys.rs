//! Transport keys, their ceremonies and the wrapping keys, one method each.
//!
//! Not responsible for how a request travels.

use super::{Client, ClientError, exchange::Content};
use crate::{
    key::{
        Ceremony, CeremonyList, CeremonyRequest, ComponentRequest, ConfirmRequest, KeyList,
        PublicKey, WrappingKeys,
    },
    operation::Operation,
};

impl Client {
    /// All transport keys, destroyed ones included.
    pub async fn keys(&self) -> Result<KeyList, ClientError> {
        self.get(Operation::KeyList, &[], "").await
    }

    /// Public part of a transport key pair.
    pub async fn key_public(&self, label: &str) -> Result<PublicKey, ClientError> {
        self.get(Operation::KeyPublic, &[label], "").await
    }

    /// Opens a key ceremony.
    pub async fn open_ceremony(&self, request: &CeremonyRequest) -> Result<Ceremony, ClientError> {
        self.ask(Operation::CeremonyOpen, &[], "", Content::json(request)?).await
    }

    /// Open ceremonies, and those that ended lately.
    pub async fn ceremonies(&self) -> Result<CeremonyList, ClientError> {
        self.get(Operation::CeremonyList, &[], "").await
    }

    /// Shows a key ceremony.
    pub async fn ceremony(&self, id: &str) -> Result<Ceremony, ClientError> {
        self.get(Operation::CeremonyShow, &[id], "").await
    }

    /// Enters a component of a key.
    pub async fn ceremony_component(
        &self,
        id: &str,
        request: &ComponentRequest,
    ) -> Result<Ceremony, ClientError> {
        self.ask(Operation::CeremonyComponent, &[id], "", Content::json(request)?).await
    }

    /// Confirms the check value of the whole key.
    pub async fn confirm_ceremony(
        &self,
        id: &str,
        request: &ConfirmRequest,
    ) -> Result<Ceremony, ClientError> {
        self.ask(Operation::CeremonyConfirm, &[id], "", Content::json(request)?).await
    }

    /// Gives a key ceremony up.
    pub async fn abort_ceremony(&self, id: &str) -> Result<Ceremony, ClientError> {
        self.ask(Operation::CeremonyAbort, &[id], "", Content::None).await
    }

    /// Wrapping keys and the progress of their rotation.
    pub async fn wrapping_keys(&self) -> Result<WrappingKeys, ClientError> {
        self.get(Operation::WrappingKeys, &[], "").await
    }
}
