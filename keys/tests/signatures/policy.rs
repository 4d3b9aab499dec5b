//! Which signatures are looked at, and which are refused for what they are.

use super::pki::pki;
use super::{
    Code, ENVELOPED, EXCLUSIVE, MORE, ROOT, ReadOptions, Signatures, Template, Trust, XENC,
    options, package, read, requiring, sign, signed, two_packages,
};

#[test]
fn every_method_and_digest_of_another_hand_is_understood() {
    let Some(pki) = pki() else { return };
    let p384 = pki.issue("P-384", super::pki::SIGNER, Some(&pki.root));
    let digests = [format!("{XENC}sha256"), format!("{MORE}sha384"), format!("{XENC}sha512")];
    let cases = [
        ("rsa-sha256", &pki.rsa),
        ("rsa-sha384", &pki.rsa),
        ("rsa-sha512", &pki.rsa),
        ("ecdsa-sha256", &pki.p256),
        ("ecdsa-sha384", &pki.p256),
        ("ecdsa-sha256", &p384),
        ("ecdsa-sha384", &p384),
    ];
    for (number, (method, holder)) in cases.into_iter().enumerate() {
        let (method, digest) = (format!("{MORE}{method}"), &digests[number % 3]);
        let text = signed(&Template { method: &method, digest, ..Template::default() }, holder);
        let outcome = read(text.as_bytes(), requiring(pki));
        assert!(outcome.is_authentic(), "{method} {digest}: {:?}", outcome.refusals);
    }
}

#[test]
fn without_signature_or_without_roots() {
    let Some(pki) = pki() else { return };
    let unsigned = format!("{ROOT}{}</KeyContainer>", two_packages());
    assert_eq!(read(unsigned.as_bytes(), requiring(pki)).code(), Some(Code::SigMissing));
    let outcome = read(unsigned.as_bytes(), options(pki));
    assert!(outcome.refusals.is_empty() && outcome.warnings.contains(&Code::WUnsigned));

    let text = signed(&Template::default(), &pki.rsa);
    let nobody = ReadOptions { trust: Trust::default(), ..options(pki) };
    assert_eq!(read(text.as_bytes(), nobody).code(), Some(Code::SigUntrusted));
    let ignoring = ReadOptions { signatures: Signatures::Ignore, ..options(pki) };
    let outcome = read(text.as_bytes(), ignoring);
    assert!(outcome.refusals.is_empty() && outcome.warnings.contains(&Code::WUnsigned));
}

#[test]
fn sha_1_is_weak_and_even_where_allowed_no_proof() {
    let Some(pki) = pki() else { return };
    let ds = "http://www.w3.org/2000/09/xmldsig#";
    let (method, digest) = (format!("{ds}rsa-sha1"), format!("{ds}sha1"));
    for template in [
        Template { method: &method, digest: &digest, ..Template::default() },
        Template { method: &method, ..Template::default() },
        Template { digest: &digest, ..Template::default() },
    ] {
        let text = signed(&template, &pki.rsa);
        assert_eq!(read(text.as_bytes(), options(pki)).code(), Some(Code::SigWeak));
        let trust = Trust { allow_sha1: true, ..options(pki).trust };
        let outcome = read(text.as_bytes(), ReadOptions { trust, ..options(pki) });
        assert!(outcome.refusals.is_empty(), "{:?}", outcome.refusals);
        assert!(outcome.warnings.contains(&Code::WUnsigned));
    }
}

