//! Every actor, every subject, every password and code, against an expectation written apart.

use super::*;
use crate::{
    lifecycle::{
        UsageMode,
        fixture::{Sample, contract, life, serial, start, user_id},
        life::Stage,
    },
    rules::RoleSet,
};

const OPEN: StaffRules = StaffRules { reason: false, reference: false };
const HOLDINGS: [Holding; 3] = [Holding::Any, Holding::Live, Holding::OtherLive];
const DEMANDS: [Demand; 3] = [Demand::No, Demand::IfAble, Demand::Yes];
const CONFIRMATIONS: [Confirmation; 3] =
    [Confirmation::NotChecked, Confirmation::Right, Confirmation::Wrong];

/// What an actor has in hand.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Hand {
    Nothing,
    LockedToken,
    LostToken,
    ConcernedToken,
    OtherToken,
}

const HANDS: [Hand; 5] =
    [Hand::Nothing, Hand::LockedToken, Hand::LostToken, Hand::ConcernedToken, Hand::OtherToken];

impl Hand {
    fn token(self) -> Option<Sample> {
        let other = || Sample::new("10000002", life(Stage::InService));
        match self {
            Self::Nothing => None,
            Self::LockedToken => Some(other().locked()),
            Self::LostToken => Some(other().lost(start())),
            Self::ConcernedToken => Some(Sample::new("10000001", life(Stage::InService))),
            Self::OtherToken => Some(other()),
        }
    }

    fn works(self) -> bool {
        matches!(self, Self::ConcernedToken | Self::OtherToken)
    }
}

fn sets() -> impl Iterator<Item = RoleSet> {
    (0_u8..8)
        .map(|bits| Role::ALL.into_iter().filter(|role| bits >> (*role as u8) & 1 == 1).collect())
}

/// One user asks; the subject is themselves, somebody else by role, or the contract.
struct Ask {
    actor: Role,
    subject: Option<Role>,
    own: bool,
    confirmation: Confirmation,
    code: bool,
}

fn ask(gate: &Gate, ask: &Ask, hand: Option<&Sample>) -> Result<(), Denial> {
    let (id, other, concerned) = (user_id("U1"), user_id("U2"), serial("10000001"));
    let (contract, user) = (contract(UsageMode::Shared), User::new(ask.actor));
    let actor = Actor::User {
        id: &id,
        user: &user,
        token: hand.map(Sample::held),
        confirmation: ask.confirmation,
        code: ask.code,
        signer: None,
        signed: false,
    };
    let subject = ask.subject.map(|role| Subject {
        id: if ask.own { &id } else { &other },
        role,
        serial: Some(&concerned),
    });
    gate.admit(Scene { contract: &contract, staff: OPEN, now: start() }, actor, subject)
}

/// The rule about persons in plain words, as one truth table.
fn person_expected(gate: &Gate, ask: &Ask, hand: Hand) -> Result<(), Denial> {
    let line = &gate.others[0];
    let named = line.actors.contains(ask.actor)
        && ask.subject.is_none_or(|role| line.subjects.contains(role));
    // Nobody's token is concerned where the whole contract is.
    let other = hand == Hand::OtherToken || (ask.subject.is_none() && hand.works());
    match (gate.own && ask.own, named, line.holding) {
        (true, _, _) | (false, true, Holding::Any) => Ok(()),
        (false, false, _) => Err(Denial::ActorNotAllowed),
        (false, true, Holding::Live) if hand.works() => Ok(()),
        (false, true, Holding::Live) => Err(Denial::ActorNeedsToken),
        (false, true, Holding::OtherLive) if other => Ok(()),
        (false, true, Holding::OtherLive) => Err(Denial::ActorNeedsOtherToken),
    }
}

fn proof_expected(gate: &Gate, ask: &Ask, hand: Hand) -> Result<(), Denial> {
    let unconfirmed = matches!(ask.confirmation, Confirmation::NotChecked | Confirmation::Wrong);
    if gate.password && unconfirmed {
        return Err(Denial::ConfirmationRequired);
    }
    match (gate.code, hand.works(), ask.code) {
        // Who locked their own token does not get round its code.
        (Demand::IfAble, _, _) if hand == Hand::LockedToken => Err(Denial::TokenLocked),
        (Demand::No, _, _) | (Demand::IfAble, false, _) | (_, true, true) => Ok(()),
        (Demand::Yes, false, _) => Err(Denial::ActorNeedsToken),
        (Demand::Yes | Demand::IfAble, true, false) => Err(Denial::CodeRequired),
    }
}

