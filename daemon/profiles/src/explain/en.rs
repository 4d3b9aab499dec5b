//! Profiles in English. Not responsible for: which chapters there are elsewhere; keep both alike.

mod approval;
mod signing;

use warifu_core::{
    lifecycle::{Role, TokenKind, UsageMode},
    rules::{
        CheckDigit, Demand, Effective, Factor, Gate, Holding, OperationClass, OperationRule,
        Permit, RoleSet, Rules, SerialVerification, Stage, WindowRule, WithoutToken,
    },
};

use super::{Chapter, Upon, lets_users_in, thousands};
use crate::Profile;

pub(super) fn chapters(profile: &Profile) -> Vec<Chapter> {
    let rules = &profile.rules;
    let chapter = |key, title, sentences| Chapter { key, title, sentences };
    vec![
        chapter("general", "In general", general(profile)),
        chapter("verification", "Checking codes", verification(rules)),
        chapter("serial", "Serials as people type them", serial(rules)),
        chapter("issue", "Getting a token", issue(rules)),
        chapter("registration", "Taking a token into service", registration(rules)),
        chapter("usage", "How users and tokens belong together", usage(rules)),
        chapter("operations", "What operations need", super::operations(rules, operation)),
        chapter("without_token", "Users without a token", without_token(rules)),
        chapter("login", "Logging in", login(rules)),
        chapter("unlock", "Lifting a lock", gate("lift the lock of a token", &rules.unlock)),
        chapter("revocation", "Revocation", revocation(rules)),
        chapter("deactivation", "Deactivation by the user", deactivation(rules)),
        chapter("kind_change", "Another kind of token", kind_change(rules)),
        chapter("grant", "One code for several operations", grant(rules)),
        chapter("camera", "Camera tokens", signing::camera(&rules.camera)),
        chapter("challenge", "What tokens sign", signing::challenge(rules.challenge)),
        chapter("alarm", "Alarm over wrong codes", signing::alarm(rules.alarm)),
        chapter("staff", "The bank's staff", staff(rules)),
        chapter("approval", "Four eyes", approval::approval(&rules.approval)),
    ]
}

fn general(profile: &Profile) -> Vec<String> {
    let mut told = Vec::new();
    if let Some(base) = &profile.base {
        told.push(format!("What this profile does not say is taken from \"{base}\"."));
    }
    told.push(format!("Days and times of day are those of {}.", profile.zone));
    told.push(match profile.rules.serial_verification {
        SerialVerification::InService => {
            "By serial alone, codes are checked for tokens that a user has in service.".to_owned()
        }
        SerialVerification::Unassigned => {
            "By serial alone, codes are also checked for tokens that \
                                           nobody owns: the bank's own systems know who holds \
                                           which."
                .to_owned()
        }
    });
    told.push(if profile.rules.hide_which {
        "Answers do not tell whether password or code, serial or code was wrong, nor how many tries \
         are left."
            .to_owned()
    } else {
        "Answers tell what was wrong and how many tries are left.".to_owned()
    });
    told
}

fn verification(rules: &Rules) -> Vec<String> {
    let policy = &rules.verification;
    let reused = if policy.count_reused { "counts" } else { "does not count" };
    vec![
        format!(
            "{} in a row lock a token for all its users.",
            many(policy.lock_after, "wrong code")
        ),
        format!("A right code that was used already {reused} as a wrong one."),
        format!(
            "Time-based tokens may be off by {} to either side; {} back is still recognised as used.",
            many(policy.window_steps, "step"),
            many(policy.look_back, "step")
        ),
        format!("Event-based tokens may be ahead by {}.", many(policy.look_ahead, "counter")),
        format!(
            "Resynchronisation searches {} ahead, or {} to either side; a drift of more than {} is \
             never believed.",
            many(policy.resync_counters, "counter"),
            many(policy.resync_steps, "step"),
            many(policy.max_drift_steps, "step")
        ),
    ]
}

