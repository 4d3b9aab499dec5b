//! Problem documents (RFC 9457): the only shape in which a request fails.
//!
//! Not responsible for: choosing one. The daemon's `http/problem.rs` does that in one `match`.
//!
//! A wrong code is no problem but an answer, see [`crate::token::VerifyAnswer`].

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// Media type of a problem document.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// What every `type` begins with.
const PREFIX: &str = "urn:warifu:problem:";

/// What the caller does next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Next {
    /// The request is wrong: change it. Repeating it gives the same answer.
    ChangeRequest,
    /// Something other than the request must change first: a certificate, a role, the thing's state.
    ChangeCircumstances,
    /// Repeat the same request, with the same idempotency key, after `Retry-After`. Nothing was
    /// decided, no code was used up, no attempt was counted.
    Retry,
    /// It may have been carried out. Repeat the same request with the same idempotency key: it is
    /// carried out once.
    RetrySameKey,
    /// Ask the operators; the request id helps them.
    CallOperator,
}

/// Everything the closed enum needs to say about one problem type.
struct Facts {
    word: &'static str,
    status: u16,
    title: &'static str,
    next: Next,
    retry_after_s: Option<u16>,
}

const fn facts(word: &'static str, status: u16, title: &'static str, next: Next) -> Facts {
    Facts { word, status, title, next, retry_after_s: None }
}

impl Facts {
    const fn after(mut self, seconds: u16) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }
}

macro_rules! problem_types {
    ($($(#[$doc:meta])* $variant:ident => $facts:expr;)+) => {
        /// What went wrong. Closed: a client may rely on it being one of these.
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        pub enum ProblemType { $($(#[$doc])* $variant,)+ }

        impl ProblemType {
            /// All of them, in the order of the enum.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            const fn facts(self) -> Facts {
                match self { $(Self::$variant => $facts),+ }
            }
        }
    };
}

problem_types! {
    /// The operation needs two people: propose it, and have another person approve it.
    ApprovalRequired => facts("approval_required", 403, "This operation needs two people", Next::ChangeCircumstances);
    /// The clock stepped back or is not synchronised; time-based checks wait.
    ClockUntrusted => facts("clock_untrusted", 503, "The clock is not trusted at the moment", Next::Retry).after(5);
    /// The thing is in a state that forbids this, or exists already.
    Conflict => facts("conflict", 409, "The state of the thing does not allow this", Next::ChangeCircumstances);
    /// Not finished in time.
    Deadline => facts("deadline", 503, "Not finished in time", Next::RetrySameKey).after(1);
    /// The daemon is stopping; another one, or this one after its restart, will answer.
    Draining => facts("draining", 503, "The server is stopping", Next::Retry).after(1);
    /// The caller's roles do not allow this.
    Forbidden => facts("forbidden", 403, "The caller's role does not allow this", Next::ChangeCircumstances);
    /// The HSM is out of reach.
    HsmUnavailable => facts("hsm_unavailable", 503, "The HSM is out of reach", Next::Retry).after(1);
    /// The idempotency key was used for another request.
    IdempotencyMismatch => facts("idempotency_mismatch", 422, "The idempotency key belongs to another request", Next::ChangeRequest);
    /// A defect of the daemon.
    Internal => facts("internal", 500, "Internal error", Next::CallOperator);
    /// A field breaks a rule; `errors` names them.
    InvalidField => facts("invalid_field", 422, "A field breaks a rule", Next::ChangeRequest);
    /// Not HTTP, not JSON, or not of the documented shape.
    MalformedRequest => facts("malformed_request", 400, "The request is malformed", Next::ChangeRequest);
    /// The path exists, but not with this method.
    MethodNotAllowed => facts("method_not_allowed", 405, "The method is not allowed here", Next::ChangeRequest);
    /// The answer is not available in a media type that the caller accepts.
    NotAcceptable => facts("not_acceptable", 406, "No acceptable media type", Next::ChangeRequest);
    /// No such thing, or not the caller's.
    NotFound => facts("not_found", 404, "Not found", Next::ChangeRequest);
    /// The body is larger than allowed.
    PayloadTooLarge => facts("payload_too_large", 413, "The body is too large", Next::ChangeRequest);
    /// The person who proposed or staged it cannot decide about it.
    SamePerson => facts("same_person", 403, "Another person has to decide", Next::ChangeCircumstances);
    /// No room left on the store's device; nothing was changed.
    StoreFull => facts("store_full", 503, "The store has no room left", Next::Retry).after(30);
    /// The store is out of reach; nothing is known to have changed.
    StoreUnavailable => facts("store_unavailable", 503, "The store is out of reach", Next::RetrySameKey).after(1);
    /// This token's sealed record is damaged; other tokens are not concerned.
    TokenUnusable => facts("token_unusable", 503, "The token's record can not be used", Next::CallOperator);
    /// The caller sends more than it may.
    TooManyRequests => facts("too_many_requests", 429, "Too many requests", Next::Retry).after(1);
    /// The certificate names no caller.
    Unauthenticated => facts("unauthenticated", 401, "The certificate names no caller", Next::ChangeCircumstances);
    /// The body has another media type than this operation takes.
    UnsupportedMediaType => facts("unsupported_media_type", 415, "The media type is not supported", Next::ChangeRequest);
}

impl ProblemType {
    /// The last part of the URN; also for metrics and logs.
    pub const fn word(self) -> &'static str {
        self.facts().word
    }

    /// The value of `type`.
    pub fn urn(self) -> String {
        format!("{PREFIX}{}", self.word())
    }

    /// Reads [`Self::urn`].
    pub fn from_urn(urn: &str) -> Option<Self> {
        let word = urn.strip_prefix(PREFIX)?;
        Self::ALL.iter().copied().find(|one| one.word() == word)
    }

    /// The HTTP status.
    pub const fn status(self) -> u16 {
        self.facts().status
    }

    /// The same for every occurrence (RFC 9457 s.3.1.3).
    pub const fn title(self) -> &'static str {
        self.facts().title
    }

    /// What the caller does next.
    pub const fn next(self) -> Next {
        self.facts().next
    }

    /// `Retry-After` in seconds, where trying again makes sense and nothing better is known.
    pub const fn retry_after_s(self) -> Option<u16> {
        self.facts().retry_after_s
    }
}

impl fmt::Display for ProblemType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Serialize for ProblemType {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&format_args!("{PREFIX}{}", self.word()))
    }
}

