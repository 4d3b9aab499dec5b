//! The words and texts of faults, in English and Japanese.
//!
//! Not responsible for: where a fault is.

use super::fault::{Field, Rule};

impl Field {
    /// A word that programs may rely on.
    pub const fn word(self) -> &'static str {
        let [word, ..] = self.texts();
        word
    }

    /// Word, English, Japanese.
    pub(super) const fn texts(self) -> [&'static str; 3] {
        match self {
            Self::Record => ["record", "record", "レコード"],
            Self::Separator => ["separator", "separator", "区切り"],
            Self::Kind => ["kind", "kind of record", "データ区分"],
            Self::TypeCode => ["type_code", "type code", "種別コード"],
            Self::CodeClass => ["code_class", "code class", "コード区分"],
            Self::ClientCode => ["client_code", "client code", "委託者コード"],
            Self::ClientName => ["client_name", "payer's name", "委託者名"],
            Self::Date => ["date", "date", "振込指定日"],
            Self::Bank => ["bank", "bank number", "銀行番号"],
            Self::BankName => ["bank_name", "bank name", "銀行名"],
            Self::Branch => ["branch", "branch number", "支店番号"],
            Self::BranchName => ["branch_name", "branch name", "支店名"],
            Self::ClearingHouse => ["clearing_house", "clearing house", "手形交換所番号"],
            Self::AccountType => ["account_type", "account type", "預金種目"],
            Self::Account => ["account", "account number", "口座番号"],
            Self::PayeeName => ["payee_name", "payee's name", "受取人名"],
            Self::Amount => ["amount", "amount", "振込金額"],
            Self::Count => ["count", "number of payments", "合計件数"],
            Self::Total => ["total", "total", "合計金額"],
            Self::Rest => ["rest", "last columns", "末尾の項目"],
        }
    }
}

impl Rule {
    /// A word that programs may rely on.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Length => "length",
            Self::Separator => "separator",
            Self::Order => "order",
            Self::Incomplete => "incomplete",
            Self::BehindEnd => "behind_end",
            Self::Empty => "empty",
            Self::TooMany => "too_many",
            Self::Digits => "digits",
            Self::Character => "character",
            Self::NameCharacter => "name_character",
            Self::Alignment => "alignment",
            Self::Blank => "blank",
            Self::Code => "code",
            Self::Day => "day",
            Self::Zero => "zero",
            Self::Count => "count",
            Self::Total => "total",
        }
    }

    /// The rule, in English.
    pub(super) const fn broken_en(self) -> &'static str {
        match self {
            Self::Length => "a record has exactly 120 bytes",
            Self::Separator => "all records are separated alike: not at all, by CR LF or by LF",
            Self::Order => "a file is one header, data, one trailer and at most one end record",
            Self::Incomplete => "the file ends before its trailer record",
            Self::BehindEnd => "nothing stands behind the end of the file",
            Self::Empty => "a batch has at least one data record",
            Self::TooMany => "a batch has at most 100,000 records",
            Self::Digits => "digits only, with zeros in front",
            Self::Character => "half-width characters of JIS X 0201 only",
            Self::NameCharacter => "the bank does not take this character in names",
            Self::Alignment => "a text begins in its first column and has blanks behind it",
            Self::Blank => "the name is not blank",
            Self::Code => "a code that is known here",
            Self::Day => "a month and a day that exist",
            Self::Zero => "an amount is at least 1 yen",
            Self::Count => "as many data records as the trailer says",
            Self::Total => "the amounts add up to what the trailer says",
        }
    }

    /// What to do, in English.
    pub(super) const fn todo_en(self) -> &'static str {
        match self {
            Self::Length => "export the file again as it is, without an editor",
            Self::Separator => "export the file again with one kind of line end",
            Self::Order => "send each batch as a file of its own",
            Self::Incomplete => "send the whole file",
            Self::BehindEnd => "remove what follows the end mark",
            Self::Empty => "send only batches that pay something",
            Self::TooMany => "split the batch",
            Self::Digits => "correct the number",
            Self::Character => "export the file in JIS code with half-width characters",
            Self::NameCharacter => "use capitals, large kana and a hyphen for long vowels",
            Self::Alignment => "move the text to the left",
            Self::Blank => "enter the name",
            Self::Code => {
                "use type code 11, 12, 21, 71 or 72, code class 0 and account type 1, 2, 4 or 9"
            }
            Self::Day => "correct the date",
            Self::Zero => "remove the record or correct the amount",
            Self::Count => "export the file again; do not add or remove records by hand",
            Self::Total => "export the file again; do not change amounts by hand",
        }
    }

    /// The rule, in Japanese.
    pub(super) const fn broken_ja(self) -> &'static str {
        match self {
            Self::Length => "1レコードは120バイトです",
            Self::Separator => "レコードの区切りは、なし・CRLF・LFのいずれかに統一します",
            Self::Order => "ファイルはヘッダ・データ・トレーラ・エンドの順で1組だけです",
            Self::Incomplete => "トレーラレコードがありません",
            Self::BehindEnd => "ファイルの終わりの後にデータがあります",
            Self::Empty => "データレコードが1件もありません",
            Self::TooMany => "レコードは100,000件までです",
            Self::Digits => "半角数字（右詰め・前ゼロ）で入力します",
            Self::Character => "JIS X 0201の半角文字だけを使えます",
            Self::NameCharacter => "名前に使えない文字です",
            Self::Alignment => "左詰めで、残りを空白にします",
            Self::Blank => "名前は必須です",
            Self::Code => "使用できないコードです",
            Self::Day => "存在する月日（MMDD）を指定します",
            Self::Zero => "金額は1円以上です",
            Self::Count => "件数がデータレコードと一致しません",
            Self::Total => "合計金額が明細と一致しません",
        }
    }

    /// What to do, in Japanese.
    pub(super) const fn todo_ja(self) -> &'static str {
        match self {
            Self::Length => "編集せずにファイルを出力し直してください",
            Self::Separator => "改行の設定を確認して出力し直してください",
            Self::Order => "1組ずつ別のファイルで送ってください",
            Self::Incomplete => "ファイル全体を送り直してください",
            Self::BehindEnd => "終端以降を取り除いてください",
            Self::Empty => "振込のあるファイルを送ってください",
            Self::TooMany => "ファイルを分割してください",
            Self::Digits => "数字を修正してください",
            Self::Character => "JISコード・半角文字で出力し直してください",
            Self::NameCharacter => "英大文字・大文字のカナ・長音はハイフンで入力してください",
            Self::Alignment => "左詰めにしてください",
            Self::Blank => "名前を入力してください",
            Self::Code => {
                "種別コード11・12・21・71・72、コード区分0、預金種目1・2・4・9を使ってください"
            }
            Self::Day => "日付を修正してください",
            Self::Zero => "金額を修正するか、レコードを削除してください",
            Self::Count => "手作業で増減せず、出力し直してください",
            Self::Total => "手作業で変更せず、出力し直してください",
        }
    }
}
