//! Whether the XML signature of a container is one that is acceptable, and good.
//!
//! The policy is narrow on purpose: one ds:Signature as a child of the root, one reference to the
//! whole document, the two usual transforms and no others, a short list of algorithms, a signer under
//! a trusted root. Not responsible for canonical XML, digests and certificates (see
//! `seedfile::signature`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use roxmltree::Node;
use subtle::ConstantTimeEq as _;

use super::element::{self, Children, El};
use super::names::DS;
use crate::seedfile::code::Code;
use crate::seedfile::options::{ReadOptions, Signatures};
use crate::seedfile::refusal::{Position, Refusal};
use crate::seedfile::scan::Root;
use crate::seedfile::signature::Fault;
use crate::seedfile::signature::c14n::{self, Form};
use crate::seedfile::signature::covered::Covered;
use crate::seedfile::signature::hash::Hash;
use crate::seedfile::signature::method::Method;
use crate::seedfile::signature::trust::{self, Signed};

/// More references or transforms than this are an attack on the verifier.
const MAX_PARTS: usize = 16;

const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
/// The canonical form of what is signed, and of SignedInfo itself.
const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
/// A signature by a trusted signer, which is good if the document has this digest.
pub(super) struct Seal {
    form: Form,
    hash: Hash,
    digest: Vec<u8>,
    at: Position,
    /// Whether serials and the like count as authenticated: not by SHA-1.
    pub(super) is_strong: bool,
}

/// What a signature would cover; `None` where no signature could be good, which costs nothing.
pub(super) fn cover(options: &ReadOptions) -> Option<Covered> {
    let wanted = options.signatures != Signatures::Ignore && !options.trust.roots.is_empty();
    wanted.then(|| Covered::new(options.trust.allow_sha1))
}

/// Takes the root's tag in.
pub(super) fn cover_root(
    covered: &mut Covered,
    root: &Root,
    options: &ReadOptions,
) -> Result<(), Refusal> {
    let text = root.alone();
    let document = element::parse(&text, &options.limits, root.line, 0)?;
    covered.open(document.root_element());
    Ok(())
}

/// Checks all of a signature but the digest of the document.
pub(super) fn check(el: El<'_>, options: &ReadOptions) -> Result<Seal, Refusal> {
    let refuse = |(code, rule): Fault| el.refuse(code, rule);
    let node = strict(el)?;
    let form = judge(node, options.trust.allow_sha1).map_err(refuse)?;
    let parts = el.children(&[DS], &["SignedInfo", "SignatureValue", "KeyInfo"], &[])?;
    let info = parts.need("SignedInfo", Code::SigInvalid)?;
    let claim = Claim::of(info)?;
    if options.trust.roots.is_empty() {
        let rule = "no root is configured under which signers of seed files are trusted";
        return Err(el.refuse(Code::SigUntrusted, rule));
    }
    let value = octets(parts.need("SignatureValue", Code::SigInvalid)?)?;
    let certificates = certificates(&parts)?;
    let mut message = Vec::new();
    c14n::alone(strict(info)?, &mut message);
    let signed = Signed { method: claim.method, message: &message, value: &value };
    let now = options.now.map(|now| now.0);
    trust::check(&signed, &certificates, &options.trust, now).map_err(refuse)?;
    let is_strong = claim.method != Method::RsaSha1 && claim.hash != Hash::Sha1;
    Ok(Seal { form, hash: claim.hash, digest: claim.digest, at: el.position(), is_strong })
}

impl Seal {
    /// Whether the document is the one that was signed.
    pub(super) fn settle(&self, covered: Option<&mut Covered>) -> Result<(), Refusal> {
        let found = covered.and_then(|covered| covered.digest(self.form, self.hash));
        if found.is_some_and(|found| bool::from(found.ct_eq(&self.digest))) {
            return Ok(());
        }
        let rule = "the file is as it was when its maker signed it";
        Err(Refusal::new(Code::SigInvalid, "DigestValue", rule).at(self.at.clone()))
    }
}

/// The first reason not to look closer at a Signature element, or the canonical form of what it is
/// over. Searches it all, so that a decoy beside the real parts does not help.
fn judge<'a>(signature: Node<'a, 'a>, allow_sha1: bool) -> Result<Form, Fault> {
    if signature.tag_name().namespace() != Some(DS) {
        return Err((Code::SigInvalid, "a signature is an element of XML-DSig"));
    }
    let all = |name: &'static str| {
        let named = move |n: &Node<'a, 'a>| n.is_element() && n.tag_name().name() == name;
        signature.descendants().filter(named)
    };
    if all("Reference").count() > MAX_PARTS || all("Transform").count() > MAX_PARTS {
        return Err((Code::LimitSig, "a signature has at most 16 references and transforms"));
    }
    if all("X509Certificate").count() > trust::MAX_CERTIFICATES {
        return Err((Code::LimitSig, "a signature brings at most 8 certificates"));
    }
    for algorithm in all("SignatureMethod").chain(all("DigestMethod")).map(algorithm) {
        judge_strength(algorithm, allow_sha1)?;
    }
    judge_reference(all("Reference"), allow_sha1)?;
    let rule =
        "the transforms are enveloped-signature and exclusive canonicalization without parameters";
    let refused = Err((Code::SigTransform, rule));
    if all("Transform").chain(all("CanonicalizationMethod")).any(has_parameters)
        || !all("CanonicalizationMethod").map(algorithm).eq([EXCLUSIVE])
    {
        return refused;
    }
    match all("Transform").map(algorithm).collect::<Vec<_>>().as_slice() {
        [ENVELOPED, EXCLUSIVE] => Ok(Form::Exclusive),
        // XML Signature s.4.4.3.2: the inclusive form is what a reference has by default.
        [ENVELOPED] if allow_sha1 => Ok(Form::Inclusive),
        _ => refused,
    }
}

