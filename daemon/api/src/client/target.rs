//! Paths and query texts of requests. Not responsible for what the arguments mean.

use http::{
    Uri,
    uri::{Authority, PathAndQuery, Scheme},
};
use serde::Serialize;
use serde_json::Value;

use super::ClientError;
use crate::operation::Operation;

/// The address of an operation, its path parameters filled in from the left.
pub(super) fn target(
    authority: &Authority,
    operation: Operation,
    arguments: &[&str],
    query: &str,
) -> Result<Uri, ClientError> {
    let mut path = filled(operation.path(), arguments)?;
    if !query.is_empty() {
        path.push('?');
        path.push_str(query);
    }
    let path: PathAndQuery = path.parse().map_err(|_| ClientError::Argument("the path"))?;
    Uri::builder()
        .scheme(Scheme::HTTPS)
        .authority(authority.clone())
        .path_and_query(path)
        .build()
        .map_err(|_| ClientError::Argument("the address"))
}

/// `.` and `..` are refused: on the way they could be taken for steps in the path.
fn filled(template: &str, arguments: &[&str]) -> Result<String, ClientError> {
    let mut arguments = arguments.iter();
    let mut path = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, inside)) = rest.split_once('{') {
        let argument = arguments.next().copied().unwrap_or_default();
        if argument.bytes().all(|c| c == b'.') {
            return Err(ClientError::Argument("the serial, name or id"));
        }
        path.push_str(before);
        path.push_str(&escaped(argument));
        rest = inside.split_once('}').map_or("", |(_, after)| after);
    }
    path.push_str(rest);
    Ok(path)
}

/// RFC 3986 s.2.1: everything but the unreserved characters.
fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let one = |byte| if plain(byte) { char::from(byte).into() } else { format!("%{byte:02X}") };
    text.bytes().map(one).collect()
}

/// A query text from the fields of `query` that are there.
pub(super) fn query_text(query: &impl Serialize) -> Result<String, ClientError> {
    let Ok(Value::Object(fields)) = serde_json::to_value(query) else {
        return Err(ClientError::Argument("the query"));
    };
    let pairs = fields.iter().filter_map(|(name, value)| {
        let text = match value {
            Value::String(text) => escaped(text),
            Value::Number(number) => number.to_string(),
            Value::Bool(bool) => bool.to_string(),
            Value::Null | Value::Array(_) | Value::Object(_) => return None,
        };
        Some(format!("{name}={text}"))
    });
    Ok(pairs.collect::<Vec<_>>().join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::{TokenQuery, TokenStatus};

    fn path(operation: Operation, arguments: &[&str]) -> Result<String, ClientError> {
        let authority = Authority::from_static("host:8443");
        target(&authority, operation, arguments, "").map(|uri| uri.path().to_owned())
    }

    #[test]
    fn an_argument_can_not_leave_its_place() {
        assert_eq!(path(Operation::TokenShow, &["0012"]).unwrap(), "/v1/tokens/0012");
        assert_eq!(path(Operation::TokenShow, &["a/../b?c"]).unwrap(), "/v1/tokens/a%2F..%2Fb%3Fc");
        assert!(path(Operation::TokenShow, &[".."]).is_err());
        assert!(path(Operation::TokenShow, &[""]).is_err());
        assert_eq!(path(Operation::TokenVerify, &["x"]).unwrap(), "/v1/tokens/x/verify");
    }

    #[test]
    fn two_arguments_take_two_places() {
        let user = |contract, user| path(Operation::UserVerify, &[contract, user]);
        assert_eq!(user("K-1", "U1").unwrap(), "/v1/contracts/K-1/users/U1/verify");
        assert_eq!(
            user("{user}", "taro@example.jp").unwrap(),
            "/v1/contracts/%7Buser%7D/users/taro%40example.jp/verify"
        );
        assert!(user("K-1", "").is_err());
        assert!(user("..", "U1").is_err());
        assert!(path(Operation::UserVerify, &["K-1"]).is_err());
        assert_eq!(path(Operation::TokenList, &[]).unwrap(), "/v1/tokens");
    }

    #[test]
    fn a_query_has_what_is_given() {
        let query = TokenQuery {
            limit: Some(10),
            status: Some(TokenStatus::NotYetValid),
            batch: Some("a&b".to_owned()),
            ..TokenQuery::default()
        };
        let text = query_text(&query).unwrap();
        assert_eq!(text, "batch=a%26b&limit=10&status=not_yet_valid");
        assert_eq!(query_text(&TokenQuery::default()).unwrap(), "");
    }
}
