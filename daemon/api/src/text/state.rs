//! Outcomes, screens and decisions as sentences.
//!
//! Not responsible for: reasons, see `reason`.

use super::phrases;
use crate::{
    action::ActionOutcome,
    authorize::{Decision, Factor},
    camera::{CameraScreen, RetireOtp},
    contract::UsageOutcome,
    grant::GrantOutcome,
    token::Outcome,
    user::Screen,
};

phrases! { ActionOutcome {
    Done:
        "Done.",
        "手続きが完了しました。";
    Refused:
        "This was not done.",
        "この手続きはできませんでした。";
    Rejected:
        "This was not done because what was entered was not right.",
        "入力内容に誤りがあるため、手続きを完了できませんでした。";
    Unchanged:
        "Nothing had to be done.",
        "変更はありませんでした。";
} }

phrases! { UsageOutcome {
    Done:
        "The usage mode was changed. All tokens of the contract have to be registered again.",
        "利用形態を変更しました。すべてのトークンについて、あらためて利用開始登録が必要です。";
    Preview:
        "Nothing was changed yet. After the change all tokens of the contract have to be registered again.",
        "まだ変更していません。変更すると、すべてのトークンについて、あらためて利用開始登録が必要になります。";
    Refused:
        "The usage mode was not changed.",
        "利用形態は変更されませんでした。";
    Rejected:
        "The usage mode was not changed because what was entered was not right.",
        "入力内容に誤りがあるため、利用形態を変更できませんでした。";
} }

phrases! { Outcome {
    Accepted:
        "The one-time password was accepted.",
        "ワンタイムパスワードを確認しました。";
    Rejected:
        "This was not accepted.",
        "確認できませんでした。";
} }

phrases! { GrantOutcome {
    Covered:
        "No further one-time password is needed for this operation.",
        "このお取引では、ワンタイムパスワードの再入力は不要です。";
    Ended:
        "The next operation needs a one-time password again.",
        "次のお取引から、ワンタイムパスワードの入力が必要です。";
    Refused:
        "This operation needs a one-time password.",
        "このお取引には、ワンタイムパスワードの入力が必要です。";
    Unchanged:
        "Nothing had to be done.",
        "変更はありませんでした。";
} }

phrases! { Screen {
    Expired:
        "The token is past its expiry. Please register a new one.",
        "トークンの有効期限が切れています。新しいトークンの利用開始登録を行ってください。";
    Locked:
        "The token is locked after too many wrong one-time passwords. Please ask an administrator or the bank to lift the lock.",
        "ワンタイムパスワードの誤りが続いたため、利用停止中です。管理者または銀行に利用停止解除をご依頼ください。";
    MaySkip:
        "Please register a token. The registration can be passed over for now.",
        "トークンの利用開始登録を行ってください。今回は登録を省略することもできます。";
    MustRegister:
        "Please register a token to go on.",
        "お取引を続けるには、トークンの利用開始登録が必要です。";
    Nothing:
        "No registration is needed.",
        "登録のお手続きは不要です。";
    Revoked:
        "The token was revoked. A new registration is not possible yet.",
        "トークンは失効しています。再登録はまだできません。";
} }

phrases! { CameraScreen {
    Choose:
        "Please register for transaction authentication, with a token that is registered already or with a new one.",
        "トランザクション認証の利用開始登録を行ってください。利用開始登録済みのトークン、または新しいトークンをお選びください。";
    First:
        "Please register for transaction authentication with a new token.",
        "新しいトークンで、トランザクション認証の利用開始登録を行ってください。";
    Nothing:
        "No registration for transaction authentication is needed.",
        "トランザクション認証の登録のお手続きは不要です。";
} }

phrases! { RetireOtp {
    Keep:
        "The token for one-time passwords stays in use as well.",
        "ワンタイムパスワードのトークンも、引き続きご利用いただけます。";
    Offer:
        "The token for one-time passwords is no longer needed and can be given up.",
        "ワンタイムパスワードのトークンは不要となりました。利用解除を行ってください。";
    Performed:
        "The token for one-time passwords is no longer in use. Please dispose of it.",
        "ワンタイムパスワードのトークンは利用を終了しました。破棄してください。";
} }

phrases! { Decision {
    AllowedByGrace:
        "This is possible without a token until the end of the grace period. Please register a token before then.",
        "猶予期間中のため、トークンなしでご利用いただけます。期間内に利用開始登録を行ってください。";
    Denied:
        "This is not possible.",
        "お取り扱いできません。";
    NotRequired:
        "No one-time password is needed for this operation.",
        "このお取引では、ワンタイムパスワードの入力は不要です。";
    Required:
        "This operation needs a proof by the token.",
        "このお取引には、トークンによる認証が必要です。";
} }

phrases! { Factor {
    Otp:
        "Please enter the one-time password that the token shows.",
        "トークンに表示されているワンタイムパスワードを入力してください。";
    TransactionSignature:
        "Please check the transaction on the token and enter the number that it shows.",
        "トークンに表示されるお取引内容を確認し、表示された番号を入力してください。";
} }