fn every_gate() -> impl Iterator<Item = Gate> {
    let people = sets().flat_map(|actors| sets().map(move |subjects| (actors, subjects)));
    let lines = people.flat_map(|(actors, subjects)| {
        HOLDINGS.map(|holding| Permit { actors, subjects, holding })
    });
    lines.flat_map(|line| {
        [false, true].map(|own| Gate {
            staff: true,
            own,
            others: vec![line],
            password: false,
            code: Demand::No,
        })
    })
}

#[test]
fn every_line_of_the_role_table() {
    let hands = HANDS.map(|hand| (hand, hand.token()));
    let mut asked = 0_u32;
    for gate in every_gate() {
        for (hand, token) in &hands {
            for actor in Role::ALL {
                let others = Role::ALL.map(|role| (Some(role), false));
                for (subject, own) in others.into_iter().chain([(Some(actor), true), (None, false)])
                {
                    let confirmation = Confirmation::NotChecked;
                    let one = Ask { actor, subject, own, confirmation, code: false };
                    let expected = person_expected(&gate, &one, *hand);
                    let found = ask(&gate, &one, token.as_ref());
                    assert_eq!(found, expected, "{gate:?} {actor:?} {subject:?} {own} {hand:?}");
                    asked += 1;
                }
            }
        }
    }
    assert_eq!(asked, 8 * 8 * 3 * 2 * 5 * 3 * 5);
}

#[test]
fn every_password_and_every_code() {
    for (password, code_rule) in [false, true].iter().flat_map(|p| DEMANDS.map(|d| (*p, d))) {
        let gate = Gate { staff: false, own: true, others: vec![], password, code: code_rule };
        assert_eq!(gate.looks_at_code(), code_rule != Demand::No);
        for hand in HANDS {
            for (confirmation, code) in
                CONFIRMATIONS.into_iter().flat_map(|one| [false, true].map(|code| (one, code)))
            {
                let role = Role::General;
                let one = Ask { actor: role, subject: Some(role), own: true, confirmation, code };
                let expected = proof_expected(&gate, &one, hand);
                let found = ask(&gate, &one, hand.token().as_ref());
                assert_eq!(found, expected, "{gate:?} {hand:?} {confirmation:?} {code}");
            }
        }
    }
}

#[test]
fn nothing_shown_helps_who_may_not() {
    let gate =
        Gate { staff: true, own: false, others: vec![], password: true, code: Demand::IfAble };
    for (hand, actor) in HANDS.into_iter().flat_map(|hand| Role::ALL.map(|role| (hand, role))) {
        let confirmation = Confirmation::Right;
        let one = Ask { actor, subject: Some(actor), own: true, confirmation, code: true };
        assert_eq!(ask(&gate, &one, hand.token().as_ref()), Err(Denial::ActorNotAllowed));
    }
}

#[test]
fn staff_by_gate_reason_and_reference() {
    let contract = contract(UsageMode::Individual);
    for bits in 0_u8..32 {
        let [allowed, want_reason, want_reference, reason, reference] =
            [0, 1, 2, 3, 4].map(|bit| bits >> bit & 1 == 1);
        let gate = Gate { staff: allowed, ..Gate::staff_only() };
        let staff = StaffRules { reason: want_reason, reference: want_reference };
        let scene = Scene { contract: &contract, staff, now: start() };
        let expected = if !allowed {
            Err(Denial::ActorNotAllowed)
        } else if want_reason && !reason {
            Err(Denial::ReasonRequired)
        } else if want_reference && !reference {
            Err(Denial::ReferenceRequired)
        } else {
            Ok(())
        };
        assert_eq!(gate.admit(scene, Actor::Staff { reason, reference }, None), expected);
    }
}

