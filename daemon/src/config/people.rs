//! Four eyes: section `approval`, and which certificates of an institution are one person's.
//!
//! Not responsible for: what needs two people (the profiles), or for deciding who may (the core).

use std::collections::HashMap;

use warifu_core::ident::{Institution, Name};

use super::{
    Approval,
    check::Check,
    fault::Fault,
    raw::{RawApproval, RawInstitution, RawPerson},
    tree::Tree,
};

const EXAMPLE: &str =
    r#"[[institution.person]] name = "sato" certificates = ["sato-laptop", "sato-card"]"#;

pub(super) fn approval(tree: &Tree, faults: &mut Vec<Fault>) -> Approval {
    let raw: RawApproval = tree.section("approval", faults);
    Approval { enforce: raw.enforce.unwrap_or(true) }
}

/// By institution: the person behind each certificate that is listed.
pub(super) fn people(
    tree: &Tree,
    faults: &mut Vec<Fault>,
) -> HashMap<Institution, HashMap<Name, Name>> {
    // What is wrong with the institutions themselves is told by whoever reads the rest of them.
    let all: Vec<RawInstitution> = tree.sections("institution", &mut Vec::new());
    let mut check = Check::new(tree, "institution", faults);
    let mut known = HashMap::new();
    for raw in all {
        let Ok(institution) = Institution::parse(&raw.name) else { continue };
        let mut listed = Listed::new(&institution);
        for person in &raw.person {
            listed.add(&mut check, person);
        }
        listed.check_names(&mut check);
        let people = listed.people;
        known.entry(institution).or_insert(people);
    }
    known
}

/// The people of one institution so far.
struct Listed<'a> {
    institution: &'a Institution,
    people: HashMap<Name, Name>,
    /// Folded, for nobody is somebody else by the case of a letter: certificate to person.
    owners: HashMap<String, String>,
    /// Folded names of people.
    names: Vec<String>,
}

impl<'a> Listed<'a> {
    fn new(institution: &'a Institution) -> Self {
        Self { institution, people: HashMap::new(), owners: HashMap::new(), names: Vec::new() }
    }

    fn add(&mut self, check: &mut Check<'_>, raw: &RawPerson) {
        let Some(person) = self.name(check, "person.name", &raw.name) else { return };
        let folded = person.as_str().to_ascii_lowercase();
        if self.names.contains(&folded) {
            let rule =
                format!("{}: {person} is there twice; list all certificates once", self.of());
            check.fault("person.name", rule, EXAMPLE);
        }
        self.names.push(folded.clone());
        if raw.certificates.0.is_empty() {
            let rule = format!("{}: {person} has no certificate", self.of());
            check.fault("person.certificates", rule, EXAMPLE);
        }
        for text in &raw.certificates.0 {
            let Some(certificate) = self.name(check, "person.certificates", text) else { continue };
            let key = certificate.as_str().to_ascii_lowercase();
            if let Some(other) = self.owners.insert(key, folded.clone()) {
                let rule = format!("{}: {certificate} is listed for {other} already", self.of());
                check.fault("person.certificates", rule, EXAMPLE);
            }
            self.people.insert(certificate, person.clone());
        }
    }

    /// A certificate that is not listed is the person of its name: one that bears a person's name and
    /// is listed for somebody else would make two people of one.
    fn check_names(&self, check: &mut Check<'_>) {
        for (certificate, owner) in &self.owners {
            if owner != certificate && self.names.contains(certificate) {
                let rule = format!("{}: {certificate} is a person, and not {owner}", self.of());
                check.fault("person.certificates", rule, EXAMPLE);
            }
        }
    }

    fn name(&self, check: &mut Check<'_>, key: &str, text: &str) -> Option<Name> {
        let parsed = Name::parse(text);
        if let Err(error) = &parsed {
            check.fault(key, format_args!("{}: {text:?} {error}", self.of()), EXAMPLE);
        }
        parsed.ok()
    }

    fn of(&self) -> &str {
        self.institution.as_str()
    }
}
