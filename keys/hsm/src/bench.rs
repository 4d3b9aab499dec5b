//! `warifu-hsm bench [seconds] < config.json`: what the HSM itself can do, without the worker around
//! it, as JSON on standard output. The project's benchmark divides by these figures.
//!
//! Not responsible for: the worker's own speed.

use std::{
    io::{self, Write as _},
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

use cryptoki_sys::{CKM_AES_CBC_PAD, CKM_AES_KEY_GEN, CKM_AES_KEY_WRAP, CKM_SHA_1_HMAC};
use serde_json::json;
use warifu_hsm_protocol::{Hash, ImportPlace, KeyKind, WorkerConfig};

use crate::{
    counters::Counters,
    epoch::Token,
    fault::Fault,
    hand::Hand,
    held::Passing,
    keys, log,
    mechanism::Mechanism,
    module::Module,
    profile::{self, Abilities},
    raw::ObjectRef,
    refusal::Refusal,
    selftest::{self, Subject},
    shape::{self, Place},
};

/// Seed of 20 bytes, padded as custody pads it.
const SEED: [u8; 24] = *b"12345678901234567890\0\0\0\0";

const SHA1: KeyKind = KeyKind::Hmac(Hash::Sha1);

/// Reads the configuration, measures, prints.
pub(crate) fn run() -> ExitCode {
    let seconds = std::env::args().nth(2).and_then(|text| text.parse().ok()).unwrap_or(3);
    let config: WorkerConfig = match serde_json::from_reader(io::stdin().lock()) {
        Ok(config) => config,
        Err(error) => {
            log::error("the configuration on standard input is malformed", error);
            return ExitCode::from(64);
        }
    };
    match measure(&config, Duration::from_secs(seconds)) {
        Ok(report) => {
            let _ = writeln!(io::stdout().lock(), "{report}");
            ExitCode::SUCCESS
        }
        Err(refusal) => {
            log::error("refused to work", &refusal);
            refusal.exit_code()
        }
    }
}

fn measure(config: &WorkerConfig, time: Duration) -> Result<serde_json::Value, Refusal> {
    let counters = Counters::default();
    let module = Module::load(config)?;
    let failed = |fault| Refusal::of("measuring", fault);
    module.initialize(&counters).map_err(failed)?;
    let info = module.info().map_err(failed)?;
    let profile = profile::choose(info.manufacturer_id(), info.library_description());
    let token = Token::open(&module, config, 1)?;
    let master = token.hand(&module, &counters);
    // A passing key: the figures need a token, not Warifu's keys.
    let kek = keys::generate_kek(&master, Place::Session, &profile, config.wrapping_key)
        .map_err(failed)?;
    let form = config.wrapping_key;
    let subject = Subject { profile: &profile, form, kek: Some(kek), kek_e: None, thorough: false };
    let abilities = selftest::examine(&master, token.slot, &subject).abilities;
    let bench = Bench { module: &module, token: &token, counters: &counters, abilities, kek };
    let sessions = usize::from(config.sessions.max(1));
    Ok(json!({
        "profile": profile.name,
        "sessions": sessions,
        "seconds": time.as_secs(),
        "hmac_sign_per_s": bench.rate(sessions, time, Bench::signs).map_err(failed)?,
        "unwrap_wrap_per_s": bench.rate(sessions, time, Bench::wraps).map_err(failed)?,
        "unwrap_sign_destroy_per_s": bench.rate(sessions, time, Bench::opens).map_err(failed)?,
        "import_per_s": bench.rate(sessions, time, Bench::imports).map_err(failed)?,
        "import_calls": bench.import_calls(),
    }))
}

struct Bench<'a> {
    module: &'a Module,
    token: &'a Token,
    counters: &'a Counters,
    abilities: Abilities,
    kek: ObjectRef,
}

/// Runs until that time and says how often.
type Round<'a> = fn(&Bench<'a>, &Hand<'_>, Instant) -> Result<u64, Fault>;

impl<'a> Bench<'a> {
    /// Rounds per second over that many sessions, each on a thread.
    fn rate(&self, sessions: usize, time: Duration, round: Round<'a>) -> Result<f64, Fault> {
        let start = Instant::now();
        let end = start + time;
        let counts: Result<Vec<u64>, Fault> = thread::scope(|scope| {
            let threads: Vec<_> =
                (0..sessions).map(|_| scope.spawn(move || self.one(end, round))).collect();
            let bug = Fault::Malformed("a thread of the measurement ended early");
            threads.into_iter().map(|thread| thread.join().unwrap_or(Err(bug))).collect()
        });
        let total = u32::try_from(counts?.iter().sum::<u64>()).unwrap_or(u32::MAX);
        Ok(f64::from(total) / start.elapsed().as_secs_f64())
    }

