//! The keys of a profile, one function per table: tree in, [`Rules`] out.
//!
//! A key that is wrong becomes a fault and a stand-in, so that all faults are told at once; whoever
//! finds faults throws the rules away. Not responsible for: what values together mean (`check`).

use jiff::tz::{TimeZone, TimeZoneDatabase};
use warifu_core::{
    lifecycle::TokenKind,
    policy::VerificationPolicy,
    rules::{
        AlarmRules, ApprovalRules, CameraRules, ChallengeRules, ClosingWindow, DeactivationRules,
        Gate, GrantRules, IssueRules, KindChange, LoginRules, OperationClass, OperationRule,
        Permit, RegistrationRules, RevocationRules, Rules, SerialFormat, StaffRules, UsageRules,
    },
};

use crate::{
    overrides::{BANK_CODE, is_bank_code},
    section::Section,
    tree::Node,
    words::Word as _,
};

/// What a profile says besides rules.
pub(crate) struct Titles {
    pub(crate) en: String,
    pub(crate) ja: String,
    /// The zone by its name, which a `TimeZone` need not know.
    pub(crate) zone: String,
}

/// Reads everything. `base` is known already and only has to be a key here.
pub(crate) fn profile(root: &Section<'_>) -> (Titles, Rules) {
    let _ = root.optional_text("base");
    let titles = Titles {
        en: root.text("title_en", "Bank of Example"),
        ja: root.text("title_ja", "例示銀行"),
        zone: root.text("time_zone", "Asia/Tokyo"),
    };
    let rules = Rules {
        zone: zone(root, &titles.zone),
        verification: root.within("verification", verification),
        serial: root.within("serial", serial),
        serial_verification: root.word("serial_verification"),
        issue: root.within("issue", issue),
        registration: root.within("registration", registration),
        usage: root.within("usage", usage),
        grace_days: small(root.number("grace_days", &(0..=366), "calendar days")),
        skip: root.flag("skip"),
        operations: root.within("operations", operations),
        limit_without_token_yen: root.number_or_none(
            "limit_without_token_yen",
            &(1..=1_000_000_000_000),
            "yen per day, inclusive",
        ),
        login: root.within("login", login),
        unlock: root.within("unlock", gate),
        revocation: root.within("revocation", revocation),
        deactivation: root.within("deactivation", deactivation),
        kind_change: root.within("kind_change", kind_change),
        grant: root.within("grant", grant),
        camera: root.within("camera", camera),
        challenge: root.within("challenge", challenge),
        alarm: root.within_or_none("alarm", alarm),
        staff: root.within("staff", staff),
        approval: root.within("approval", approval),
        hide_which: root.flag("hide_which"),
    };
    root.done();
    (titles, rules)
}

/// From the database that is part of this program: every machine knows the same days.
fn zone(root: &Section<'_>, name: &str) -> TimeZone {
    let found = TimeZoneDatabase::bundled().get(name).ok();
    if found.is_none() && !root.faults().concern("time_zone") {
        let rule = format!("{name:?} is no time zone of the IANA database");
        root.fault("time_zone", rule, "time_zone = \"Asia/Tokyo\"");
    }
    found.unwrap_or(TimeZone::UTC)
}

/// The ranges are the core's, see `check`.
fn verification(table: &Section<'_>) -> VerificationPolicy {
    let number = |key| {
        let number = table.number(key, &(0..=100_000), "see the rule of this key");
        u32::try_from(number).unwrap_or(u32::MAX)
    };
    VerificationPolicy {
        look_ahead: number("look_ahead"),
        window_steps: number("window_steps"),
        look_back: number("look_back"),
        resync_counters: number("resync_counters"),
        resync_steps: number("resync_steps"),
        max_drift_steps: number("max_drift_steps"),
        lock_after: number("lock_after"),
        count_reused: table.flag("count_reused"),
    }
}

fn serial(table: &Section<'_>) -> SerialFormat {
    SerialFormat {
        min_digits: small(table.number("min_digits", &(1..=40), "digits of a serial")),
        max_digits: small(table.number("max_digits", &(1..=40), "digits of a serial")),
        groups: groups(table),
        twice: table.flag("twice"),
        check_digit: table.word("check_digit"),
        letters: table.flag("letters"),
    }
}

/// `"2-7-1"`, or empty for one field.
fn groups(table: &Section<'_>) -> Vec<u8> {
    let text = table.text("groups", "2-7-1");
    if text.is_empty() {
        return Vec::new();
    }
    let lengths: Option<Vec<u8>> = text
        .split('-')
        .map(|part| part.parse().ok().filter(|length| (1..=40).contains(length)))
        .collect();
    lengths.unwrap_or_else(|| {
        let rule = format!("{text:?} is no list of field lengths joined by -");
        table.fault("groups", rule, "groups = \"2-7-1\"");
        Vec::new()
    })
}

