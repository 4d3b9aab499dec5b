//! The hashes of XML signatures, and several of them over the same bytes.
//!
//! Not responsible for which hash a file may use.

use ring::digest::{self, Context};

/// A hash that a Reference may name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::seedfile) enum Hash {
    /// Old files only.
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    /// From the Algorithm of a DigestMethod.
    pub(in crate::seedfile) fn from_uri(uri: &str) -> Option<Self> {
        match uri {
            "http://www.w3.org/2000/09/xmldsig#sha1" => Some(Self::Sha1),
            "http://www.w3.org/2001/04/xmlenc#sha256" => Some(Self::Sha256),
            "http://www.w3.org/2001/04/xmldsig-more#sha384" => Some(Self::Sha384),
            "http://www.w3.org/2001/04/xmlenc#sha512" => Some(Self::Sha512),
            _ => None,
        }
    }

    fn algorithm(self) -> &'static digest::Algorithm {
        match self {
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        }
    }
}

/// All hashes that may be asked for: a file names its own at the end, when all is read.
pub(in crate::seedfile) struct Digests(Vec<Context>);

impl Digests {
    pub(in crate::seedfile) fn new(with_sha1: bool) -> Self {
        let always = [Hash::Sha256, Hash::Sha384, Hash::Sha512];
        let hashes = always.into_iter().chain(with_sha1.then_some(Hash::Sha1));
        Self(hashes.map(|hash| Context::new(hash.algorithm())).collect())
    }

    pub(in crate::seedfile) fn update(&mut self, bytes: &[u8]) {
        self.0.iter_mut().for_each(|context| context.update(bytes));
    }

    /// The digest so far; `None` for a hash that is not among them.
    pub(in crate::seedfile) fn value(&self, hash: Hash) -> Option<Vec<u8>> {
        let context = self.0.iter().find(|context| context.algorithm() == hash.algorithm())?;
        Some(context.clone().finish().as_ref().to_vec())
    }
}