    fn one(&self, end: Instant, round: Round<'a>) -> Result<u64, Fault> {
        let session = self.module.open(self.token.slot, &self.token.life)?;
        let hand = Hand { module: self.module, session: &session, counters: self.counters };
        round(self, &hand, end)
    }

    /// `C_SignInit` and `C_Sign` with a session key.
    fn signs(&self, hand: &Hand<'_>, end: Instant) -> Result<u64, Fault> {
        let template = shape::created(SHA1, self.abilities, Place::Session);
        let key = Passing::new(*hand, hand.create(&shape::value(template, &SEED))?);
        let mut count = 0_u64;
        while Instant::now() < end {
            hand.mac(CKM_SHA_1_HMAC, key.object(), &count.to_be_bytes())?;
            count += 1;
        }
        Ok(count)
    }

    /// `C_UnwrapKey`, `C_SignInit`, `C_Sign` and `C_DestroyObject`: the least that a code costs whose
    /// key is in no cache.
    fn opens(&self, hand: &Hand<'_>, end: Instant) -> Result<u64, Fault> {
        let mechanism = Mechanism::plain(CKM_AES_KEY_WRAP);
        let open = shape::passing(SHA1, self.abilities);
        let key = Passing::new(*hand, hand.create(&shape::value(open, &SEED))?);
        let blob = hand.wrap(mechanism, self.kek, key.object())?;
        let closed = shape::sealed(SHA1, self.abilities, Place::Session, SEED.len());
        let mut count = 0_u64;
        while Instant::now() < end {
            let seed = Passing::new(*hand, hand.unwrap(mechanism, self.kek, &blob, &closed)?);
            hand.mac(CKM_SHA_1_HMAC, seed.object(), &count.to_be_bytes())?;
            count += 1;
        }
        Ok(count)
    }

    /// `C_WrapKey`, `C_UnwrapKey` and `C_DestroyObject`: the least that taking a seed in costs.
    fn wraps(&self, hand: &Hand<'_>, end: Instant) -> Result<u64, Fault> {
        let mechanism = Mechanism::plain(CKM_AES_KEY_WRAP);
        let open = shape::passing(SHA1, self.abilities);
        let key = Passing::new(*hand, hand.create(&shape::value(open, &SEED))?);
        let closed = shape::sealed(SHA1, self.abilities, Place::Session, SEED.len());
        let mut count = 0;
        while Instant::now() < end {
            let blob = hand.wrap(mechanism, self.kek, key.object())?;
            hand.destroy(hand.unwrap(mechanism, self.kek, &blob, &closed)?)?;
            count += 1;
        }
        Ok(count)
    }

    /// All calls that taking one seed of an AES-CBC file into custody costs, as `seal.rs` makes them: into
    /// the HSM, under the wrapping key, out of the blob and tried once.
    fn imports(&self, hand: &Hand<'_>, end: Instant) -> Result<u64, Fault> {
        let cbc = Mechanism::with_iv(CKM_AES_CBC_PAD, &[7; 16]);
        let wrap = Mechanism::plain(CKM_AES_KEY_WRAP);
        let transport = Passing::new(*hand, hand.generate(CKM_AES_KEY_GEN, &shape::probe())?);
        let data = hand.encrypt_with(cbc, transport.object(), &SEED, 16)?;
        let closed = shape::sealed(SHA1, self.abilities, Place::Session, SEED.len());
        let mut count = 0_u64;
        while Instant::now() < end {
            let open = shape::passing(SHA1, self.abilities);
            let object = if self.unwraps_inside() {
                hand.unwrap(cbc, transport.object(), &data, &open)?
            } else {
                let clear = hand.decrypt(cbc, transport.object(), &data)?;
                hand.create(&shape::value(open, &clear))?
            };
            let passing = Passing::new(*hand, object);
            let blob = hand.wrap(wrap, self.kek, passing.object())?;
            let seed = Passing::new(*hand, hand.unwrap(wrap, self.kek, &blob, &closed)?);
            hand.mac(CKM_SHA_1_HMAC, seed.object(), &count.to_be_bytes())?;
            count += 1;
        }
        Ok(count)
    }

    fn import_calls(&self) -> &'static [&'static str] {
        if self.unwraps_inside() {
            &[
                "C_UnwrapKey",
                "C_WrapKey",
                "C_UnwrapKey",
                "C_SignInit",
                "C_Sign",
                "C_DestroyObject",
                "C_DestroyObject",
            ]
        } else {
            &[
                "C_DecryptInit",
                "C_Decrypt",
                "C_CreateObject",
                "C_WrapKey",
                "C_UnwrapKey",
                "C_SignInit",
                "C_Sign",
                "C_DestroyObject",
                "C_DestroyObject",
            ]
        }
    }

    fn unwraps_inside(&self) -> bool {
        self.abilities.imports.cbc == ImportPlace::Inside
    }
}