fn issue(table: &Section<'_>) -> IssueRules {
    IssueRules {
        order: table.within("order", gate),
        kinds: table.words("kinds"),
        reissuable: table.words("reissuable"),
    }
}

fn registration(table: &Section<'_>) -> RegistrationRules {
    let why = "each step adds two guesses to a registration";
    let window_steps = table.number("window_steps", &(0..=50), why);
    let why = "each counter is one more guess per registration";
    let look_ahead = table.number("look_ahead", &(0..=50), why);
    RegistrationRules {
        gate: table.within("gate", gate),
        window_steps: small(window_steps),
        look_ahead: small(look_ahead),
    }
}

fn usage(table: &Section<'_>) -> UsageRules {
    UsageRules {
        initial: table.word("initial"),
        allowed: table.words("allowed"),
        gate: table.within("gate", gate),
    }
}

fn operations(table: &Section<'_>) -> Vec<(OperationClass, OperationRule)> {
    let read = |(word, class)| (class, table.within(word, operation));
    OperationClass::all().into_iter().map(read).collect()
}

fn operation(table: &Section<'_>) -> OperationRule {
    OperationRule {
        factor: table.word("factor"),
        stages: table.words("stages"),
        preregistered_exempt: table.flag("preregistered_exempt"),
        attributes: attributes(table),
        without_token: table.word("without_token"),
        grace: table.flag("grace"),
    }
}

/// The word `any`, or a list of the front end's names.
fn attributes(table: &Section<'_>) -> Option<Vec<String>> {
    const KEY: &str = "attributes";
    if table.is_word(KEY, "any") {
        return None;
    }
    let what = "is a name of 1 to 40 lower-case letters, digits or _";
    let mut names = Vec::new();
    for (place, name) in table.texts(KEY, what) {
        let good = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_';
        let rule = match name.len() {
            1..=40 if !name.bytes().all(good) => format!("{name:?}: each one {what}"),
            1..=40 if names.contains(&name) => format!("{name:?} is there twice"),
            1..=40 => {
                names.push(name);
                continue;
            }
            _ => format!("{name:?}: each one {what}"),
        };
        table.faults().add(place, table.path(KEY), rule, "attributes = [\"address\"]");
    }
    Some(names)
}

fn login(table: &Section<'_>) -> LoginRules {
    LoginRules { effective: table.word("effective"), locked_blocks: table.flag("locked_blocks") }
}

fn revocation(table: &Section<'_>) -> RevocationRules {
    let windows = table.list("windows").iter().enumerate();
    let window = |(index, node)| closing_window(table, index, node);
    RevocationRules {
        gate: table.within("gate", gate),
        cool_down_min: small(table.number("cool_down_min", &(0..=10_080), "minutes, up to 7 days")),
        windows: windows.map(window).collect(),
        window_rule: table.word("window_rule"),
        reusable: table.flag("reusable"),
        blocks_login: table.flag("blocks_login"),
    }
}

fn closing_window(table: &Section<'_>, index: usize, node: &Node) -> ClosingWindow {
    let window = Section::of(node, format!("{}[{index}]", table.path("windows")), table.faults());
    let read = ClosingWindow { from: window.time("from"), to: window.time("to") };
    window.done();
    read
}

fn deactivation(table: &Section<'_>) -> DeactivationRules {
    DeactivationRules { gate: table.within("gate", gate), reusable: table.flag("reusable") }
}

fn kind_change(table: &Section<'_>) -> KindChange {
    let changes = table.texts("allowed", "is a change such as \"soft to hard\"");
    let mut allowed = Vec::new();
    for (place, text) in changes {
        let pair = text.split_once(" to ");
        let pair = pair.map(|(from, to)| (TokenKind::from_word(from), TokenKind::from_word(to)));
        let rule = match pair {
            Some((Some(from), Some(to))) if allowed.contains(&(from, to)) => "is there twice",
            Some((Some(from), Some(to))) if from == to => "is no change: a kind to itself",
            Some((Some(from), Some(to))) => {
                allowed.push((from, to));
                continue;
            }
            _ => "is no change: \"FROM to TO\", each one of hard, soft, camera",
        };
        let rule = format!("{text:?} {rule}");
        table.faults().add(place, table.path("allowed"), rule, "allowed = [\"soft to hard\"]");
    }
    KindChange { allowed, next_day: table.flag("next_day") }
}

/// Everything must be there even where grants are off: switching them on is then one word.
fn grant(table: &Section<'_>) -> Option<GrantRules> {
    let enabled = table.flag("enabled");
    let rules = GrantRules {
        classes: table.words("classes"),
        lifetime_s: small(table.number("lifetime_s", &(10..=3_600), "seconds")),
        uses: small(table.number("uses", &(1..=500), "operations after the first")),
    };
    enabled.then_some(rules)
}

