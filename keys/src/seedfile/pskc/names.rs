//! Namespaces and identifiers of RFC 6030 and the standards it builds on.

/// RFC 6030.
pub(super) const PSKC: &str = "urn:ietf:params:xml:ns:keyprov:pskc";
/// XML Signature.
pub(super) const DS: &str = "http://www.w3.org/2000/09/xmldsig#";
/// XML Encryption 1.0.
pub(super) const XENC: &str = "http://www.w3.org/2001/04/xmlenc#";
/// XML Encryption 1.1.
pub(super) const XENC11: &str = "http://www.w3.org/2009/xmlenc11#";
/// PKCS #5 2.0 as RFC 6030 figure 7 writes it.
pub(super) const PKCS5_V2: &str = "http://www.rsasecurity.com/rsalabs/pkcs/schemas/pkcs-5v2-0#";
/// PKCS #5 as the text of RFC 6030 writes it.
pub(super) const PKCS5: &str = "http://www.rsasecurity.com/rsalabs/pkcs/schemas/pkcs-5#";
/// Namespaces in which PBKDF2 parameters occur; figure 7 has the inner ones in none.
pub(super) const KDF_SPACES: &[&str] = &["", PKCS5_V2, PKCS5, XENC11];
/// Identifiers of PBKDF2 that occur.
pub(super) const PBKDF2: &[&str] = &[
    "http://www.rsasecurity.com/rsalabs/pkcs/schemas/pkcs-5v2-0#pbkdf2",
    "http://www.rsasecurity.com/rsalabs/pkcs/schemas/pkcs-5#pbkdf2",
    "http://www.w3.org/2009/xmlenc11#pbkdf2",
];
/// Common start of the key algorithms.
pub(super) const ALGORITHM: &str = "urn:ietf:params:xml:ns:keyprov:pskc:";
/// Beginnings of the key algorithms in drafts, before the `#`.
pub(super) const DRAFT_ALGORITHMS: &[&str] = &[
    "urn:ietf:params:xml:ns:keyprov:pskc",
    "urn:ietf:params:xml:ns:keyprov:pskc:1.0",
    "urn:ietf:params:xml:ns:keyprov:container",
    "urn:ietf:params:xml:ns:keyprov:container:1.0",
    "http://www.ietf.org/keyprov/pskc",
];
/// The keys of a camera token, which RFC 6030 has no name for.
pub(super) const TXA1: &str = "urn:warifu:txa1";

/// Characters that make a text look like another one.
pub(super) const fn is_direction_mark(c: char) -> bool {
    matches!(c, '\u{61C}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
}