/// Old files leave out of the reference what it is to; the digest is over the whole file all the same.
fn judge_reference<'a>(
    mut references: impl Iterator<Item = Node<'a, 'a>>,
    allow_old: bool,
) -> Result<(), Fault> {
    match (references.next().map(|reference| reference.attribute("URI")), references.next()) {
        (Some(Some("")), None) => Ok(()),
        (Some(None), None) if allow_old => Ok(()),
        (Some(Some(uri)), None) if !uri.starts_with('#') => {
            Err((Code::SigTransform, "a signature refers to nothing outside of its file"))
        }
        _ => Err((Code::SigCoverage, "one reference, to the whole document")),
    }
}

fn judge_strength(uri: &str, allow_sha1: bool) -> Result<(), Fault> {
    let is_weak = uri.contains("md5") || (uri.contains("sha1") && !allow_sha1);
    match () {
        () if uri.contains("hmac") => Err((Code::SigAlg, "signed with a private key, not a MAC")),
        () if is_weak => Err((Code::SigWeak, "signature and digest use SHA-256 or better")),
        () => Ok(()),
    }
}

/// An InclusiveNamespaces that names no prefix changes nothing.
fn has_parameters(node: Node<'_, '_>) -> bool {
    node.children().filter(Node::is_element).any(|child| {
        !child.has_tag_name((EXCLUSIVE, "InclusiveNamespaces"))
            || child.attribute("PrefixList").is_some_and(|list| !list.trim().is_empty())
    })
}

fn algorithm<'a>(node: Node<'a, '_>) -> &'a str {
    node.attribute("Algorithm").unwrap_or_default()
}

/// What SignedInfo says of the document.
struct Claim {
    method: Method,
    hash: Hash,
    digest: Vec<u8>,
}

impl Claim {
    fn of(info: El<'_>) -> Result<Self, Refusal> {
        let parts = ["CanonicalizationMethod", "SignatureMethod", "Reference"];
        let parts = info.children(&[DS], &parts, &[])?;
        let method = parts.need("SignatureMethod", Code::SigAlg)?;
        let rule =
            "signatures are RSA (PKCS #1 1.5) or ECDSA over P-256 or P-384, with SHA-256 or better";
        let known = method.attribute("Algorithm").and_then(Method::from_uri);
        let known = known.ok_or_else(|| method.refuse(Code::SigAlg, rule))?;
        let reference = parts.need("Reference", Code::SigCoverage)?;
        let parts = ["Transforms", "DigestMethod", "DigestValue"];
        let parts = reference.children(&[DS], &parts, &[])?;
        let hash = parts.need("DigestMethod", Code::SigAlg)?;
        let rule = "the digest is SHA-256, SHA-384 or SHA-512";
        let algorithm = hash.attribute("Algorithm").and_then(Hash::from_uri);
        let algorithm = algorithm.ok_or_else(|| hash.refuse(Code::SigAlg, rule))?;
        let digest = octets(parts.need("DigestValue", Code::SigInvalid)?)?;
        Ok(Self { method: known, hash: algorithm, digest })
    }
}

fn octets(el: El<'_>) -> Result<Vec<u8>, Refusal> {
    let rule = "digest and signature are base64";
    el.base64().map(|octets| octets.to_vec()).map_err(|_| el.refuse(Code::SigInvalid, rule))
}

/// What is signed is never read quickly.
fn strict(el: El<'_>) -> Result<Node<'_, '_>, Refusal> {
    let rule = "the parts of a signature were read with care";
    el.node().ok_or_else(|| el.refuse(Code::SigInvalid, rule))
}

/// KeyInfo is not signed and full of hints; only certificates are of use.
fn certificates(signature: &Children<'_>) -> Result<Vec<Vec<u8>>, Refusal> {
    let info = signature.need("KeyInfo", Code::SigUntrusted)?;
    let is_certificate = |node: &Node<'_, '_>| node.has_tag_name((DS, "X509Certificate"));
    let mut found = Vec::new();
    for node in strict(info)?.descendants().filter(is_certificate) {
        let text: String = node.children().filter_map(|child| child.text()).collect();
        let compact: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        let rule = "a certificate of the signature is base64";
        found.push(STANDARD.decode(compact).map_err(|_| info.refuse(Code::Cert, rule))?);
    }
    if found.is_empty() {
        return Err(info.refuse(Code::SigUntrusted, "the signer's certificate is in the file"));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_is_weak_only_where_the_switch_is_off() {
        let code = |uri: &str, allowed| judge_strength(uri, allowed).err().map(|(code, _)| code);
        assert_eq!(code("http://www.w3.org/2000/09/xmldsig#rsa-sha1", false), Some(Code::SigWeak));
        assert_eq!(code("http://www.w3.org/2000/09/xmldsig#rsa-sha1", true), None);
        assert_eq!(
            code("http://www.w3.org/2001/04/xmldsig-more#rsa-md5", true),
            Some(Code::SigWeak)
        );
        assert_eq!(code("http://www.w3.org/2000/09/xmldsig#hmac-sha1", true), Some(Code::SigAlg));
    }
}
