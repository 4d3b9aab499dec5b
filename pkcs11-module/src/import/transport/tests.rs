//! Which keys are shown, and what they unwrap.

use cryptoki_sys::{CKM_AES_CBC_PAD, CKM_SHA256};
use warifu_api::{
    key::{KeyOrigin, KeyShape},
    time::Timestamp,
};

use super::*;

fn listed(shape: KeyShape) -> key::TransportKey {
    key::TransportKey {
        label: "acme".to_owned(),
        shape: Some(shape),
        key_use: "opens seed files".to_owned(),
        origin: KeyOrigin::Ceremony,
        kcv: "70ab7a".to_owned(),
        in_hsm: true,
        officers: vec!["sato".to_owned()],
        created_at: None,
        last_used_at: None,
        destroyed_at: None,
    }
}

fn key(shape: KeyShape) -> TransportKey {
    TransportKey::of(&listed(shape)).expect("a key that unwraps")
}

fn bytes(reading: Reading) -> Vec<u8> {
    match reading {
        Reading::Value(value) => value.to_vec(),
        Reading::Sensitive => b"sensitive".to_vec(),
        Reading::Absent => b"absent".to_vec(),
    }
}

fn mechanism(kind: CK_MECHANISM_TYPE, parameter: Parameter) -> Mechanism {
    Mechanism { kind, parameter }
}

fn sha1() -> Oaep {
    Oaep { hash: CKM_SHA_1, mgf: CKG_MGF1_SHA1, source: CKZ_DATA_SPECIFIED, label: Vec::new() }
}

fn rv(key: &TransportKey, kind: CK_MECHANISM_TYPE, parameter: Parameter) -> Rv {
    key.cipher(&mechanism(kind, parameter)).unwrap_err().rv
}

#[test]
fn keys_that_unwrap_nothing_are_not_shown() {
    for shape in [KeyShape::TripleDes2, KeyShape::TripleDes3] {
        assert!(TransportKey::of(&listed(shape)).is_none());
    }
    let gone = key::TransportKey { in_hsm: false, ..listed(KeyShape::Aes128) };
    assert!(TransportKey::of(&gone).is_none());
    let at = Some(Timestamp("2026-11-22T00:00:00Z".to_owned()));
    let destroyed = key::TransportKey { destroyed_at: at, ..listed(KeyShape::Aes128) };
    assert!(TransportKey::of(&destroyed).is_none());
    let unknown = key::TransportKey { shape: None, ..listed(KeyShape::Aes128) };
    assert!(TransportKey::of(&unknown).is_none());
}

#[test]
fn an_aes_key_is_a_secret_key_that_unwraps() {
    let key = key(KeyShape::Aes192);
    let of = |kind| bytes(key.reading(kind));
    assert_eq!(of(CKA_CLASS), CKO_SECRET_KEY.to_ne_bytes());
    assert_eq!(of(CKA_KEY_TYPE), CKK_AES.to_ne_bytes());
    assert_eq!(of(CKA_VALUE_LEN), 24_u64.to_ne_bytes());
    assert_eq!(of(CKA_CHECK_VALUE), [0x70, 0xAB, 0x7A]);
    assert_eq!((of(CKA_LABEL), of(CKA_ID)), (b"acme".to_vec(), b"acme".to_vec()));
    assert_eq!((of(CKA_UNWRAP), of(CKA_DECRYPT)), (vec![1], vec![0]));
    assert_eq!(of(CKA_VALUE), b"sensitive");
    assert_eq!(of(CKA_MODULUS_BITS), b"absent");
    let both = [CKM_AES_KEY_WRAP.to_ne_bytes(), CKM_AES_KEY_WRAP_KWP.to_ne_bytes()].concat();
    assert_eq!(of(CKA_ALLOWED_MECHANISMS), both);
}

#[test]
fn the_private_half_of_a_pair_is_a_private_key_that_unwraps() {
    let key = key(KeyShape::Rsa3072);
    let of = |kind| bytes(key.reading(kind));
    assert_eq!(of(CKA_CLASS), CKO_PRIVATE_KEY.to_ne_bytes());
    assert_eq!(of(CKA_KEY_TYPE), CKK_RSA.to_ne_bytes());
    assert_eq!(of(CKA_MODULUS_BITS), 3_072_u64.to_ne_bytes());
    assert_eq!(of(CKA_PRIVATE_EXPONENT), b"sensitive");
    assert_eq!(of(CKA_CHECK_VALUE), b"absent");
    assert_eq!(of(CKA_UNWRAP), [1]);
}

