//! The frame around every record: which schema wrote it and which may rewrite it.
//!
//! Not responsible for: the fields inside.

use minicbor::{Decode, Decoder, Encode, Encoder, data::Type};

use crate::port::StoreError;

/// Newest schema that this build writes, and the newest `min_writer` it may touch.
pub const SCHEMA: u16 = OFFICERS;

/// Records that every build may rewrite.
pub(super) const FIRST: u16 = 1;

/// Records that say who holds a token. A build without the life cycle would take a lost token for
/// a good one, and drop all of it when it writes the record back: it must not touch them.
pub(super) const LIFE_CYCLE: u16 = 2;

/// Records of tokens that sign, and of who signs with them. A build without them knows neither the
/// tokens nor that a user holds one, and would drop that bond when it writes the user back.
pub(super) const SIGNING: u16 = 3;

/// Records of what waits for a second person, and of the HSM's keys. A build without four eyes would
/// take a batch that nobody approved for an unfinished import, and lose who decided what.
pub(super) const OFFICERS: u16 = 4;

/// Something that is stored.
pub trait Record: Sized {
    /// Word for messages.
    const KIND: &'static str;

    /// The stored form.
    fn encode(&self) -> Vec<u8>;

    /// Reads the stored form. `Corrupt` where it can not be what was written, or where a newer
    /// version wrote it and forbids older ones to touch it.
    fn decode(bytes: &[u8]) -> Result<Self, StoreError>;
}

/// Wraps a map into the envelope, for every build to read.
pub(super) fn seal<M: Encode<()>>(map: &M) -> Vec<u8> {
    seal_as(FIRST, map)
}

/// Wraps a map into the envelope, for builds that know `schema`.
pub(super) fn seal_as<M: Encode<()>>(schema: u16, map: &M) -> Vec<u8> {
    let mut out = Vec::with_capacity(192);
    let mut encoder = Encoder::new(&mut out);
    encoder
        .array(3)
        .and_then(|e| e.u16(schema))
        .and_then(|e| e.u16(schema))
        .and_then(|e| e.encode(map))
        .expect("a vector takes every byte and the maps have no fallible encoder");
    out
}

/// Checks the envelope and reads the map.
pub(super) fn open<'b, M: Decode<'b, ()>>(
    kind: &'static str,
    bytes: &'b [u8],
) -> Result<M, StoreError> {
    let mut decoder = Decoder::new(bytes);
    let head = |decoder: &mut Decoder<'b>| -> Result<(u16, u16), minicbor::decode::Error> {
        match decoder.array()? {
            Some(length) if length >= 3 => Ok((decoder.u16()?, decoder.u16()?)),
            _ => Err(minicbor::decode::Error::message("not an envelope")),
        }
    };
    let (schema, min_writer) = head(&mut decoder).map_err(|e| damaged(kind, &e))?;
    if min_writer > SCHEMA {
        return Err(StoreError::Corrupt(format!(
            "{kind} record was written by a newer version (schema {schema}, needs {min_writer}, this is {SCHEMA})"
        )));
    }
    // A map that is cut off must not pass for one without optional fields.
    match decoder.datatype() {
        Ok(Type::Map) => decoder.decode().map_err(|e| damaged(kind, &e)),
        Ok(_) => Err(damaged(kind, &"the fields are not a map")),
        Err(e) => Err(damaged(kind, &e)),
    }
}

/// The error for a record whose fields make no sense.
pub(super) fn damaged(kind: &'static str, what: &dyn std::fmt::Display) -> StoreError {
    StoreError::Corrupt(format!("{kind} record: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Decode, Encode, PartialEq)]
    #[cbor(map)]
    struct Old {
        #[n(1)]
        a: u64,
    }

    #[derive(Decode, Encode)]
    #[cbor(map)]
    struct New {
        #[n(1)]
        a: u64,
        #[n(2)]
        b: String,
    }

    #[test]
    fn an_unknown_field_is_skipped() {
        let bytes = seal(&New { a: 7, b: "added later".into() });
        assert_eq!(open::<Old>("test", &bytes).unwrap(), Old { a: 7 });
    }

    #[test]
    fn a_newer_min_writer_is_refused() {
        let mut bytes = Vec::new();
        Encoder::new(&mut bytes)
            .array(3)
            .and_then(|e| e.u16(SCHEMA + 1))
            .and_then(|e| e.u16(SCHEMA + 1))
            .and_then(|e| e.encode(Old { a: 7 }))
            .unwrap();
        let refused = open::<Old>("test", &bytes).unwrap_err();
        assert!(matches!(refused, StoreError::Corrupt(_)));
        assert!(refused.to_string().contains("written by a newer version"), "{refused}");
    }

    #[test]
    fn a_newer_schema_that_allows_us_is_read() {
        let mut bytes = Vec::new();
        Encoder::new(&mut bytes)
            .array(4)
            .and_then(|e| e.u16(SCHEMA + 1))
            .and_then(|e| e.u16(SCHEMA))
            .and_then(|e| e.encode(New { a: 7, b: String::new() }))
            .and_then(|e| e.u8(0))
            .unwrap();
        assert_eq!(open::<Old>("test", &bytes).unwrap(), Old { a: 7 });
    }

    #[test]
    fn a_cut_record_is_damaged() {
        let bytes = seal(&New { a: 7, b: "text".into() });
        for length in 0..bytes.len() {
            assert!(open::<New>("test", &bytes[..length]).is_err(), "{length}");
        }
    }
}
