//! `https://host:port`, taken apart. Not responsible for reaching it.

use rustls_pki_types::ServerName;

/// Where a daemon listens.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Address {
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Address {
    /// Reads `https://host[:port]`; nothing may follow but a slash.
    pub(crate) fn parse(server: &str) -> Option<Self> {
        let rest = server.strip_prefix("https://")?;
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = split(authority)?;
        let port = match port {
            Some(digits) if digits.bytes().all(|c| c.is_ascii_digit()) => digits.parse().ok()?,
            Some(_) => return None,
            None => 443,
        };
        let is_name = ServerName::try_from(host).is_ok();
        (is_name && port != 0).then(|| Self { host: host.to_owned(), port })
    }
}

/// Host without brackets (RFC 3986 s.3.2.2), and port.
fn split(authority: &str) -> Option<(&str, Option<&str>)> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (host, after) = rest.split_once(']')?;
        let port = after.strip_prefix(':');
        return (host.contains(':') && (after.is_empty() || port.is_some()))
            .then_some((host, port));
    }
    match authority.split_once(':') {
        Some((host, port)) => Some((host, Some(port))),
        None => Some((authority, None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_and_port_are_taken_apart() {
        let parsed = |text| Address::parse(text).map(|address| (address.host, address.port));
        assert_eq!(parsed("https://otp.example:8443"), Some(("otp.example".to_owned(), 8443)));
        assert_eq!(parsed("https://127.0.0.1/"), Some(("127.0.0.1".to_owned(), 443)));
        assert_eq!(parsed("https://[::1]:8443"), Some(("::1".to_owned(), 8443)));
    }

    #[test]
    fn what_is_no_https_address_is_refused() {
        for wrong in [
            "http://host:1",
            "host:1",
            "https://",
            "https://host/v1",
            "https://user@host",
            "https://host:0",
            "https://host:+1",
            "https://host:70000",
            "https://host:",
            "https://[::1",
            "https://[host]:1",
            "https://::1",
            "https://a b",
        ] {
            assert_eq!(Address::parse(wrong), None, "{wrong}");
        }
    }
}
