//! The stored form of sealed keys, part of a token's record.
//!
//! Not responsible for: opening them, or which binding belongs to which record (the HSM's).

use minicbor::{
    Decode, Encode,
    bytes::{ByteArray, ByteVec},
};
use warifu_core::custody::{CameraKeys, SealedSeed, WrapMechanism};

#[derive(Decode, Encode)]
#[cbor(map)]
pub(super) struct SealWire {
    /// 1 resident, 2 wrapped.
    #[n(1)]
    kind: u8,
    #[n(2)]
    object_id: Option<ByteArray<16>>,
    #[n(3)]
    kek: Option<u32>,
    /// 1 RFC 3394, 2 RFC 5649.
    #[n(4)]
    mechanism: Option<u8>,
    #[n(5)]
    blob: Option<ByteVec>,
    #[n(6)]
    binding: ByteArray<32>,
}

/// The keys of a camera token besides the one that signs.
#[derive(Decode, Encode)]
#[cbor(map)]
pub(super) struct CameraKeysWire {
    #[n(1)]
    driver: String,
    #[n(2)]
    encryption: SealWire,
    #[n(3)]
    device_code: SealWire,
}

impl SealWire {
    pub(super) fn of(seal: &SealedSeed) -> Self {
        match seal {
            SealedSeed::Resident { object_id, binding } => Self {
                kind: 1,
                object_id: Some((*object_id).into()),
                kek: None,
                mechanism: None,
                blob: None,
                binding: (*binding).into(),
            },
            SealedSeed::Wrapped { kek, mechanism, blob, binding } => Self {
                kind: 2,
                object_id: None,
                kek: Some(*kek),
                mechanism: Some(match mechanism {
                    WrapMechanism::AesKeyWrap => 1,
                    WrapMechanism::AesKeyWrapPad => 2,
                }),
                blob: Some(blob.clone().into()),
                binding: (*binding).into(),
            },
        }
    }

    pub(super) fn value(self) -> Result<SealedSeed, &'static str> {
        match self.kind {
            1 => Ok(SealedSeed::Resident {
                object_id: self.object_id.ok_or("no object id")?.into(),
                binding: self.binding.into(),
            }),
            2 => Ok(SealedSeed::Wrapped {
                kek: self.kek.ok_or("no key generation")?,
                mechanism: match self.mechanism {
                    Some(1) => WrapMechanism::AesKeyWrap,
                    Some(2) => WrapMechanism::AesKeyWrapPad,
                    _ => return Err("unknown wrap mechanism"),
                },
                blob: self.blob.ok_or("no blob")?.into(),
                binding: self.binding.into(),
            }),
            _ => Err("unknown kind of seal"),
        }
    }
}

impl CameraKeysWire {
    pub(super) fn of(keys: &CameraKeys) -> Self {
        Self {
            driver: keys.driver.clone(),
            encryption: SealWire::of(&keys.encryption),
            device_code: SealWire::of(&keys.device_code),
        }
    }

    pub(super) fn value(self) -> Result<CameraKeys, &'static str> {
        Ok(CameraKeys {
            driver: self.driver,
            encryption: self.encryption.value()?,
            device_code: self.device_code.value()?,
        })
    }
}