fn serial(rules: &Rules) -> Vec<String> {
    let serial = &rules.serial;
    let signs = if serial.letters { "letters or digits" } else { "digits" };
    let mut told = vec![if serial.min_digits == serial.max_digits {
        format!("A serial has {} {signs}.", serial.min_digits)
    } else {
        format!("A serial has {} to {} {signs}.", serial.min_digits, serial.max_digits)
    }];
    if !serial.groups.is_empty() {
        let groups: Vec<_> = serial.groups.iter().map(ToString::to_string).collect();
        told.push(format!("It is entered in fields of {} digits.", list(&groups, "and")));
    }
    if serial.twice {
        told.push("It is entered twice; both entries must agree.".to_owned());
    }
    if serial.check_digit == CheckDigit::Mod11_10 {
        told.push("Its last digit is a check digit (ISO/IEC 7064 MOD 11,10).".to_owned());
    }
    told
}

fn issue(rules: &Rules) -> Vec<String> {
    let issue = &rules.issue;
    let mut told = if issue.kinds.is_empty() {
        vec!["Tokens can not be ordered online.".to_owned()]
    } else {
        let mut told = gate("order a token online", &issue.order);
        told.push(format!("Ordered online can be: {}.", kinds(&issue.kinds, "and")));
        told
    };
    told.push("The bank's staff can always issue a token.".to_owned());
    told.push(if issue.reissuable.is_empty() {
        "A token that was given up is never issued again.".to_owned()
    } else {
        let kinds = kinds(&issue.reissuable, "and");
        format!("Tokens of these kinds can be issued again after they were given up: {kinds}.")
    });
    told
}

fn registration(rules: &Rules) -> Vec<String> {
    let registration = &rules.registration;
    let mut told = gate("register a token for a user", &registration.gate);
    told.push("Serial and one code of the token are needed.".to_owned());
    told.push(format!(
        "That first code may be off by {} to either side, or ahead by {}.",
        many(registration.window_steps, "step"),
        many(registration.look_ahead, "counter")
    ));
    told
}

fn usage(rules: &Rules) -> Vec<String> {
    let usage = &rules.usage;
    let mut told = vec![format!("In a new contract {}.", mode(usage.initial))];
    if usage.allowed.is_empty() {
        told.push("That can not be changed.".to_owned());
        return told;
    }
    let modes: Vec<_> = usage.allowed.iter().map(|one| mode(*one).to_owned()).collect();
    told.push(format!("It can be changed so that {}.", list(&modes, "or")));
    told.extend(gate_upon(Upon::Contract, "change it", &usage.gate));
    told.push("A change ends all registrations of the contract.".to_owned());
    told
}

fn operation(class: OperationClass, rule: &OperationRule) -> String {
    let name = class_name(class);
    let factor = match rule.factor {
        Factor::None => return format!("{name}: nothing is asked."),
        Factor::Otp => "a one-time password",
        Factor::TransactionSignature => "a signature over the transaction that the token showed",
    };
    let mut told = format!("{name}: {factor}");
    if class == OperationClass::Login {
        // A login has one stage.
    } else if rule.stages.len() == Stage::ALL.len() {
        told.push_str(" at every stage");
    } else {
        let stages: Vec<_> = rule.stages.iter().map(|one| stage(*one).to_owned()).collect();
        told.extend([" at ", &list(&stages, "and")]);
    }
    if rule.preregistered_exempt {
        told.push_str(", except to payees registered beforehand");
    }
    if let Some(attributes) = &rule.attributes {
        told.extend([", only where ", &list(attributes, "or"), " changes"]);
    }
    told.push_str(match (class, rule.without_token) {
        (OperationClass::Login, WithoutToken::Limited) => "; open to users without a token",
        (_, WithoutToken::Limited) => "; open to users without a token, within their limit",
        (_, WithoutToken::Refused) => "; closed to users without a token",
    });
    if rule.grace {
        told.push_str(", except during the days of grace");
    }
    told + "."
}

