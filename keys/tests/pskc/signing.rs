//! Keys of tokens that sign: OCRA suites and the keys of camera tokens, as the demo generator writes
//! them and with one thing changed.

use warifu_core::oath::HashAlgorithm;
use warifu_core::ocra::keypad::KeypadUse;
use warifu_keys::seedfile::{Algorithm, CameraPart, Code, ReadOptions, SecretValue};
use warifu_token::{AesSize, BatchSeed, MacKind, Model, Protection, SigningBatch};
use warifu_txa1::expansion::Role;

use super::{all, codes, container, key, psk, strict, warnings};

const MODELS: [(Model, u64, usize); 3] =
    [(Model::CameraKeys, 2, 6), (Model::CameraSeed, 2, 2), (Model::Keypad(Vec::new()), 2, 8)];

fn written(model: &Model, count: u64, protection: &Protection) -> Vec<u8> {
    let model = match model {
        Model::Keypad(_) => Model::Keypad(KeypadUse::ALL.to_vec()),
        other => other.clone(),
    };
    let batch = SigningBatch {
        count,
        first_serial: "0112345679".to_owned(),
        manufacturer: "oath.ZZ".to_owned(),
        model,
    };
    let mut out = Vec::new();
    batch.write(&BatchSeed::from_bytes([3; 32]), protection, &mut out).unwrap();
    out
}

fn plain(model: &Model) -> String {
    String::from_utf8(written(model, 1, &Protection::Plain)).unwrap()
}

/// One package of a keypad token.
fn keypad(suite: &str, digits: u8, data: &str) -> String {
    container(&format!(
        "<KeyPackage><DeviceInfo><Manufacturer>oath.ZZ</Manufacturer><SerialNo>K1</SerialNo>\
         </DeviceInfo><Key Id='k1' Algorithm='urn:ietf:params:xml:ns:keyprov:pskc:ocra'>\
         <AlgorithmParameters><Suite>{suite}</Suite>\
         <ResponseFormat Length='{digits}' Encoding='DECIMAL'/></AlgorithmParameters>\
         <Data><Secret><PlainValue>jzwa0HteQpZt8Qs4x6klTmHY8LI=</PlainValue></Secret>{data}</Data>\
         </Key></KeyPackage>"
    ))
}

#[test]
fn generated_files_are_read_whatever_protects_them() {
    for (model, count, keys) in MODELS {
        for protection in [Protection::Plain, psk(AesSize::Aes256, MacKind::Sha256)] {
            let file = written(&model, count, &protection);
            let (records, refusals) = all(&file, ReadOptions::default());
            assert_eq!((refusals, records.len()), (Vec::new(), keys), "{model:?}");
            for record in &records {
                assert_eq!((record.hash, record.digits), (HashAlgorithm::Sha256, 8));
                assert!(record.secret.may_have(32) && !record.secret.may_have(20));
                let found: Vec<_> = record.warnings.iter().map(|warning| warning.code).collect();
                assert!(!found.contains(&Code::WDupSecret), "{found:?}");
            }
        }
    }
}

#[test]
fn the_parts_of_a_camera_token_come_in_their_order_with_their_keys() {
    let unlock = || ReadOptions { unlock: Some(key(32)), ..ReadOptions::default() };
    let protection = psk(AesSize::Aes256, MacKind::Sha256);
    let (records, _) = all(&written(&Model::CameraKeys, 1, &protection), unlock());
    let parts = records.iter().map(|record| record.algorithm).collect::<Vec<_>>();
    assert_eq!(parts, Role::ALL.map(|role| Algorithm::Txa1(CameraPart::Key(role))));
    let (records, _) = all(&written(&Model::CameraSeed, 1, &protection), unlock());
    assert_eq!(records[0].algorithm, Algorithm::Txa1(CameraPart::Seed));
    assert_eq!((records[0].suite.as_deref(), records[0].algorithm.name()), (Some("SEED"), "TXA1"));
    let SecretValue::Plain(secret) = &records[0].secret else { panic!("not opened") };
    assert_eq!(secret.len(), 32);
}

