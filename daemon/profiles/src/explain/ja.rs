//! Profiles in Japanese. Not responsible for: which chapters there are elsewhere; keep both alike.

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
        chapter("general", "全般", general(profile)),
        chapter("verification", "ワンタイムパスワードの照合", verification(rules)),
        chapter("serial", "シリアル番号の入力", serial(rules)),
        chapter("issue", "トークン発行", issue(rules)),
        chapter("registration", "利用開始登録", registration(rules)),
        chapter("usage", "利用形態", usage(rules)),
        chapter("operations", "取引ごとに必要な認証", super::operations(rules, operation)),
        chapter("without_token", "トークン未登録の利用者", without_token(rules)),
        chapter("login", "ログイン", login(rules)),
        chapter("unlock", "利用停止解除", gate("利用停止解除", &rules.unlock)),
        chapter("revocation", "失効", revocation(rules)),
        chapter("deactivation", "利用解除", deactivation(rules)),
        chapter("kind_change", "トークン種類の変更", kind_change(rules)),
        chapter("grant", "連続した取引", grant(rules)),
        chapter("camera", "カメラ付きトークン", signing::camera(&rules.camera)),
        chapter("challenge", "トランザクション認証", signing::challenge(rules.challenge)),
        chapter("alarm", "誤ったコードの警報", signing::alarm(rules.alarm)),
        chapter("staff", "銀行職員", staff(rules)),
        chapter("approval", "二人による承認", approval::approval(&rules.approval)),
    ]
}

fn general(profile: &Profile) -> Vec<String> {
    let mut told = Vec::new();
    if let Some(base) = &profile.base {
        told.push(format!("このプロファイルに記載のない項目は「{base}」に従います。"));
    }
    told.push(format!("日付と時刻は{}のものです。", profile.zone));
    told.push(match profile.rules.serial_verification {
        SerialVerification::InService => {
            "シリアル番号のみの照合は、利用者が利用中のトークンに限ります。".to_owned()
        }
        SerialVerification::Unassigned => "シリアル番号のみの照合は、誰にも割り当てられていない\
                                           トークンでも行います(割当は銀行システム側で管理)。"
            .to_owned(),
    });
    told.push(if profile.rules.hide_which {
        "パスワードとコード、シリアル番号とコードのどちらが誤りか、および残り回数は回答しません。"
            .to_owned()
    } else {
        "何が誤りか、および残り回数を回答します。".to_owned()
    });
    told
}

fn verification(rules: &Rules) -> Vec<String> {
    let policy = &rules.verification;
    let reused = if policy.count_reused { "数えます" } else { "数えません" };
    vec![
        format!(
            "連続{}回の誤りで、そのトークンは全利用者について利用停止となります。",
            policy.lock_after
        ),
        format!("使用済みの正しいコードは誤りの回数に{reused}。"),
        format!(
            "時刻方式のトークンは前後{}ステップまで許容し、{}ステップ前までの使用済みコードを\
             使用済みと判定します。",
            policy.window_steps, policy.look_back
        ),
        format!("回数方式のトークンは{}回先まで許容します。", policy.look_ahead),
        format!(
            "再同期では{}回先まで、または前後{}ステップまで探し、{}ステップを超えるずれは\
             認めません。",
            thousands(u64::from(policy.resync_counters)),
            policy.resync_steps,
            policy.max_drift_steps
        ),
    ]
}

fn serial(rules: &Rules) -> Vec<String> {
    let serial = &rules.serial;
    let signs = if serial.letters { "半角英数字" } else { "半角数字" };
    let mut told = vec![if serial.min_digits == serial.max_digits {
        format!("シリアル番号は{signs}{}桁です。", serial.min_digits)
    } else {
        format!("シリアル番号は{signs}{}桁以上{}桁以内です。", serial.min_digits, serial.max_digits)
    }];
    if !serial.groups.is_empty() {
        let groups: Vec<_> = serial.groups.iter().map(|one| format!("{one}桁")).collect();
        told.push(format!("{}に分けて入力します。", groups.join("、")));
    }
    if serial.twice {
        told.push("2度入力し、一致する必要があります。".to_owned());
    }
    if serial.check_digit == CheckDigit::Mod11_10 {
        told.push("末尾の桁は検査数字です(ISO/IEC 7064 MOD 11,10)。".to_owned());
    }
    told
}

