//! What a token's last signature, or the last step of its activation, came to; for the help desk.
//!
//! Not responsible for: one-time passwords, see the module above.

use super::Phrase;
use crate::denial::DenialReason;

/// What an event says of the number that came with it; `None` where it is about something else.
pub(super) fn finding(action: &str, outcome: &str) -> Option<Phrase> {
    let well = match action {
        "activate" => STEP,
        "share" | "sign" => SIGNED,
        _ => return None,
    };
    Some(DenialReason::from_word(outcome).map_or(well, refused))
}

const STEP: Phrase = Phrase {
    en: "The last step of the activation went well.",
    ja: "利用開始登録の最後の操作は正しく行われました。",
};

const SIGNED: Phrase = Phrase {
    en: "The last signature was right.",
    ja: "最後のトランザクション認証番号は正しく確認されました。",
};

const NOT_JUDGED: Phrase = Phrase {
    en: "At the last attempt a rule forbade the operation; no number was judged.",
    ja: "最後の操作は規則により受け付けられず、番号は確認されていません。",
};

fn refused(reason: DenialReason) -> Phrase {
    wrong_number(reason).or_else(|| not_looked_at(reason)).unwrap_or(NOT_JUDGED)
}

/// The number itself.
const fn wrong_number(reason: DenialReason) -> Option<Phrase> {
    Some(match reason {
        DenialReason::BadCode => Phrase {
            en: "The last number did not fit: it was mistyped, or the token had read another picture, or it was another token.",
            ja: "最後の番号は一致しませんでした。入力誤り、別の二次元コードの読み取り、または別のトークンの使用が考えられます。",
        },
        DenialReason::Typo => Phrase {
            en: "In the last number a digit was mistyped; no try was counted.",
            ja: "最後の番号は桁の入力誤りでした。誤りの回数には数えていません。",
        },
        DenialReason::WrongKindOfCode => Phrase {
            en: "The last number was of another length than the one asked for, as when the two numbers of an activation are mixed up; no try was counted.",
            ja: "最後の番号は必要な番号と桁数が異なりました。利用開始登録の二つの番号の取り違えが考えられます。誤りの回数には数えていません。",
        },
        DenialReason::Reused => Phrase {
            en: "The last number was right once but had been used.",
            ja: "最後の番号は使用済みのものでした。",
        },
        _ => return None,
    })
}

/// What kept the number from being looked at.
const fn not_looked_at(reason: DenialReason) -> Option<Phrase> {
    Some(match reason {
        DenialReason::AlreadyUsed => Phrase {
            en: "The last number was sent for a transaction that had been confirmed already.",
            ja: "最後の番号は、認証済みのお取引に対して送られたものでした。",
        },
        DenialReason::Expired => Phrase {
            en: "The last number came too late; it was not looked at.",
            ja: "最後の番号は有効時間を過ぎて入力されたため、確認されていません。",
        },
        DenialReason::InitRequired => Phrase {
            en: "The last activation was broken off: the token has to be initialised before the next.",
            ja: "最後の利用開始登録は完了していません。再登録の前に、トークンの初期化が必要です。",
        },
        DenialReason::Limit => Phrase {
            en: "The last number was not looked at because too many had been wrong, or too many transactions were waiting.",
            ja: "番号の誤りが続いたか、認証待ちのお取引が多すぎたため、最後の番号は確認されていません。",
        },
        DenialReason::Locked | DenialReason::TokenLocked => Phrase {
            en: "The last number was not looked at because the token was locked.",
            ja: "最後の操作の時点で利用停止中のため、番号は確認されていません。",
        },
        DenialReason::NoChallenge => Phrase {
            en: "The last number was not looked at because none was awaited.",
            ja: "最後の操作の時点で認証待ちのお取引がないため、番号は確認されていません。",
        },
        DenialReason::NotBound => Phrase {
            en: "The last number came from another user or another login than the one that was asked.",
            ja: "最後の番号は、別のユーザまたは別のログインから送られたものでした。",
        },
        DenialReason::TokenExpired => Phrase {
            en: "The last number was not looked at because the token was past its expiry.",
            ja: "最後の操作の時点で有効期限が切れていたため、番号は確認されていません。",
        },
        _ => return None,
    })
}
