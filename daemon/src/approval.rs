//! Four eyes: what one person proposes, another decides about, whatever certificates either holds.
//!
//! An operation that needs two people is refused when it is asked for directly. It is proposed
//! instead, kept with everything it says, and carried out by the decision of another person, once,
//! also where the daemon stops in between: the decision is durable before anything is done, and what
//! is done goes by the proposal's own name, so that a second approval finds it done.
//!
//! Not responsible for: what the operations do, and for staged batches (import), which need the same
//! two people but wait as what they are.

mod carry;
mod decide;
mod parse;
mod propose;
mod view;

use std::{collections::HashMap, sync::Arc};

pub(crate) use self::{
    parse::label,
    propose::{ProposalId, ROLES},
};

use arc_swap::ArcSwap;
use warifu_core::{
    ident::{Institution, Name},
    rules::{ApprovalRules, Person, may_decide},
};

use crate::{ask::Ask, failure::Failure, lifecycle::Acting, service::Service};

/// Who is who, and whether two people are asked for at all.
pub(crate) struct FourEyes {
    /// Off on test installations only.
    enforce: bool,
    /// Certificate names that are one person's.
    people: ArcSwap<HashMap<Institution, Known>>,
}

/// Of one institution, both sides folded: no certificate is another one by the case of a letter.
type Known = HashMap<Person, Person>;

/// By institution: the person behind a certificate's name, where it is not the name itself.
pub(crate) type People = HashMap<Institution, HashMap<Name, Name>>;

impl FourEyes {
    pub(crate) fn new(enforce: bool, people: People) -> Self {
        Self { enforce, people: ArcSwap::from_pointee(folded(people)) }
    }

    /// Takes over a reloaded configuration.
    pub(crate) fn reload(&self, people: People) {
        self.people.store(Arc::new(folded(people)));
    }

    /// Whether one person may do everything.
    pub(crate) const fn is_off(&self) -> bool {
        !self.enforce
    }

    fn person(&self, institution: &Institution, certificate: &Name) -> Person {
        let named = Person::named(certificate);
        let people = self.people.load();
        let found = people.get(institution).and_then(|known| known.get(&named)).cloned();
        found.unwrap_or(named)
    }

    /// Whether two certificates are one person's.
    pub(crate) fn is_one_person(&self, institution: &Institution, a: &Name, b: &Name) -> bool {
        self.person(institution, a) == self.person(institution, b)
    }
}

fn folded(people: People) -> HashMap<Institution, Known> {
    let pair =
        |(certificate, person): (Name, Name)| (Person::named(&certificate), Person::named(&person));
    let of_one = |(institution, listed): (Institution, HashMap<Name, Name>)| {
        (institution, listed.into_iter().map(pair).collect())
    };
    people.into_iter().map(of_one).collect()
}

impl Service {
    /// What the institution asks two people for.
    pub(crate) fn approval(&self, institution: &Institution) -> Result<ApprovalRules, Failure> {
        Ok(self.rules(institution)?.approval)
    }

    /// Whether a rule counts here.
    pub(crate) const fn needs_two(&self, rule: bool) -> bool {
        rule && !self.four_eyes.is_off()
    }

    /// The caller is another person than `first`, where two are needed.
    pub(crate) fn another_person(
        &self,
        ask: &Ask,
        first: &Name,
        rule: bool,
    ) -> Result<(), Failure> {
        if !self.needs_two(rule) {
            return Ok(());
        }
        let person = |name| self.four_eyes.person(ask.institution(), name);
        may_decide(&person(first), &person(&ask.caller.name)).map_err(|_| Failure::SamePerson)
    }

    /// 紛失, asked for directly.
    pub(crate) fn alone_lost(&self, ask: &Ask) -> Result<(), Failure> {
        self.alone(self.approval(ask.institution())?.lost)
    }

    /// 初期化, asked for directly. A user who acts has shown a code of their own.
    pub(crate) fn alone_initialise(&self, ask: &Ask, acting: &Acting) -> Result<(), Failure> {
        let rules = self.approval(ask.institution())?;
        self.alone(rules.initialise && acting.user.is_none())
    }

    /// 利用停止解除, asked for directly.
    pub(crate) fn alone_unlocks(
        &self,
        ask: &Ask,
        acting: &Acting,
        users: usize,
    ) -> Result<(), Failure> {
        let rules = self.approval(ask.institution())?;
        self.alone(rules.unlock_needs_two(users) && acting.user.is_none())
    }

    const fn alone(&self, rule: bool) -> Result<(), Failure> {
        if self.needs_two(rule) { Err(Failure::ApprovalRequired) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::parse(text).unwrap()
    }

    #[test]
    fn certificates_of_one_person_are_one_person() {
        let bank = Institution::parse("bank").unwrap();
        let other = Institution::parse("other").unwrap();
        let card = HashMap::from([(name("sato-card"), name("sato"))]);
        let people = FourEyes::new(true, People::from([(bank.clone(), card)]));
        assert!(people.is_one_person(&bank, &name("sato-card"), &name("sato")));
        assert!(people.is_one_person(&bank, &name("SATO"), &name("sato")));
        assert!(people.is_one_person(&bank, &name("Sato-Card"), &name("sato")));
        assert!(!people.is_one_person(&bank, &name("suzuki"), &name("sato")));
        assert!(!people.is_one_person(&other, &name("sato-card"), &name("sato")));
    }
}