fn issue(rules: &Rules) -> Vec<String> {
    let issue = &rules.issue;
    let mut told = if issue.kinds.is_empty() {
        vec!["オンラインでのトークン発行の申込はできません。".to_owned()]
    } else {
        let mut told = gate("オンラインでのトークン発行の申込", &issue.order);
        told.push(format!("オンラインで申込できる種類: {}。", kinds(&issue.kinds)));
        told
    };
    told.push("銀行職員はいつでもトークンを発行できます。".to_owned());
    told.push(if issue.reissuable.is_empty() {
        "利用をやめたトークンは再度発行できません。".to_owned()
    } else {
        format!("利用をやめた後に再度発行できる種類: {}。", kinds(&issue.reissuable))
    });
    told
}

fn registration(rules: &Rules) -> Vec<String> {
    let registration = &rules.registration;
    let mut told = gate("利用開始登録", &registration.gate);
    told.push("シリアル番号とそのトークンのコード1つが必要です。".to_owned());
    told.push(format!(
        "この最初のコードは前後{}ステップまで、または{}回先まで許容します。",
        registration.window_steps, registration.look_ahead
    ));
    told
}

fn usage(rules: &Rules) -> Vec<String> {
    let usage = &rules.usage;
    let mut told = vec![format!("新しい契約先では{}。", mode(usage.initial))];
    if usage.allowed.is_empty() {
        told.push("利用形態は変更できません。".to_owned());
        return told;
    }
    let modes: Vec<_> = usage.allowed.iter().map(|one| format!("「{}」", mode(*one))).collect();
    told.push(format!("変更できる利用形態: {}。", modes.join("、")));
    told.extend(gate_upon(Upon::Contract, "利用形態の変更", &usage.gate));
    told.push("変更すると契約先の全ての利用登録が解除されます。".to_owned());
    told
}

fn operation(class: OperationClass, rule: &OperationRule) -> String {
    let name = class_name(class);
    let factor = match rule.factor {
        Factor::None => return format!("{name}: 認証は不要です。"),
        Factor::Otp => "ワンタイムパスワード",
        Factor::TransactionSignature => "トランザクション認証(トークンに表示した取引内容への署名)",
    };
    let stages = if class == OperationClass::Login {
        // A login has one stage.
        String::new()
    } else if rule.stages.len() == Stage::ALL.len() {
        "全ての段階で".to_owned()
    } else {
        rule.stages.iter().map(|one| stage(*one)).collect::<Vec<_>>().join("、") + "で"
    };
    let mut told = format!("{name}: {stages}{factor}が必要です");
    if rule.preregistered_exempt {
        told.push_str("(事前登録先への取引を除く)");
    }
    if let Some(attributes) = &rule.attributes {
        told.extend(["(", &attributes.join("、"), "を変更する場合のみ)"]);
    }
    told.push_str(match (class, rule.without_token) {
        (OperationClass::Login, WithoutToken::Limited) => "。トークン未登録でも可能です",
        (_, WithoutToken::Limited) => "。トークン未登録でも限度額内で可能です",
        (_, WithoutToken::Refused) => "。トークン未登録ではできません",
    });
    if rule.grace {
        told.push_str("(猶予期間中を除く)");
    }
    told + "。"
}

fn without_token(rules: &Rules) -> Vec<String> {
    let mut told = vec![if rules.skip {
        "利用開始登録の画面は省略でき、次回のログイン時に再び表示されます。".to_owned()
    } else {
        "利用開始登録の画面は省略できません。".to_owned()
    }];
    told.push(if rules.grace_days == 0 {
        "猶予期間はありません。".to_owned()
    } else {
        format!("猶予期間は利用開始日を1日目として{}日間です。", rules.grace_days)
    });
    told.push(rules.limit_without_token_yen.map_or_else(
        || "トークン未登録の利用者に許す振込額の定めはありません。".to_owned(),
        |yen| {
            format!(
                "トークン未登録の利用者の振込は1日{}円以内です(ちょうどの額を含む)。",
                thousands(yen)
            )
        },
    ));
    told
}