/// None of these needs a good signature to be told.
#[test]
fn signatures_that_are_refused_for_what_they_are() {
    let Some(pki) = pki() else { return };
    let transform = |uri: &str| format!("<ds:Transform Algorithm=\"{uri}\"/>");
    let usual = Template::default().transforms.to_owned();
    let inclusive = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
    let xslt = "http://www.w3.org/TR/1999/REC-xslt-19991116";
    let prefixes = "<InclusiveNamespaces xmlns=\"http://www.w3.org/2001/10/xml-exc-c14n#\" PrefixList=\"ds\"/>";
    let with = |transforms: String| {
        Template { transforms: &transforms, ..Template::default() }.around(&two_packages())
    };
    let refer =
        |reference: &str| Template { reference, ..Template::default() }.around(&two_packages());
    let method =
        |uri: String| Template { method: &uri, ..Template::default() }.around(&two_packages());
    let good = with(usual.clone());
    let reference = "<ds:Reference URI=\"\"/>";
    let cases = [
        (with(String::new()), Code::SigTransform),
        (with(transform(ENVELOPED)), Code::SigTransform),
        (with(transform(ENVELOPED) + &transform(inclusive)), Code::SigTransform),
        (with(transform(EXCLUSIVE) + &transform(ENVELOPED)), Code::SigTransform),
        (with(usual.clone() + &transform(EXCLUSIVE)), Code::SigTransform),
        (with(transform(xslt) + &usual), Code::SigTransform),
        (
            with(usual.replace("n#\"/>", &format!("n#\">{prefixes}</ds:Transform>"))),
            Code::SigTransform,
        ),
        (
            with(transform(ENVELOPED) + &transform(&format!("{EXCLUSIVE}WithComments"))),
            Code::SigTransform,
        ),
        (
            good.replacen(
                &format!("Method Algorithm=\"{EXCLUSIVE}"),
                &format!("Method Algorithm=\"{inclusive}"),
                1,
            ),
            Code::SigTransform,
        ),
        (with(transform(xslt).repeat(20)), Code::LimitSig),
        (
            good.replace("<ds:Reference ", &format!("{}<ds:Reference ", reference.repeat(300))),
            Code::LimitSig,
        ),
        (good.replace("<ds:Reference ", &format!("{reference}<ds:Reference ")), Code::SigCoverage),
        (good.replace("<ds:X509Data/>", &"<ds:X509Certificate/>".repeat(9)), Code::LimitSig),
        (refer("URI=\"#A-1\""), Code::SigCoverage),
        (refer("URI=\"#xpointer(/)\""), Code::SigCoverage),
        (refer(""), Code::SigCoverage),
        (refer("URI=\"file:///etc/hostname\""), Code::SigTransform),
        (refer("URI=\"http://127.0.0.1/\""), Code::SigTransform),
        (method("http://www.w3.org/2000/09/xmldsig#hmac-sha1".to_owned()), Code::SigAlg),
        (method(format!("{MORE}hmac-sha256")), Code::SigAlg),
        (method(format!("{MORE}ecdsa-sha512")), Code::SigAlg),
        (method("http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1".to_owned()), Code::SigAlg),
        (good.replace("xmlenc#sha256", "xmlenc#ripemd160"), Code::SigAlg),
        (
            good.replace("<ds:Signature>", "<Signature>")
                .replace("</ds:Signature>", "</Signature>"),
            Code::SigInvalid,
        ),
        (good.replace("</ds:KeyInfo>", "</ds:KeyInfo><ds:Object/>"), Code::Schema),
        (good.replace("<ds:X509Data/>", "<ds:KeyName>me</ds:KeyName>"), Code::SigUntrusted),
        (
            good.replace("<ds:X509Data/>", "<ds:X509Certificate>AAAA</ds:X509Certificate>"),
            Code::Cert,
        ),
        (good.replace("<ds:X509Data/>", "<ds:X509Certificate>?</ds:X509Certificate>"), Code::Cert),
        (
            good.replace("<ds:SignatureValue/>", "<ds:SignatureValue>?</ds:SignatureValue>"),
            Code::SigInvalid,
        ),
    ];
    for (text, code) in cases {
        let outcome = read(text.as_bytes(), options(pki));
        assert_eq!(outcome.code(), Some(code), "{:?}\n{text}", outcome.refusals);
    }
}

#[test]
fn a_second_signature_is_one_too_many() {
    let Some(pki) = pki() else { return };
    let text = signed(&Template::default(), &pki.rsa);
    let (start, end) = (text.find("<ds:Signature>").unwrap(), "</ds:Signature>");
    let again = text[start..text.find(end).unwrap() + end.len()].to_owned();
    let twice = text.replace(end, &format!("{end}{again}"));
    assert_eq!(read(twice.as_bytes(), options(pki)).code(), Some(Code::SigAmbiguous));
}

/// The signed container is moved inside, and another one put around it.
#[test]
fn a_signature_deeper_down_is_none() {
    let Some(pki) = pki() else { return };
    let inner = signed(&Template::default(), &pki.rsa);
    let inner = &inner[inner.find("<KeyContainer").unwrap()..inner.find("<?behind").unwrap()];
    let evil = package("E-1", "jzwa0HteQpZt8Qs4x6klTmHY8LI=");
    let text = format!("{ROOT}{evil}<Extensions>{inner}</Extensions></KeyContainer>");
    assert_eq!(read(text.as_bytes(), requiring(pki)).code(), Some(Code::SigMissing));
    let mixed = Template::default().around(&evil);
    let mixed = sign(&mixed, &pki.rsa)
        .replace("</KeyContainer>", &format!("<Extensions>{inner}</Extensions></KeyContainer>"));
    assert_eq!(read(mixed.as_bytes(), requiring(pki)).code(), Some(Code::SigInvalid));
}
