//! What the description says about each operation: texts, bodies, answers, problems.
//!
//! Not responsible for: paths, methods and success statuses, which are in [`crate::operation`].

use utoipa::{
    IntoParams,
    openapi::{
        Content, ContentBuilder, Header, RefOr, Response, ResponseBuilder,
        path::{Parameter, ParameterIn},
        schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type},
    },
};

use super::{lifecycle, reference, two_people};
use crate::{
    audit, import,
    operation::Operation,
    problem::{self, ProblemType},
    token,
};

pub(super) const INTRODUCTION: &str = "\
Checks one-time passwords whose seeds never leave an HSM, and looks after the tokens that make them.

A wrong code is an answer (200 with an outcome and a reason). An outage is a problem document \
(RFC 9457): it neither uses up a code nor counts as an attempt. Everything that changes state takes an \
`Idempotency-Key`; a repeated answer carries `Idempotency-Replayed: true`.

Contracts, users and the life of their tokens follow the institution's policy. What a rule forbids is an answer as well: \
`refused` with a reason. Where the policy wants two people, one proposes and another approves: `approval_required` says that an operation is to be proposed, `same_person` that somebody else has to decide. \
Operations that need more than a one-time password are put to the user's token as challenges; \
what was signed comes back with the right answer, and that is what is to be carried out. Answers and problems carry a text for people, in English or Japanese, by `Accept-Language`.

Answers may gain fields; ignore those you do not know. Requests with unknown fields are refused.";

pub(super) const MUTUAL_TLS: &str = "\
A client certificate with a URI SAN `warifu://<institution>/<role>/<name>`, or one whose subject the daemon's \
configuration maps to a caller. A caller sees its own institution only.";

pub(super) const IDEMPOTENCY: &str = "\
Names one intent; without one, a request that is repeated is a new one. The same key with the same request gives the same answer, also after a restart; with \
another request it is refused.";

pub(super) const LANGUAGE: &str = "\
Language of the texts for people: `en` or `ja` (RFC 9110 s.12.5.4). English where absent or neither is acceptable.";

pub(super) const TAGS: &[(&str, &str)] = &[
    ("verification", "Codes."),
    ("tokens", "Tokens and their state."),
    ("contracts", "Corporate customers (契約先): how their users and tokens belong together."),
    ("users", "Users of a contract: at most one token each, and everything that becomes of it."),
    ("grants", "One code for a run of operations."),
    (
        "signing",
        "Transactions signed on a token, and the camera tokens (トランザクション認証) that show what they sign.",
    ),
    ("imports", "Seed files. All or nothing per file, and by two officers."),
    (
        "keys",
        "Transport keys, under which manufacturers encrypt seeds, and the keys that seeds in the store are wrapped under.",
    ),
    ("approvals", "What one person proposes and another approves."),
    ("audit", "The audit chain and backups."),
    ("daemon", "The daemon itself."),
];

/// Texts of one operation.
pub(super) struct Text {
    pub(super) tag: &'static str,
    pub(super) summary: &'static str,
    pub(super) description: &'static str,
}

/// Media type and schema of a body.
pub(super) struct Body {
    pub(super) media_type: &'static str,
    schema: RefOr<Schema>,
}

impl Body {
    fn json(name: &str) -> Self {
        Self { media_type: "application/json", schema: reference(name) }
    }

    fn octets(media_type: &'static str) -> Self {
        let schema = ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)));
        Self { media_type, schema: Schema::from(schema).into() }
    }

    fn object() -> Self {
        let schema = ObjectBuilder::new().schema_type(Type::Object);
        Self { media_type: "application/json", schema: Schema::from(schema).into() }
    }

    pub(super) fn content(&self) -> Content {
        ContentBuilder::new().schema(Some(self.schema.clone())).build()
    }
}

