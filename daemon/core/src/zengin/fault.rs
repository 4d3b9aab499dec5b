//! What is wrong with a file: where it is, which rule it breaks, and what to do.
//!
//! Not responsible for: showing what stands there; names and account numbers are nobody's log.

use std::fmt;

/// The first fault of a file. Nothing of the file was taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{}", self.en())]
pub struct Fault {
    /// Record, counted from 1.
    pub record: usize,
    /// Column in the record, counted from 1; 121 is what separates it from the next one.
    pub column: usize,
    /// The field that begins at or around that column.
    pub field: Field,
    /// The rule that is broken.
    pub rule: Rule,
}

/// A field of a record.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Field {
    /// The record as a whole.
    Record,
    /// What stands between records.
    Separator,
    /// First column: what kind of record it is.
    Kind,
    /// What the batch pays.
    TypeCode,
    /// Character code.
    CodeClass,
    /// The company's code.
    ClientCode,
    /// The payer's name.
    ClientName,
    /// Day of payment.
    Date,
    /// Bank.
    Bank,
    /// Its name.
    BankName,
    /// Branch.
    Branch,
    /// Its name.
    BranchName,
    /// Clearing house.
    ClearingHouse,
    /// Kind of account.
    AccountType,
    /// Account number.
    Account,
    /// The payee's name.
    PayeeName,
    /// Amount.
    Amount,
    /// Number of data records.
    Count,
    /// Total of the amounts.
    Total,
    /// The columns behind the last one that is read.
    Rest,
}

/// A rule of the format.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Rule {
    /// A record is shorter or longer than 120 bytes.
    Length,
    /// Records are not separated alike.
    Separator,
    /// A record that may not stand here.
    Order,
    /// The file ends before the trailer.
    Incomplete,
    /// Something stands behind the end.
    BehindEnd,
    /// No data record.
    Empty,
    /// More records than a batch may have.
    TooMany,
    /// Not digits throughout.
    Digits,
    /// A byte that is no half-width character.
    Character,
    /// A character that names may not have.
    NameCharacter,
    /// A text that begins with a blank.
    Alignment,
    /// A text that must not be blank.
    Blank,
    /// An unknown code.
    Code,
    /// No such day.
    Day,
    /// An amount of 0.
    Zero,
    /// Not the number of data records.
    Count,
    /// Not the total of the amounts.
    Total,
}

impl Fault {
    /// Where it is, the rule and what to do, in English.
    pub fn en(&self) -> String {
        let Self { record, column, field, rule } = self;
        let [_, broken, todo, ..] = rule.texts();
        let [_, field, _] = field.texts();
        format!("record {record}, column {column}, {field}: {broken}; {todo}")
    }

    /// Where it is, the rule and what to do, in Japanese.
    pub fn ja(&self) -> String {
        let Self { record, column, field, rule } = self;
        let [_, _, _, broken, todo] = rule.texts();
        let [_, _, field] = field.texts();
        format!("{record}レコード目 {column}桁目 {field}: {broken}。{todo}")
    }
}

impl Field {
    /// A word that programs may rely on.
    pub const fn word(self) -> &'static str {
        let [word, ..] = self.texts();
        word
    }

    /// Word, English, Japanese.
    const fn texts(self) -> [&'static str; 3] {
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
        let [word, ..] = self.texts();
        word
    }

    /// Word; rule and what to do in English; the same in Japanese.
    const fn texts(self) -> [&'static str; 5] {
        match self {
            Self::Length => [
                "length",
                "a record has exactly 120 bytes",
                "export the file again as it is, without an editor",
                "1レコードは120バイトです",
                "編集せずにファイルを出力し直してください",
            ],
            Self::Separator => [
                "separator",
                "all records are separated alike: not at all, by CR LF or by LF",
                "export the file again with one kind of line end",
                "レコードの区切りは、なし・CRLF・LFのいずれかに統一します",
                "改行の設定を確認して出力し直してください",
            ],
            Self::Order => [
                "order",
                "a file is one header, data, one trailer and at most one end record",
                "send each batch as a file of its own",
                "ファイルはヘッダ・データ・トレーラ・エンドの順で1組だけです",
                "1組ずつ別のファイルで送ってください",
            ],
            Self::Incomplete => [
                "incomplete",
                "the file ends before its trailer record",
                "send the whole file",
                "トレーラレコードがありません",
                "ファイル全体を送り直してください",
            ],
            Self::BehindEnd => [
                "behind_end",
                "nothing stands behind the end of the file",
                "remove what follows the end mark",
                "ファイルの終わりの後にデータがあります",
                "終端以降を取り除いてください",
            ],
            Self::Empty => [
                "empty",
                "a batch has at least one data record",
                "send only batches that pay something",
                "データレコードが1件もありません",
                "振込のあるファイルを送ってください",
            ],
            Self::TooMany => [
                "too_many",
                "a batch has at most 100,000 records",
                "split the batch",
                "レコードは100,000件までです",
                "ファイルを分割してください",
            ],
            Self::Digits => [
                "digits",
                "digits only, with zeros in front",
                "correct the number",
                "半角数字（右詰め・前ゼロ）で入力します",
                "数字を修正してください",
            ],
            Self::Character => [
                "character",
                "half-width characters of JIS X 0201 only",
                "export the file in JIS code with half-width characters",
                "JIS X 0201の半角文字だけを使えます",
                "JISコード・半角文字で出力し直してください",
            ],
            Self::NameCharacter => [
                "name_character",
                "the bank does not take this character in names",
                "use capitals, large kana and a hyphen for long vowels",
                "名前に使えない文字です",
                "英大文字・大文字のカナ・長音はハイフンで入力してください",
            ],
            Self::Alignment => [
                "alignment",
                "a text begins in its first column and has blanks behind it",
                "move the text to the left",
                "左詰めで、残りを空白にします",
                "左詰めにしてください",
            ],
            Self::Blank => [
                "blank",
                "the name is not blank",
                "enter the name",
                "名前は必須です",
                "名前を入力してください",
            ],
            Self::Code => [
                "code",
                "a code that is known here",
                "use type code 11, 12, 21, 71 or 72, code class 0 and account type 1, 2, 4 or 9",
                "使用できないコードです",
                "種別コード11・12・21・71・72、コード区分0、預金種目1・2・4・9を使ってください",
            ],
            Self::Day => [
                "day",
                "a month and a day that exist",
                "correct the date",
                "存在する月日（MMDD）を指定します",
                "日付を修正してください",
            ],
            Self::Zero => [
                "zero",
                "an amount is at least 1 yen",
                "remove the record or correct the amount",
                "金額は1円以上です",
                "金額を修正するか、レコードを削除してください",
            ],
            Self::Count => [
                "count",
                "as many data records as the trailer says",
                "export the file again; do not add or remove records by hand",
                "件数がデータレコードと一致しません",
                "手作業で増減せず、出力し直してください",
            ],
            Self::Total => [
                "total",
                "the amounts add up to what the trailer says",
                "export the file again; do not change amounts by hand",
                "合計金額が明細と一致しません",
                "手作業で変更せず、出力し直してください",
            ],
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [_, english, _] = self.texts();
        f.write_str(english)
    }
}
