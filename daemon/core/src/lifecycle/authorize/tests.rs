//! What an operation needs, in every state of the user.

use super::*;
use crate::{
    lifecycle::{
        GivenUp, Role, TokenKind, UsageMode,
        fixture::{Sample, after, at, contract, life, rules, serial, start, tokyo, with_rule},
        life,
        signing::Signer,
    },
    rules::OperationRule,
    token::Switch,
};
use jiff::tz::TimeZone;

const TRANSFER: OperationClass = OperationClass::TransferSingle;

fn operation(class: OperationClass) -> Operation {
    Operation {
        class,
        stage: Stage::Execution,
        payee_preregistered: false,
        attributes: Vec::new(),
        logged_in_at: None,
    }
}

fn holder() -> (User, Sample) {
    let mut user = User::new(Role::General);
    user.hold(serial("10000001"), start(), 1);
    (user, Sample::new("10000001", life(life::Stage::InService)))
}

fn revoked() -> User {
    let mut user = User::new(Role::General);
    let (serial, kind) = (serial("10000001"), TokenKind::Hard);
    let old = GivenUp { serial, kind, at: start(), reusable: false };
    user.revoke(old, 1, after(start(), 1_800));
    user
}

fn ask(
    rules: &Rules,
    user: &User,
    token: Option<&Sample>,
    operation: &Operation,
    now: UnixTime,
) -> Authorization {
    let contract = contract(UsageMode::Individual);
    let tokens = Holdings { otp: token.map(Sample::held), signer: None };
    authorize(rules, &contract, user, tokens, operation, now)
}

const REQUIRED: Decision = Decision::Required(Factor::Otp);
const MISSING: Decision = Decision::Denied(Cause::RegistrationRequired);

#[test]
fn the_token_decides_what_is_protected() {
    let (user, token) = holder();
    let mut off = token.clone();
    off.token.switch = Switch::Disabled;
    let cases = [
        (token.clone(), REQUIRED),
        (token.clone().locked(), Decision::Denied(Cause::Locked)),
        (token.clone().expires(start()), Decision::Denied(Cause::Expired)),
        (token.clone().lost(start()), Decision::Denied(Cause::Revoked)),
        (token.clone().locked().lost(start()), Decision::Denied(Cause::Revoked)),
        (off, Decision::Denied(Cause::TokenUnusable)),
    ];
    for (token, expected) in cases {
        let now = after(start(), 1);
        let found = ask(&rules(), &user, Some(&token), &operation(TRANSFER), now);
        assert_eq!((found.decision, found.limit_yen_per_day), (expected, None));
        let free = ask(&rules(), &user, Some(&token), &operation(OperationClass::Unprotected), now);
        assert_eq!(free.decision, Decision::NotRequired, "whatever became of the token");
    }
}

#[test]
fn a_token_that_is_only_on_its_way_is_none() {
    let mut user = User::new(Role::General);
    user.issue(serial("10000001"), start());
    let token = Sample::new("10000001", life(life::Stage::Issued)).locked();
    let late = tokyo("2026-05-01T00:00:00");
    let found = ask(&rules(), &user, Some(&token), &operation(TRANSFER), late);
    assert_eq!(found.decision, MISSING);
    let login =
        login_block(&rules(), &contract(UsageMode::Individual), &user, Some(token.held()), late);
    assert_eq!(login, None);
}

