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

/// As `pskctool` has it: nothing said of what is referred to, nor of its canonical form.
#[test]
fn old_files_are_read_under_the_switch_and_covered_all_the_same() {
    let Some(pki) = pki() else { return };
    let method = "http://www.w3.org/2000/09/xmldsig#rsa-sha1";
    let transforms = format!("<ds:Transform Algorithm=\"{ENVELOPED}\"/>");
    let template =
        Template { method, reference: "", transforms: &transforms, ..Template::default() };
    let text = signed(&template, &pki.rsa);
    let old = || {
        let trust = Trust { allow_sha1: true, ..options(pki).trust };
        ReadOptions { trust, ..options(pki) }
    };
    let outcome = read(text.as_bytes(), old());
    assert_eq!((outcome.refusals, outcome.records.len()), (vec![], 2));
    for (from, to) in [("A-1", "A-3"), (" xmlns:unused=\"urn:unused\"", ""), ("?before", "?bofore")]
    {
        let changed = text.replacen(from, to, 1);
        assert_eq!(read(changed.as_bytes(), old()).code(), Some(Code::SigInvalid), "{from}");
    }
    assert_eq!(read(text.as_bytes(), options(pki)).code(), Some(Code::SigWeak));
}

/// Files whose signatures are not filled in: none of them needs a good one to be told.
fn with(template: &Template<'_>) -> String {
    template.around(&two_packages())
}

fn hold(cases: &[(String, Code)]) {
    let Some(pki) = pki() else { return };
    for (text, code) in cases {
        let outcome = read(text.as_bytes(), options(pki));
        assert_eq!(outcome.code(), Some(*code), "{:?}\n{text}", outcome.refusals);
    }
}

#[test]
fn transforms_are_the_usual_two_and_nothing_else() {
    let usual = Template::default().transforms;
    let transform = |uri: &str| format!("<ds:Transform Algorithm=\"{uri}\"/>");
    let case = |transforms: String| {
        (with(&Template { transforms: &transforms, ..Template::default() }), Code::SigTransform)
    };
    let (enveloped, exclusive) = (transform(ENVELOPED), transform(EXCLUSIVE));
    let inclusive = transform("http://www.w3.org/TR/2001/REC-xml-c14n-20010315");
    let xslt = transform("http://www.w3.org/TR/1999/REC-xslt-19991116");
    let commented = transform(&format!("{EXCLUSIVE}WithComments"));
    let prefixes = "<e:InclusiveNamespaces xmlns:e=\"http://www.w3.org/2001/10/xml-exc-c14n#\" PrefixList=\"ds\"/>";
    let with_list = format!("<ds:Transform Algorithm=\"{EXCLUSIVE}\">{prefixes}</ds:Transform>");
    hold(&[
        case(String::new()),
        case(enveloped.clone()),
        case(enveloped.clone() + &inclusive),
        case(exclusive.clone() + &enveloped),
        case(usual.to_owned() + &exclusive),
        case(xslt + usual),
        case(enveloped.clone() + &with_list),
        case(enveloped + &commented),
    ]);
    let other = format!("CanonicalizationMethod Algorithm=\"{EXCLUSIVE}WithComments\"");
    let method = format!("CanonicalizationMethod Algorithm=\"{EXCLUSIVE}\"");
    let text = with(&Template::default()).replace(&method, &other);
    hold(&[(text, Code::SigTransform)]);
}

#[test]
fn one_reference_goes_to_the_whole_document() {
    let refer = |reference: &str| with(&Template { reference, ..Template::default() });
    hold(&[
        (refer(""), Code::SigCoverage),
        (refer("URI=\"#A-1\""), Code::SigCoverage),
        (refer("URI=\"#xpointer(/)\""), Code::SigCoverage),
        (refer("URI=\"file:///etc/hostname\""), Code::SigTransform),
        (refer("URI=\"http://127.0.0.1/\""), Code::SigTransform),
    ]);
    let more = |count: usize| {
        let others = "<ds:Reference URI=\"\"/>".repeat(count);
        with(&Template::default()).replace("<ds:Reference ", &format!("{others}<ds:Reference "))
    };
    hold(&[(more(1), Code::SigCoverage), (more(300), Code::LimitSig)]);
}

#[test]
fn methods_and_digests_are_on_a_list() {
    let method = |method: &str| with(&Template { method, ..Template::default() });
    let digest = |digest: &str| with(&Template { digest, ..Template::default() });
    hold(&[
        (method("http://www.w3.org/2000/09/xmldsig#hmac-sha1"), Code::SigAlg),
        (method(&format!("{MORE}hmac-sha256")), Code::SigAlg),
        (method(&format!("{MORE}ecdsa-sha512")), Code::SigAlg),
        (method("http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1"), Code::SigAlg),
        (method(""), Code::SigAlg),
        (digest(&format!("{XENC}ripemd160")), Code::SigAlg),
        (digest(&format!("{MORE}md5")), Code::SigWeak),
    ]);
}

#[test]
fn the_parts_of_a_signature_are_where_they_belong() {
    let good = with(&Template::default());
    let instead = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        good.replace(from, to)
    };
    let certificates = "<ds:X509Certificate/>".repeat(9);
    hold(&[
        (good.replace("ds:Signature>", "Signature>"), Code::SigInvalid),
        (instead("</ds:KeyInfo>", "</ds:KeyInfo><ds:Object/>"), Code::Schema),
        (instead("<ds:X509Data/>", &certificates), Code::LimitSig),
        (instead("<ds:X509Data/>", "<ds:KeyName>me</ds:KeyName>"), Code::SigUntrusted),
        (instead("<ds:X509Data/>", "<ds:X509Certificate>AAAA</ds:X509Certificate>"), Code::Cert),
        (instead("<ds:X509Data/>", "<ds:X509Certificate>?</ds:X509Certificate>"), Code::Cert),
        (instead("<ds:SignatureValue/>", ""), Code::SigInvalid),
        (
            instead("<ds:SignatureValue/>", "<ds:SignatureValue>?</ds:SignatureValue>"),
            Code::SigInvalid,
        ),
    ]);
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
