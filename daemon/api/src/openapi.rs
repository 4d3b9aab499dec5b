//! The interface described as OpenAPI 3.1, made from the wire types and the table of operations.
//!
//! Not responsible for: serving it, and for being right about what the daemon does: that every
//! operation is routed as the table says is tested there.

mod keys;
mod lifecycle;
mod operations;
mod signing;
mod two_people;

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        Components, ComponentsBuilder, Info, OpenApi, PathItem, Paths, RefOr, Server, Tag,
        path::{
            HttpMethod, OperationBuilder, Parameter, ParameterBuilder, ParameterIn, PathsBuilder,
        },
        request_body::RequestBodyBuilder,
        schema::{ObjectBuilder, Ref, Schema, SchemaFormat, Type},
        security::{SecurityRequirement, SecurityScheme},
    },
};

use crate::{
    audit::AuditPublicKey,
    idempotency,
    import::{ImportPage, ImportRequest},
    operation::{Method, Operation},
    problem::{Next, Problem, ProblemType},
    status::{Health, Readiness, Status},
    token::{
        ChangeRequest, ExpiryRequest, ResyncRequest, TokenDetail, TokenPage, VerifyAnswer,
        VerifyRequest,
    },
};

/// Name of the security scheme.
const MUTUAL_TLS: &str = "mutual_tls";

/// The whole description.
pub fn openapi() -> OpenApi {
    let mut info = Info::new("Warifu", env!("CARGO_PKG_VERSION"));
    info.description = Some(operations::INTRODUCTION.to_owned());
    let mut api = OpenApi::new(info, paths());
    api.components = Some(components());
    api.tags = Some(operations::TAGS.iter().map(|(name, text)| tag(name, text)).collect());
    api.servers = Some(vec![Server::new("/")]);
    api.security = Some(vec![SecurityRequirement::new(MUTUAL_TLS, [] as [&str; 0])]);
    api
}

/// The description as JSON text, with a line break at its end.
pub fn openapi_json() -> Result<String, serde_json::Error> {
    openapi().to_pretty_json().map(|text| text + "\n")
}

fn tag(name: &str, text: &str) -> Tag {
    let mut tag = Tag::new(name);
    tag.description = Some(text.to_owned());
    tag
}

fn components() -> Components {
    let scheme = SecurityScheme::MutualTls {
        description: Some(operations::MUTUAL_TLS.to_owned()),
        extensions: None,
    };
    let mut all = Vec::new();
    collect::<AuditPublicKey>(&mut all);
    collect::<ImportPage>(&mut all);
    collect::<ImportRequest>(&mut all);
    collect::<Problem>(&mut all);
    collect::<Health>(&mut all);
    collect::<Readiness>(&mut all);
    collect::<Status>(&mut all);
    collect::<ChangeRequest>(&mut all);
    collect::<ExpiryRequest>(&mut all);
    collect::<ResyncRequest>(&mut all);
    collect::<TokenDetail>(&mut all);
    collect::<crate::facts::TokenFacts>(&mut all);
    collect::<TokenPage>(&mut all);
    collect::<VerifyAnswer>(&mut all);
    collect::<VerifyRequest>(&mut all);
    lifecycle::schemas(&mut all);
    signing::schemas(&mut all);
    keys::schemas(&mut all);
    two_people::schemas(&mut all);
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all.dedup_by(|a, b| a.0 == b.0);
    ComponentsBuilder::new().schemas_from_iter(all).security_scheme(MUTUAL_TLS, scheme).build()
}

/// A schema and all that it refers to.
fn collect<T: ToSchema>(all: &mut Vec<(String, RefOr<Schema>)>) {
    all.push((T::name().into_owned(), T::schema()));
    T::schemas(all);
}

fn paths() -> Paths {
    Operation::ALL
        .iter()
        .fold(PathsBuilder::new(), |paths, operation| {
            paths.path(operation.path(), PathItem::new(http_method(*operation), built(*operation)))
        })
        .build()
}

fn http_method(operation: Operation) -> HttpMethod {
    match operation.method() {
        Method::Delete => HttpMethod::Delete,
        Method::Get => HttpMethod::Get,
        Method::Post => HttpMethod::Post,
        Method::Put => HttpMethod::Put,
    }
}

fn built(operation: Operation) -> OperationBuilder {
    let text = operations::text(operation);
    let mut builder = OperationBuilder::new()
        .operation_id(Some(operation.id()))
        .tag(text.tag)
        .summary(Some(text.summary))
        .description(Some(text.description))
        .parameters(Some(parameters(operation)));
    if let Some(body) = operations::request(operation) {
        let request = RequestBodyBuilder::new()
            .content(body.media_type, body.content())
            .required(Some(utoipa::openapi::Required::True))
            .build();
        builder = builder.request_body(Some(request));
    }
    operations::responses(operation)
        .into_iter()
        .fold(builder, |builder, (status, response)| builder.response(status, response))
}

fn parameters(operation: Operation) -> Vec<Parameter> {
    let mut all: Vec<Parameter> = path_parameters(operation.path());
    all.extend(operations::query(operation));
    if operation.changes_state() {
        all.push(header("Idempotency-Key", operations::IDEMPOTENCY, key_schema()));
    }
    if operations::has_text(operation) {
        let schema = ObjectBuilder::new().schema_type(Type::String).into();
        all.push(header("Accept-Language", operations::LANGUAGE, schema));
    }
    all
}

fn header(name: &str, description: &str, schema: Schema) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(utoipa::openapi::Required::False)
        .description(Some(description))
        .schema(Some(schema))
        .build()
}

fn key_schema() -> Schema {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(idempotency::IdempotencyKey::MAX))
        .pattern(Some("^[!-~]{1,64}$"))
        .into()
}

/// The names in braces, which are the only parameters a path can have.
fn path_parameters(path: &str) -> Vec<Parameter> {
    path.split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| {
            ParameterBuilder::new()
                .name(name)
                .parameter_in(ParameterIn::Path)
                .required(utoipa::openapi::Required::True)
                .description(Some(operations::path_parameter(path, name)))
                .schema(Some(Schema::from(ObjectBuilder::new().schema_type(Type::String))))
                .build()
        })
        .collect()
}

impl PartialSchema for ProblemType {
    fn schema() -> RefOr<Schema> {
        let lines = Self::ALL.iter().map(|kind| {
            let next = next_step(kind.next());
            format!("- `{}` ({}): {}. {next}", kind.word(), kind.status(), kind.title())
        });
        let text = lines.collect::<Vec<_>>().join("\n");
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::Custom("uri".to_owned())))
            .description(Some(format!("A closed list:\n{text}")))
            .enum_values(Some(Self::ALL.iter().map(|kind| kind.urn())))
            .into()
    }
}

impl ToSchema for ProblemType {
    fn name() -> std::borrow::Cow<'static, str> {
        "ProblemType".into()
    }
}

fn next_step(next: Next) -> &'static str {
    match next {
        Next::ChangeRequest => "Change the request.",
        Next::ChangeCircumstances => "Something other than the request must change first.",
        Next::Retry => "Nothing was decided; repeat the request with the same idempotency key.",
        Next::RetrySameKey => {
            "It may have been carried out; repeat the request with the same idempotency key."
        }
        Next::CallOperator => "Ask the operators; `instance` names the request.",
    }
}

/// A reference to a schema of the components.
fn reference(name: &str) -> RefOr<Schema> {
    Ref::from_schema_name(name).into()
}
