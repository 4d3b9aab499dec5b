//! What happened lately to a token or a user, kept in its own record: enough to explain on the
//! telephone why the last code failed, without reading the audit chain.
//!
//! Not responsible for: evidence (the audit chain is), or for which events are worth a note.

use minicbor::{Decode, Encode};
use warifu_core::ident::{Name, Serial, UserId};

/// How many notes a record keeps.
const KEPT: usize = 10;

/// Longest word of a note, in characters; longer ones are cut so that the record fits.
const MAX_WORD: usize = 32;

/// Something that happened to a token.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TokenNote {
    /// When, in milliseconds since the epoch.
    pub at_ms: u64,
    /// What, a word of the audit's actions.
    pub action: String,
    /// How it ended, a word of the audit's outcomes.
    pub outcome: String,
    /// The number that explains the outcome.
    pub number: Option<u64>,
    /// The user concerned.
    pub user: Option<UserId>,
    /// Name of the caller's certificate.
    pub by: Name,
}

/// Something that happened to a user.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UserNote {
    /// When, in milliseconds since the epoch.
    pub at_ms: u64,
    /// What, a word of the audit's actions.
    pub action: String,
    /// How it ended, a word of the audit's outcomes.
    pub outcome: String,
    /// The token concerned.
    pub serial: Option<Serial>,
    /// Name of the caller's certificate.
    pub by: Name,
    /// The user who acted, where it was not the bank's staff.
    pub acting: Option<UserId>,
}

impl TokenNote {
    /// How many are kept.
    pub const KEPT: usize = KEPT;
}

impl UserNote {
    /// How many are kept.
    pub const KEPT: usize = KEPT;
}

/// Adds a note and drops the oldest ones beyond [`KEPT`].
pub(super) fn push<N>(recent: &mut Vec<N>, note: N) {
    recent.push(note);
    recent.drain(..recent.len().saturating_sub(KEPT));
}

fn cut(word: &str) -> String {
    word.chars().take(MAX_WORD).collect()
}

#[derive(Decode, Encode)]
#[cbor(map)]
pub(super) struct TokenNoteWire {
    #[n(1)]
    at_ms: u64,
    #[n(2)]
    action: String,
    #[n(3)]
    outcome: String,
    #[n(4)]
    number: Option<u64>,
    #[n(5)]
    user: Option<String>,
    #[n(6)]
    by: String,
}

#[derive(Decode, Encode)]
#[cbor(map)]
pub(super) struct UserNoteWire {
    #[n(1)]
    at_ms: u64,
    #[n(2)]
    action: String,
    #[n(3)]
    outcome: String,
    #[n(4)]
    serial: Option<String>,
    #[n(5)]
    by: String,
    #[n(6)]
    acting: Option<String>,
}

impl From<&TokenNote> for TokenNoteWire {
    fn from(note: &TokenNote) -> Self {
        Self {
            at_ms: note.at_ms,
            action: cut(&note.action),
            outcome: cut(&note.outcome),
            number: note.number,
            user: note.user.as_ref().map(|user| user.as_str().to_owned()),
            by: note.by.as_str().to_owned(),
        }
    }
}

impl TryFrom<TokenNoteWire> for TokenNote {
    type Error = &'static str;

    fn try_from(wire: TokenNoteWire) -> Result<Self, Self::Error> {
        Ok(Self {
            at_ms: wire.at_ms,
            action: cut(&wire.action),
            outcome: cut(&wire.outcome),
            number: wire.number,
            user: user(wire.user)?,
            by: Name::parse(&wire.by).map_err(|_| "caller of a note")?,
        })
    }
}

impl From<&UserNote> for UserNoteWire {
    fn from(note: &UserNote) -> Self {
        Self {
            at_ms: note.at_ms,
            action: cut(&note.action),
            outcome: cut(&note.outcome),
            serial: note.serial.as_ref().map(|serial| serial.as_str().to_owned()),
            by: note.by.as_str().to_owned(),
            acting: note.acting.as_ref().map(|user| user.as_str().to_owned()),
        }
    }
}

impl TryFrom<UserNoteWire> for UserNote {
    type Error = &'static str;

    fn try_from(wire: UserNoteWire) -> Result<Self, Self::Error> {
        let serial = wire.serial.map(|serial| Serial::parse(&serial)).transpose();
        Ok(Self {
            at_ms: wire.at_ms,
            action: cut(&wire.action),
            outcome: cut(&wire.outcome),
            serial: serial.map_err(|_| "serial of a note")?,
            by: Name::parse(&wire.by).map_err(|_| "caller of a note")?,
            acting: user(wire.acting)?,
        })
    }
}

fn user(id: Option<String>) -> Result<Option<UserId>, &'static str> {
    id.map(|id| UserId::parse(&id)).transpose().map_err(|_| "user of a note")
}

/// The stored form of the newest notes; none where there are none.
pub(super) fn wires<'a, N, W: From<&'a N>>(notes: &'a [N]) -> Option<Vec<W>> {
    let newest = &notes[notes.len().saturating_sub(KEPT)..];
    (!newest.is_empty()).then(|| newest.iter().map(W::from).collect())
}

/// Undoes [`wires`]. What a build wrote that keeps more is read as far as this one keeps it.
pub(super) fn notes<N, W>(wires: Option<Vec<W>>) -> Result<Vec<N>, &'static str>
where
    N: TryFrom<W, Error = &'static str>,
{
    let wires = wires.unwrap_or_default();
    let oldest = wires.len().saturating_sub(KEPT);
    wires.into_iter().skip(oldest).map(N::try_from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(at_ms: u64) -> TokenNote {
        TokenNote {
            at_ms,
            action: "verify".to_owned(),
            outcome: "x".repeat(99),
            number: None,
            user: None,
            by: Name::parse("web1").unwrap(),
        }
    }

    #[test]
    fn the_newest_notes_are_kept() {
        let mut recent = Vec::new();
        for at_ms in 0..13 {
            push(&mut recent, note(at_ms));
        }
        assert_eq!(recent.iter().map(|n| n.at_ms).collect::<Vec<_>>(), (3..13).collect::<Vec<_>>());
    }

    #[test]
    fn more_notes_and_longer_words_than_fit_are_not_stored() {
        let recent: Vec<TokenNote> = (0..13).map(note).collect();
        let stored: Vec<TokenNote> = notes(wires::<_, TokenNoteWire>(&recent)).unwrap();
        assert_eq!(stored.len(), TokenNote::KEPT);
        assert_eq!((stored[0].at_ms, stored[0].outcome.len()), (3, MAX_WORD));
    }
}
