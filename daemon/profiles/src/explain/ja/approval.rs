//! Rules about four eyes, in Japanese. Not responsible for: other rules (`ja`); keep the languages
//! alike.

use warifu_core::rules::{ApprovalRules, SeedExposure};

use super::thousands;

pub(super) fn approval(rules: &ApprovalRules) -> Vec<String> {
    let mut told = needs(rules);
    told.push(match rules.unlock_above {
        Some(0) => "利用停止解除には別の担当者の承認が必要です。".to_owned(),
        Some(most) => {
            format!("一度に{most}人を超える利用者の利用停止解除には別の担当者の承認が必要です。")
        }
        None => "利用停止解除は、一度に何人分であっても一人の担当者が行えます。".to_owned(),
    });
    told.push(format!("承認待ちの申請は{}時間で無効となります。", rules.lifetime_h));
    told.push(
        "自分の申請を自分で承認または却下することは、別の証明書を使ってもできません。".to_owned(),
    );
    told.push(format!("一つのバッチは{}個までです。", thousands(rules.most_tokens.into())));
    told.push(
        match rules.exposure {
            SeedExposure::Inside => {
                "シードはHSMの内部でのみ復号し、HSMの外では一切読める状態にしません。"
            }
            SeedExposure::Worker => {
                "シードがHSMの外で読める状態になるのは、HSMと通信するプロセスの中に限ります。"
            }
            SeedExposure::Anywhere => {
                "シードがHSMに入るまでの間に読める状態になることを認めます。どこで読める状態になったかは\
                 バッチごとの報告書に記録します。"
            }
        }
        .to_owned(),
    );
    told
}

fn needs(rules: &ApprovalRules) -> Vec<String> {
    let all = [
        (rules.batches, "トークンのバッチの使用開始"),
        (rules.keys, "HSMの鍵の作成・入力・破棄"),
        (rules.lost, "トークンの紛失届"),
        (rules.initialise, "カメラ付きトークンの初期化"),
    ];
    let of = |asked| {
        let found = all.iter().filter(|(needs, _)| *needs == asked);
        found.map(|(_, what)| *what).collect::<Vec<_>>().join("、")
    };
    let (two, one) = (of(true), of(false));
    let mut told = Vec::new();
    if !two.is_empty() {
        told.push(format!("次の操作には別の担当者の承認が必要です: {two}。"));
    }
    if !one.is_empty() {
        told.push(format!("次の操作は一人の担当者で行えます: {one}。"));
    }
    told
}