#[test]
fn grace_lasts_seven_days_of_the_zone() {
    let user = User::new(Role::General);
    let end = tokyo("2026-04-08T00:00:00");
    let grace = Decision::AllowedByGrace { until: end };
    let cases = [
        ("2026-03-31T23:59:59", Decision::NotRequired),
        ("2026-04-01T09:59:59", Decision::NotRequired),
        ("2026-04-01T10:00:00", grace),
        ("2026-04-07T23:59:59", grace),
        ("2026-04-08T00:00:00", MISSING),
    ];
    for (moment, expected) in cases {
        let found = ask(&rules(), &user, None, &operation(TRANSFER), tokyo(moment));
        assert_eq!(found.decision, expected, "{moment}");
    }
    let none = Rules { grace_days: 0, ..rules() };
    assert_eq!(ask(&none, &user, None, &operation(TRANSFER), start()).decision, MISSING);
    let not_this = with_rule(TRANSFER, |rule| rule.grace = false);
    assert_eq!(ask(&not_this, &user, None, &operation(TRANSFER), start()).decision, MISSING);
}

#[test]
fn days_of_grace_are_those_of_the_institution() {
    let posix = "EST5EDT,M3.2.0,M11.1.0";
    let rules = Rules { zone: TimeZone::posix(posix).unwrap(), ..rules() };
    let cases = [
        ("2026-03-05T23:59:59", "2026-03-12T00:00:00"),
        ("2026-10-29T00:00:00", "2026-11-05T00:00:00"),
        ("2026-12-28T12:00:00", "2027-01-04T00:00:00"),
    ];
    for (service_start, end) in cases {
        let contract = Contract::new(at(service_start, posix), UsageMode::Individual);
        assert_eq!(grace_end(&rules, &contract), Some(at(end, posix)), "{service_start}");
    }
}

#[test]
fn without_a_token_up_to_the_daily_limit() {
    let mut rules = with_rule(TRANSFER, |rule| rule.without_token = WithoutToken::Limited);
    rules.limit_without_token_yen = Some(200_000);
    let late = tokyo("2026-06-01T00:00:00");
    let found = ask(&rules, &User::new(Role::General), None, &operation(TRANSFER), late);
    assert_eq!(found.decision, Decision::NotRequired);
    assert_eq!(found.limit_yen_per_day, Some(200_000));
    let (user, token) = holder();
    let found = ask(&rules, &user, Some(&token), &operation(TRANSFER), late);
    assert_eq!((found.decision, found.limit_yen_per_day), (REQUIRED, None));
}

#[test]
fn a_revoked_user_has_neither_grace_nor_limit() {
    let mut rules = with_rule(TRANSFER, |rule| {
        rule.without_token = WithoutToken::Limited;
        rule.grace = true;
    });
    rules.limit_without_token_yen = Some(200_000);
    for now in [after(start(), 1), after(start(), 7_200)] {
        let found = ask(&rules, &revoked(), None, &operation(TRANSFER), now);
        assert_eq!(found, Authorization::plain(Decision::Denied(Cause::Revoked)));
    }
    let mut reissued = revoked();
    reissued.issue(serial("10000002"), after(start(), 60));
    let token = Sample::new("10000002", life(life::Stage::Issued));
    for found in [
        ask(&rules, &reissued, Some(&token), &operation(TRANSFER), after(start(), 7_200)),
        ask(&rules, &reissued, None, &operation(TRANSFER), after(start(), 7_200)),
    ] {
        assert_eq!(found, Authorization::plain(MISSING), "the next token is on its way");
    }
}

#[test]
fn a_token_that_is_not_found_is_not_done_without() {
    let mut rules = with_rule(TRANSFER, |rule| {
        rule.without_token = WithoutToken::Limited;
        rule.grace = true;
    });
    rules.limit_without_token_yen = Some(200_000);
    let (user, _) = holder();
    let found = ask(&rules, &user, None, &operation(TRANSFER), after(start(), 1));
    assert_eq!(found, Authorization::plain(Decision::Denied(Cause::TokenUnusable)));
}

