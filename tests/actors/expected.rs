//! What each bank lets whom do, written down from the banks' rules and the safe defaults.
//!
//! Not responsible for: asking the daemon.

/// Profiles that are shipped, in alphabetical order.
pub(crate) const PROFILES: [&str; 7] =
    ["bank-000", "bank-001", "bank-002", "bank-003", "bank-004", "default", "standalone"];

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Role {
    Master,
    Administrator,
    General,
}

/// What the actor holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Holds {
    Nothing,
    /// A token of their own in service.
    Live,
    /// The very token of the subject, in service.
    Same,
    /// A token of their own, locked.
    Locked,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Password {
    Wrong,
    NotChecked,
    Right,
}

/// The actor's code; of a registration, the code of the new token.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Code {
    Right,
    Wrong,
    Reused,
    Absent,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Doing {
    Unlock,
    Usage,
    Order,
    Register,
    Deactivate,
    Revoke,
}

/// One request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    pub(crate) profile: &'static str,
    pub(crate) doing: Doing,
    pub(crate) actor: Role,
    /// `None`: the actor.
    pub(crate) subject: Option<Role>,
    pub(crate) holds: Holds,
    pub(crate) password: Password,
    pub(crate) code: Code,
}

impl Role {
    pub(crate) const ALL: [Self; 3] = [Self::Master, Self::Administrator, Self::General];

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Master => "master",
            Self::Administrator => "administrator",
            Self::General => "general",
        }
    }
}

impl Holds {
    pub(crate) const ALL: [Self; 4] = [Self::Nothing, Self::Live, Self::Same, Self::Locked];
}

impl Password {
    pub(crate) const ALL: [Self; 3] = [Self::Wrong, Self::NotChecked, Self::Right];
}

impl Code {
    pub(crate) const ALL: [Self; 4] = [Self::Right, Self::Wrong, Self::Reused, Self::Absent];
}

impl Doing {
    /// Those that change nothing for the next one first.
    pub(crate) const ALL: [Self; 6] =
        [Self::Unlock, Self::Usage, Self::Order, Self::Register, Self::Deactivate, Self::Revoke];
}

/// The usage mode in which two users of this bank hold one token.
pub(crate) fn sharing(profile: &str) -> Option<&'static str> {
    match profile {
        "bank-000" | "bank-002" | "bank-004" => Some("shared"),
        "bank-001" => Some("common"),
        _ => None,
    }
}

/// Whose operation it is, and what the manual asks for it.
#[derive(Clone, Copy)]
struct Manual {
    who: Who,
    password: bool,
    code: Asked,
}

#[derive(Clone, Copy)]
enum Who {
    /// The bank's own staff and nobody else.
    Bank,
    /// The user concerned.
    Oneself,
    /// Masters and administrators, for everybody, whatever they hold.
    Managers,
    /// Masters and administrators who can use a token themselves.
    ManagersWithToken,
    /// Masters and administrators with another token than the one concerned.
    ManagersWithOtherToken,
    /// The master user, for everybody.
    Master,
    /// The master user, for the others than masters.
    MasterForOthers,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Asked {
    No,
    IfAble,
    Yes,
}

const fn manual(who: Who, password: bool, code: Asked) -> Manual {
    Manual { who, password, code }
}

fn rule(profile: &str, doing: Doing) -> Manual {
    use Asked::{IfAble, No, Yes};
    match (profile, doing) {
        ("bank-001", Doing::Register | Doing::Usage) => manual(Who::Managers, true, No),
        (_, Doing::Register) => manual(Who::Oneself, false, No),
        ("bank-001" | "bank-003", Doing::Unlock | Doing::Revoke) => manual(Who::Bank, false, No),
        ("bank-002", Doing::Unlock) => manual(Who::MasterForOthers, true, No),
        ("bank-002", Doing::Revoke) => manual(Who::Master, true, No),
        (_, Doing::Unlock) => manual(Who::ManagersWithOtherToken, true, No),
        (_, Doing::Revoke) => manual(Who::ManagersWithToken, true, Yes),
        ("bank-003", Doing::Order) => manual(Who::Oneself, true, No),
        ("bank-003", Doing::Deactivate) => manual(Who::Oneself, true, IfAble),
        (_, Doing::Order | Doing::Usage | Doing::Deactivate) => manual(Who::Bank, false, No),
    }
}

/// What has to become of a request by a user.
pub(crate) fn expected(case: Case) -> &'static str {
    if case.doing == Doing::Register && case.code == Code::Absent {
        return "malformed_request";
    }
    let rule = rule(case.profile, case.doing);
    if let Some(refused) = not_entitled(case, rule.who) {
        return refused;
    }
    if let Some(refused) = not_shown(case, rule) {
        return refused;
    }
    // Who can not log in because of their lock does not act either.
    if case.holds == Holds::Locked {
        return "refused actor_needs_token";
    }
    match case.doing {
        Doing::Register => registration(case),
        Doing::Usage if case.profile != "bank-001" => "refused mode_not_allowed",
        Doing::Unlock | Doing::Revoke if nothing_held(case) => "refused not_registered",
        _ => step_up(case, rule).unwrap_or_else(|| conclusion(case)),
    }
}

