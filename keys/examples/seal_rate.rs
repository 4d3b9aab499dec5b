//! `seal_rate <workers> <seeds> < worker-config.json`: how many seeds of an AES-CBC file a second the
//! supervisor and its workers take into custody, as JSON. Divided by `import_per_s` of `warifu-hsm
//! bench`, one process per worker, it says what the worker costs around the HSM's own calls.
//!
//! Makes Warifu's keys where the token has none. Not responsible for: files and the store.
#![forbid(unsafe_code)]

use std::{error::Error, io, time::Instant};

use aes::cipher::{BlockEncryptMut as _, KeyIvInit as _, block_padding::Pkcs7};
use hmac::{Hmac, Mac as _};
use warifu_core::{custody::CustodyKind, oath::HashAlgorithm};
use warifu_keys::{
    custody::hmac,
    hsm::{
        Cipher, Hsm, HsmConfig, MacHash, SealOrder, SecretBytes, SeedSource, ValueMac,
        WorkerConfig, init,
    },
};

const LABEL: &str = "seal-rate";
const KEY: [u8; 16] = [0x42; 16];
const MAC_KEY: [u8; 20] = [0x11; 20];
/// Seeds of one call, as an import hands them over.
const CHUNK: usize = 2048;

fn main() -> Result<(), Box<dyn Error>> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(run())
}

async fn run() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut number = || arguments.next().and_then(|text| text.parse::<usize>().ok());
    let (workers, seeds) = (number().unwrap_or(1), number().unwrap_or(20_000));
    let worker: WorkerConfig = serde_json::from_reader(io::stdin().lock())?;
    let config = HsmConfig { workers, ..HsmConfig::new(worker) };
    init(&config).await?;
    let hsm = Hsm::start(config).await?;
    hsm.destroy_transport_key(LABEL).await?;
    hsm.import_transport_key(LABEL, SecretBytes::new(KEY.to_vec())).await?;
    let mut batches: Vec<Vec<SealOrder>> = Vec::new();
    for first in (0..seeds).step_by(CHUNK) {
        batches.push((first..seeds.min(first + CHUNK)).map(order).collect());
    }
    let start = Instant::now();
    // Two at a time, as a pipeline has it: one is worked on while the other is made or stored.
    let mut waiting = None;
    for batch in batches {
        let (one, client) = (batch.len(), hsm.clone());
        let next = tokio::spawn(async move { (one, client.seal(batch).await) });
        if let Some(before) = waiting.replace(next) {
            check(before.await?)?;
        }
    }
    if let Some(last) = waiting {
        check(last.await?)?;
    }
    let rate = f64::from(u32::try_from(seeds)?) / start.elapsed().as_secs_f64();
    hsm.destroy_transport_key(LABEL).await?;
    println!("{}", serde_json::json!({ "workers": workers, "seeds": seeds, "seals_per_s": rate }));
    Ok(())
}

fn check<T>(
    (count, results): (usize, Vec<Result<T, warifu_keys::hsm::HsmError>>),
) -> Result<(), Box<dyn Error>> {
    let sealed: Result<Vec<T>, _> = results.into_iter().collect();
    if sealed?.len() == count { Ok(()) } else { Err("a seed was lost".into()) }
}

fn order(number: usize) -> SealOrder {
    let seed = format!("{number:020}");
    let data = encrypted(seed.as_bytes(), number);
    let mac = <Hmac<sha1::Sha1> as hmac::Mac>::new_from_slice(&MAC_KEY);
    let mut mac = mac.expect("HMAC takes keys of any length (RFC 2104 s.2)");
    mac.update(&data);
    let value = mac.finalize().into_bytes().to_vec();
    let mac = ValueMac { hash: MacHash::Sha1, encrypted_key: encrypted(&MAC_KEY, 0), value };
    let source = SeedSource::Encrypted {
        transport_key: LABEL.to_owned(),
        cipher: Cipher::AesCbcPad { bits: 128 },
        data,
        mac: Some(mac),
        session: None,
    };
    let record = format!("bank\0{number}").into_bytes();
    let kind = hmac(HashAlgorithm::Sha1);
    SealOrder { record, kind, custody: CustodyKind::Wrapped, source }
}

fn encrypted(value: &[u8], number: usize) -> Vec<u8> {
    let mut iv = [0; 16];
    iv[..8].copy_from_slice(&number.to_be_bytes());
    let cbc = cbc::Encryptor::<aes::Aes128>::new(&KEY.into(), &iv.into());
    let mut data = iv.to_vec();
    data.extend(cbc.encrypt_padded_vec_mut::<Pkcs7>(value));
    data
}