#[test]
fn stage_payee_and_attributes() {
    let rules = with_rule(TRANSFER, |rule| {
        rule.stages = vec![Stage::Execution, Stage::Approval, Stage::FinalApproval];
        rule.preregistered_exempt = true;
        rule.attributes = Some(vec!["limit".to_owned()]);
    });
    let (user, token) = holder();
    for stage in Stage::ALL {
        for payee_preregistered in [false, true] {
            for (attribute, touched) in [("limit", true), ("name", false)] {
                let asked = !matches!(stage, Stage::Entry | Stage::FirstApproval)
                    && !payee_preregistered
                    && touched;
                let attributes = vec!["memo".to_owned(), attribute.to_owned()];
                let one =
                    Operation { stage, payee_preregistered, attributes, ..operation(TRANSFER) };
                let found = ask(&rules, &user, Some(&token), &one, start()).decision;
                let expected = if asked { REQUIRED } else { Decision::NotRequired };
                assert_eq!(found, expected, "{one:?}");
            }
        }
    }
}

#[test]
fn a_forgotten_class_needs_a_code() {
    let rules = Rules { operations: Vec::new(), ..rules() };
    let (user, token) = holder();
    for class in OperationClass::ALL {
        let found = ask(&rules, &user, Some(&token), &operation(class), start()).decision;
        assert_eq!(found, REQUIRED, "{class:?}");
    }
}

#[test]
fn a_signature_is_asked_of_the_token_that_signs() {
    let signed = with_rule(TRANSFER, |rule| {
        *rule =
            OperationRule { factor: Factor::TransactionSignature, grace: false, ..rule.clone() };
    });
    let (user, token) = holder();
    let decide = |signer: Option<&Sample>| {
        let tokens = Holdings { otp: Some(token.held()), signer: signer.map(Sample::held) };
        let (contract, one) = (contract(UsageMode::Individual), operation(TRANSFER));
        authorize(&signed, &contract, &user, tokens, &one, start()).decision
    };
    assert_eq!(decide(None), Decision::Denied(Cause::RegistrationRequired));
    let camera = Sample::new("0112345679", life(crate::lifecycle::Stage::InService));
    assert_eq!(decide(Some(&camera)), Decision::Required(Factor::TransactionSignature));
    assert_eq!(decide(Some(&camera.clone().locked())), Decision::Denied(Cause::Locked));
    let expired = camera.expires(UnixTime(1));
    assert_eq!(decide(Some(&expired)), Decision::Denied(Cause::Expired));
}

/// Else it would be easier to pay after a theft was reported than before.
#[test]
fn nothing_needs_no_signature_because_the_token_is_gone() {
    let signed = with_rule(TRANSFER, |rule| {
        *rule = OperationRule { factor: Factor::TransactionSignature, grace: true, ..rule.clone() };
    });
    let decide = |user: &User, otp: Option<&Sample>| {
        ask(&signed, user, otp, &operation(TRANSFER), start()).decision
    };
    let nobody = User::new(Role::General);
    assert!(matches!(decide(&nobody, None), Decision::AllowedByGrace { .. }));

    // The camera token of this bond was lost or initialised: nobody hands it in any more.
    let mut bound = nobody.clone();
    let login = crate::camera::LoginName::parse("U1").unwrap();
    let (serial, at) = (serial("0112345679"), start());
    bound.sign_with(Signer { serial, login, at, generation: 1, activation: 1 });
    assert_eq!(decide(&bound, None), MISSING);
    let mut switched = bound.parts();
    switched.signer = switched.signer.map(|bond| Signer { generation: 2, ..bond });
    let switched = User::from_parts(switched);
    assert!(matches!(decide(&switched, None), Decision::AllowedByGrace { .. }));

    // A keypad token is the one that codes come from.
    let (holder, token) = holder();
    let lost = token.lost(start());
    assert_eq!(decide(&holder, Some(&lost)), Decision::Denied(Cause::Revoked));
    assert_eq!(decide(&revoked(), None), Decision::Denied(Cause::Revoked));
}

