//! The client's jobs around transport keys: listing, making, importing and removing them, and the
//! ceremonies in which several people bring the components of one.
//!
//! Not responsible for: who may do what and how many people it takes (the daemon), or for keeping the
//! sum of a ceremony between two steps: the caller stores what a step gives back.

use std::time::Instant;

use warifu_hsm_protocol::{Job, KcvMethod, KeyInfo, Reply, SecretBytes, TransportShape};

use super::{Hsm, Repeat, error::HsmError};

/// One component of a key, typed by one person.
#[derive(Debug)]
pub struct ComponentOrder {
    /// Of [`Hsm::open_ceremony`].
    pub ceremony: [u8; 16],
    /// What the key is to become.
    pub shape: TransportShape,
    /// How the vendor makes check values.
    pub method: KcvMethod,
    /// What the step before gave back; `None` for the first.
    pub partial: Option<Vec<u8>>,
    /// The component, as long as the key.
    pub component: SecretBytes,
}

/// A component that was added.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Component {
    /// Check value of the component alone.
    pub kcv: Vec<u8>,
    /// Check value of the sum so far.
    pub sum_kcv: Vec<u8>,
    /// The sum, readable to the HSM only; for the next step.
    pub partial: Vec<u8>,
    /// Components in it.
    pub count: u8,
}

/// The last step of a ceremony.
#[derive(Debug)]
pub struct FinishOrder {
    /// Of [`Hsm::open_ceremony`].
    pub ceremony: [u8; 16],
    /// As with the components.
    pub shape: TransportShape,
    /// As with the components.
    pub method: KcvMethod,
    /// What the last component gave back.
    pub partial: Vec<u8>,
    /// Label of the key to be.
    pub label: String,
    /// How many components were added.
    pub count: u8,
}

impl Hsm {
    /// The transport keys that lie in the HSM.
    pub async fn list_transport_keys(&self) -> Result<Vec<KeyInfo>, HsmError> {
        keys(self.request(Job::ListTransportKeys, Repeat::Safe, self.soon()).await?)
    }

    /// Makes an AES transport key inside the HSM. `Conflict` where the label is taken.
    pub async fn generate_transport_key(
        &self,
        label: &str,
        bits: u16,
    ) -> Result<KeyInfo, HsmError> {
        let job = Job::GenerateTransportKey { label: label.to_owned(), bits };
        one_key(self.request(job, Repeat::Never, self.soon()).await?)
    }

    /// Makes an RSA key pair inside the HSM, whose public half the manufacturer encrypts to.
    /// `Conflict` where the label is taken. Long keys take an HSM many seconds.
    pub async fn generate_transport_pair(
        &self,
        label: &str,
        bits: u16,
    ) -> Result<KeyInfo, HsmError> {
        let job = Job::GenerateTransportPair { label: label.to_owned(), bits };
        let deadline = Instant::now() + self.shared.config.bulk_limit;
        one_key(self.request(job, Repeat::Never, deadline).await?)
    }

    /// The public half of a pair: DER of SubjectPublicKeyInfo.
    pub async fn transport_public_key(&self, label: &str) -> Result<Vec<u8>, HsmError> {
        let job = Job::TransportPublicKey { label: label.to_owned() };
        match self.request(job, Repeat::Safe, self.soon()).await? {
            Reply::PublicKey(der) => Ok(der),
            _ => Err(HsmError::Malformed),
        }
    }

    /// Brings a manufacturer's AES key into the HSM. `Conflict` where the label is taken.
    pub async fn import_transport_key(
        &self,
        label: &str,
        value: SecretBytes,
    ) -> Result<KeyInfo, HsmError> {
        let bits = u16::try_from(value.expose().len() * 8).map_err(|_| HsmError::Malformed)?;
        self.import_shaped_key(label, TransportShape::Aes { bits }, value).await
    }

    /// Brings a manufacturer's key of any shape into the HSM. `Conflict` where the label is taken.
    pub async fn import_shaped_key(
        &self,
        label: &str,
        shape: TransportShape,
        value: SecretBytes,
    ) -> Result<KeyInfo, HsmError> {
        let job = Job::ImportTransportKey { label: label.to_owned(), shape, value };
        one_key(self.request(job, Repeat::Never, self.soon()).await?)
    }

    /// Removes a transport key, both halves of a pair, and every worker's copy. Whether it was there.
    pub async fn destroy_transport_key(&self, label: &str) -> Result<bool, HsmError> {
        let job = || Job::DestroyTransportKey { label: label.to_owned() };
        let mut there = false;
        for reply in self.ask_all(job).await? {
            there |= destroyed(&reply)?;
        }
        Ok(there)
    }

    /// Opens a key ceremony under a name that was never used before (16 random bytes). Opening it
    /// twice is as good as once.
    pub async fn open_ceremony(&self, ceremony: [u8; 16]) -> Result<(), HsmError> {
        match self.request(Job::OpenCeremony { ceremony }, Repeat::Never, self.soon()).await? {
            Reply::Done => Ok(()),
            _ => Err(HsmError::Malformed),
        }
    }

    /// Adds a component; store what comes back before asking for the next.
    ///
    /// `Conflict` says what is wrong with the component; `NoSuchKey` where the ceremony is not open;
    /// `BadValue` where the sum is not one of this ceremony.
    pub async fn add_component(&self, order: ComponentOrder) -> Result<Component, HsmError> {
        let ComponentOrder { ceremony, shape, method, partial, component } = order;
        let job = Job::AddComponent { ceremony, shape, method, partial, component };
        match self.request(job, Repeat::Safe, self.soon()).await? {
            Reply::Component { kcv, sum_kcv, partial, count } => {
                Ok(Component { kcv, sum_kcv, partial, count })
            }
            _ => Err(HsmError::Malformed),
        }
    }

    /// Makes the key and closes the ceremony. `Conflict` where the label is taken.
    ///
    /// After `Unavailable` or `Timeout` the key may exist; [`Self::list_transport_keys`] tells.
    pub async fn finish_ceremony(&self, order: FinishOrder) -> Result<KeyInfo, HsmError> {
        let FinishOrder { ceremony, shape, method, partial, label, count } = order;
        let job = Job::FinishCeremony { ceremony, shape, method, partial, label, count };
        one_key(self.request(job, Repeat::Never, self.soon()).await?)
    }

    /// Gives a ceremony up: nobody can open its sum any more. Whether it was open.
    pub async fn close_ceremony(&self, ceremony: [u8; 16]) -> Result<bool, HsmError> {
        destroyed(&self.request(Job::CloseCeremony { ceremony }, Repeat::Never, self.soon()).await?)
    }
}

pub(super) fn destroyed(reply: &Reply) -> Result<bool, HsmError> {
    match reply {
        Reply::Destroyed(there) => Ok(*there),
        _ => Err(HsmError::Malformed),
    }
}

fn keys(reply: Reply) -> Result<Vec<KeyInfo>, HsmError> {
    match reply {
        Reply::Keys(keys) => Ok(keys),
        _ => Err(HsmError::Malformed),
    }
}

fn one_key(reply: Reply) -> Result<KeyInfo, HsmError> {
    keys(reply)?.pop().ok_or(HsmError::Malformed)
}
