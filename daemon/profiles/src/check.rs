//! What the values of a profile must not mean together: contradictions, and rules that would let
//! nobody in or everybody.
//!
//! Not responsible for: single values (`read`), or for choosing between banks' ways.

use warifu_core::{
    lifecycle::TokenKind,
    rules::{
        ClosingWindow, Demand, Factor, Gate, Holding, OperationClass, OperationRule, RetireOtp,
        Rules, Stage, WithoutToken,
    },
};

use crate::{
    fault::{Faults, Place},
    tree::{Node, Value},
};

/// A profile under examination.
struct Check<'a> {
    rules: &'a Rules,
    tree: &'a Node,
    faults: &'a Faults,
}

/// Adds every contradiction. Keys that have a fault already are not looked at.
pub(crate) fn check(rules: &Rules, tree: &Node, faults: &Faults) {
    let check = Check { rules, tree, faults };
    check.verification();
    check.serial();
    check.issue();
    check.registration();
    check.usage();
    check.operations();
    check.without_token();
    check.grace();
    check.unlock();
    check.revocation();
    check.grant();
    check.camera();
    check.gates();
}

impl Check<'_> {
    /// A fault at the first of `keys`, unless one of them has one.
    fn fault_if(&self, broken: bool, keys: &[&str], rule: &str, example: &str) {
        if broken && !keys.iter().any(|key| self.faults.concern(key)) {
            let key = keys.first().copied().unwrap_or_default();
            self.faults.add(self.place(key), key, rule, example);
        }
    }

    /// Where a key is written, or the innermost table around it.
    fn place(&self, key: &str) -> &Place {
        let mut found = self.tree;
        for part in key.split('.') {
            let Value::Table(keys) = &found.value else { break };
            let Some(next) = keys.get(part) else { break };
            found = next;
        }
        &found.place
    }

    fn verification(&self) {
        for fault in self.rules.verification.faults() {
            let key = format!("verification.{}", fault.key);
            let rule = format!("is {}; {} is allowed", fault.value, fault.rule);
            self.fault_if(true, &[&key], &rule, "");
        }
    }

    fn serial(&self) {
        let serial = &self.rules.serial;
        let [min, max] = ["serial.min_digits", "serial.max_digits"];
        let rule = "must not be above max_digits";
        self.fault_if(serial.min_digits > serial.max_digits, &[min, max], rule, "min_digits = 8");
        let sum: u32 = serial.groups.iter().map(|length| u32::from(*length)).sum();
        let differs = |digits: u8| u32::from(digits) != sum;
        let broken =
            !serial.groups.is_empty() && (differs(serial.min_digits) || differs(serial.max_digits));
        let rule = "fields of fixed lengths need min_digits and max_digits equal to their sum";
        self.fault_if(broken, &["serial.groups", min, max], rule, "groups = \"\"");
        let broken = serial.letters && serial.check_digit != warifu_core::rules::CheckDigit::None;
        let rule = "a check digit is reckoned over digits only";
        self.fault_if(broken, &["serial.check_digit", "serial.letters"], rule, "letters = false");
    }

    fn issue(&self) {
        let issue = &self.rules.issue;
        let open = issue.order.own || !issue.order.others.is_empty();
        let keys = ["issue.kinds", "issue.order"];
        let rule = "lets users order online, but no kind can be ordered";
        self.fault_if(open && issue.kinds.is_empty(), &keys, rule, "kinds = [\"hard\"]");
        let rule = "names kinds that can be ordered online, but the gate lets nobody order";
        let closed = !open && !issue.order.staff;
        self.fault_if(closed && !issue.kinds.is_empty(), &keys, rule, "kinds = []");
        let broken = issue.reissuable.contains(&TokenKind::Soft);
        let rule =
            "a soft token gets a new seed whenever it is issued; it can not keep the old one";
        self.fault_if(broken, &["issue.reissuable"], rule, "reissuable = [\"hard\"]");
        let broken = issue.order.own && issue.order.code == Demand::Yes;
        let rule = "who orders a first token has none to show a code of; say no or if_able";
        self.fault_if(broken, &["issue.order.code", "issue.order.own"], rule, "code = \"no\"");
    }

    fn registration(&self) {
        let gate = &self.rules.registration.gate;
        let broken = gate.own && gate.code == Demand::Yes;
        let keys = ["registration.gate.code", "registration.gate.own"];
        let rule = "who registers a first token has none in service to show a code of (the code of \
                    the token that is registered is always asked); say no or if_able";
        self.fault_if(broken, &keys, rule, "code = \"no\"");
        let nobody = !gate.staff && !gate.own && gate.others.is_empty();
        let rule = "lets nobody register a token";
        self.fault_if(nobody, &["registration.gate"], rule, "own = true");
    }

    fn usage(&self) {
        let usage = &self.rules.usage;
        let broken = !usage.allowed.is_empty() && !usage.allowed.contains(&usage.initial);
        let rule = "is none of those in usage.allowed: whoever leaves it could not go back";
        let keys = ["usage.initial", "usage.allowed"];
        self.fault_if(broken, &keys, rule, "allowed = [\"individual\", \"common\"]");
        let rule = "a change of the usage mode concerns the contract, not one user; name roles in \
                    others";
        self.fault_if(usage.gate.own, &["usage.gate.own"], rule, "own = false");
    }

    fn operations(&self) {
        for (class, rule) in &self.rules.operations {
            self.operation(*class, rule);
        }
        let free = self.rules.operation(OperationClass::Unprotected).factor == Factor::None;
        let text = "this class is what no token protects; use another class for what one does";
        self.fault_if(!free, &["operations.unprotected.factor"], text, "factor = \"none\"");
        let login = self.rules.operation(OperationClass::Login);
        let signs = login.factor == Factor::TransactionSignature;
        let text = "a login is no transaction that a token could show and sign";
        self.fault_if(signs, &["operations.login.factor"], text, "factor = \"otp\"");
        let never = login.factor != Factor::None && !login.stages.contains(&Stage::Execution);
        let text = "a login has one stage, execution; without it the factor is never asked";
        self.fault_if(never, &["operations.login.stages"], text, "stages = [\"execution\"]");
        let asks = login.factor != Factor::None && login.without_token == WithoutToken::Refused;
        let gate = &self.rules.registration.gate;
        let text = "nobody without a token could log in to register one; say limited, or let only \
                    staff register";
        let keys =
            ["operations.login.without_token", "operations.login.factor", "registration.gate"];
        let broken = asks && (gate.own || !gate.others.is_empty());
        self.fault_if(broken, &keys, text, "without_token = \"limited\"");
    }

    fn operation(&self, class: OperationClass, rule: &OperationRule) {
        let table = format!("operations.{}", class.word());
        let key = |name: &str| format!("{table}.{name}");
        let asks = rule.factor != Factor::None;
        let never = "a factor that no stage needs is never asked; say factor = \"none\" instead";
        let keys = [key("stages"), key("factor")];
        let keys = [keys[0].as_str(), keys[1].as_str()];
        self.fault_if(asks && rule.stages.is_empty(), &keys, never, "stages = [\"execution\"]");
        let empty = rule.attributes.as_ref().is_some_and(Vec::is_empty);
        let text = "an empty list means never; say \"any\" for always, or factor = \"none\"";
        self.fault_if(empty, &[&key("attributes")], text, "attributes = \"any\"");
        let text = "nothing is asked here anyway";
        let grace = [key("grace"), key("factor")];
        let keys = [grace[0].as_str(), grace[1].as_str()];
        self.fault_if(!asks && rule.grace, &keys, text, "grace = false");
    }

    /// Transfers without a token need a limit, and a limit needs transfers without a token.
    fn without_token(&self) {
        let limit = self.rules.limit_without_token_yen;
        let limited = |class: &OperationClass| {
            let rule = self.rules.operation(*class);
            rule.factor != Factor::None && rule.without_token == WithoutToken::Limited
        };
        let mut any = false;
        for class in MOVES_MONEY.iter().filter(|class| limited(class)) {
            any = true;
            let key = format!("operations.{}.without_token", class.word());
            let rule = "is limited, but limit_without_token_yen is none: the transfers of users \
                        without a token would have no limit at all";
            let keys = [key.as_str(), "limit_without_token_yen"];
            self.fault_if(limit.is_none(), &keys, rule, "without_token = \"refused\"");
        }
        let rule = "no class that moves money lets users without a token through; set \
                    without_token = \"limited\" there, or say none";
        let keys = ["limit_without_token_yen", "operations"];
        let example = "limit_without_token_yen = \"none\"";
        self.fault_if(limit.is_some() && !any && !self.any_grace(), &keys, rule, example);
    }

    fn any_grace(&self) -> bool {
        self.rules.operations.iter().any(|(_, rule)| rule.grace)
    }

    fn grace(&self) {
        let days = self.rules.grace_days > 0;
        let keys = ["grace_days", "operations"];
        let rule = "is more than 0, but no class has grace = true: nothing would be allowed by it";
        self.fault_if(days && !self.any_grace(), &keys, rule, "grace_days = 0");
        let rule = "is 0, but classes have grace = true: it would never apply";
        self.fault_if(!days && self.any_grace(), &keys, rule, "grace_days = 7");
        let rule = "is false although there are days of grace: who must register at the first \
                    login has no use of them";
        self.fault_if(days && !self.rules.skip, &["skip", "grace_days"], rule, "skip = true");
    }

    fn unlock(&self) {
        let gate = &self.rules.unlock;
        let rule = "whoever tries codes out would lift the lock themselves; let others or staff";
        self.fault_if(gate.own, &["unlock.own"], rule, "own = false");
        let nobody = !gate.staff && !gate.own && gate.others.is_empty();
        let rule = "lets nobody lift a lock: every locked token would stay locked";
        self.fault_if(nobody, &["unlock"], rule, "staff = true");
        let any = gate.others.iter().any(|permit| permit.holding == Holding::Any);
        let broken = any && !self.rules.login.locked_blocks;
        let rule = "any lets a locked user act, who would lift the lock for another user of the \
                    same token and so their own; say live, or login.locked_blocks = true";
        self.fault_if(broken, &["unlock.others", "login.locked_blocks"], rule, "");
    }

    fn revocation(&self) {
        let revocation = &self.rules.revocation;
        let gate = &revocation.gate;
        let nobody = !gate.staff && !gate.own && gate.others.is_empty();
        let rule = "lets nobody revoke a token: a stolen one would stay good";
        self.fault_if(nobody, &["revocation.gate"], rule, "staff = true");
        let keys = ["revocation.windows"];
        let windows = &revocation.windows;
        let example = "windows = [{ from = \"20:50\", to = \"08:10\" }]";
        let empty = windows.iter().any(|window| window.from == window.to);
        let rule = "from and to must differ: such a window is empty, or a whole day, nobody knows";
        self.fault_if(empty, &keys, rule, example);
        let overlap = windows
            .iter()
            .enumerate()
            .any(|(index, one)| windows.iter().skip(index + 1).any(|other| overlap(one, other)));
        let rule = "two windows overlap; write them as one";
        self.fault_if(overlap && !empty, &keys, rule, example);
    }

    fn grant(&self) {
        let Some(grant) = &self.rules.grant else { return };
        let keys = ["grant.classes", "operations"];
        let rule = "is empty, so that no grant can be asked for; say enabled = false";
        self.fault_if(grant.classes.is_empty(), &keys, rule, "classes = [\"transfer_single\"]");
        for class in &grant.classes {
            let broken = self.rules.operation(*class).factor != Factor::Otp;
            let rule = format!(
                "{} does not need an otp: a grant stands for one, and never for a signature over a \
                 transaction",
                class.word()
            );
            self.fault_if(broken, &keys, &rule, "classes = [\"transfer_single\"]");
        }
        let broken = grant.classes.contains(&OperationClass::Login);
        let rule =
            "a login begins the session that a grant belongs to; it can not be covered by one";
        self.fault_if(broken, &keys, rule, "classes = [\"transfer_single\"]");
    }

    fn camera(&self) {
        let camera = &self.rules.camera;
        let tries = camera.activation_tries.max(camera.confirmation_tries);
        let keys = ["camera.wrong_limit", "camera.activation_tries", "camera.confirmation_tries"];
        let rule =
            "is below the tries of one step, which would never be left: the token locks first";
        let broken = camera.wrong_limit < u16::from(tries);
        self.fault_if(broken, &keys, rule, "wrong_limit = 20");
        let gate = &camera.initialise;
        let nobody = !gate.staff && !gate.own && gate.others.is_empty();
        let rule =
            "lets nobody initialise a token: one whose activation came to no end would be lost";
        let keys = ["camera.initialise", "camera.auto_initialise"];
        self.fault_if(nobody && !camera.auto_initialise, &keys, rule, "staff = true");
        let rule = "an initialisation concerns the token and whoever holds it, not one user; name \
                    roles in others";
        self.fault_if(gate.own, &["camera.initialise.own"], rule, "own = false");
        let gate = &camera.activate;
        let retires = camera.retire_otp != RetireOtp::Keep;
        let broken = gate.own && gate.code == Demand::Yes && retires;
        let rule = "who gave up the token for one-time passwords has nothing to show for the next \
                    activation; say no or if_able, or retire_otp = \"keep\"";
        let keys = ["camera.activate.code", "camera.activate.own", "camera.retire_otp"];
        self.fault_if(broken, &keys, rule, "code = \"if_able\"");
    }

    /// What holds at every gate.
    fn gates(&self) {
        let rules = self.rules;
        let gates: [(&str, &Gate, bool); 8] = [
            ("issue.order", &rules.issue.order, false),
            ("registration.gate", &rules.registration.gate, false),
            ("usage.gate", &rules.usage.gate, false),
            ("unlock", &rules.unlock, true),
            ("revocation.gate", &rules.revocation.gate, true),
            ("deactivation.gate", &rules.deactivation.gate, true),
            ("camera.initialise", &rules.camera.initialise, true),
            ("camera.activate", &rules.camera.activate, false),
        ];
        for (name, gate, has_token) in gates {
            let key = format!("{name}.others");
            let other = gate.others.iter().any(|permit| permit.holding == Holding::OtherLive);
            let rule = "other_live means another token than the one concerned, and here none is; \
                        say live";
            self.fault_if(other && !has_token, &[&key], rule, "holding = \"live\"");
            let twice =
                gate.others.iter().enumerate().any(|(i, one)| gate.others[..i].contains(one));
            self.fault_if(twice, &[&key], "the same line is there twice", "");
        }
    }
}

/// Classes that a daily limit says something about.
const MOVES_MONEY: [OperationClass; 3] =
    [OperationClass::TransferSingle, OperationClass::BatchApprove, OperationClass::Payeasy];

/// Whether two windows have a moment in common. A window begins at `from`, so one of the two begins
/// within the other.
fn overlap(one: &ClosingWindow, other: &ClosingWindow) -> bool {
    begins_within(one, other) || begins_within(other, one)
}

fn begins_within(one: &ClosingWindow, other: &ClosingWindow) -> bool {
    if other.from < other.to {
        (other.from..other.to).contains(&one.from)
    } else {
        one.from >= other.from || one.from < other.to
    }
}