fn login(rules: &Rules) -> Vec<String> {
    let effective = match rules.login.effective {
        Effective::AtOnce => "利用開始登録は直ちに有効になります。",
        Effective::NextLogin => "利用開始登録は次回のログインから有効になります。",
    };
    let locked = if rules.login.locked_blocks {
        "トークンが利用停止になると、その全利用者がログインできなくなります。"
    } else {
        "トークンが利用停止でもログインできます。"
    };
    vec![effective.to_owned(), locked.to_owned()]
}

fn revocation(rules: &Rules) -> Vec<String> {
    let revocation = &rules.revocation;
    let mut told = gate("失効", &revocation.gate);
    let minutes = thousands(u64::from(revocation.cool_down_min));
    told.push(format!("再度の利用開始登録は失効の{minutes}分後から可能です。"));
    for window in &revocation.windows {
        let (from, to) = (window.from.strftime("%H:%M"), window.to.strftime("%H:%M"));
        let next = if window.from > window.to { "翌日の" } else { "" };
        told.push(format!("{from}から{next}{to}までに失効した場合は{to}以降に可能です。"));
    }
    if !revocation.windows.is_empty() {
        told.push(match revocation.window_rule {
            WindowRule::Later => "両方が当てはまる場合は遅い方に従います。".to_owned(),
            WindowRule::WindowEnd => {
                "両方が当てはまる場合は、早くても時間帯の終わりに従います。".to_owned()
            }
        });
    }
    told.push(reusable(revocation.reusable).to_owned());
    told.push(if revocation.blocks_login {
        "それまで利用者はログインできません。".to_owned()
    } else {
        "その間も利用者はログインできます。".to_owned()
    });
    told
}

fn deactivation(rules: &Rules) -> Vec<String> {
    let mut told = gate("利用解除", &rules.deactivation.gate);
    told.push(reusable(rules.deactivation.reusable).to_owned());
    told
}

const fn reusable(reusable: bool) -> &'static str {
    if reusable {
        "同じトークンを再度登録できます。"
    } else {
        "同じトークンは、改めて発行された後でなければ登録できません。"
    }
}

fn kind_change(rules: &Rules) -> Vec<String> {
    let change = &rules.kind_change;
    if change.allowed.is_empty() {
        return vec!["トークンの種類は変更できません。".to_owned()];
    }
    let changes: Vec<_> = change
        .allowed
        .iter()
        .map(|(from, to)| format!("{}から{}", kind(*from), kind(*to)))
        .collect();
    let when = if change.next_day { "(翌日以降)" } else { "(直ちに)" };
    vec![
        format!("変更できる種類: {}{when}。", changes.join("、")),
        "それ以外の変更はできません。".to_owned(),
    ]
}

fn grant(rules: &Rules) -> Vec<String> {
    let Some(grant) = &rules.grant else {
        return vec!["コードが必要な取引では、1件ごとにコードの入力が必要です。".to_owned()];
    };
    let classes: Vec<_> = grant.classes.iter().map(|one| class_name(*one)).collect();
    vec![format!(
        "{}を連続して行う場合、同じセッションで{}秒以内は、2件目から{}件までコードの入力は不要です。",
        classes.join("、"),
        thousands(u64::from(grant.lifetime_s)),
        grant.uses
    )]
}

fn staff(rules: &Rules) -> Vec<String> {
    let needs: Vec<_> = [(rules.staff.reason, "理由"), (rules.staff.reference, "参照番号")]
        .into_iter()
        .filter_map(|(asked, what)| asked.then_some(what))
        .collect();
    if needs.is_empty() {
        return vec!["職員が代わりに操作する際の理由は不要です。".to_owned()];
    }
    vec![format!("職員が代わりに操作する際は{}が必要です。", needs.join("と"))]
}