impl<'de> Deserialize<'de> for ProblemType {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let urn = String::deserialize(from)?;
        Self::from_urn(&urn).ok_or_else(|| D::Error::custom("unknown problem type"))
    }
}

/// A problem document.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// Which of the closed list.
    #[serde(rename = "type")]
    pub kind: ProblemType,
    /// The same for every occurrence of the type, in the language of `Accept-Language`.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What to know about this occurrence. Never the text of an inner error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What happened and what to do next, for people, in the language of `Accept-Language`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// `urn:warifu:request:<id>`: names this request in the daemon's logs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// The fields that break a rule, all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

/// A field that breaks a rule.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldError {
    /// Name of the field, of the query parameter or of the header.
    pub field: String,
    /// What is allowed.
    pub rule: String,
}

impl Problem {
    /// A document without particulars.
    pub fn new(kind: ProblemType) -> Self {
        Self {
            kind,
            title: kind.title().to_owned(),
            status: kind.status(),
            detail: None,
            text: None,
            instance: None,
            errors: Vec::new(),
        }
    }

    /// With a detail. `&'static str`, so that no inner error and no input can get in.
    #[must_use]
    pub fn with_detail(mut self, detail: &'static str) -> Self {
        self.detail = Some(detail.to_owned());
        self
    }

    /// With one more field that breaks a rule.
    #[must_use]
    pub fn with_error(mut self, field: &'static str, rule: impl Into<String>) -> Self {
        self.errors.push(FieldError { field: field.to_owned(), rule: rule.into() });
        self
    }

    /// With the name of the request.
    #[must_use]
    pub fn with_request_id(mut self, id: &str) -> Self {
        self.instance = Some(format!("urn:warifu:request:{id}"));
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.kind, self.status)?;
        if let Some(detail) = &self.detail {
            write!(f, ": {detail}")?;
        }
        self.errors.iter().try_for_each(|error| write!(f, "; {}: {}", error.field, error.rule))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_type_survives_the_wire() {
        for kind in ProblemType::ALL {
            let problem = Problem::new(*kind)
                .with_detail("a detail")
                .with_request_id("42")
                .with_error("code", "4 to 10 digits");
            let json = serde_json::to_string(&problem).unwrap();
            assert!(json.contains(&format!(r#""type":"urn:warifu:problem:{}""#, kind.word())));
            assert_eq!(serde_json::from_str::<Problem>(&json).unwrap(), problem);
            assert_eq!(ProblemType::from_urn(&kind.urn()), Some(*kind));
        }
    }

    #[test]
    fn words_and_titles_are_distinct() {
        let words: HashSet<_> = ProblemType::ALL.iter().map(|kind| kind.word()).collect();
        let titles: HashSet<_> = ProblemType::ALL.iter().map(|kind| kind.title()).collect();
        assert_eq!(words.len(), ProblemType::ALL.len());
        assert_eq!(titles.len(), ProblemType::ALL.len());
    }

    /// An outage is never told as an error of the caller, and the other way round; and whoever is
    /// told to try again is told when.
    #[test]
    fn status_next_step_and_delay_agree() {
        for kind in ProblemType::ALL {
            let status = kind.status();
            match kind.next() {
                Next::ChangeRequest | Next::ChangeCircumstances => {
                    assert!((400..500).contains(&status) && status != 429, "{kind}");
                    assert_eq!(kind.retry_after_s(), None, "{kind}");
                }
                Next::Retry | Next::RetrySameKey => {
                    assert!(status == 429 || status == 503, "{kind}");
                    assert!(kind.retry_after_s().is_some(), "{kind}");
                }
                Next::CallOperator => assert!(status >= 500, "{kind}"),
            }
        }
    }

    #[test]
    fn an_unknown_type_is_not_taken_for_a_known_one() {
        let json = r#"{"type":"about:blank","title":"x","status":500}"#;
        assert!(serde_json::from_str::<Problem>(json).is_err());
    }
}
