//! The profiles that are part of the program: good, and with the numbers of the banks' manuals.
#![forbid(unsafe_code)]

use warifu_core::{
    lifecycle::{Role, TokenKind, UsageMode},
    policy::VerificationPolicy,
    rules::{
        AlarmRules, ApprovalRules, CameraRules, ChallengeRules, Demand, Effective, Factor, Gate,
        Holding, OperationClass, RetireOtp, Rules, SerialVerification, Stage, WindowRule,
        WithoutToken,
    },
};
use warifu_profiles::{BUILT_IN, Profile, find};

fn profile(name: &str) -> Profile {
    find(name).unwrap_or_else(|faults| {
        let told: Vec<_> = faults.iter().map(ToString::to_string).collect();
        unreachable!("{}", told.join("\n"))
    })
}

fn rules(name: &str) -> Rules {
    profile(name).rules
}

fn roles(gate: &Gate) -> Vec<(Vec<Role>, Vec<Role>, Holding)> {
    let line = |permit: &warifu_core::rules::Permit| {
        (permit.actors.iter().collect(), permit.subjects.iter().collect(), permit.holding)
    };
    gate.others.iter().map(line).collect()
}

#[test]
fn all_are_good_and_in_japan() {
    for one in BUILT_IN {
        let profile = profile(one.name);
        assert_eq!(profile.name, one.name);
        assert_eq!(profile.zone, "Asia/Tokyo");
        assert_eq!(profile.rules.operations.len(), OperationClass::ALL.len());
    }
}

#[test]
fn the_default_takes_the_safe_side() {
    let rules = rules("default");
    assert_eq!(rules.verification, VerificationPolicy::default());
    assert_eq!(rules.serial_verification, SerialVerification::InService);
    assert_eq!((rules.grace_days, rules.skip, rules.hide_which), (0, false, true));
    assert_eq!(rules.limit_without_token_yen, None);
    assert_eq!(rules.grant, None);
    assert_eq!(rules.revocation.window_rule, WindowRule::Later);
    assert!(!rules.revocation.reusable && !rules.deactivation.reusable);
    assert!(rules.revocation.blocks_login && rules.login.locked_blocks);
    assert!(rules.revocation.gate.password);
    assert_eq!(rules.revocation.gate.code, Demand::Yes);
    assert!(rules.unlock.others.iter().all(|permit| permit.holding == Holding::OtherLive));
    assert!(rules.staff.reason && rules.staff.reference);
    assert_eq!(rules.camera, CameraRules::default());
    assert_eq!(rules.challenge, ChallengeRules::default());
    assert_eq!(rules.alarm, Some(AlarmRules::default()));
    assert_eq!(rules.approval, ApprovalRules::default());
    for class in OperationClass::ALL {
        let expected =
            if class == OperationClass::Unprotected { Factor::None } else { Factor::Otp };
        assert_eq!(rules.operation(class).factor, expected, "{class:?}");
    }
}

#[test]
fn standalone_differs_in_one_rule() {
    let standalone = rules("standalone");
    let expected =
        Rules { serial_verification: SerialVerification::Unassigned, ..rules("default") };
    assert_eq!(standalone, expected);
}

#[test]
fn bank_000_has_camera_tokens() {
    let rules = rules("bank-000");
    assert_eq!((rules.skip, rules.grace_days), (true, 0));
    assert_eq!(rules.serial.groups, [2, 7, 1]);
    assert!(rules.serial.twice);
    assert_eq!(rules.serial.check("0112345679", Some("0112345679")), Ok(()));
    let transfer = rules.operation(OperationClass::TransferSingle);
    assert_eq!(transfer.factor, Factor::TransactionSignature);
    assert_eq!(transfer.without_token, WithoutToken::Refused);
    assert_eq!(rules.operation(OperationClass::Login).factor, Factor::None);
    assert!(rules.kind_change.allowed.contains(&(TokenKind::Hard, TokenKind::Camera)));
}

/// Signers of this bank hold no one-time passwords after a while; no gate may insist on one.
#[test]
fn bank_000_asks_codes_only_of_who_can_make_them() {
    let rules = rules("bank-000");
    let camera = &rules.camera;
    assert_eq!(camera.bank, "0144");
    assert_eq!((camera.approval_right, camera.auto_initialise), (true, false));
    assert_eq!(camera.retire_otp, RetireOtp::Offer);
    let activate = &camera.activate;
    assert!(activate.own && !activate.staff && activate.others.is_empty());
    assert!(camera.initialise.staff && camera.initialise.password);
    let line = |actors, holding| [(actors, Role::ALL.to_vec(), holding)];
    assert_eq!(roles(&camera.initialise), line(vec![Role::Master], Holding::Any));
    let upper = vec![Role::Master, Role::Administrator];
    let gate = &rules.revocation.gate;
    assert_eq!(roles(gate), line(upper, Holding::Live));
    assert_eq!((gate.staff, gate.password, gate.code), (true, true, Demand::IfAble));
    for gate in [
        &rules.issue.order,
        &rules.registration.gate,
        &rules.usage.gate,
        &rules.unlock,
        &rules.revocation.gate,
        &rules.deactivation.gate,
        &camera.initialise,
        &camera.activate,
    ] {
        assert_ne!(gate.code, Demand::Yes);
    }
}

