//! Sections `institution` and `verification`: each bank's profile, and the values laid over it.
//!
//! Not responsible for: what a profile may say (warifu-profiles); here every fault gets its place
//! among the configuration's.

use std::{collections::HashMap, sync::Arc};

use warifu_core::{
    ident::Institution,
    policy::{PolicyFault, VerificationPolicy},
    rules::Rules,
};
use warifu_profiles::{BANK_CODE, Overrides, lay_bank_code};

use super::{check::Check, fault::Fault, raw::RawInstitution, tree::Tree};

const EXAMPLE: &str = r#"[[institution]] name = "bank-000" profile = "default""#;

pub(super) fn institutions(
    tree: &Tree,
    faults: &mut Vec<Fault>,
) -> HashMap<Institution, Arc<Rules>> {
    let common: Overrides = tree.section("verification", faults);
    let before = faults.len();
    let all: Vec<RawInstitution> = tree.sections("institution", faults);
    let unread = faults.len() > before;
    if all.is_empty() && !unread {
        let mut check = Check::new(tree, "institution", faults);
        check.fault("name", "there must be at least one institution", EXAMPLE);
    }
    let mut profiles = Profiles::default();
    let mut known = HashMap::new();
    for raw in all {
        let name = match Institution::parse(&raw.name) {
            Ok(name) => name,
            Err(error) => {
                let mut check = Check::new(tree, "institution", faults);
                check.fault("name", format_args!("{:?} {error}", raw.name), EXAMPLE);
                continue;
            }
        };
        let name_of_profile = raw.profile.as_deref().unwrap_or(warifu_profiles::DEFAULT);
        let Some(mut rules) = profiles.rules(name_of_profile, faults) else { continue };
        rules.verification = raw.verification.over(&common.over(&rules.verification));
        let mut check = Check::new(tree, "institution", faults);
        if !lay_bank_code(raw.bank_code.as_deref(), &mut rules) {
            let code = raw.bank_code.as_deref().unwrap_or_default();
            let rule = format_args!("{name}: {code:?} is no bank's code: it is {BANK_CODE}");
            check.fault("bank_code", rule, r#"bank_code = "0144""#);
        }
        for fault in rules.verification.faults() {
            verification_fault(&mut check, &name, &fault);
        }
        if known.insert(name.clone(), Arc::new(rules)).is_some() {
            check.fault("name", format_args!("{name} is there twice"), EXAMPLE);
        }
    }
    known
}

/// Profiles that were read; a file that many institutions share is read, and its faults told, once.
#[derive(Default)]
struct Profiles(HashMap<String, Option<Rules>>);

impl Profiles {
    /// A profile that is not good stands in for itself with the default, so that what else is wrong
    /// is told too; the configuration is refused for the faults.
    fn rules(&mut self, name: &str, faults: &mut Vec<Fault>) -> Option<Rules> {
        if let Some(rules) = self.0.get(name) {
            return rules.clone();
        }
        let rules = match warifu_profiles::find(name) {
            Ok(profile) => Some(profile.rules),
            Err(found) => {
                faults.extend(found.iter().map(of_profile));
                let stand_in = warifu_profiles::find(warifu_profiles::DEFAULT);
                stand_in.ok().map(|profile| profile.rules)
            }
        };
        self.0.insert(name.to_owned(), rules.clone());
        rules
    }
}

fn of_profile(fault: &warifu_profiles::Fault) -> Fault {
    let key = if fault.key.is_empty() { "institution.profile" } else { &fault.key };
    Fault {
        key: key.to_owned(),
        origin: fault.origin(),
        rule: fault.rule.clone(),
        example: fault.example.clone(),
    }
}

fn verification_fault(check: &mut Check<'_>, name: &Institution, fault: &PolicyFault) {
    let key = format!("verification.{}", fault.key);
    let example = format!("{} = {}", fault.key, default_of(fault.key));
    check.fault(&key, format_args!("{name}: is {}; {}", fault.value, fault.rule), example);
}

fn default_of(key: &str) -> u32 {
    let base = VerificationPolicy::default();
    match key {
        "look_ahead" => base.look_ahead,
        "window_steps" => base.window_steps,
        "look_back" => base.look_back,
        "resync_counters" => base.resync_counters,
        "resync_steps" => base.resync_steps,
        "max_drift_steps" => base.max_drift_steps,
        _ => base.lock_after,
    }
}
