//! Integrity of sdtid files: the keys that follow from password or origin, and the CBC-MACs of header
//! and tokens.
//!
//! Not responsible for opening seeds: they are of no use here. The format is that of RSA's importer,
//! its constants and its way with lengths included; nothing of it is a recommendation.

use aes::Aes128;
use aes::cipher::{BlockEncrypt as _, KeyInit as _};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::section::Section;

/// Octets of a block, a key and a MAC.
pub(super) const BLOCK: usize = 16;

type Block = [u8; BLOCK];

/// Rounds of the derivation.
const ROUNDS: u16 = 1000;
/// Where the MACs over the header and their key begin.
const HEADER_IV: Block = *b"\x2b\x7e\x15\x16\x28\xae\xd2\xa6\xab\xf7\x15\x88\x09\xcf\x4f\x3c";
/// The same for a token.
const TOKEN_IV: Block = *b"\x1b\xb6\x7a\xe8\x58\x4c\xaa\x73\xb2\x57\x42\xd7\x07\x8b\x83\xb8";

/// From what the key of a batch follows.
pub(super) struct Source<'a> {
    /// The password, or where there is none the origin.
    pub(super) phrase: &'a [u8],
    /// Destination.
    pub(super) dest: &'a str,
    /// Name of the batch.
    pub(super) name: &'a str,
    /// The batch's secret as it stands in the header.
    pub(super) secret: &'a Block,
}

/// The key of one batch.
pub(super) struct BatchKey(Zeroizing<Block>);

impl BatchKey {
    /// Derives it.
    pub(super) fn derive(source: &Source<'_>) -> Self {
        let name = Aes128::new(&padded::<BLOCK>(source.name.as_bytes()).into());
        let mut input = Zeroizing::new([0; 80]);
        fill(&mut input[..32], source.phrase);
        fill(&mut input[32..64], source.dest.as_bytes());
        let mut sum = Zeroizing::new([0; BLOCK]);
        for round in 0..ROUNDS {
            fill(&mut input[78..], &round.to_be_bytes());
            add(&mut sum, chain(&name, [0; BLOCK], input.as_slice()).as_slice());
        }
        let mut key = Zeroizing::new(padded::<BLOCK>(b"Secret"));
        fill(&mut key[8..], source.name.as_bytes());
        Aes128::new((&*sum).into()).encrypt_block((&mut *key).into());
        add(&mut key, source.secret);
        Self(key)
    }

    /// Whether the MAC of the header is right; `name` is that of the batch.
    pub(super) fn covers_header(&self, header: &Section, name: &str, mac: &Block) -> bool {
        self.covers("BatchMAC", name, HEADER_IV, header, mac)
    }

    /// Whether the MAC of a token is right.
    pub(super) fn covers_token(&self, token: &Section, serial: &str, mac: &Block) -> bool {
        self.covers("TokenMAC", serial, TOKEN_IV, token, mac)
    }

    fn covers(&self, use_of: &str, of: &str, iv: Block, section: &Section, mac: &Block) -> bool {
        let mut label = [0; 64];
        fill(&mut label[..32], use_of.as_bytes());
        fill(&mut label[32..], of.as_bytes());
        let key = chain(&Aes128::new((&*self.0).into()), iv, &label);
        let found = chain(&Aes128::new((&*key).into()), iv, &section.authenticated());
        found.as_slice().ct_eq(mac).into()
    }
}

/// CBC over zero-padded data; the last block.
fn chain(cipher: &Aes128, iv: Block, data: &[u8]) -> Zeroizing<Block> {
    let mut state = Zeroizing::new(iv);
    for part in data.chunks(BLOCK) {
        add(&mut state, part);
        cipher.encrypt_block((&mut *state).into());
    }
    state
}

fn add(state: &mut Block, part: &[u8]) {
    state.iter_mut().zip(part).for_each(|(to, from)| *to ^= from);
}

/// Writes as much as there is room for.
fn fill(room: &mut [u8], text: &[u8]) {
    room.iter_mut().zip(text).for_each(|(to, from)| *to = *from);
}

fn padded<const N: usize>(text: &[u8]) -> [u8; N] {
    let mut made = [0; N];
    fill(&mut made, text);
    made
}
