//! Who may sign: chains, validity, usage, and keys that are too short.

use super::pki::{AUTHORITY, Holder, SIGNER, pki};
use super::{Code, MORE, ReadOptions, Template, Trust, later, options, read, signed};

fn by(holder: &Holder, options: ReadOptions) -> Option<Code> {
    let method = format!("{MORE}ecdsa-sha256");
    let text = signed(&Template { method: &method, ..Template::default() }, holder);
    let outcome = read(text.as_bytes(), options);
    assert_eq!(outcome.is_authentic(), outcome.code().is_none());
    outcome.code()
}

#[test]
fn a_chain_leads_to_a_trusted_root() {
    let Some(pki) = pki() else { return };
    let middle = pki.issue("P-256", AUTHORITY, Some(&pki.root));
    let lower = pki.issue("P-384", AUTHORITY, Some(&middle));
    let signer = pki.issue("P-256", SIGNER, Some(&lower));
    assert_eq!(by(&signer, options(pki)), Some(Code::SigUntrusted));
    assert_eq!(by(&signer.with(&middle).with(&lower), options(pki)), None);
    let rogue = pki.issue("P-256", AUTHORITY, None);
    let signer = pki.issue("P-256", SIGNER, Some(&rogue)).with(&rogue);
    assert_eq!(by(&signer, options(pki)), Some(Code::SigUntrusted));
}

#[test]
fn a_chain_is_not_longer_than_four_signatures() {
    let Some(pki) = pki() else { return };
    let mut chain = vec![pki.issue("P-256", AUTHORITY, Some(&pki.root))];
    for _ in 0..3 {
        chain.push(pki.issue("P-256", AUTHORITY, chain.last()));
    }
    let signer = |depth: usize| {
        let signer = pki.issue("P-256", SIGNER, Some(&chain[depth - 1]));
        chain[..depth].iter().fold(signer, Holder::with)
    };
    assert_eq!(by(&signer(3), options(pki)), None);
    assert_eq!(by(&signer(4), options(pki)), Some(Code::SigUntrusted));
}

#[test]
fn certificates_are_judged_at_the_given_time() {
    let Some(pki) = pki() else { return };
    assert_eq!(by(&pki.p256, later(pki, 298)), None);
    assert_eq!(by(&pki.p256, later(pki, 300)), Some(Code::SigCert));
    let early = warifu_core::time::UnixTime(pki.now().0 - 2 * 86400);
    let options = |now| ReadOptions { now, ..options(pki) };
    assert_eq!(by(&pki.p256, options(Some(early))), Some(Code::SigCert));
    assert_eq!(by(&pki.p256, options(None)), Some(Code::SigCert));
}

#[test]
fn a_certificate_for_other_ends_signs_nothing() {
    let Some(pki) = pki() else { return };
    let leaf = "basicConstraints=critical,CA:FALSE\n";
    let cases = [
        ("subjectKeyIdentifier=hash\n".to_owned(), None),
        (String::new(), Some(Code::SigCert)),
        (format!("{leaf}keyUsage=critical,nonRepudiation\n"), None),
        (format!("{leaf}keyUsage=critical,keyEncipherment\n"), Some(Code::SigCert)),
        (format!("{SIGNER}extendedKeyUsage=emailProtection\n"), None),
        (format!("{SIGNER}extendedKeyUsage=serverAuth,1.3.6.1.5.5.7.3.36\n"), None),
        (format!("{SIGNER}extendedKeyUsage=serverAuth,clientAuth\n"), Some(Code::SigCert)),
        (format!("{SIGNER}1.2.3.4=critical,ASN1:NULL\n"), Some(Code::SigCert)),
        (
            AUTHORITY.replace("critical,keyCertSign", "digitalSignature,keyCertSign"),
            Some(Code::SigCert),
        ),
    ];
    for (extensions, code) in cases {
        let signer = pki.issue("P-256", &extensions, Some(&pki.root));
        assert_eq!(by(&signer, options(pki)), code, "{extensions}");
    }
}

#[test]
fn an_issuer_must_be_one() {
    let Some(pki) = pki() else { return };
    let cases = [
        SIGNER.to_owned(),
        "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,digitalSignature\n".to_owned(),
    ];
    for extensions in cases {
        let issuer = pki.issue("P-256", &extensions, Some(&pki.root));
        let signer = pki.issue("P-256", SIGNER, Some(&issuer)).with(&issuer);
        assert_eq!(by(&signer, options(pki)), Some(Code::SigCert), "{extensions}");
    }
}

#[test]
fn a_signer_may_be_trusted_itself_even_if_it_calls_itself_a_ca() {
    let Some(pki) = pki() else { return };
    for extensions in [SIGNER, "basicConstraints=critical,CA:TRUE\n"] {
        let signer = pki.issue("P-256", extensions, None);
        assert_eq!(by(&signer, options(pki)), Some(Code::SigUntrusted));
        let trusting = |now| {
            let trust = Trust { roots: vec![pki.root.der(), signer.der()], allow_sha1: false };
            ReadOptions { trust, now, ..options(pki) }
        };
        assert_eq!(by(&signer, trusting(Some(pki.now()))), None);
        let late = warifu_core::time::UnixTime(pki.now().0 + 400 * 86400);
        assert_eq!(by(&signer, trusting(Some(late))), Some(Code::SigCert));
    }
}

#[test]
fn short_rsa_keys_prove_nothing() {
    let Some(pki) = pki() else { return };
    let short = pki.issue("1024", SIGNER, Some(&pki.root));
    let text = signed(&Template::default(), &short);
    assert_eq!(read(text.as_bytes(), options(pki)).code(), Some(Code::SigWeak));
}

#[test]
fn a_root_that_is_none_is_told() {
    let Some(pki) = pki() else { return };
    let trust = Trust { roots: vec![b"none".to_vec()], allow_sha1: false };
    assert_eq!(by(&pki.p256, ReadOptions { trust, ..options(pki) }), Some(Code::Cert));
}
