//! Which characters a name may have. Banks differ, so the set is a value.
//!
//! Not responsible for: converting what is not in it.

use crate::kana::{self, KanaFault};

/// Characters of JIS X 0201 that may stand in the names of payers, payees, banks and branches.
#[derive(Clone, Eq, PartialEq)]
pub struct NameSet {
    allowed: [bool; 256],
}

impl NameSet {
    /// A set of its own; blanks always belong to it.
    pub fn of(characters: &str) -> Result<Self, KanaFault> {
        Ok(Self::of_bytes(kana::to_jis(characters)?))
    }

    /// Whether a byte is in the set.
    pub fn contains(&self, byte: u8) -> bool {
        self.allowed.get(usize::from(byte)).copied().unwrap_or(false)
    }

    fn of_bytes(bytes: impl IntoIterator<Item = u8>) -> Self {
        let mut allowed = [false; 256];
        for byte in bytes.into_iter().chain([b' ']) {
            if let Some(slot) = allowed.get_mut(usize::from(byte)) {
                *slot = true;
            }
        }
        Self { allowed }
    }
}

/// What banks publish in common: digits, capitals, kana without small ones, without ｦ and without
/// the long vowel mark (a hyphen stands for it), and nine signs.
impl Default for NameSet {
    fn default() -> Self {
        let signs = *b"()-./,\\\xA2\xA3"; // the last two are ｢ and ｣, the backslash is ¥
        let kana = 0xB1..=0xDF; // ｱ to ﾝ, ﾞ and ﾟ
        Self::of_bytes((b'0'..=b'9').chain(b'A'..=b'Z').chain(kana).chain(signs))
    }
}

impl std::fmt::Debug for NameSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let characters: String =
            (0..=u8::MAX).filter(|byte| self.contains(*byte)).filter_map(kana::character).collect();
        write!(f, "NameSet({characters:?})")
    }
}
