//! What the store knows about itself: identity, the HSM it belongs to, the clock's high-water
//! mark, signed heads of its audit chain.
//!
//! Not responsible for: comparing any of it with the running daemon.

use minicbor::{
    Decode, Encode,
    bytes::{ByteArray, ByteVec},
};
use warifu_core::ident::Name;

use super::envelope::{Record, damaged, open, seal};
use crate::port::StoreError;

/// A stretch of the audit chain that one life of the store wrote. A restore begins a new one, so
/// that two stores restored from one backup never write chains that look alike.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Segment {
    /// First sequence number.
    pub first_seq: u64,
    /// Instance name, part of every hash.
    pub instance: Name,
}

/// The store's identity. Written at creation and restore, never while running.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StoreMeta {
    /// Schema of the store as a whole; an older build refuses to open it.
    pub schema: u16,
    /// 16 random bytes.
    pub store_id: [u8; 16],
    /// When it was created, in milliseconds since the epoch.
    pub created_ms: u64,
    /// Which HSM its sealed seeds belong to.
    pub hsm_fingerprint: String,
    /// The first stretch of the audit chain.
    first: Name,
    /// The stretches after it, oldest first.
    later: Vec<Segment>,
}

impl StoreMeta {
    /// A new store's identity. Schema and first segment are filled in.
    pub fn new(store_id: [u8; 16], created_ms: u64, hsm_fingerprint: &str, instance: Name) -> Self {
        Self {
            schema: super::SCHEMA,
            store_id,
            created_ms,
            hsm_fingerprint: hsm_fingerprint.to_owned(),
            first: instance,
            later: Vec::new(),
        }
    }

    /// The stretches of the audit chain, oldest first; the first one begins at record 1.
    pub fn segments(&self) -> Vec<Segment> {
        let first = Segment { first_seq: 1, instance: self.first.clone() };
        std::iter::once(first).chain(self.later.iter().cloned()).collect()
    }

    /// The instance under whose name new audit records are chained.
    pub fn instance(&self) -> &Name {
        self.instance_at(u64::MAX)
    }

    /// The instance under whose name record `seq` was chained.
    pub fn instance_at(&self, seq: u64) -> &Name {
        let later = self.later.iter().rfind(|segment| segment.first_seq <= seq);
        later.map_or(&self.first, |segment| &segment.instance)
    }

    /// Another life of the store begins: records from `first_seq` on are chained under a name that
    /// no other life has, and the store gets an identity of its own.
    #[must_use]
    pub fn next_life(mut self, first_seq: u64, store_id: [u8; 16]) -> Self {
        let instance = next_instance(&self.first, &store_id);
        self.later.retain(|segment| segment.first_seq < first_seq);
        if first_seq <= 1 {
            self.first = instance;
        } else {
            self.later.push(Segment { first_seq, instance });
        }
        self.store_id = store_id;
        self
    }
}

/// `NAME-rXXXXXXXX`, from the first life's name, cut where it would become too long.
fn next_instance(first: &Name, store_id: &[u8; 16]) -> Name {
    let suffix: String = hex::encode(store_id).chars().take(8).collect();
    let stem: String = first.as_str().chars().take(Name::MAX - 10).collect();
    Name::parse(&format!("{stem}-r{suffix}")).unwrap_or_else(|_| first.clone())
}

/// Latest wall time the daemon ever acted on; a start with an earlier clock fails closed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ClockRecord {
    /// Milliseconds since the epoch.
    pub high_water_ms: u64,
}

/// A signed head of the audit chain.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CheckpointRecord {
    /// Instance of the segment that the head lies in.
    pub instance: Name,
    /// Sequence number of the head.
    pub seq: u64,
    /// Its hash.
    pub hash: [u8; 32],
    /// When it was signed, in milliseconds since the epoch.
    pub at_ms: u64,
    /// ECDSA P-256 over [`crate::audit::Head::message`], `r || s`.
    pub signature: [u8; 64],
}

#[derive(Decode, Encode)]
#[cbor(map)]
struct SegmentWire {
    #[n(1)]
    first_seq: u64,
    #[n(2)]
    instance: String,
}

#[derive(Decode, Encode)]
#[cbor(map)]
struct MetaWire {
    #[n(1)]
    schema: u16,
    #[n(2)]
    store_id: ByteArray<16>,
    #[n(3)]
    created_ms: u64,
    #[n(4)]
    hsm_fingerprint: String,
    #[n(5)]
    segments: Vec<SegmentWire>,
}

#[derive(Decode, Encode)]
#[cbor(map)]
struct ClockWire {
    #[n(1)]
    high_water_ms: u64,
}

#[derive(Decode, Encode)]
#[cbor(map)]
struct CheckpointWire {
    #[n(1)]
    instance: String,
    #[n(2)]
    seq: u64,
    #[n(3)]
    hash: ByteArray<32>,
    #[n(4)]
    at_ms: u64,
    #[n(5)]
    signature: ByteVec,
}

impl Record for StoreMeta {
    const KIND: &'static str = "store";

    fn encode(&self) -> Vec<u8> {
        let segment = |s: &Segment| SegmentWire {
            first_seq: s.first_seq,
            instance: s.instance.as_str().to_owned(),
        };
        seal(&MetaWire {
            schema: self.schema,
            store_id: self.store_id.into(),
            created_ms: self.created_ms,
            hsm_fingerprint: self.hsm_fingerprint.clone(),
            segments: self.segments().iter().map(segment).collect(),
        })
    }

    fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        let wire: MetaWire = open(Self::KIND, bytes)?;
        let segments: Vec<Segment> = wire
            .segments
            .into_iter()
            .map(|s| Ok(Segment { first_seq: s.first_seq, instance: name(&s.instance)? }))
            .collect::<Result<_, StoreError>>()?;
        let ascending = segments.windows(2).all(|pair| pair[0].first_seq < pair[1].first_seq);
        let mut segments = segments.into_iter();
        let first = segments.next().filter(|segment| ascending && segment.first_seq == 1);
        let Some(first) = first else {
            return Err(damaged(Self::KIND, &"the chain's segments are out of order"));
        };
        Ok(Self {
            schema: wire.schema,
            store_id: wire.store_id.into(),
            created_ms: wire.created_ms,
            hsm_fingerprint: wire.hsm_fingerprint,
            first: first.instance,
            later: segments.collect(),
        })
    }
}

impl Record for ClockRecord {
    const KIND: &'static str = "clock";

    fn encode(&self) -> Vec<u8> {
        seal(&ClockWire { high_water_ms: self.high_water_ms })
    }

    fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        let wire: ClockWire = open(Self::KIND, bytes)?;
        Ok(Self { high_water_ms: wire.high_water_ms })
    }
}

impl Record for CheckpointRecord {
    const KIND: &'static str = "checkpoint";

    fn encode(&self) -> Vec<u8> {
        seal(&CheckpointWire {
            instance: self.instance.as_str().to_owned(),
            seq: self.seq,
            hash: self.hash.into(),
            at_ms: self.at_ms,
            signature: self.signature.to_vec().into(),
        })
    }

    fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        let wire: CheckpointWire = open(Self::KIND, bytes)?;
        let signature = <[u8; 64]>::try_from(wire.signature.as_slice())
            .map_err(|_| damaged(Self::KIND, &"the signature has another length than 64"))?;
        Ok(Self {
            instance: name(&wire.instance)?,
            seq: wire.seq,
            hash: wire.hash.into(),
            at_ms: wire.at_ms,
            signature,
        })
    }
}

fn name(text: &str) -> Result<Name, StoreError> {
    Name::parse(text).map_err(|e| damaged("store", &format!("instance name {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance() -> Name {
        Name::parse("warifud-1").unwrap()
    }

    #[test]
    fn the_stored_forms_do_not_drift() {
        let meta = StoreMeta::new([7; 16], 1_000, "hsm", instance());
        assert_eq!(
            hex::encode(meta.encode()),
            "830101a50104025007070707070707070707070707070707031903e8046368736d\
             0581a201010269776172696675642d31"
        );
        assert_eq!(hex::encode(ClockRecord { high_water_ms: 5 }.encode()), "830101a10105");
        let checkpoint = checkpoint();
        let bytes = checkpoint.encode();
        assert_eq!(
            hex::encode(&bytes),
            format!(
                "830101a50169776172696675642d310209035820{}0407055840{}",
                "11".repeat(32),
                "22".repeat(64)
            )
        );
        assert_eq!(CheckpointRecord::decode(&bytes).unwrap(), checkpoint);
    }

    fn checkpoint() -> CheckpointRecord {
        CheckpointRecord {
            instance: instance(),
            seq: 9,
            hash: [0x11; 32],
            at_ms: 7,
            signature: [0x22; 64],
        }
    }

    #[test]
    fn what_went_in_comes_out() {
        let meta = StoreMeta::new([7; 16], 1_000, "hsm", instance()).next_life(90, [0xAB; 16]);
        assert_eq!(StoreMeta::decode(&meta.encode()).unwrap(), meta);
        let clock = ClockRecord { high_water_ms: 5 };
        assert_eq!(ClockRecord::decode(&clock.encode()).unwrap(), clock);
    }

    #[test]
    fn every_life_has_a_name_of_its_own() {
        let meta = StoreMeta::new([7; 16], 1_000, "hsm", instance()).next_life(90, [0xAB; 16]);
        let meta = meta.next_life(200, [0xCD; 16]);
        assert_eq!(meta.instance_at(89).as_str(), "warifud-1");
        assert_eq!(meta.instance_at(90).as_str(), "warifud-1-rabababab");
        assert_eq!(meta.instance_at(199).as_str(), "warifud-1-rabababab");
        assert_eq!(meta.instance().as_str(), "warifud-1-rcdcdcdcd");
        assert_eq!(meta.segments().len(), 3);
        let long = Name::parse(&"n".repeat(Name::MAX)).unwrap();
        let meta = StoreMeta::new([7; 16], 1_000, "hsm", long).next_life(5, [0xEF; 16]);
        assert!(meta.instance().as_str().ends_with("n-refefefef"));
    }

    #[test]
    fn segments_out_of_order_are_damage() {
        let mut meta = StoreMeta::new([7; 16], 1_000, "hsm", instance());
        meta.later.push(Segment { first_seq: 1, instance: instance() });
        assert!(StoreMeta::decode(&meta.encode()).is_err());
    }
}
