//! The start: from a configuration to the first epoch, or to a refusal that names what is missing.
//! Nothing starts from nothing: keys are made only for `Purpose::Init`.
//!
//! Not responsible for: the conversation (`serve.rs`), later epochs (`keeper.rs`).

use std::{sync::Arc, time::Duration};

use cryptoki::slot::{Slot, TokenInfo};
use warifu_hsm_protocol::{
    Check, CheckResult, Doctor, ImportPlace, Provider, Purpose, WorkerConfig,
};

use crate::{
    cache::Cache,
    counters::Counters,
    epoch::{Epoch, Token},
    fault::Fault,
    gate::Gate,
    hand::Hand,
    held::Passing,
    keys::{self, Found, Names},
    log,
    module::Module,
    profile::{self, Profile},
    refusal::Refusal,
    selftest::{self, Findings, Subject},
    shape::Place,
    station::Shared,
};

/// What a start comes to.
pub(crate) enum Started {
    /// Only looked.
    Inspected(Box<Doctor>),
    /// Ready to work.
    Ready(Arc<Shared>, Provider),
}

/// Loads, finds, logs in, tests; and makes missing keys where that is the purpose.
pub(crate) fn start(config: WorkerConfig, purpose: Purpose) -> Result<Started, Refusal> {
    let counters = Counters::default();
    let module = Module::load(&config)?;
    module.initialize(&counters).map_err(|fault| Refusal::of("C_Initialize", fault))?;
    let identity = Identity::read(&module).map_err(|fault| Refusal::of("C_GetInfo", fault))?;
    let token = Token::open(&module, &config, 1)?;
    let hand = token.hand(&module, &counters);
    let prefix = &config.key_prefix;
    let mut found = keys::find(&hand, prefix)?;
    if purpose == Purpose::Init {
        keys::make_missing(&hand, prefix, &identity.profile, config.wrapping_key, &found)?;
        found = keys::find(&hand, prefix)?;
    }
    let missing = found.missing(prefix);
    if purpose != Purpose::Inspect && !missing.is_empty() {
        return Err(keys::refuse_missing(&missing));
    }
    let findings = examine(&hand, token.slot, &identity.profile, &found, (&config, purpose));
    if purpose == Purpose::Inspect {
        let keys = [keys_check(&missing), camera_check(&found, prefix)];
        let doctor = doctor(&identity, &token.info, findings, keys);
        return Ok(Started::Inspected(Box::new(doctor)));
    }
    if let Err(refusal) = findings.verdict() {
        if !config.allow_insecure_token {
            return Err(refusal);
        }
        log::error("INSECURE TOKEN, allowed by configuration", refusal);
    }
    let keys = found.complete(prefix)?;
    let epoch = Epoch::new(&module, &counters, token, keys, prefix)?;
    let provider = provider(&identity, &epoch, &findings);
    let cache = Cache::new(
        usize::try_from(config.cache_capacity).unwrap_or(usize::MAX),
        Duration::from_secs(u64::from(config.cache_ttl_s)),
    );
    let (abilities, grave, gate) = (findings.abilities, Arc::default(), Gate::default());
    gate.open(epoch);
    let profile = identity.profile;
    let shared = Shared { config, module, profile, abilities, counters, cache, grave, gate };
    Ok(Started::Ready(Arc::new(shared), provider))
}

/// The doctor says what the HSM could do, also before there are keys.
fn examine(
    hand: &Hand<'_>,
    slot: Slot,
    profile: &Profile,
    found: &Found,
    (config, purpose): (&WorkerConfig, Purpose),
) -> Findings {
    let form = config.wrapping_key;
    let passing = match (purpose, found.kek_e()) {
        (Purpose::Inspect, None) => keys::generate_kek_e(hand, Place::Session, form).ok(),
        _ => None,
    };
    let passing = passing.map(|key| Passing::new(*hand, key));
    let kek_e = found.kek_e().or(passing.as_ref().map(Passing::object));
    let thorough = purpose == Purpose::Inspect;
    selftest::examine(hand, slot, &Subject { profile, form, kek: found.kek(), kek_e, thorough })
}

struct Identity {
    library: String,
    profile: Profile,
}

impl Identity {
    fn read(module: &Module) -> Result<Self, Fault> {
        let info = module.info()?;
        let library = format!(
            "{} / {} {}",
            info.manufacturer_id(),
            info.library_description(),
            info.library_version()
        );
        let profile = profile::choose(info.manufacturer_id(), info.library_description());
        Ok(Self { library, profile })
    }
}

fn model(info: &TokenInfo) -> String {
    format!("{} {}", info.manufacturer_id(), info.model())
}

fn provider(identity: &Identity, epoch: &Epoch, findings: &Findings) -> Provider {
    let info = &epoch.token.info;
    Provider {
        library: identity.library.clone(),
        token_label: info.label().to_owned(),
        token_serial: info.serial_number().to_owned(),
        token_model: model(info),
        profile: identity.profile.name.to_owned(),
        wrapped: findings.wrapped,
        resident: findings.resident,
        unwrap_cbc: findings.abilities.imports.cbc == ImportPlace::Inside,
        unwrap_kw: findings.abilities.imports.kw == ImportPlace::Inside,
        audit_public_key: epoch.keys.audit_public.clone(),
        fingerprint: epoch.fingerprint(),
    }
}

fn keys_check(missing: &[String]) -> Check {
    let name = "keys".to_owned();
    if missing.is_empty() {
        let detail = "all keys that codes need are there".to_owned();
        return Check { name, result: CheckResult::Pass, detail };
    }
    let detail = format!("missing: {}; `warifu hsm init` makes them", missing.join(", "));
    Check { name, result: CheckResult::Absent, detail }
}

fn camera_check(found: &Found, prefix: &str) -> Check {
    let (name, label) = ("camera-keys".to_owned(), Names(prefix).kek_e());
    if found.kek_e().is_some() {
        let detail = format!("{label} is there, which camera tokens need");
        return Check { name, result: CheckResult::Pass, detail };
    }
    let detail = format!("missing: {label}, which camera tokens need; `warifu hsm init` makes it");
    Check { name, result: CheckResult::Absent, detail }
}

fn doctor(identity: &Identity, info: &TokenInfo, findings: Findings, keys: [Check; 2]) -> Doctor {
    let line = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let checks = keys.into_iter().chain(findings.checks).collect();
    Doctor {
        identity: vec![
            line("library", &identity.library),
            line("token", info.label()),
            line("serial", info.serial_number()),
            line("model", &model(info)),
            line("profile", identity.profile.name),
        ],
        checks,
        wrapped_allowed: findings.wrapped,
        resident_allowed: findings.resident,
        import: findings.import,
    }
}
