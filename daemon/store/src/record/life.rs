//! The stored form of a token's life, part of its record.
//!
//! Not responsible for: which lives there are (`warifu_core::lifecycle::life`).

use minicbor::{Decode, Encode};
use warifu_core::{
    ident::{ContractId, UserId},
    lifecycle::{
        Life,
        life::{LifeParts, Stage},
    },
};

#[derive(Decode, Encode)]
#[cbor(map)]
pub(super) struct LifeWire {
    #[n(1)]
    stage: String,
    #[n(2)]
    contract: Option<String>,
    #[n(3)]
    to: Option<String>,
    #[n(4)]
    at: u64,
    #[n(5)]
    generation: Option<u32>,
    #[n(6)]
    users: Option<u32>,
}

impl LifeWire {
    /// The stored form; none in stock.
    pub(super) fn of(life: &Life) -> Option<Self> {
        let LifeParts { stage, contract, to, at, generation, users } = life.parts();
        let serves = stage == Stage::InService;
        (stage != Stage::Stock).then(|| Self {
            stage: stage.word().to_owned(),
            contract: contract.map(|id| id.as_str().to_owned()),
            to: to.map(|id| id.as_str().to_owned()),
            at,
            generation: serves.then_some(generation),
            users: serves.then_some(users),
        })
    }

    /// A missing part is damage, never the stock: a token in stock may be anybody's.
    pub(super) fn value(self) -> Result<Life, &'static str> {
        let stage = Stage::ALL.into_iter().find(|stage| stage.word() == self.stage);
        let stage = stage.ok_or("unknown stage of life")?;
        let (generation, users) = match stage {
            Stage::InService => (
                self.generation.ok_or("no generation of the contract")?,
                self.users.ok_or("no number of users")?,
            ),
            Stage::Stock | Stage::Issued | Stage::Withdrawn | Stage::Lost => (0, 0),
        };
        let parts = LifeParts {
            stage,
            contract: self
                .contract
                .map(|id| ContractId::parse(&id))
                .transpose()
                .map_err(contract)?,
            to: self.to.map(|id| UserId::parse(&id)).transpose().map_err(|_| "user of a life")?,
            at: self.at,
            generation,
            users,
        };
        Life::from_parts(parts).ok_or("parts of a life do not fit together")
    }
}

fn contract<E>(_: E) -> &'static str {
    "contract of a life"
}

#[cfg(test)]
mod tests {
    use warifu_core::time::UnixTime;

    use super::*;

    fn lives() -> Vec<Life> {
        let (contract, user) = (ContractId::parse("C1").unwrap(), UserId::parse("U1").unwrap());
        let issued = |to| match Life::stock() {
            Life::Stock(stock) => stock.issue(contract.clone(), to, UnixTime(5)),
            _ => unreachable!("stock is stock"),
        };
        let serving = || issued(None).register(3, UnixTime(6)).share();
        let withdrawn = serving().leave(false, UnixTime(7));
        let Life::InService(last) = withdrawn else { unreachable!("two users, one left") };
        vec![
            Life::Issued(issued(None)),
            Life::Issued(issued(Some(user))),
            Life::InService(serving()),
            last.leave(false, UnixTime(8)),
            Life::stock().lost(UnixTime(9)),
            Life::InService(serving()).lost(UnixTime(9)),
        ]
    }

    #[test]
    fn every_life_comes_back() {
        assert!(LifeWire::of(&Life::stock()).is_none());
        for life in lives() {
            let bytes = minicbor::to_vec(LifeWire::of(&life).unwrap()).unwrap();
            let wire: LifeWire = minicbor::decode(&bytes).unwrap();
            assert_eq!(wire.value(), Ok(life));
        }
    }

    #[test]
    fn a_missing_part_is_damage_and_not_the_stock() {
        for life in &lives()[2..3] {
            let wire = LifeWire { users: None, ..LifeWire::of(life).unwrap() };
            assert_eq!(wire.value(), Err("no number of users"));
            let wire = LifeWire { contract: None, ..LifeWire::of(life).unwrap() };
            assert_eq!(wire.value(), Err("parts of a life do not fit together"));
            let wire = LifeWire { stage: "sold".to_owned(), ..LifeWire::of(life).unwrap() };
            assert_eq!(wire.value(), Err("unknown stage of life"));
        }
    }
}
