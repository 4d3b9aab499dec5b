//! Why something was not done, as sentences.
//!
//! Not responsible for: what the help desk is told of a token's past, see `history`.

use super::{Phrase, Worded, phrases};
use crate::{authorize::Cause, denial::DenialReason, grant::GrantEnd, token::Reason};

phrases! { DenialReason {
    ActivationOpen:
        "An activation of this token waits for its second number. Please finish it, or wait until its time is over.",
        "このトークンは利用開始登録の途中です。登録を完了するか、時間をおいてからやり直してください。";
    ActorNeedsOtherToken:
        "This needs a token in service other than the one concerned.",
        "この操作には、対象とは別の利用中のトークンが必要です。";
    ActorNeedsToken:
        "This needs a token of one's own that is in service and not locked.",
        "この操作には、操作されるご本人の利用可能なトークンが必要です。";
    ActorNotAllowed:
        "You are not permitted to do this.",
        "この操作を行う権限がありません。";
    AlreadyIssued:
        "A token has been issued to this user already. Please register it.",
        "このユーザには既にトークンが発行されています。利用開始登録を行ってください。";
    AlreadyRegistered:
        "This user has a token in service. It has to be revoked or given up first.",
        "このユーザは既にトークンを利用中です。先に失効または利用解除を行ってください。";
    AlreadyUsed:
        "This transaction was confirmed already. A new one needs a new number.",
        "このお取引は既に認証済みです。新しいお取引には、新しい番号が必要です。";
    ApprovalRightRequired:
        "Only users with approval rights can do this.",
        "この操作は、承認権限のあるユーザのみ行えます。";
    BadCode:
        "The number is not right. Please check it against the one that the token shows.",
        "認証エラーです。トークンに表示された番号をご確認ください。";
    CodeRejected:
        "The one-time password is not right. Please enter the one that the token shows now.",
        "ワンタイムパスワードに誤りがあります。トークンに表示されている最新のものを入力してください。";
    CodeRequired:
        "Please enter the one-time password of your own token.",
        "操作されるご本人のワンタイムパスワードを入力してください。";
    CommonTokenOnly:
        "This contract has one token for all users. No other can be registered.",
        "このご契約では全ユーザ共通のトークンを利用しています。別のトークンは登録できません。";
    ConfirmationRequired:
        "The confirmation password is needed.",
        "確認用パスワードの確認が必要です。";
    ConfirmationWrong:
        "The confirmation password is not right. Please enter it again.",
        "確認用パスワードに誤りがあります。もう一度入力してください。";
    Disabled:
        "The token is out of use. Please ask the bank.",
        "このトークンは現在ご利用いただけません。銀行にお問い合わせください。";
    Expired:
        "The token is past its expiry. A new one is needed.",
        "トークンの有効期限が切れています。新しいトークンが必要です。";
    InitRequired:
        "The registration of this token was not completed. The token has to be initialised before it can be registered again.",
        "トークンの利用開始登録が完了していません。あらためて登録するには、トークンの初期化が必要です。";
    KindChangeNotAllowed:
        "A change to this kind of token is not possible.",
        "この種類のトークンへの変更はできません。";
    KindNotAllowed:
        "This kind of token is not available here.",
        "この種類のトークンはお取り扱いしていません。";
    Length:
        "The one-time password has the wrong number of digits. Please enter it as the token shows it.",
        "ワンタイムパスワードの桁数が正しくありません。トークンに表示されているとおりに入力してください。";
    Limit:
        "Too many numbers were wrong, or too many confirmations are open. Please begin again.",
        "番号の誤りが続いたか、認証待ちのお取引が多すぎます。はじめからやり直してください。";
    Locked:
        "The token is locked after too many wrong one-time passwords. Please ask an administrator or the bank to lift the lock.",
        "ワンタイムパスワードの誤りが続いたため、利用停止中です。管理者または銀行に利用停止解除をご依頼ください。";
    ModeNotAllowed:
        "The usage mode can not be changed to this one.",
        "この利用形態への変更はできません。";
    NeedsIssue:
        "This token is no longer in use and has to be issued anew before it can be registered.",
        "このトークンは利用を終了しています。登録するには、あらためて発行を受ける必要があります。";
    NewSeedRequired:
        "This token can not be issued again. Please issue another one.",
        "このトークンは再発行できません。別のトークンを発行してください。";
    NoChallenge:
        "This number is no longer awaited. Please begin again.",
        "この番号は既に無効です。はじめからやり直してください。";
    NotAccepted:
        "What was entered was not accepted. Please check all of it and try again.",
        "入力内容を確認できませんでした。すべての入力項目をお確かめのうえ、もう一度入力してください。";
    NotBefore:
        "This is not possible yet. Please try again later.",
        "この操作はまだできません。しばらくたってから、もう一度お試しください。";
    NotBound:
        "This belongs to another user or another login, or the token is not registered for this user.",
        "別のユーザまたは別のログインでの操作であるか、このユーザのトークンとして登録されていません。";
    NotInService:
        "The token is not in service. Please register it first.",
        "トークンが利用中ではありません。先に利用開始登録を行ってください。";
    NotInitialisable:
        "The token is in use and can not be initialised. Please revoke it and issue it anew.",
        "このトークンは既にお取引に利用されているため、初期化できません。失効のうえ、あらためて発行してください。";
    NotIssuedToUser:
        "This token was issued to another user.",
        "このトークンは別のユーザに発行されたものです。";
    NotRegistered:
        "This user has no token in service.",
        "このユーザには利用中のトークンがありません。";
    NotSignable:
        "The token can not be used for this operation.",
        "このトークンでは、この操作の認証を行えません。";
    NotThisContract:
        "No such token belongs to this contract. Please check the serial number.",
        "このご契約に該当するトークンがありません。シリアル番号をご確認ください。";
    NotYetValid:
        "The token can not be used yet: its first day is still to come.",
        "トークンの有効期間が始まっていません。";
    NothingToInitialise:
        "The token is ready to be registered. It does not have to be initialised.",
        "このトークンは利用開始登録が可能な状態です。初期化は不要です。";
    ReasonRequired:
        "A reason has to be given.",
        "理由の入力が必要です。";
    ReferenceRequired:
        "The reference of an application, a call or a check of identity has to be given.",
        "申込書や本人確認などの受付番号の入力が必要です。";
    ResyncRequired:
        "Two one-time passwords in a row are needed before this token can be used again.",
        "トークンの同期が必要です。続けて表示されるワンタイムパスワードを二つ入力してください。";
    Reused:
        "This one-time password was used already. Please wait for the next one.",
        "このワンタイムパスワードは使用済みです。次に表示されるものを入力してください。";
    Revoked:
        "This user's token was revoked. A new registration is needed.",
        "このユーザのトークンは失効しています。あらためて利用開始登録が必要です。";
    SerialInUse:
        "Another user has this token in service.",
        "このトークンは別のユーザが利用中です。";
    SignatureRequired:
        "Please confirm this with your own token: read the picture and enter the number that the token shows.",
        "操作されるご本人のトークンによるトランザクション認証が必要です。";
    SkipNotAllowed:
        "The registration can not be passed over. Please register a token.",
        "登録の省略はできません。トークンの利用開始登録を行ってください。";
    TokenExpired:
        "The token is past its expiry. A new one is needed.",
        "トークンの有効期限が切れています。新しいトークンが必要です。";
    TokenLocked:
        "The token is locked after too many wrong one-time passwords. Please ask an administrator or the bank to lift the lock.",
        "ワンタイムパスワードの誤りが続いたため、利用停止中です。管理者または銀行に利用停止解除をご依頼ください。";
    TokenLost:
        "This token was reported lost and can not be used again.",
        "このトークンは紛失の届出があったため、ご利用いただけません。";
    TokenUnusable:
        "The token is out of use. Please ask the bank.",
        "このトークンは現在ご利用いただけません。銀行にお問い合わせください。";
    TooManyNewPayees:
        "There are more new payees than the token can show. Please register them first, or split the batch.",
        "新しい振込先がトークンに表示できる件数を超えています。先に振込先を登録するか、データを分割してください。";
    Typo:
        "The number is mistyped. Please check every digit and enter it again.",
        "番号に入力誤りがあります。一桁ずつご確認のうえ、もう一度入力してください。";
    UnknownUser:
        "There is no such user in this contract.",
        "このご契約に該当するユーザがいません。";
    Wrong:
        "The one-time password is not right. Please enter the one that the token shows now.",
        "ワンタイムパスワードに誤りがあります。トークンに表示されている最新のものを入力してください。";
    WrongKindOfCode:
        "This is not the number that is asked for here. Please check which number of the token has to be entered.",
        "入力された番号は、ここで必要な番号とは異なります。トークンのどの番号を入力するかをご確認ください。";
} }