/// Who may do it, and what users must show for it.
fn gate(what: &str, gate: &Gate) -> Vec<String> {
    gate_upon(Upon::Users, what, gate)
}

fn gate_upon(upon: Upon, what: &str, gate: &Gate) -> Vec<String> {
    let mut who = Vec::new();
    if gate.staff {
        who.push("銀行職員".to_owned());
    }
    if gate.own {
        who.push("利用者本人".to_owned());
    }
    who.extend(gate.others.iter().map(|line| permit(*line, upon)));
    let told = match who.as_slice() {
        [] => return vec![format!("{what}は誰もできません。")],
        [only] => format!("{what}ができるのは{only}のみです。"),
        _ => format!("{what}ができるのは次のとおりです: {}。", who.join("; ")),
    };
    if !lets_users_in(gate) {
        return vec![told];
    }
    let password = gate.password.then_some("確認用パスワード");
    let code = match gate.code {
        Demand::No => None,
        Demand::IfAble => Some("本人のトークンのコード(利用中のトークンがある場合)"),
        Demand::Yes => Some("本人のトークンのコード"),
    };
    let needs: Vec<_> = password.into_iter().chain(code).collect();
    let needs = if needs.is_empty() {
        "ログインのほかに必要なものはありません。".to_owned()
    } else {
        format!("利用者はログインのほかに{}が必要です。", needs.join("と"))
    };
    vec![told, needs]
}

fn permit(permit: Permit, upon: Upon) -> String {
    let subjects = match upon {
        Upon::Contract => String::new(),
        Upon::Users if permit.subjects == RoleSet::ALL => "全ての利用者について、".to_owned(),
        Upon::Users => format!("{}について、", roles(permit.subjects)),
    };
    let holding = match permit.holding {
        Holding::Any => "",
        Holding::Live => "利用停止でない利用中のトークンを持つ",
        Holding::OtherLive => "対象とは別の、利用停止でない利用中のトークンを持つ",
    };
    format!("{subjects}{holding}{}", roles(permit.actors))
}

fn roles(roles: RoleSet) -> String {
    let role = |one: Role| match one {
        Role::Master => "マスターユーザ",
        Role::Administrator => "管理者ユーザ",
        Role::General => "一般ユーザ",
    };
    roles.iter().map(role).collect::<Vec<_>>().join("・")
}

fn kinds(all: &[TokenKind]) -> String {
    all.iter().map(|one| kind(*one)).collect::<Vec<_>>().join("、")
}

const fn kind(kind: TokenKind) -> &'static str {
    match kind {
        TokenKind::Hard => "ハードウェアトークン",
        TokenKind::Soft => "ソフトウェアトークン",
        TokenKind::Camera => "カメラ付きトークン",
    }
}

const fn mode(mode: UsageMode) -> &'static str {
    match mode {
        UsageMode::Individual => "全ての利用者が異なるトークンを使用します",
        UsageMode::Common => "全ての利用者が同じトークンを使用します",
        UsageMode::Shared => "複数の利用者がトークンを共有できます",
    }
}

const fn class_name(class: OperationClass) -> &'static str {
    match class {
        OperationClass::BatchApprove => "総合振込・給与振込の承認",
        OperationClass::CustomerData => "お客様情報の変更",
        OperationClass::Login => "ログイン",
        OperationClass::Payeasy => "ペイジー",
        OperationClass::TokenAdmin => "トークン管理",
        OperationClass::TransferSingle => "都度振込(資金移動)",
        OperationClass::Unprotected => "その他の取引(照会など)",
        OperationClass::UserAdmin => "ユーザ管理",
    }
}

const fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Entry => "入力",
        Stage::Execution => "実行",
        Stage::FirstApproval => "一次承認",
        Stage::Approval => "承認(承認者1名)",
        Stage::FinalApproval => "最終承認",
    }
}