/// The banks' own sentences about who unlocks whom, line by line.
#[test]
fn the_sentences_of_the_manuals() {
    let of = |roles: &[Role]| roles.iter().copied().collect::<RoleSet>();
    let line = |actors, subjects, holding| Permit { actors, subjects, holding };
    let gate = |others| Gate { staff: true, own: false, others, password: true, code: Demand::No };
    let (master, administrator, general) = (Role::Master, Role::Administrator, Role::General);
    // マスターユーザ以外はマスターユーザが解除, マスターユーザはお取引店.
    let by_master = gate(vec![line(of(&[master]), of(&[administrator, general]), Holding::Any)]);
    // 停止されていない別のトークンをご利用中のマスター/管理者のみ.
    let by_leaders =
        gate(vec![line(of(&[master, administrator]), RoleSet::ALL, Holding::OtherLive)]);
    let by_bank = gate(vec![]);
    let table = [
        (&by_master, master, general, Hand::Nothing, Ok(())),
        (&by_master, master, administrator, Hand::LockedToken, Ok(())),
        (&by_master, master, master, Hand::OtherToken, Err(Denial::ActorNotAllowed)),
        (&by_master, administrator, general, Hand::OtherToken, Err(Denial::ActorNotAllowed)),
        (&by_leaders, master, general, Hand::OtherToken, Ok(())),
        (&by_leaders, administrator, master, Hand::OtherToken, Ok(())),
        (&by_leaders, master, general, Hand::ConcernedToken, Err(Denial::ActorNeedsOtherToken)),
        (&by_leaders, master, general, Hand::LockedToken, Err(Denial::ActorNeedsOtherToken)),
        (&by_leaders, master, general, Hand::Nothing, Err(Denial::ActorNeedsOtherToken)),
        (&by_leaders, general, general, Hand::OtherToken, Err(Denial::ActorNotAllowed)),
        (&by_bank, master, general, Hand::OtherToken, Err(Denial::ActorNotAllowed)),
    ];
    for (gate, actor, subject, hand, expected) in table {
        let confirmation = Confirmation::Right;
        let one = Ask { actor, subject: Some(subject), own: false, confirmation, code: false };
        let found = ask(gate, &one, hand.token().as_ref());
        assert_eq!(found, expected, "{actor:?} over {subject:?} with {hand:?}");
    }
}

#[test]
fn of_several_lines_one_is_enough() {
    let line = |subjects, holding| Permit { actors: RoleSet::ALL, subjects, holding };
    let generals = [Role::General].into_iter().collect();
    let others = vec![line(RoleSet::ALL, Holding::OtherLive), line(generals, Holding::Any)];
    let gate = Gate { others, ..Gate::staff_only() };
    for (subject, expected) in
        [(Role::General, Ok(())), (Role::Master, Err(Denial::ActorNeedsOtherToken))]
    {
        let (actor, confirmation) = (Role::General, Confirmation::NotChecked);
        let one = Ask { actor, subject: Some(subject), own: false, confirmation, code: false };
        assert_eq!(ask(&gate, &one, None), expected);
    }
}

#[test]
fn who_signs_with_a_camera_token_steps_up_by_a_signature() {
    let (contract, user, id) =
        (contract(UsageMode::Shared), User::new(Role::Master), user_id("U1"));
    let scene = Scene {
        contract: &contract,
        staff: crate::lifecycle::fixture::rules().staff,
        now: start(),
    };
    let ask = |code, signer: Option<&Sample>, signed| {
        let gate = Gate { staff: false, own: true, others: vec![], password: false, code };
        let actor = Actor::User {
            id: &id,
            user: &user,
            token: None,
            confirmation: Confirmation::NotChecked,
            code: true,
            signer: signer.map(Sample::held),
            signed,
        };
        let subject = Subject { id: &id, role: Role::Master, serial: None };
        gate.admit(scene, actor, Some(subject))
    };
    let pen = Sample::new("0112345679", life(Stage::InService));
    let locked = pen.clone().locked();
    for code in [Demand::Yes, Demand::IfAble] {
        // A code of the other kind of token that the actor does not hold proves nothing.
        assert_eq!(ask(code, Some(&pen), false), Err(Denial::SignatureRequired), "{code:?}");
        assert_eq!(ask(code, Some(&pen), true), Ok(()), "{code:?}");
    }
    assert_eq!(ask(Demand::IfAble, Some(&locked), true), Err(Denial::TokenLocked));
    assert_eq!(ask(Demand::Yes, Some(&locked), true), Err(Denial::ActorNeedsToken));
    assert_eq!(ask(Demand::No, Some(&pen), false), Ok(()));
    assert_eq!(ask(Demand::Yes, None, true), Err(Denial::ActorNeedsToken));
}