#[test]
fn the_other_banks_have_no_rules_of_their_own_for_camera_tokens() {
    for name in ["standalone", "bank-001", "bank-002", "bank-003", "bank-004"] {
        let rules = rules(name);
        assert_eq!(rules.camera, CameraRules::default(), "{name}");
        assert_eq!(rules.challenge, ChallengeRules::default(), "{name}");
        assert_eq!(rules.alarm, Some(AlarmRules::default()), "{name}");
    }
}

/// No manual speaks of the bank's own officers.
#[test]
fn every_bank_asks_for_two_people() {
    for name in ["standalone", "bank-000", "bank-001", "bank-002", "bank-003", "bank-004"] {
        assert_eq!(rules(name).approval, ApprovalRules::default(), "{name}");
    }
}

#[test]
fn bank_001_lets_the_administrator_register() {
    let rules = rules("bank-001");
    let gate = &rules.registration.gate;
    assert!(!gate.own && gate.password);
    let upper = vec![Role::Master, Role::Administrator];
    assert_eq!(roles(gate), [(upper, Role::ALL.to_vec(), Holding::Any)]);
    assert_eq!(rules.usage.initial, UsageMode::Individual);
    assert_eq!(rules.usage.allowed, [UsageMode::Individual, UsageMode::Common]);
    assert_eq!(rules.usage.gate.others, gate.others);
}

#[test]
fn bank_002_has_a_limit_and_a_master_user() {
    let rules = rules("bank-002");
    assert_eq!(rules.limit_without_token_yen, Some(200_000));
    assert_eq!(rules.issue.kinds, []);
    let transfer = rules.operation(OperationClass::TransferSingle);
    assert!(transfer.preregistered_exempt);
    assert_eq!(transfer.without_token, WithoutToken::Limited);
    assert_eq!(rules.operation(OperationClass::CustomerData).factor, Factor::Otp);
    assert_eq!(rules.operation(OperationClass::Login).factor, Factor::None);
    let others = vec![Role::Administrator, Role::General];
    assert_eq!(roles(&rules.unlock), [(vec![Role::Master], others, Holding::Any)]);
    let gate = &rules.revocation.gate;
    assert_eq!(roles(gate), [(vec![Role::Master], Role::ALL.to_vec(), Holding::Any)]);
    assert_eq!((gate.password, gate.code), (true, Demand::No));
    assert_eq!(rules.revocation.cool_down_min, 30);
    assert_eq!(rules.usage.initial, UsageMode::Shared);
}

#[test]
fn bank_003_orders_online_and_asks_at_login() {
    let rules = rules("bank-003");
    assert_eq!(rules.issue.kinds, [TokenKind::Soft, TokenKind::Hard]);
    assert!(rules.issue.order.own && rules.issue.order.password);
    assert_eq!(rules.issue.reissuable, [TokenKind::Hard]);
    assert_eq!(rules.login.effective, Effective::NextLogin);
    assert_eq!(rules.operation(OperationClass::Login).factor, Factor::Otp);
    assert_eq!(rules.unlock, Gate::staff_only());
    let gate = &rules.deactivation.gate;
    assert_eq!((gate.own, gate.password, gate.code), (true, true, Demand::IfAble));
    assert!(!rules.deactivation.reusable);
    assert_eq!(rules.kind_change.allowed, [(TokenKind::Soft, TokenKind::Hard)]);
    assert!(rules.kind_change.next_day);
}

#[test]
fn bank_004_has_grace_and_helpful_users() {
    let rules = rules("bank-004");
    assert_eq!((rules.grace_days, rules.skip, rules.hide_which), (7, true, true));
    let with_grace: Vec<_> =
        OperationClass::ALL.into_iter().filter(|class| rules.operation(*class).grace).collect();
    let expected = [
        OperationClass::BatchApprove,
        OperationClass::Payeasy,
        OperationClass::TokenAdmin,
        OperationClass::TransferSingle,
        OperationClass::UserAdmin,
    ];
    assert_eq!(with_grace, expected);
    let stages = rules.operation(OperationClass::TransferSingle).stages;
    assert_eq!(stages, [Stage::Execution, Stage::Approval, Stage::FinalApproval]);
    let upper = vec![Role::Master, Role::Administrator];
    let line = |holding| [(upper.clone(), Role::ALL.to_vec(), holding)];
    assert_eq!(roles(&rules.unlock), line(Holding::OtherLive));
    assert_eq!((rules.unlock.password, rules.unlock.code), (true, Demand::No));
    let gate = &rules.revocation.gate;
    assert_eq!(roles(gate), line(Holding::Live));
    assert_eq!((gate.password, gate.code), (true, Demand::Yes));
    assert!(rules.revocation.reusable);
    assert_eq!(rules.usage.initial, UsageMode::Shared);
    let grant = rules.grant.expect("grants are on");
    assert_eq!(grant.classes, [OperationClass::TransferSingle]);
}