#[test]
fn a_camera_key_in_the_wrong_place_is_refused() {
    let file = plain(&Model::CameraKeys);
    assert_eq!(codes(&file), []);
    assert_eq!(codes(&file.replace(">COD<", ">CODE<")), [Code::Suite]);
    assert_eq!(codes(&file.replace("<pskc:Suite>COD</pskc:Suite>", "")), [Code::Suite]);
    // Two keys exchanged, and a key of another token.
    assert_eq!(codes(&file.replace(">COD<", ">SIG<")), [Code::Schema]);
    assert_eq!(codes(&file.replace("0112345679-ENC", "0112345687-ENC")), [Code::Schema]);
    assert!(codes(&file.replace("warifu:txa1", "warifu:txa2")).contains(&Code::Alg));
    let policy = "</pskc:Data><pskc:Policy><pskc:KeyUsage>Unlock</pskc:KeyUsage></pskc:Policy>";
    assert_eq!(codes(&file.replace("</pskc:Data>", policy)), [Code::Usage; 3]);
    let response = "</pskc:Suite><pskc:ResponseFormat Length=\"6\" Encoding=\"DECIMAL\"/>";
    assert_eq!(codes(&file.replace("</pskc:Suite>", response)), [Code::Digits; 3]);
}

#[test]
fn a_camera_key_of_another_length_is_refused_sealed_or_not() {
    let short = |file: &str| {
        let (before, rest) = file.split_once("<pskc:PlainValue>").unwrap();
        let (_, after) = rest.split_once('<').unwrap();
        format!("{before}<pskc:PlainValue>jzwa0HteQpZt8Qs4x6klTmHY8LI=<{after}")
    };
    assert_eq!(codes(&short(&plain(&Model::CameraSeed))), [Code::SecretLen]);
}

#[test]
fn equal_seeds_of_two_keypad_tokens_are_noticed_and_those_of_one_are_none() {
    let file = plain(&Model::Keypad(Vec::new()));
    let (records, _) = strict(&file);
    assert_eq!(records.len(), 4);
    let packages = file.split_once("<pskc:KeyPackage>").unwrap().1;
    let packages = packages.rsplit_once("</pskc:KeyContainer>").unwrap().0;
    let again = format!("<pskc:KeyPackage>{packages}").replace("0112345679", "0112345680");
    let twice = file.replace("</pskc:KeyContainer>", &format!("{again}</pskc:KeyContainer>"));
    let (records, refusals) = strict(&twice);
    assert_eq!(refusals, []);
    let warned: Vec<bool> = records
        .iter()
        .map(|record| record.warnings.iter().any(|one| one.code == Code::WDupSecret))
        .collect();
    assert_eq!(warned, [false, false, false, false, true, false, false, false]);
}

#[test]
fn an_officer_is_told_about_suites() {
    let found = warnings(&keypad("OCRA-1:HOTP-SHA1-6:QN08", 6, ""));
    for code in [Code::WOcraCollides, Code::WOcraAmountOpen, Code::WOcraSha1, Code::WOcraShortCode]
    {
        assert!(found.contains(&code), "{code} in {found:?}");
    }
    assert_eq!(warnings(&keypad("OCRA-1:HOTP-SHA256-8:QN18-T1M", 8, "")), []);
}

#[test]
fn suites_that_can_not_be_checked_are_refused() {
    for suite in ["QN18-PSHA1-T1M", "QN18-S064-T1M"] {
        let (_, refusals) = strict(&keypad(&format!("OCRA-1:HOTP-SHA256-8:{suite}"), 8, ""));
        assert_eq!(refusals[0].code, Code::Suite, "{suite}");
        assert!(refusals[0].rule.contains("ask the maker"), "{}", refusals[0].rule);
    }
    let step = |n| format!("<TimeInterval><PlainValue>{n}</PlainValue></TimeInterval>");
    let minute = "OCRA-1:HOTP-SHA256-8:QN18-T1M";
    assert_eq!(codes(&keypad(minute, 8, &step(30))), [Code::Interval]);
    assert_eq!(codes(&keypad(minute, 8, &step(60))), []);
    assert_eq!(codes(&keypad(minute, 6, "")), [Code::Suite]);
    assert_eq!(codes(&keypad("OCRA-1:HOTP-SHA256-8:C-QN18", 8, "")), [Code::Counter]);
}