#[test]
fn from_the_next_login_on_and_never_easier_than_before() {
    let (user, token) = holder();
    let before = Some(UnixTime(start().0 - 60));
    let late = after(start(), 30 * 86_400);
    for (effective, limited, logged_in_at, expected) in [
        (Effective::AtOnce, true, before, REQUIRED),
        (Effective::NextLogin, true, before, Decision::NotRequired),
        (Effective::NextLogin, false, before, REQUIRED),
        (Effective::NextLogin, true, Some(start()), REQUIRED),
        (Effective::NextLogin, true, None, REQUIRED),
    ] {
        let mut rules = with_rule(TRANSFER, |rule| {
            if limited {
                rule.without_token = WithoutToken::Limited;
            }
        });
        rules.login.effective = effective;
        let one = Operation { logged_in_at, ..operation(TRANSFER) };
        let found = ask(&rules, &user, Some(&token), &one, late).decision;
        assert_eq!(found, expected, "{effective:?} {limited} {logged_in_at:?}");
        let locked = token.clone().locked();
        let found = ask(&rules, &user, Some(&locked), &one, late).decision;
        assert_eq!(found, Decision::Denied(Cause::Locked), "a lock counts at once");
    }
}

#[test]
fn what_forbids_a_login() {
    let (user, token) = holder();
    let (wait, over) = (after(start(), 1_799), after(start(), 1_800));
    let mut reissued = revoked();
    reissued.issue(serial("10000002"), after(start(), 60));
    let locked = token.clone().locked();
    let lost = token.clone().lost(start());
    let lost_and_locked = lost.clone().locked();
    let cases = [
        (&user, Some(&token), wait, None),
        (&user, Some(&locked), wait, Some(Cause::Locked)),
        (&user, Some(&lost), wait, Some(Cause::Revoked)),
        (&user, Some(&lost), over, None),
        (&user, Some(&lost_and_locked), over, None),
        (&revoked(), None, wait, Some(Cause::Revoked)),
        (&revoked(), None, over, None),
        (&reissued, None, wait, Some(Cause::Revoked)),
        (&reissued, None, over, None),
    ];
    let open = {
        let mut rules = rules();
        rules.login.locked_blocks = false;
        rules.revocation.blocks_login = false;
        rules
    };
    let contract = contract(UsageMode::Individual);
    for (user, token, now, expected) in cases {
        let held = token.map(Sample::held);
        assert_eq!(login_block(&rules(), &contract, user, held, now), expected);
        assert_eq!(login_block(&open, &contract, user, held, now), None);
        let login = ask(&rules(), user, token, &operation(OperationClass::Login), now).decision;
        let allowed = expected.map_or(Decision::NotRequired, Decision::Denied);
        assert_eq!(login, allowed);
    }
}

#[test]
fn a_login_with_a_code() {
    let rules = with_rule(OperationClass::Login, |rule| {
        rule.without_token = WithoutToken::Limited;
    });
    let login = operation(OperationClass::Login);
    let (user, token) = holder();
    let over = after(start(), 1_800);
    assert_eq!(ask(&rules, &user, Some(&token), &login, over).decision, REQUIRED);
    let unregistered = User::new(Role::General);
    for user in [&unregistered, &revoked()] {
        let found = ask(&rules, user, None, &login, over).decision;
        assert_eq!(found, Decision::NotRequired, "to register again");
    }
    let lost = token.lost(start());
    assert_eq!(ask(&rules, &user, Some(&lost), &login, over).decision, Decision::NotRequired);
}

#[test]
fn a_common_token_ends_a_wait() {
    let mut contract = contract(UsageMode::Common);
    let mut user = User::new(Role::General);
    let (serial, kind) = (serial("10000009"), TokenKind::Hard);
    user.revoke(GivenUp { serial, kind, at: start(), reusable: false }, 0, after(start(), 1_800));
    let token = Sample::new("10000001", life(life::Stage::InService));
    contract.hold(token.serial.clone(), start());
    let found = login_block(&rules(), &contract, &user, Some(token.held()), after(start(), 1));
    assert_eq!(found, None);
}
