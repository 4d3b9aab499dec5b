//! What a failed request says: about the daemon that was asked, about us, and about whether it may
//! have been carried out. Not responsible for what to do next, see [`super::course`].

use std::time::Duration;

use rustls::AlertDescription as Alert;
use warifu_api::{ProblemType, client::ClientError, problem::Next};

use super::trouble::Trouble;

/// One attempt that gave no good answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Seen {
    /// The daemon's word: another one would say the same.
    Final(Trouble),
    /// Not now. `perhaps`: it may have been carried out nevertheless.
    Busy { kind: ProblemType, after: Option<Duration>, perhaps: bool },
    /// No answer of a daemon came; it may have been carried out.
    Lost,
    /// Surely nothing was sent.
    Unreachable,
    /// An answer, but none of this interface. `perhaps`: it may have been carried out nevertheless.
    Foreign { perhaps: bool },
    /// It is not the daemon that the configuration trusts; nothing was sent.
    Untrusted,
    /// It does not accept our certificate; nothing was carried out.
    Refused { expired: bool },
}

impl Seen {
    /// Whether another daemon should be asked first next time.
    pub(super) fn speaks_against_server(&self) -> bool {
        match self {
            Self::Final(_) => false,
            Self::Busy { kind, .. } => *kind != ProblemType::TooManyRequests,
            Self::Foreign { .. }
            | Self::Lost
            | Self::Refused { .. }
            | Self::Unreachable
            | Self::Untrusted => true,
        }
    }

    /// Whether a daemon of ours said it, so that it is in reach.
    pub(super) fn is_of_daemon(&self) -> bool {
        matches!(self, Self::Final(Trouble::Problem(_)) | Self::Busy { .. })
    }
}

/// An answer that is about something else than what was asked about is none of this interface: a verdict
/// on one customer's code must never be told for another's.
pub(crate) fn concerning<T>(
    answer: T,
    asked: &str,
    about: impl FnOnce(&T) -> &str,
) -> Result<T, ClientError> {
    if about(&answer) == asked { Ok(answer) } else { Err(ClientError::Foreign { status: 200 }) }
}

pub(super) fn of(error: &ClientError) -> Seen {
    match error {
        ClientError::Ambiguous(_) | ClientError::Truncated(_) => Seen::Lost,
        ClientError::Foreign { status } => of_foreign(*status),
        ClientError::Argument(_) | ClientError::Local(_) => Seen::Final(Trouble::Unsendable),
        // A question without a key of ours, whose client could make none; nothing was sent.
        ClientError::Randomness | ClientError::Unreachable(_) => Seen::Unreachable,
        ClientError::Problem { problem, retry_after } => of_problem(problem.kind, *retry_after),
        ClientError::Tls(error) => of_tls(error),
    }
}

/// A proxy between us and the daemon says nothing about what the daemon has done, and may do better
/// next time. A refusal is one, whoever says it. What is too long for an address or a header (RFC 9110
/// s.15.5.15, RFC 6585 s.5) is refused before the interface has a word for it, and is the program's fault.
fn of_foreign(status: u16) -> Seen {
    match status {
        414 | 431 => Seen::Final(Trouble::Unsendable),
        500.. => Seen::Lost,
        400..500 => Seen::Foreign { perhaps: false },
        _ => Seen::Foreign { perhaps: true },
    }
}

fn of_problem(kind: ProblemType, after: Option<Duration>) -> Seen {
    match kind.next() {
        Next::Retry => Seen::Busy { kind, after, perhaps: false },
        Next::RetrySameKey => Seen::Busy { kind, after, perhaps: true },
        Next::CallOperator | Next::ChangeCircumstances | Next::ChangeRequest => {
            Seen::Final(Trouble::Problem(kind))
        }
    }
}

/// An alert about a certificate is about ours; everything else is about the other side.
fn of_tls(error: &rustls::Error) -> Seen {
    let rustls::Error::AlertReceived(alert) = error else { return Seen::Untrusted };
    match alert {
        Alert::CertificateExpired => Seen::Refused { expired: true },
        Alert::AccessDenied
        | Alert::BadCertificate
        | Alert::CertificateRequired
        | Alert::CertificateRevoked
        | Alert::CertificateUnknown
        | Alert::DecryptError
        | Alert::UnknownCA
        | Alert::UnsupportedCertificate => Seen::Refused { expired: false },
        _ => Seen::Untrusted,
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use rustls::CertificateError;
    use warifu_api::Problem;

    use super::*;

    fn problem(kind: ProblemType) -> Seen {
        let problem = Box::new(Problem::new(kind));
        of(&ClientError::Problem { problem, retry_after: None })
    }

    #[test]
    fn problems_are_told_apart_by_what_the_daemon_says_comes_next() {
        assert_eq!(
            problem(ProblemType::NotFound),
            Seen::Final(Trouble::Problem(ProblemType::NotFound))
        );
        let busy = |kind, perhaps| Seen::Busy { kind, after: None, perhaps };
        assert_eq!(problem(ProblemType::Draining), busy(ProblemType::Draining, false));
        assert_eq!(problem(ProblemType::Deadline), busy(ProblemType::Deadline, true));
        assert!(problem(ProblemType::Draining).speaks_against_server());
        assert!(!problem(ProblemType::TooManyRequests).speaks_against_server());
        assert!(!problem(ProblemType::Forbidden).speaks_against_server());
    }

    #[test]
    fn an_answer_about_something_else_is_none() {
        assert_eq!(concerning("0012", "0012", |serial| serial).unwrap(), "0012");
        let refused = concerning("0013", "0012", |serial| serial).unwrap_err();
        assert_eq!(of(&refused), Seen::Foreign { perhaps: true });
    }

    #[test]
    fn what_was_surely_not_sent_is_not_lost() {
        assert_eq!(of(&ClientError::Unreachable(io::Error::other("x"))), Seen::Unreachable);
        assert_eq!(of(&ClientError::Ambiguous("x".into())), Seen::Lost);
        assert_eq!(of(&ClientError::Foreign { status: 502 }), Seen::Lost);
        assert_eq!(of(&ClientError::Foreign { status: 404 }), Seen::Foreign { perhaps: false });
        assert_eq!(of(&ClientError::Foreign { status: 414 }), Seen::Final(Trouble::Unsendable));
        assert_eq!(of(&ClientError::Foreign { status: 200 }), Seen::Foreign { perhaps: true });
        assert_eq!(of(&ClientError::Argument("x")), Seen::Final(Trouble::Unsendable));
    }

    #[test]
    fn alerts_are_about_our_certificate_and_errors_about_theirs() {
        let alert = |alert| of(&ClientError::Tls(rustls::Error::AlertReceived(alert)));
        assert_eq!(alert(Alert::CertificateExpired), Seen::Refused { expired: true });
        assert_eq!(alert(Alert::UnknownCA), Seen::Refused { expired: false });
        assert_eq!(alert(Alert::CertificateRequired), Seen::Refused { expired: false });
        assert_eq!(alert(Alert::ProtocolVersion), Seen::Untrusted);
        let theirs = rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
        assert_eq!(of(&ClientError::Tls(theirs)), Seen::Untrusted);
    }
}
