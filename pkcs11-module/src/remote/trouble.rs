//! Why the daemons gave no answer, and what a program is told of it. Not responsible for the daemon's
//! verdicts, which are answers.

use warifu_api::ProblemType;

use crate::{fault::Fault, rv::Rv};

/// Why the daemons gave no answer, by what the caller does next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Trouble {
    /// The daemon says what is wrong.
    Problem(ProblemType),
    /// The daemon does not accept our certificate.
    Refused {
        /// Because it has expired.
        expired: bool,
    },
    /// It may have been carried out: the same request with the same idempotency key tells.
    Unknown,
    /// No daemon is in reach; surely nothing was carried out.
    Unreachable,
    /// What answers is not the daemon that the configuration trusts.
    Untrusted,
    /// Nobody is logged in.
    Locked,
    /// The request can not be made, for example of an empty serial.
    Unsendable,
}

impl Trouble {
    /// Whether another certificate could help.
    pub(super) fn is_about_us(self) -> bool {
        matches!(self, Self::Refused { .. } | Self::Problem(ProblemType::Unauthenticated))
    }

    /// `C_Login` (PKCS#11 v3.1 s.5.6.8) tells what is wrong with the certificate as if it were the PIN:
    /// other values would be taken for a defect.
    pub(super) fn at_login(self) -> Fault {
        let rv = match self {
            Self::Refused { expired: true } => Rv::PinExpired,
            Self::Refused { expired: false } | Self::Problem(ProblemType::Unauthenticated) => {
                Rv::PinIncorrect
            }
            Self::Unreachable | Self::Unknown => Rv::TokenNotPresent,
            Self::Untrusted | Self::Locked | Self::Unsendable | Self::Problem(_) => self.rv(),
        };
        Fault::new(rv, self.why())
    }

    /// What a program is told, in any function but `C_Login`.
    fn rv(self) -> Rv {
        match self {
            Self::Problem(kind) => of_problem(kind),
            Self::Refused { .. } | Self::Locked => Rv::UserNotLoggedIn,
            Self::Unknown => Rv::FunctionFailed,
            Self::Unreachable => Rv::DeviceError,
            Self::Untrusted => Rv::TokenNotRecognized,
            Self::Unsendable => Rv::AttributeValueInvalid,
        }
    }

    fn why(self) -> String {
        match self {
            Self::Problem(kind) => format!("the daemon says {kind}"),
            Self::Refused { expired: true } => "our certificate has expired".to_owned(),
            Self::Refused { expired: false } => {
                "the daemon does not accept our certificate".to_owned()
            }
            Self::Unknown => "no answer came; it may have been carried out".to_owned(),
            Self::Unreachable => "no daemon is in reach".to_owned(),
            Self::Untrusted => {
                "what answers is not a daemon with a certificate of the configured ca".to_owned()
            }
            Self::Locked => "nobody is logged in".to_owned(),
            Self::Unsendable => "a value can not be part of a request".to_owned(),
        }
    }
}

/// Wrong requests are ours or the caller's: a value that a program chose is told as its attribute's,
/// a shape is our defect. Outages are told apart by whether anything may have been done.
fn of_problem(kind: ProblemType) -> Rv {
    use ProblemType as P;
    match kind {
        P::ApprovalRequired | P::Conflict | P::Forbidden | P::SamePerson => Rv::ActionProhibited,
        P::Unauthenticated => Rv::UserNotLoggedIn,
        P::NotFound => Rv::ObjectHandleInvalid,
        P::InvalidField => Rv::AttributeValueInvalid,
        P::PayloadTooLarge => Rv::DataLenRange,
        P::TooManyRequests => Rv::TokenResourceExceeded,
        P::StoreFull => Rv::DeviceMemory,
        P::ClockUntrusted | P::Draining | P::HsmUnavailable | P::TokenUnusable => Rv::DeviceError,
        P::Deadline | P::Internal | P::StoreUnavailable => Rv::FunctionFailed,
        P::IdempotencyMismatch
        | P::MalformedRequest
        | P::MethodNotAllowed
        | P::NotAcceptable
        | P::UnsupportedMediaType => Rv::GeneralError,
    }
}

impl From<Trouble> for Fault {
    fn from(trouble: Trouble) -> Self {
        Self::new(trouble.rv(), trouble.why())
    }
}

#[cfg(test)]
mod tests {
    use warifu_api::problem::Next;

    use super::*;

    /// A program that is told "surely nothing was done" would try again with a new intent.
    #[test]
    fn what_may_have_been_done_is_never_told_as_not_done() {
        for kind in ProblemType::ALL {
            let rv = Fault::from(Trouble::Problem(*kind)).rv;
            if kind.next() == Next::RetrySameKey || *kind == ProblemType::Internal {
                assert_eq!(rv, Rv::FunctionFailed, "{kind}");
            } else {
                assert_ne!(rv, Rv::FunctionFailed, "{kind}");
            }
        }
        assert_eq!(Fault::from(Trouble::Unknown).rv, Rv::FunctionFailed);
        assert_eq!(Fault::from(Trouble::Unreachable).rv, Rv::DeviceError);
    }

    #[test]
    fn a_login_tells_the_certificate_as_the_pin() {
        let told = |trouble: Trouble| trouble.at_login().rv;
        assert_eq!(told(Trouble::Refused { expired: true }), Rv::PinExpired);
        assert_eq!(told(Trouble::Refused { expired: false }), Rv::PinIncorrect);
        assert_eq!(told(Trouble::Problem(ProblemType::Unauthenticated)), Rv::PinIncorrect);
        assert_eq!(told(Trouble::Untrusted), Rv::TokenNotRecognized);
        assert_eq!(told(Trouble::Unreachable), Rv::TokenNotPresent);
        let later = Fault::from(Trouble::Refused { expired: true });
        assert_eq!(later.rv, Rv::UserNotLoggedIn);
    }
}
