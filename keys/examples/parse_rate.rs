//! How fast seed files are parsed: reads a file as an import does, in constant memory, and prints
//! megabytes and keys per second of one core. Without a file it writes an encrypted one for itself.
//!
//! Not responsible for decryption, the HSM or the store: values stay encrypted, which is what an
//! import under a transport key asks of the parser.

use std::error::Error;
use std::fs::File;
use std::io::{BufRead, BufReader, Write as _};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use warifu_keys::seedfile::{ReadOptions, open};

const RUNS: usize = 5;
const KEYS: u64 = 100_000;

fn main() -> Result<(), Box<dyn Error>> {
    let mut best = Duration::MAX;
    let (mut bytes, mut keys) = (0, 0);
    let argument = std::env::args().nth(1);
    let own = if argument.is_none() { sample(KEYS)? } else { Vec::new() };
    for _ in 0..RUNS {
        let started = Instant::now();
        (bytes, keys) = match &argument {
            Some(path) => {
                let file = File::open(path)?;
                let size = file.metadata()?.len();
                (size, read(BufReader::with_capacity(1 << 16, file))?)
            }
            None => (u64::try_from(own.len())?, read(own.as_slice())?),
        };
        best = best.min(started.elapsed());
    }
    let (micros, nanos) = (best.as_micros().max(1), best.as_nanos().max(1));
    let rate = u128::from(bytes).saturating_mul(10).checked_div(micros).unwrap_or_default();
    let per_second = u128::from(keys).saturating_mul(1_000_000_000).checked_div(nanos);
    let (whole, tenth) = (rate / 10, rate % 10);
    writeln!(
        std::io::stdout(),
        "{bytes} bytes, {keys} keys, best of {RUNS}: {} ms, {whole}.{tenth} MB/s, {} keys/s",
        best.as_millis(),
        per_second.unwrap_or_default()
    )?;
    Ok(())
}

/// Reads all keys; any refusal ends the measurement.
fn read(input: impl BufRead + Send) -> Result<u64, Box<dyn Error>> {
    let mut keys = 0_u64;
    for record in open(input, ReadOptions::default())? {
        let record = record?;
        keys = keys.saturating_add(u64::from(!record.key_id.is_empty()));
    }
    Ok(keys)
}

/// An AES-CBC file as makers write it. The values only look encrypted.
fn sample(keys: u64) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut out = Vec::new();
    let block = |seed: u64, len: usize| {
        let mix = |at: usize| {
            let at = u64::try_from(at).unwrap_or_default();
            seed.wrapping_add(at).wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes()[0]
        };
        STANDARD.encode((0..len).map(mix).collect::<Vec<u8>>())
    };
    let value = |seed: u64| {
        format!(
            "<xenc:EncryptionMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#aes128-cbc\"/>\
             <xenc:CipherData><xenc:CipherValue>{}</xenc:CipherValue></xenc:CipherData>",
            block(seed, 48)
        )
    };
    writeln!(
        out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<pskc:KeyContainer Version=\"1.0\" \
         xmlns:pskc=\"urn:ietf:params:xml:ns:keyprov:pskc\" \
         xmlns:xenc=\"http://www.w3.org/2001/04/xmlenc#\" \
         xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">\n\
         <pskc:EncryptionKey><ds:KeyName>transport</ds:KeyName></pskc:EncryptionKey>\
         <pskc:MACMethod Algorithm=\"http://www.w3.org/2000/09/xmldsig#hmac-sha1\">\
         <pskc:MACKey>{}</pskc:MACKey></pskc:MACMethod>",
        value(0)
    )?;
    for key in 1..=keys {
        writeln!(
            out,
            "<pskc:KeyPackage><pskc:DeviceInfo><pskc:Manufacturer>oath.ZZ</pskc:Manufacturer>\
             <pskc:SerialNo>{key:012}</pskc:SerialNo></pskc:DeviceInfo><pskc:Key Id=\"{key:012}\" \
             Algorithm=\"urn:ietf:params:xml:ns:keyprov:pskc:totp\"><pskc:Issuer>Bank</pskc:Issuer>\
             <pskc:AlgorithmParameters><pskc:ResponseFormat Encoding=\"DECIMAL\" Length=\"6\"/>\
             </pskc:AlgorithmParameters><pskc:Data><pskc:Secret><pskc:EncryptedValue>{}\
             </pskc:EncryptedValue><pskc:ValueMAC>{}</pskc:ValueMAC></pskc:Secret><pskc:Time>\
             <pskc:PlainValue>0</pskc:PlainValue></pskc:Time><pskc:TimeInterval>\
             <pskc:PlainValue>30</pskc:PlainValue></pskc:TimeInterval></pskc:Data></pskc:Key>\
             </pskc:KeyPackage>",
            value(key),
            block(key, 20)
        )?;
    }
    out.extend_from_slice(b"</pskc:KeyContainer>\n");
    Ok(out)
}