pub(super) fn path_parameter(path: &str, name: &str) -> &'static str {
    match name {
        "activation" => {
            "`activation` of the answer that began it: `<serial>-<24 hexadecimal digits>`."
        }
        "challenge" => "`challenge` of the answer that put it: `<serial>-<24 hexadecimal digits>`.",
        "contract" => "Name of the contract: up to 32 letters, digits, `-`, `_`, `.`.",
        "grant" => "`id` of the grant.",
        "label" => "Name of the key: up to 64 letters, digits, `-`, `_`, `.`, `@`.",
        "serial" => "Serial as printed on the token: up to 40 letters, digits, `-`, `_`, `.`, `:`.",
        "user" => {
            "Name of the user within the contract: up to 32 letters, digits, `-`, `_`, `.`, `@`."
        }
        _ if path.starts_with("/v1/ceremonies") => "`id` of the ceremony.",
        _ if path.starts_with("/v1/proposals") => "`id` of the proposal.",
        _ => "`id` of the import.",
    }
}

pub(super) fn query(operation: Operation) -> Vec<Parameter> {
    let location = || Some(ParameterIn::Query);
    match operation {
        Operation::ImportList => import::ImportQuery::into_params(location),
        Operation::TokenList => token::TokenQuery::into_params(location),
        _ => lifecycle::query(operation),
    }
}

pub(super) fn request(operation: Operation) -> Option<Body> {
    if let Some(facts) = lifecycle::facts(operation) {
        return facts.request.map(Body::json);
    }
    Some(match operation {
        Operation::TokenVerify => Body::json("VerifyRequest"),
        Operation::TokenResync => Body::json("ResyncRequest"),
        Operation::TokenDisable | Operation::TokenEnable | Operation::TokenUnlock => {
            Body::json("ChangeRequest")
        }
        Operation::TokenExpiry => Body::json("ExpiryRequest"),
        Operation::ImportCreate => Body::json("ImportRequest"),
        Operation::ImportContent => Body::octets("application/octet-stream"),
        _ => return None,
    })
}

/// Whether the answer carries a text for people.
pub(super) fn has_text(operation: Operation) -> bool {
    let verdict = matches!(operation, Operation::TokenResync | Operation::TokenVerify);
    let told = |facts: lifecycle::Facts| {
        facts.answer.ends_with("Answer") || facts.answer == "TokenHistory"
    };
    verdict || lifecycle::facts(operation).is_some_and(told)
}

fn answer(operation: Operation) -> Body {
    if let Some(facts) = lifecycle::facts(operation) {
        return Body::json(facts.answer);
    }
    match operation {
        Operation::AuditPublicKey => Body::json("AuditPublicKey"),
        Operation::AuditExport => Body::octets(audit::EXPORT_MEDIA_TYPE),
        Operation::BackupCreate => Body::octets("application/octet-stream"),
        Operation::Health => Body::json("Health"),
        Operation::ImportCancel
        | Operation::ImportContent
        | Operation::ImportCreate
        | Operation::ImportShow => Body::json("ImportJob"),
        Operation::ImportList => Body::json("ImportPage"),
        Operation::Ready => Body::json("Readiness"),
        Operation::Status => Body::json("Status"),
        Operation::TokenDisable
        | Operation::TokenEnable
        | Operation::TokenExpiry
        | Operation::TokenShow
        | Operation::TokenUnlock => Body::json("TokenDetail"),
        Operation::TokenFacts => Body::json("TokenFacts"),
        Operation::TokenList => Body::json("TokenPage"),
        Operation::TokenResync | Operation::TokenVerify => Body::json("VerifyAnswer"),
        _ => Body::object(),
    }
}

pub(super) fn responses(operation: Operation) -> Vec<(String, Response)> {
    let mut all = vec![(operation.success().to_string(), success(operation))];
    if operation == Operation::Ready {
        let body = answer(operation);
        let response = ResponseBuilder::new()
            .description("At least one component is not ready")
            .content(body.media_type, body.content())
            .build();
        all.push(("503".to_owned(), response));
    }
    let mut kinds = problems(operation);
    kinds.sort_by_key(|kind| kind.status());
    for chunk in kinds.chunk_by(|a, b| a.status() == b.status()) {
        if let Some(first) = chunk.first() {
            all.push((first.status().to_string(), problem_response(chunk)));
        }
    }
    all
}