/// A code is rejected in the same words whether it came alone or with a change.
impl Worded for Reason {
    fn phrase(self) -> Phrase {
        let denial = match self {
            Self::ConfirmationWrong => DenialReason::ConfirmationWrong,
            Self::Disabled => DenialReason::Disabled,
            Self::Expired => DenialReason::Expired,
            Self::Length => DenialReason::Length,
            Self::Locked => DenialReason::Locked,
            Self::NotAccepted => DenialReason::NotAccepted,
            Self::NotInService => DenialReason::NotInService,
            Self::NotYetValid => DenialReason::NotYetValid,
            Self::ResyncRequired => DenialReason::ResyncRequired,
            Self::Reused => DenialReason::Reused,
            Self::Revoked => DenialReason::Revoked,
            Self::Wrong => DenialReason::Wrong,
            Self::WrongKindOfCode => DenialReason::WrongKindOfCode,
            // Told to the user who is about to pay, rather than to one who acts for another.
            Self::NotRegistered => {
                return Phrase {
                    en: "No token is registered for this user. Please register one first.",
                    ja: "トークンが登録されていません。先に利用開始登録を行ってください。",
                };
            }
        };
        denial.phrase()
    }
}

phrases! { Cause {
    Expired:
        "This is not possible because the token is past its expiry. A new one is needed.",
        "トークンの有効期限が切れているため、お取り扱いできません。新しいトークンが必要です。";
    Locked:
        "This is not possible because the token is locked. Please ask an administrator or the bank to lift the lock.",
        "トークンが利用停止中のため、お取り扱いできません。管理者または銀行に利用停止解除をご依頼ください。";
    RegistrationRequired:
        "A token has to be registered before this is possible.",
        "お取り扱いの前に、トークンの利用開始登録が必要です。";
    Revoked:
        "This is not possible because the user's token was revoked.",
        "トークンが失効しているため、お取り扱いできません。";
    TokenUnusable:
        "This is not possible because the token is out of use. Please ask the bank.",
        "トークンが現在ご利用いただけないため、お取り扱いできません。銀行にお問い合わせください。";
} }

phrases! { GrantEnd {
    Expired:
        "The time for further operations without a one-time password is over. Please enter a new one.",
        "ワンタイムパスワードの入力を省略できる時間が過ぎました。あらためて入力してください。";
    OtherClass:
        "The one-time password was entered for another kind of operation. Please enter a new one.",
        "先に入力されたワンタイムパスワードは別の種類のお取引のものです。あらためて入力してください。";
    OtherSession:
        "The one-time password was entered in another session. Please enter a new one.",
        "先に入力されたワンタイムパスワードは別のログインでのものです。あらためて入力してください。";
    TokenChanged:
        "The state of the token has changed since. Please enter a one-time password.",
        "トークンの利用状態が変わりました。ワンタイムパスワードを入力してください。";
    UsedUp:
        "The number of operations without a one-time password is used up. Please enter a new one.",
        "ワンタイムパスワードの入力を省略できる回数に達しました。あらためて入力してください。";
} }
