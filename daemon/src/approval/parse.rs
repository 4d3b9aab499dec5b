//! A proposed operation with its names checked: what can be carried out.
//!
//! Not responsible for: whether the state of things allows it, which is found out when it is.

use warifu_api::{approval::ProposedOperation, token::ChangeRequest};
use warifu_core::{
    ident::{ContractId, Name, Serial, UserId},
    rules::ApprovalRules,
};

use crate::{
    failure::Failure,
    http::{reason, reference, users},
    lifecycle::{Acting, Targets},
    tls::Role,
};

/// What can be carried out.
#[derive(Debug)]
pub(super) enum Work {
    Initialise { contract: ContractId, serial: Serial, acting: Acting },
    Unlock { contract: ContractId, targets: Targets },
    KeyGenerate { label: Name, bits: u16 },
    KeyPair { label: Name, bits: u16 },
    KeyDestroy { label: Name },
    Lost { serial: Serial, acting: Acting },
    Rotate,
    DestroyWrappingKey { generation: u32 },
}

impl Work {
    /// Checks every name of the operation.
    pub(super) fn parse(operation: &ProposedOperation) -> Result<Self, Failure> {
        Ok(match operation {
            ProposedOperation::CameraInitialise { contract, serial, request } => Self::Initialise {
                contract: self::contract(contract)?,
                serial: self::serial(serial)?,
                acting: acting(request)?,
            },
            ProposedOperation::ContractUnlocks { contract, users, request } => Self::Unlock {
                contract: self::contract(contract)?,
                targets: Targets { acting: acting(request)?, users: distinct(users)? },
            },
            ProposedOperation::KeyGenerate { label, bits } => {
                let rule = "128, 192 or 256";
                Self::KeyGenerate {
                    label: self::label(label)?,
                    bits: one_of(*bits, [128, 192, 256], rule)?,
                }
            }
            ProposedOperation::KeyPair { label, bits } => {
                let rule = "2048, 3072 or 4096";
                Self::KeyPair {
                    label: self::label(label)?,
                    bits: one_of(*bits, [2048, 3072, 4096], rule)?,
                }
            }
            ProposedOperation::KeyDestroy { label } => {
                Self::KeyDestroy { label: self::label(label)? }
            }
            ProposedOperation::TokenLost { serial, request } => {
                Self::Lost { serial: self::serial(serial)?, acting: acting(request)? }
            }
            ProposedOperation::WrappingKeyRotate {} => Self::Rotate,
            ProposedOperation::WrappingKeyDestroy { generation } => {
                Self::DestroyWrappingKey { generation: *generation }
            }
        })
    }

    /// Who may propose it, and who may decide about it.
    pub(super) const fn role(&self) -> Role {
        match self {
            Self::Initialise { .. } | Self::Unlock { .. } | Self::Lost { .. } => Role::Operator,
            Self::KeyGenerate { .. }
            | Self::KeyPair { .. }
            | Self::KeyDestroy { .. }
            | Self::Rotate
            | Self::DestroyWrappingKey { .. } => Role::Officer,
        }
    }

    /// Whether it concerns every institution, so that only the house's officers decide.
    pub(super) const fn is_of_the_house(&self) -> bool {
        matches!(self, Self::Rotate | Self::DestroyWrappingKey { .. })
    }

    /// Whether the institution wants two people for it.
    pub(super) fn needs_two(&self, rules: &ApprovalRules) -> bool {
        match self {
            Self::Initialise { .. } => rules.initialise,
            Self::Unlock { targets, .. } => rules.unlock_needs_two(targets.users.len()),
            Self::Lost { .. } => rules.lost,
            Self::KeyGenerate { .. }
            | Self::KeyPair { .. }
            | Self::KeyDestroy { .. }
            | Self::Rotate
            | Self::DestroyWrappingKey { .. } => rules.keys,
        }
    }

    /// The token that it is about, for the audit chain.
    pub(super) const fn serial(&self) -> Option<&Serial> {
        match self {
            Self::Initialise { serial, .. } | Self::Lost { serial, .. } => Some(serial),
            _ => None,
        }
    }
}

fn acting(request: &ChangeRequest) -> Result<Acting, Failure> {
    Ok(Acting {
        reason: request.reason.clone().map(reason).transpose()?,
        reference: request.reference.clone().map(reference).transpose()?,
        ..Acting::default()
    })
}

fn distinct(texts: &[String]) -> Result<Vec<UserId>, Failure> {
    users(texts)
}

fn one_of(bits: u16, sizes: [u16; 3], rule: &'static str) -> Result<u16, Failure> {
    if sizes.contains(&bits) { Ok(bits) } else { Err(Failure::Field { field: "bits", rule }) }
}

/// A key's name.
pub(crate) fn label(text: &str) -> Result<Name, Failure> {
    let rule = "1 to 64 letters, digits, '-', '_', '.' or '@', beginning with a letter or digit";
    Name::parse(text).map_err(|_| Failure::Field { field: "label", rule })
}

fn contract(text: &str) -> Result<ContractId, Failure> {
    ContractId::parse(text)
        .map_err(|_| Failure::Field { field: "contract", rule: "a contract's id" })
}

fn serial(text: &str) -> Result<Serial, Failure> {
    let rule = "1 to 40 letters, digits, '-', '_', '.' or ':', beginning with a letter or digit";
    Serial::parse(text).map_err(|_| Failure::Field { field: "serial", rule })
}