fn camera(table: &Section<'_>) -> CameraRules {
    let tries = |key| small(table.number(key, &(1..=10), "wrong codes that end an activation"));
    let why = "seconds, from one minute to half an hour";
    let activation_s = small(table.number("activation_s", &(60..=1_800), why));
    let why = "seconds, longer than the 90 and 40 that the token itself leaves for Done and Yes";
    let confirmation_s = small(table.number("confirmation_s", &(150..=1_800), why));
    let why = "wrong codes over all activations; each is a guess at what the token would show";
    CameraRules {
        bank: bank(table),
        activation_s,
        activation_tries: tries("activation_tries"),
        confirmation_s,
        confirmation_tries: tries("confirmation_tries"),
        wrong_limit: small(table.number("wrong_limit", &(3..=100), why)),
        auto_initialise: table.flag("auto_initialise"),
        initialise: table.within("initialise", gate),
        activate: table.within("activate", gate),
        approval_right: table.flag("approval_right"),
        retire_otp: table.word("retire_otp"),
    }
}

fn bank(table: &Section<'_>) -> String {
    const KEY: &str = "bank";
    let text = table.text(KEY, "0144");
    if !is_bank_code(&text) && !table.faults().concern(&table.path(KEY)) {
        let rule = format!("{text:?} is no bank's code: it is {BANK_CODE}");
        table.fault(KEY, rule, "bank = \"0144\"");
    }
    text
}

fn challenge(table: &Section<'_>) -> ChallengeRules {
    let number = |key, range, why| table.number(key, &range, why);
    let why = "seconds, from one minute to a quarter of an hour";
    let lifetime_s = small(number("lifetime_s", 60..=900, why));
    let why = "each try is a guess at the same code";
    let tries = small(number("tries", 1..=5, why));
    let why = "each open challenge is one more code that a guess may hit";
    let open_at_most = small(number("open_at_most", 1..=10, why));
    let items = small(number("items", 0..=5, "items that fit on the display"));
    let why = "each step adds two guesses";
    let keypad_steps = small(number("keypad_steps", 0..=2, why));
    ChallengeRules { lifetime_s, tries, open_at_most, items, keypad_steps }
}

fn alarm(table: &Section<'_>) -> AlarmRules {
    let why = "seconds, from one minute to an hour";
    let window_s = small(table.number("window_s", &(60..=3_600), why));
    let why = "codes; of fewer, a few wrong ones would raise the alarm";
    let least = small(table.number("least", &(10..=100_000), why));
    let percent = small(table.number("percent", &(1..=100), "wrong codes per hundred"));
    AlarmRules { window_s, least, percent }
}

fn staff(table: &Section<'_>) -> StaffRules {
    StaffRules { reason: table.flag("reason"), reference: table.flag("reference") }
}

fn approval(table: &Section<'_>) -> ApprovalRules {
    let why = "users; lifting the locks of more at once needs two people";
    let unlock_above = table.number_or_none("unlock_above", &(0..=500), why);
    let why = "hours, up to 30 days; it ends then";
    let lifetime_h = small(table.number("lifetime_h", &(1..=720), why));
    let why = "tokens of one batch";
    ApprovalRules {
        batches: table.flag("batches"),
        keys: table.flag("keys"),
        lost: table.flag("lost"),
        initialise: table.flag("initialise"),
        unlock_above: unlock_above.map(small),
        lifetime_h,
        most_tokens: small(table.number("most_tokens", &(1..=10_000_000), why)),
        exposure: table.word("exposure"),
    }
}

/// Who may do something, and what they must show.
fn gate(table: &Section<'_>) -> Gate {
    let permits = table.list("others").iter().enumerate();
    let others = permits.map(|(index, node)| permit(table, index, node)).collect();
    Gate {
        staff: table.flag("staff"),
        own: table.flag("own"),
        others,
        password: table.flag("password"),
        code: table.word("code"),
    }
}

fn permit(table: &Section<'_>, index: usize, node: &Node) -> Permit {
    let line = Section::of(node, format!("{}[{index}]", table.path("others")), table.faults());
    for key in ["actors", "subjects"] {
        if matches!(&node.value, crate::tree::Value::Table(keys) if keys.contains_key(key))
            && line.list(key).is_empty()
            && !table.faults().concern(&line.path(key))
        {
            line.fault(key, "names at least one role", format!("{key} = [\"master\"]"));
        }
    }
    let read = Permit {
        actors: line.words("actors").into_iter().collect(),
        subjects: line.words("subjects").into_iter().collect(),
        holding: line.word("holding"),
    };
    line.done();
    read
}

/// A number that a range has made small already.
fn small<T: TryFrom<u64> + Default>(number: u64) -> T {
    T::try_from(number).unwrap_or_default()
}
