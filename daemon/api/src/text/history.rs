//! What a token's last events mean, for the help desk: why the last code was not accepted, and what
//! to advise the customer.
//!
//! Franker than what customers are told: the help desk may know which element was wrong.
//!
//! Not responsible for: the events themselves.

mod signing;

use super::{Language, Phrase, Told, joined};
use crate::{
    denial::DenialReason,
    history::{TokenEvent, TokenHistory},
    token::{Reason, TokenLife, TokenStatus},
};

impl Told for TokenHistory {
    fn tell(&mut self, language: Language) {
        let standing = standing(self.life, self.status);
        let last = self.items.iter().find_map(finding).unwrap_or(NO_CODE);
        let phrases = [standing, Some(last)];
        let sentences: Vec<_> =
            phrases.into_iter().flatten().map(|phrase| phrase.in_language(language)).collect();
        self.explanation = Some(joined(language, &sentences));
    }
}

const NO_CODE: Phrase = Phrase {
    en: "No code of this token is among the last events.",
    ja: "最近の記録に、このトークンのワンタイムパスワードの確認はありません。",
};

const ACCEPTED: Phrase = Phrase {
    en: "The last code was accepted.",
    ja: "最後のワンタイムパスワードは正しく確認されました。",
};

const REFUSED: Phrase = Phrase {
    en: "At the last attempt a rule forbade the operation; no code was judged.",
    ja: "最後の操作は規則により受け付けられず、ワンタイムパスワードは確認されていません。",
};

/// What keeps codes from being accepted now, whatever was tried before.
const fn standing(life: TokenLife, status: TokenStatus) -> Option<Phrase> {
    Some(match (life, status) {
        (TokenLife::Lost, _) => Phrase {
            en: "The token was reported lost: no code of it is accepted again.",
            ja: "紛失の届出があり、このトークンは今後ご利用いただけません。",
        },
        (_, TokenStatus::Locked) => Phrase {
            en: "The token is locked now: codes are not looked at until the lock is lifted.",
            ja: "現在、利用停止中です。利用停止解除を行うまで、ワンタイムパスワードは確認されません。",
        },
        (_, TokenStatus::Expired) => Phrase {
            en: "The token is past its expiry: a new one is needed.",
            ja: "トークンの有効期限が切れています。新しいトークンが必要です。",
        },
        (_, TokenStatus::Disabled) => Phrase {
            en: "The token is put out of use now.",
            ja: "現在、このトークンは使用中止の設定です。",
        },
        (_, TokenStatus::NotYetValid) => Phrase {
            en: "The first day of the token is still to come.",
            ja: "トークンの有効期間が始まっていません。",
        },
        (_, TokenStatus::ResyncRequired) => Phrase {
            en: "The token has to be resynchronised with two codes in a row.",
            ja: "続けて表示されるワンタイムパスワード二つによる同期が必要です。",
        },
        (TokenLife::Issued, TokenStatus::Active) => Phrase {
            en: "The token is issued and not registered.",
            ja: "このトークンは発行済みで、利用開始登録はまだ行われていません。",
        },
        (TokenLife::Withdrawn, TokenStatus::Active) => Phrase {
            en: "The token was given up or revoked and has to be issued anew.",
            ja: "このトークンは失効または利用解除済みです。あらためて発行が必要です。",
        },
        (TokenLife::InService | TokenLife::Stock, TokenStatus::Active) => return None,
    })
}

/// What an event says of a code; `None` where it is about something else.
fn finding(event: &TokenEvent) -> Option<Phrase> {
    if !matches!(event.action.as_str(), "verify" | "resync" | "register") {
        return signing::finding(&event.action, &event.outcome);
    }
    Some(match event.outcome.as_str() {
        "accepted" | "done" | "unchanged" => ACCEPTED,
        "code_rejected" => rejected(Reason::Wrong),
        word => match Reason::from_word(word) {
            Some(reason) => rejected(reason),
            None => DenialReason::from_word(word).map_or(REFUSED, refused),
        },
    })
}

const fn refused(reason: DenialReason) -> Phrase {
    match reason {
        DenialReason::TokenLocked => rejected(Reason::Locked),
        DenialReason::TokenExpired => rejected(Reason::Expired),
        DenialReason::TokenUnusable => rejected(Reason::Disabled),
        _ => REFUSED,
    }
}

const fn rejected(reason: Reason) -> Phrase {
    match reason {
        Reason::ConfirmationWrong => Phrase {
            en: "The last attempt failed on the confirmation password; the code was not looked at.",
            ja: "最後の操作は確認用パスワードの誤りによるもので、ワンタイムパスワードは確認されていません。",
        },
        Reason::Disabled => Phrase {
            en: "The last code was not looked at because the token was out of use.",
            ja: "最後の操作の時点でトークンが使用中止のため、ワンタイムパスワードは確認されていません。",
        },
        Reason::Expired => Phrase {
            en: "The last code was not looked at because the token was past its expiry.",
            ja: "最後の操作の時点で有効期限が切れていたため、ワンタイムパスワードは確認されていません。",
        },
        Reason::Length => Phrase {
            en: "The last code had the wrong number of digits; no attempt was counted.",
            ja: "最後のワンタイムパスワードは桁数が誤っていました。誤りの回数には数えていません。",
        },
        Reason::Locked => Phrase {
            en: "The last code was not looked at because the token was locked.",
            ja: "最後の操作の時点で利用停止中のため、ワンタイムパスワードは確認されていません。",
        },
        Reason::NotAccepted => Phrase {
            en: "At the last attempt serial number, password or code did not fit.",
            ja: "最後の操作では、シリアル番号、パスワード、ワンタイムパスワードのいずれかに誤りがありました。",
        },
        Reason::NotInService | Reason::NotRegistered => Phrase {
            en: "The last code was not looked at because the token was not in service with the user.",
            ja: "最後の操作の時点でトークンが利用中でないため、ワンタイムパスワードは確認されていません。",
        },
        Reason::NotYetValid => Phrase {
            en: "The last code was not looked at because the token was before its first day.",
            ja: "最後の操作の時点で有効期間前のため、ワンタイムパスワードは確認されていません。",
        },
        Reason::ResyncRequired => Phrase {
            en: "The last code was not looked at because the token has to be resynchronised first.",
            ja: "先に同期が必要なため、最後のワンタイムパスワードは確認されていません。",
        },
        Reason::Reused => Phrase {
            en: "The last code was right but had been used before. The customer should wait for the next one.",
            ja: "最後のワンタイムパスワードは使用済みでした。次に表示されるものを入力するようご案内ください。",
        },
        Reason::Revoked => Phrase {
            en: "The last code was not looked at because the token of the user was revoked.",
            ja: "最後の操作の時点で失効していたため、ワンタイムパスワードは確認されていません。",
        },
        Reason::Wrong => Phrase {
            en: "The last code fitted nothing that was expected: it was mistyped, came from another token, or the token has drifted. If the serial number is the right one, resynchronise with two codes in a row.",
            ja: "最後のワンタイムパスワードは一致しませんでした。入力誤り、別のトークンの使用、またはトークンのずれが考えられます。シリアル番号が正しい場合は、続けて表示される二つのワンタイムパスワードで同期してください。",
        },
        Reason::WrongKindOfCode => Phrase {
            en: "The last code was sent as a one-time password, but this token shows none: it answers challenges.",
            ja: "最後の番号はワンタイムパスワードとして送られましたが、このトークンはお取引ごとの認証に使うものです。誤りの回数には数えていません。",
        },
    }
}