fn success(operation: Operation) -> Response {
    let body = answer(operation);
    let builder = ResponseBuilder::new()
        .description(text(operation).summary)
        .content(body.media_type, body.content());
    if !operation.changes_state() {
        return builder.build();
    }
    let mut replayed = Header::new(ObjectBuilder::new().schema_type(Type::String));
    replayed.description = Some("`true` where this is a remembered answer.".to_owned());
    builder.header("Idempotency-Replayed", replayed).build()
}

fn problem_response(kinds: &[ProblemType]) -> Response {
    let words: Vec<_> = kinds.iter().map(|kind| format!("`{}`", kind.word())).collect();
    let content = ContentBuilder::new().schema(Some(reference("Problem"))).build();
    let builder =
        ResponseBuilder::new().description(words.join(", ")).content(problem::MEDIA_TYPE, content);
    if kinds.iter().all(|kind| kind.retry_after_s().is_none()) {
        return builder.build();
    }
    let mut after = Header::new(ObjectBuilder::new().schema_type(Type::Integer));
    after.description = Some("Seconds to wait before trying again.".to_owned());
    builder.header("Retry-After", after).build()
}

/// What this operation can answer instead. Health, readiness and this description have no problem
/// of their own beyond those of every request.
fn problems(operation: Operation) -> Vec<ProblemType> {
    use ProblemType as P;
    let mut all = vec![P::Unauthenticated, P::Forbidden, P::TooManyRequests, P::Internal];
    match operation {
        Operation::Ready => return vec![P::Unauthenticated, P::TooManyRequests, P::Internal],
        Operation::Health | Operation::OpenApi => return all,
        _ => all.extend([P::StoreUnavailable, P::Draining, P::Deadline]),
    }
    if operation.path().contains('{') {
        all.push(P::NotFound);
    }
    if !query(operation).is_empty() || operation.path().contains('{') || operation.changes_state() {
        all.extend([P::MalformedRequest, P::InvalidField]);
    }
    if operation.changes_state() {
        all.extend([P::IdempotencyMismatch, P::StoreFull, P::Conflict]);
    }
    if request(operation).is_some() {
        all.extend([P::UnsupportedMediaType, P::PayloadTooLarge]);
    }
    if let Some(facts) = lifecycle::facts(operation) {
        all.push(P::ClockUntrusted);
        if facts.looks_at_codes() {
            all.extend([P::HsmUnavailable, P::TokenUnusable]);
        }
    }
    match operation {
        Operation::TokenVerify | Operation::TokenResync => {
            all.extend([P::HsmUnavailable, P::ClockUntrusted, P::TokenUnusable]);
        }
        Operation::AuditExport | Operation::AuditPublicKey | Operation::BackupCreate => {
            all.push(P::HsmUnavailable);
        }
        _ => {}
    }
    all.extend(two_people::problems(operation));
    all
}

pub(super) const fn words(
    tag: &'static str,
    summary: &'static str,
    description: &'static str,
) -> Text {
    Text { tag, summary, description }
}

pub(super) fn text(operation: Operation) -> Text {
    if let Some(facts) = lifecycle::facts(operation) {
        return facts.text;
    }
    match operation {
        Operation::TokenVerify => words(
            "verification",
            "Checks a code",
            "Answers once the outcome is durable. A code is accepted at most once. The exact repetition of a wrong code is rejected again but counted once.",
        ),
        Operation::TokenResync => words(
            "verification",
            "Checks two consecutive codes and finds the token's counter or clock again",
            "Searches a wider window than a single code. A miss counts as one wrong attempt.",
        ),
        Operation::TokenFacts
        | Operation::TokenList
        | Operation::TokenShow
        | Operation::TokenDisable
        | Operation::TokenEnable
        | Operation::TokenExpiry
        | Operation::TokenUnlock => token_text(operation),
        Operation::ImportCancel
        | Operation::ImportContent
        | Operation::ImportCreate
        | Operation::ImportList
        | Operation::ImportShow => import_text(operation),
        Operation::AuditExport | Operation::AuditPublicKey | Operation::BackupCreate => {
            audit_text(operation)
        }
        _ => daemon_text(operation),
    }
}

