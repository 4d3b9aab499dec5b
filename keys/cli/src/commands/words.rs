//! Words, times and kinds of tokens on the command line.
//!
//! Not responsible for: names, which the server checks.

use clap::ValueEnum;
use warifu_api::{
    Timestamp,
    approval::ProposalState,
    token::{TokenKind, TokenStatus},
    user::{Authentication, ListedState},
};
use warifu_core::time::UnixTime;

/// Kind of a token on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum KindWord {
    /// Hardware token (ハードウェアトークン)
    Hard,
    /// Software token (ソフトウェアトークン)
    Soft,
    /// Camera token (カメラ付きトークン)
    Camera,
}

impl From<KindWord> for TokenKind {
    fn from(kind: KindWord) -> Self {
        match kind {
            KindWord::Hard => Self::Hard,
            KindWord::Soft => Self::Soft,
            KindWord::Camera => Self::Camera,
        }
    }
}

/// State of a token.
pub(crate) fn status(word: &str) -> Result<TokenStatus, String> {
    known(TokenStatus::ALL, TokenStatus::word, word)
}

/// State of a user.
pub(crate) fn listed_state(word: &str) -> Result<ListedState, String> {
    known(ListedState::ALL, ListedState::word, word)
}

/// Whether a user's codes are looked at.
pub(crate) fn authentication(word: &str) -> Result<Authentication, String> {
    known(Authentication::ALL, Authentication::word, word)
}

/// State of a proposal.
pub(crate) fn proposal_state(word: &str) -> Result<ProposalState, String> {
    known(ProposalState::ALL, ProposalState::word, word)
}

/// A moment.
pub(crate) fn time(text: &str) -> Result<Timestamp, String> {
    let rule = || "a time with its offset, as 2031-03-31T23:59:59+09:00".to_owned();
    UnixTime::from_rfc3339(text).map(|time| Timestamp(time.to_rfc3339())).ok_or_else(rule)
}

fn known<T: Copy>(all: &[T], name: fn(T) -> &'static str, word: &str) -> Result<T, String> {
    all.iter().copied().find(|one| name(*one) == word).ok_or_else(|| {
        let words: Vec<_> = all.iter().map(|one| name(*one)).collect();
        format!("one of {}", words.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_word_is_answered_with_the_right_ones() {
        assert_eq!(listed_state("issued"), Ok(ListedState::Issued));
        assert_eq!(authentication("locked").unwrap_err(), "one of available, stopped");
    }
}