const fn live(case: Case) -> bool {
    matches!(case.holds, Holds::Live | Holds::Same)
}

/// The subject has nothing to unlock or take away.
const fn nothing_held(case: Case) -> bool {
    case.subject.is_none() && matches!(case.holds, Holds::Nothing)
}

fn not_entitled(case: Case, who: Who) -> Option<&'static str> {
    let stranger = Some("refused actor_not_allowed");
    let manager = case.actor != Role::General;
    let subject = case.subject.unwrap_or(case.actor);
    match who {
        Who::Oneself if case.subject.is_none() => None,
        Who::Managers | Who::ManagersWithToken | Who::ManagersWithOtherToken if !manager => {
            stranger
        }
        Who::Managers => None,
        Who::ManagersWithToken if live(case) => None,
        Who::ManagersWithToken => Some("refused actor_needs_token"),
        Who::ManagersWithOtherToken if case.subject.is_some() && case.holds == Holds::Live => None,
        Who::ManagersWithOtherToken => Some("refused actor_needs_other_token"),
        Who::Master if case.actor == Role::Master => None,
        Who::MasterForOthers if case.actor == Role::Master && subject != Role::Master => None,
        Who::Bank | Who::Oneself | Who::Master | Who::MasterForOthers => stranger,
    }
}

/// Password and code as far as they are missing. A wrong password that comes together with a code is
/// told with the code only: which of them was wrong is nobody's business, in all of these banks.
fn not_shown(case: Case, rule: Manual) -> Option<&'static str> {
    let with_code = case.doing == Doing::Register
        || rule.code != Asked::No && (case.code != Code::Absent || live(case));
    let seen = match case.password {
        Password::Right => true,
        Password::Wrong => with_code,
        Password::NotChecked => false,
    };
    if rule.password && !seen {
        return Some("refused confirmation_required");
    }
    match rule.code {
        Asked::Yes | Asked::IfAble if live(case) && case.code == Code::Absent => {
            Some("refused code_required")
        }
        // Who locked their own token does not get around its code.
        Asked::IfAble if case.holds == Holds::Locked => Some("refused token_locked"),
        Asked::Yes | Asked::IfAble | Asked::No => None,
    }
}

/// The actor's own code, where it is asked for.
fn step_up(case: Case, rule: Manual) -> Option<&'static str> {
    if rule.code == Asked::No || case.code == Code::Absent {
        return None;
    }
    match case.code {
        Code::Wrong if live(case) => Some("rejected not_accepted"),
        Code::Reused if live(case) => Some("rejected reused"),
        _ if case.password == Password::Wrong => Some("rejected not_accepted"),
        _ => None,
    }
}

/// What the state of things makes of a request that is in order.
fn conclusion(case: Case) -> &'static str {
    match case.doing {
        Doing::Order if case.holds != Holds::Nothing => "refused already_registered",
        Doing::Deactivate if nothing_held(case) => "refused not_registered",
        _ => "done",
    }
}

fn registration(case: Case) -> &'static str {
    let has_one = case.subject.is_none() && case.holds != Holds::Nothing;
    let common = case.holds == Holds::Same && sharing(case.profile) == Some("common");
    if has_one || common {
        return "refused already_registered";
    }
    if case.holds == Holds::Same && sharing(case.profile).is_none() {
        return "refused serial_in_use";
    }
    match case.code {
        Code::Right if case.password == Password::Wrong => "rejected not_accepted",
        Code::Right => "done",
        Code::Wrong => "rejected not_accepted",
        Code::Reused => "rejected reused",
        Code::Absent => "malformed_request",
    }
}

/// What staff achieve who say why and on what grounds.
pub(crate) fn of_staff(profile: &str, doing: Doing) -> &'static str {
    match doing {
        Doing::Order if profile != "bank-003" => "refused kind_not_allowed",
        Doing::Usage if profile != "bank-001" => "refused mode_not_allowed",
        _ => "done",
    }
}