fn without_token(rules: &Rules) -> Vec<String> {
    let mut told = vec![if rules.skip {
        "The registration screen may be passed over and comes back at the next login.".to_owned()
    } else {
        "The registration screen can not be passed over.".to_owned()
    }];
    told.push(if rules.grace_days == 0 {
        "There are no days of grace.".to_owned()
    } else {
        format!(
            "There {} {} of grace; the day of the start of service is the first of them.",
            if rules.grace_days == 1 { "is" } else { "are" },
            many(u32::from(rules.grace_days), "day")
        )
    });
    told.push(rules.limit_without_token_yen.map_or_else(
        || "No sum is set that users without a token may transfer.".to_owned(),
        |yen| {
            let yen = thousands(yen);
            format!("Users without a token may transfer {yen} yen a day, that sum included.")
        },
    ));
    told
}

fn login(rules: &Rules) -> Vec<String> {
    let effective = match rules.login.effective {
        Effective::AtOnce => "A registration counts at once.",
        Effective::NextLogin => "A registration counts from the next login on.",
    };
    let locked = if rules.login.locked_blocks {
        "A locked token keeps all its users from logging in."
    } else {
        "Users of a locked token may log in."
    };
    vec![effective.to_owned(), locked.to_owned()]
}

fn revocation(rules: &Rules) -> Vec<String> {
    let revocation = &rules.revocation;
    let mut told = gate("revoke a user's token", &revocation.gate);
    let minutes = many(revocation.cool_down_min, "minute");
    told.push(format!("The user may register again {minutes} later."));
    for window in &revocation.windows {
        let (from, to) = (window.from.strftime("%H:%M"), window.to.strftime("%H:%M"));
        let next = if window.from > window.to { " of the next morning" } else { "" };
        told.push(format!("What is revoked from {from} to {to}{next} opens at {to}."));
    }
    if !revocation.windows.is_empty() {
        told.push(match revocation.window_rule {
            WindowRule::Later => "Where both times apply, the later one counts.".to_owned(),
            WindowRule::WindowEnd => {
                "Where both times apply, the end of the window counts, even if \
                                      it comes sooner."
                    .to_owned()
            }
        });
    }
    told.push(reusable(revocation.reusable).to_owned());
    told.push(if revocation.blocks_login {
        "Until then the user can not log in.".to_owned()
    } else {
        "Meanwhile the user can log in.".to_owned()
    });
    told
}

fn deactivation(rules: &Rules) -> Vec<String> {
    let mut told = gate("deactivate a user's token", &rules.deactivation.gate);
    told.push(reusable(rules.deactivation.reusable).to_owned());
    told
}

const fn reusable(reusable: bool) -> &'static str {
    if reusable {
        "The same token can be registered again."
    } else {
        "The same token can be registered again only after it was issued anew."
    }
}

fn kind_change(rules: &Rules) -> Vec<String> {
    let change = &rules.kind_change;
    if change.allowed.is_empty() {
        return vec!["A user can not change to another kind of token.".to_owned()];
    }
    let changes: Vec<_> = change
        .allowed
        .iter()
        .map(|(from, to)| format!("from {} to {}", kind(*from), kind(*to)))
        .collect();
    let when = if change.next_day { ", from the next calendar day on" } else { ", at once" };
    vec![
        format!("A user can change {}{when}.", list(&changes, "or")),
        "No other change of kind is possible.".to_owned(),
    ]
}

fn grant(rules: &Rules) -> Vec<String> {
    let Some(grant) = &rules.grant else {
        return vec!["Every operation that needs a code asks for one of its own.".to_owned()];
    };
    let classes: Vec<_> = grant.classes.iter().map(|one| class_name(*one).to_lowercase()).collect();
    vec![format!(
        "In a run of {} the first asks for a code; within {} and one session, {} do not.",
        list(&classes, "or"),
        many(grant.lifetime_s, "second"),
        many(grant.uses, "further operation")
    )]
}

fn staff(rules: &Rules) -> Vec<String> {
    let needs: Vec<_> = [(rules.staff.reason, "a reason"), (rules.staff.reference, "a reference")]
        .into_iter()
        .filter(|(asked, _)| *asked)
        .map(|(_, what)| what.to_owned())
        .collect();
    if needs.is_empty() {
        return vec!["Staff need not say why they act for a customer.".to_owned()];
    }
    vec![format!("Staff who act for a customer must give {}.", list(&needs, "and"))]
}

