//! Rules about tokens that sign, in Japanese. Not responsible for: other rules (`ja`); keep the
//! languages alike.

use warifu_core::rules::{AlarmRules, CameraRules, ChallengeRules, RetireOtp};

use super::{gate, thousands};
use crate::explain::NO_BANK;

pub(super) fn camera(rules: &CameraRules) -> Vec<String> {
    let mut told = vec![if rules.bank == NO_BANK {
        format!(
            "金融機関コードは未設定です({NO_BANK})。トークンの利用開始登録の前に設定が必要です。"
        )
    } else {
        format!(
            "トークンは金融機関コード{}を表示し、他の金融機関の電文を受け付けません。",
            rules.bank
        )
    }];
    told.extend(gate("トランザクション認証の利用開始登録および共有登録", &rules.activate));
    told.push(if rules.approval_right {
        "登録できる利用者は承認権限のある利用者に限ります。".to_owned()
    } else {
        "承認権限のない利用者も登録できます。".to_owned()
    });
    told.push(
        "本人のトークンのコードが必要な操作で、ワンタイムパスワードを持たずカメラ付きトークンを持つ利用者は、\
         代わりに署名します。"
            .to_owned(),
    );
    told.extend(activation(rules));
    told.extend(gate("カメラ付きトークンの初期化", &rules.initialise));
    told.push("初期化できるのは、まだ一度も取引に署名していないトークンのみです。".to_owned());
    told.push(
        match rules.retire_otp {
            RetireOtp::Keep => "ワンタイムパスワードのトークンは引き続き併用します。",
            RetireOtp::Offer => {
                "利用開始登録の後、ワンタイムパスワードのトークンを利用解除できることを案内します。"
            }
            RetireOtp::Perform => {
                "利用開始登録と同時に、ワンタイムパスワードのトークンを利用解除します。"
            }
        }
        .to_owned(),
    );
    told
}

fn activation(rules: &CameraRules) -> Vec<String> {
    vec![
        format!(
            "12桁のコードは{}秒以内に入力が必要で、{}回の誤りで登録は中止となります。",
            thousands(rules.activation_s.into()),
            rules.activation_tries
        ),
        format!(
            "続く8桁のコードは{}秒以内に入力が必要で、{}回の誤りで登録は中止となります。",
            thousands(rules.confirmation_s.into()),
            rules.confirmation_tries
        ),
        format!(
            "登録が完了しないまま誤りが通算{}回に達すると、そのトークンは利用停止となります。",
            rules.wrong_limit
        ),
        if rules.auto_initialise {
            "8桁のコードの入力までに中止となった登録は、直ちにやり直せます。".to_owned()
        } else {
            "12桁と8桁のコードの間で登録が中止となったトークンは初期化が必要です。".to_owned()
        },
    ]
}

pub(super) fn challenge(rules: ChallengeRules) -> Vec<String> {
    vec![
        format!(
            "署名を求めた取引は{}秒間コードの入力を待ち、{}回の誤りで無効となります。誤りはトークンの\
             誤りの回数にも数えます。",
            thousands(rules.lifetime_s.into()),
            rules.tries
        ),
        format!("1人の利用者が同時に待てるのは{}件までです。", rules.open_at_most),
        if rules.items == 0 {
            "総合振込・給与振込では、トークンに件数と合計金額のみを表示します(明細なし)。"
                .to_owned()
        } else {
            format!(
                "総合振込・給与振込では、トークンに件数と合計金額、および明細を{}件まで表示します。",
                rules.items
            )
        },
        format!(
            "時計のある数字キー付きトークンは前後{}ステップまで許容します。",
            rules.keypad_steps
        ),
    ]
}

pub(super) fn alarm(rules: Option<AlarmRules>) -> Vec<String> {
    let Some(rules) = rules else {
        return vec!["誤ったコードがいくら多くても警報は出しません。".to_owned()];
    };
    vec![
        format!(
            "{}秒間に入力されたコードが全トークン合計で{}件以上あり、その{}%以上が誤りであれば警報を\
             出します。",
            thousands(rules.window_s.into()),
            thousands(rules.least.into()),
            rules.percent
        ),
        "誤りの割合がその半分を下回ると警報は終わります。".to_owned(),
    ]
}
