//! Four eyes: what a second person must agree to, how long it may wait, and how far a seed may be
//! readable on its way into the HSM.
//!
//! Not responsible for: who a certificate belongs to (the configuration's), or for what is carried
//! out once somebody agreed.

use thiserror::Error;

use crate::ident::Name;

/// What needs two people, and what of an import a bank forbids.
#[expect(clippy::struct_excessive_bools, reason = "independent rules, each asked by its name")]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ApprovalRules {
    /// A batch of tokens becomes active only when a second officer says so.
    pub batches: bool,
    /// Making, entering and destroying keys of the HSM.
    pub keys: bool,
    /// Reporting a token lost: it never works again.
    pub lost: bool,
    /// Making camera tokens ready for another activation.
    pub initialise: bool,
    /// Lifting the locks of more users than this at once; `None`: never needs two.
    pub unlock_above: Option<u16>,
    /// Hours a proposal or a staged batch waits, 1 to 720.
    pub lifetime_h: u16,
    /// Tokens of one batch at most.
    pub most_tokens: u32,
    /// Where a seed may be readable at worst.
    pub exposure: SeedExposure,
}

impl ApprovalRules {
    /// Whether lifting the locks of so many users at once needs a second person.
    pub fn unlock_needs_two(&self, users: usize) -> bool {
        self.unlock_above.is_some_and(|most| users > usize::from(most))
    }

    /// When what is put to a second person at `now_ms` has waited long enough, in milliseconds since
    /// the epoch.
    pub fn expires_ms(&self, now_ms: u64) -> u64 {
        const HOUR_MS: u64 = 3_600_000;
        now_ms.saturating_add(u64::from(self.lifetime_h).saturating_mul(HOUR_MS))
    }
}

impl Default for ApprovalRules {
    /// The safe side, but for the exposure: most manufacturers' files can only be read by software.
    fn default() -> Self {
        Self {
            batches: true,
            keys: true,
            lost: true,
            initialise: true,
            unlock_above: Some(1),
            lifetime_h: 72,
            most_tokens: 1_000_000,
            exposure: SeedExposure::Anywhere,
        }
    }
}

/// Where a seed is readable on its way into the HSM, at worst. Ordered from the best to the worst.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum SeedExposure {
    /// Nowhere: it is decrypted and wrapped inside the HSM.
    Inside,
    /// In the worker that talks to the HSM, and nowhere else.
    Worker,
    /// Also in the daemon, which decrypted the file.
    Anywhere,
}

impl SeedExposure {
    /// All of them, in the order of the enum.
    pub const ALL: [Self; 3] = [Self::Inside, Self::Worker, Self::Anywhere];

    /// The stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Inside => "inside",
            Self::Worker => "worker",
            Self::Anywhere => "anywhere",
        }
    }

    /// The exposure that a word names.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|exposure| exposure.word() == word)
    }

    /// Whether a rule that allows `self` allows `found`.
    pub fn allows(self, found: Self) -> bool {
        found <= self
    }
}

/// A human being, whatever certificates they hold: two spellings that differ in case alone are one.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Person(String);

impl Person {
    /// The person whom the bank calls so.
    pub fn named(name: &Name) -> Self {
        Self(name.as_str().to_ascii_lowercase())
    }

    /// The folded name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Who proposed something wanted to decide about it too: somebody else must.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("the same person proposed it")]
pub struct SamePerson;

/// Whether `decider` may decide about what `proposer` proposed.
pub fn may_decide(proposer: &Person, decider: &Person) -> Result<(), SamePerson> {
    if proposer == decider { Err(SamePerson) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(name: &str) -> Person {
        Person::named(&Name::parse(name).unwrap())
    }

    #[test]
    fn nobody_decides_about_their_own_proposal() {
        assert_eq!(may_decide(&person("sato"), &person("suzuki")), Ok(()));
        assert_eq!(may_decide(&person("sato"), &person("sato")), Err(SamePerson));
        assert_eq!(may_decide(&person("Sato"), &person("sATO")), Err(SamePerson));
        assert_eq!(person("SATO").as_str(), "sato");
    }

    #[test]
    fn exposures_are_ordered_and_have_words() {
        for (place, exposure) in SeedExposure::ALL.into_iter().enumerate() {
            assert_eq!(SeedExposure::from_word(exposure.word()), Some(exposure));
            for (other, found) in SeedExposure::ALL.into_iter().enumerate() {
                assert_eq!(exposure.allows(found), other <= place, "{exposure:?} {found:?}");
            }
        }
        assert_eq!(SeedExposure::from_word("Inside"), None);
    }

    #[test]
    fn one_lock_is_lifted_alone_and_two_are_not() {
        let rules = ApprovalRules::default();
        assert!(!rules.unlock_needs_two(1));
        assert!(rules.unlock_needs_two(2));
        assert!(ApprovalRules { unlock_above: Some(0), ..rules }.unlock_needs_two(1));
        assert!(!ApprovalRules { unlock_above: None, ..rules }.unlock_needs_two(usize::MAX));
    }

    #[test]
    fn what_waits_ends() {
        let rules = ApprovalRules { lifetime_h: 2, ..ApprovalRules::default() };
        assert_eq!(rules.expires_ms(1), 7_200_001);
        assert_eq!(rules.expires_ms(u64::MAX), u64::MAX);
    }
}