/// Who may do it, and what users must show for it.
fn gate(what: &str, gate: &Gate) -> Vec<String> {
    gate_upon(Upon::Users, what, gate)
}

fn gate_upon(upon: Upon, what: &str, gate: &Gate) -> Vec<String> {
    let mut who = Vec::new();
    if gate.staff {
        who.push("the bank's staff".to_owned());
    }
    if gate.own {
        who.push("the user concerned".to_owned());
    }
    who.extend(gate.others.iter().map(|line| permit(*line, upon)));
    let told = match who.as_slice() {
        [] => return vec![format!("Nobody may {what}.")],
        [only] => format!("Only {only} may {what}."),
        _ => format!("These may {what}: {}.", who.join("; ")),
    };
    if !lets_users_in(gate) {
        return vec![told];
    }
    let password = gate.password.then_some("the confirmation password");
    let code = match gate.code {
        Demand::No => None,
        Demand::IfAble => Some("a code of their own token, if they have one in service"),
        Demand::Yes => Some("a code of their own token"),
    };
    let needs: Vec<_> = password.into_iter().chain(code).map(str::to_owned).collect();
    let needs = if needs.is_empty() {
        "Users need nothing for it besides being logged in.".to_owned()
    } else {
        format!("For it users must give {}.", list(&needs, "and"))
    };
    vec![told, needs]
}

fn permit(permit: Permit, upon: Upon) -> String {
    let actors = format!("{} users", roles(permit.actors));
    let subjects = match upon {
        Upon::Contract => String::new(),
        Upon::Users if permit.subjects == RoleSet::ALL => ", for users of every role".to_owned(),
        Upon::Users => format!(", for {} users", roles(permit.subjects)),
    };
    let holding = match permit.holding {
        Holding::Any => "",
        Holding::Live => ", if they hold a token in service that is not locked",
        Holding::OtherLive => {
            ", if they hold another token than the one concerned, in service and not locked"
        }
    };
    format!("{actors}{subjects}{holding}")
}

fn roles(roles: RoleSet) -> String {
    let role = |one: Role| one.word().to_owned();
    list(&roles.iter().map(role).collect::<Vec<_>>(), "and")
}

fn kinds(all: &[TokenKind], last: &str) -> String {
    list(&all.iter().map(|one| kind(*one).to_owned()).collect::<Vec<_>>(), last)
}

const fn kind(kind: TokenKind) -> &'static str {
    match kind {
        TokenKind::Hard => "a hardware token",
        TokenKind::Soft => "a software token",
        TokenKind::Camera => "a camera token",
    }
}

const fn mode(mode: UsageMode) -> &'static str {
    match mode {
        UsageMode::Individual => "each user has a token of their own",
        UsageMode::Common => "one token serves all users",
        UsageMode::Shared => "users may share a token",
    }
}

const fn class_name(class: OperationClass) -> &'static str {
    match class {
        OperationClass::BatchApprove => "Approvals of batches",
        OperationClass::CustomerData => "Changes of the customer's data",
        OperationClass::Login => "Logins",
        OperationClass::Payeasy => "Pay-easy payments",
        OperationClass::TokenAdmin => "Administration of tokens",
        OperationClass::TransferSingle => "Single transfers",
        OperationClass::Unprotected => "Everything else",
        OperationClass::UserAdmin => "Administration of users",
    }
}

const fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Entry => "entry",
        Stage::Execution => "execution",
        Stage::FirstApproval => "the first of two approvals",
        Stage::Approval => "the only approval",
        Stage::FinalApproval => "the last of two approvals",
    }
}

/// `1 step`, `2 steps`.
fn many(number: u32, what: &str) -> String {
    let number_text = thousands(u64::from(number));
    if number == 1 { format!("{number_text} {what}") } else { format!("{number_text} {what}s") }
}

/// `a, b and c`.
fn list(items: &[String], last: &str) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [front @ .., end] => format!("{} {last} {end}", front.join(", ")),
    }
}