#[test]
fn check_values_of_another_form_are_not_passed_off() {
    for kcv in ["", "70ab7a1234", "zzzzzz", "70ab7", "7\u{e9}ab7"] {
        assert_eq!(check_value(kcv), None, "{kcv}");
    }
}

#[test]
fn each_kind_of_key_has_its_mechanisms() {
    let (aes, rsa) = (key(KeyShape::Aes256), key(KeyShape::Rsa2048));
    let cipher =
        |key: &TransportKey, kind, parameter| key.cipher(&mechanism(kind, parameter)).unwrap();
    assert_eq!(cipher(&aes, CKM_AES_KEY_WRAP, Parameter::None), Cipher::KeyWrap(256));
    let iv = Parameter::Bytes(vec![0xA6; 8]);
    assert_eq!(cipher(&aes, CKM_AES_KEY_WRAP, iv), Cipher::KeyWrap(256));
    let iv = Parameter::Bytes(vec![0xA6, 0x59, 0x59, 0xA6]);
    assert_eq!(cipher(&aes, CKM_AES_KEY_WRAP_KWP, iv), Cipher::KeyWrapPad(256));
    let sha1 = || Parameter::Oaep(sha1());
    assert_eq!(cipher(&rsa, CKM_RSA_PKCS_OAEP, sha1()), Cipher::RsaOaep);
    let inconsistent = Rv::UnwrappingKeyTypeInconsistent;
    assert_eq!(rv(&rsa, CKM_AES_KEY_WRAP, Parameter::None), inconsistent);
    assert_eq!(rv(&aes, CKM_RSA_PKCS_OAEP, sha1()), inconsistent);
    assert_eq!(rv(&aes, CKM_AES_CBC_PAD, Parameter::None), Rv::MechanismInvalid);
}

#[test]
fn parameters_that_the_daemon_is_not_told_of_are_refused() {
    let (aes, rsa) = (key(KeyShape::Aes128), key(KeyShape::Rsa4096));
    for kind in [CKM_AES_KEY_WRAP, CKM_AES_KEY_WRAP_KWP] {
        let iv = Parameter::Bytes(vec![0; 8]);
        assert_eq!(rv(&aes, kind, iv), Rv::MechanismParamInvalid);
    }
    let other = [
        Oaep { hash: CKM_SHA256, ..sha1() },
        Oaep { mgf: cryptoki_sys::CKG_MGF1_SHA256, ..sha1() },
        Oaep { label: vec![1], ..sha1() },
        Oaep { source: 7, ..sha1() },
    ];
    for oaep in other {
        let parameter = Parameter::Oaep(oaep);
        assert_eq!(rv(&rsa, CKM_RSA_PKCS_OAEP, parameter), Rv::MechanismParamInvalid);
    }
    assert_eq!(rv(&rsa, CKM_RSA_PKCS_OAEP, Parameter::None), Rv::MechanismParamInvalid);
}

#[test]
fn wrapped_keys_have_the_lengths_of_seeds() {
    let (aes, rsa) = (key(KeyShape::Aes128), key(KeyShape::Rsa2048));
    let fits = |key: &TransportKey, cipher, wrapped, seed| {
        key.check_len(cipher, wrapped, seed).map_err(|fault| fault.rv)
    };
    let bad = Err(Rv::WrappedKeyInvalid);
    for cipher in [Cipher::KeyWrap(128), Cipher::KeyWrapPad(128)] {
        for wrapped in [24, 32, 40, 72] {
            assert_eq!(fits(&aes, cipher, wrapped, None), Ok(()));
        }
        for wrapped in [0, 16, 25, 80, 512] {
            assert_eq!(fits(&aes, cipher, wrapped, None), bad);
        }
    }
    assert_eq!(fits(&aes, Cipher::KeyWrap(128), 32, Some(24)), Ok(()));
    assert_eq!(fits(&aes, Cipher::KeyWrap(128), 32, Some(20)), bad);
    assert_eq!(fits(&aes, Cipher::KeyWrapPad(128), 32, Some(20)), Ok(()));
    assert_eq!(fits(&aes, Cipher::KeyWrapPad(128), 32, Some(usize::MAX)), bad);
    assert_eq!(fits(&rsa, Cipher::RsaOaep, 256, None), Ok(()));
    assert_eq!(fits(&rsa, Cipher::RsaOaep, 384, None), bad);
}