fn token_text(operation: Operation) -> Text {
    match operation {
        Operation::TokenList => words(
            "tokens",
            "Lists tokens, by ascending serial",
            "Follow `next_cursor` until it is absent; a page may be short, even empty, without being the last.",
        ),
        Operation::TokenFacts => words(
            "tokens",
            "Says how a token makes its codes",
            "For programs that ask for them. Where policy hides which serials exist, a front end hears only of tokens whose codes it could have checked by serial.",
        ),
        Operation::TokenShow => {
            words("tokens", "Shows a token", "All that is known of it, never its seed.")
        }
        Operation::TokenDisable => words(
            "tokens",
            "Puts a token out of use",
            "Its codes are rejected as `disabled`. Doing so twice changes nothing.",
        ),
        Operation::TokenEnable => words(
            "tokens",
            "Puts a token in use",
            "Codes that were accepted before stay used. Does not lift a lock.",
        ),
        Operation::TokenExpiry => words(
            "tokens",
            "Sets or lifts a token's expiry",
            "`expires_at` is the last moment at which codes are accepted.",
        ),
        _ => words(
            "tokens",
            "Lifts a token's lock",
            "The count of wrong codes starts again; used codes stay used.",
        ),
    }
}

fn import_text(operation: Operation) -> Text {
    match operation {
        Operation::ImportCreate => words(
            "imports",
            "Opens an import",
            "The file is sent afterwards; until then nothing happens. What the file's format leaves open is declared here; what the file says itself is never overridden.",
        ),
        Operation::ImportContent => words(
            "imports",
            "Sends the file of an import",
            "Answers once the file is received whole; the work goes on in the background, see the import's state. The file goes into service as a whole or not at all, and serials that exist are refused. Where the policy wants two officers, it waits as `staged` until another one approves it.",
        ),
        Operation::ImportCancel => words(
            "imports",
            "Cancels an import",
            "Nothing of the file goes into service, and of a staged batch nothing is kept. A finished import can not be cancelled.",
        ),
        Operation::ImportList => {
            words("imports", "Lists imports, the latest first", "Without their reports.")
        }
        _ => words("imports", "Shows an import", "With its report, once the file was read."),
    }
}

fn audit_text(operation: Operation) -> Text {
    match operation {
        Operation::AuditExport => words(
            "audit",
            "Exports the audit chain",
            "JSON Lines: a header, one line per record, signed checkpoints, and a signed trailer without which the export is not whole. `warifu audit verify` checks it offline.",
        ),
        Operation::AuditPublicKey => words(
            "audit",
            "Shows the public key of the audit chain",
            "Obtain it by another way as well; an export is only worth as much as the key it is checked with.",
        ),
        _ => words(
            "audit",
            "Takes a backup",
            "A signed stream, taken while the daemon serves. A stream that broke off is not a backup: its signature is missing.",
        ),
    }
}

fn daemon_text(operation: Operation) -> Text {
    match operation {
        Operation::Health => {
            words("daemon", "Whether the process answers", "Says nothing about HSM and store.")
        }
        Operation::OpenApi => words("daemon", "This description", "As served by this version."),
        Operation::Ready => words(
            "daemon",
            "Whether codes can be checked right now",
            "For load balancers: 200 or 503, with a list of components either way.",
        ),
        _ => words("daemon", "Facts about the daemon", "Version, store, HSM, clock."),
    }
}
