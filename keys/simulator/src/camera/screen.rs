//! What the user sees: one screen, as facts for programs and as a picture made of characters.
//!
//! Not responsible for: what comes next (`device`). The words are those of the banks' manuals where
//! these have some: DP007, DP008, DP011 and DP020 are numbers that the screens show there.

use std::fmt;

use serde::Serialize;
use warifu_core::code::Code;

use super::device::Device;
use super::drawing;
use super::refusal::Refusal;
use super::stage::{Ending, Stage};

/// One screen of the device.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Screen {
    /// Stable word for the kind of screen.
    pub stage: &'static str,
    /// Dimmed: any button wakes it, and nothing else stands here until then.
    pub dark: bool,
    /// Number of the screen in the manuals.
    pub id: Option<&'static str>,
    /// The first line: it names the operation.
    pub title: String,
    /// The lines below, whole; the drawing breaks long ones.
    pub lines: Vec<String>,
    /// The digits to type into the bank's page, without the blanks of the drawing.
    pub code: Option<String>,
    /// This page and the number of pages, where there is more than one.
    pub page: Option<(usize, usize)>,
    /// Word above the left button.
    pub left: Option<&'static str>,
    /// Word above the right button.
    pub right: Option<&'static str>,
    /// Why a code was not taken, or why a procedure ended.
    pub refusal: Option<&'static str>,
    /// Seconds until what is pending is dropped. The device does not show them.
    pub seconds_left: Option<u64>,
}

const REGISTRATION: &str = "【利用開始登録】";
const READ_CODE: &str = "<二次元コード>を読み取ってください。";
const NEXT: &str = "次へ Next";
const BACK: &str = "戻る Back";
const YES: &str = "はい Yes";
const NO: &str = "いいえ No";
const DONE: &str = "完了 Done";
const OK: &str = "OK";

impl Screen {
    pub(super) fn of(device: &Device) -> Self {
        let stage = device.stage.word();
        let left = device.stage.deadline().map(|until| until.0.saturating_sub(device.now.0));
        let shown = if device.is_dark() {
            Self { dark: true, ..Self::default() }
        } else {
            Self::lit(device)
        };
        Self { stage, seconds_left: left, ..shown }
    }

    fn lit(device: &Device) -> Self {
        match &device.stage {
            Stage::Off => Self::default(),
            Stage::Camera(None) => {
                Self::says("【カメラ】", [READ_CODE, "Hold the code before the camera."])
            }
            Stage::Camera(Some(_)) => {
                Self::says(REGISTRATION, [READ_CODE, "Hold the second code before the camera."])
                    .buttons(Some(BACK), None)
            }
            Stage::DeviceCode(pending) => {
                let bank = format!("金融機関 {}", pending.first.bank);
                Self::says(REGISTRATION, ["以下のコードを入力してください。", &bank])
                    .code(pending.code.clone())
                    .buttons(None, Some(NEXT))
            }
            Stage::Accepted(_) => Self::says(
                REGISTRATION,
                ["入力されたコードは認証されましたか?", "Was the code accepted?"],
            )
            .id("DP007")
            .buttons(Some(NO), Some(YES)),
            Stage::Second(_) => Self::says(REGISTRATION, [READ_CODE, "Scan the second code."])
                .id("DP008")
                .buttons(Some(BACK), Some("続ける Continue")),
            Stage::Confirm { answered, .. } => {
                let user = format!("利用者 {}", answered.second.login_id);
                let ask = "利用開始登録を完了するため、";
                Self::says(REGISTRATION, [ask, "以下のコードを入力してください。", &user])
                    .code(text(&answered.code))
                    .buttons(None, Some(DONE))
            }
            Stage::Registered { .. } => {
                Self::says(REGISTRATION, ["登録は完了しましたか?", "Is the registration complete?"])
                    .id("DP011")
                    .buttons(Some(NO), Some(YES))
            }
            Stage::Task { task, page, .. } => Self::task(task, *page),
            Stage::Erase { task, .. } => Self::says(
                &task.title,
                ["初期化は完了しましたか?", "Is the deactivation complete?"],
            )
            .buttons(Some(NO), Some(YES)),
            Stage::Finished(ending) => Self::finished(*ending),
            Stage::Info => Self::info(device),
            Stage::Fault { refusal, .. } => Self::fault(*refusal),
        }
    }

    fn task(task: &super::task::Task, page: usize) -> Self {
        let shown = task.pages.get(page).map_or_else(
            || {
                let right = if task.erases { DONE } else { "終了 End" };
                Self::says(&task.title, ["トランザクション認証番号"])
                    .code(text(&task.code))
                    .buttons(Some(BACK), Some(right))
            },
            |lines| {
                let left = if page == 0 { "中止 Cancel" } else { BACK };
                let lines = lines.iter().map(String::as_str);
                Self::says(&task.title, lines).buttons(Some(left), Some(NEXT))
            },
        );
        let number = |index: usize| index.saturating_add(1);
        Self { page: Some((number(page), number(task.pages.len()))), ..shown }
    }

    fn finished(ending: Ending) -> Self {
        let (title, lines) = match ending {
            Ending::Activated => {
                (REGISTRATION, ["トークンの設定が完了しました。", "The device is activated."])
            }
            Ending::Deactivated => (
                "【トークン初期化】",
                ["トークンは初期化されました。", "The device is deactivated."],
            ),
        };
        Self::says(title, lines).buttons(None, Some(OK))
    }

    fn info(device: &Device) -> Self {
        let title = "【トークン情報】";
        let serial = format!("シリアル番号 {}", device.serial());
        let screen = if let Some(instance) = &device.memory.instance {
            let code = format!("トークンコード {}", instance.token_code);
            Self::says(title, [serial.as_str(), &code])
        } else {
            let lines = Refusal::NotRegistered.lines().iter().copied();
            let screen = Self::says(title, lines.chain([serial.as_str()]));
            Self { id: Refusal::NotRegistered.id(), ..screen }
        };
        screen.buttons(None, Some(OK))
    }

    fn fault(refusal: Refusal) -> Self {
        let screen = Self::says("【エラー】", refusal.lines().iter().copied());
        Self { id: refusal.id(), refusal: Some(refusal.word()), ..screen }.buttons(None, Some(OK))
    }

    fn says<'a>(title: &str, lines: impl IntoIterator<Item = &'a str>) -> Self {
        let lines = lines.into_iter().map(str::to_owned).collect();
        Self { title: title.to_owned(), lines, ..Self::default() }
    }

    fn id(self, id: &'static str) -> Self {
        Self { id: Some(id), ..self }
    }

    fn code(self, digits: String) -> Self {
        Self { code: Some(digits), ..self }
    }

    fn buttons(self, left: Option<&'static str>, right: Option<&'static str>) -> Self {
        Self { left, right, ..self }
    }
}

/// The picture, made of characters.
impl fmt::Display for Screen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        drawing::rows(self).iter().try_for_each(|row| writeln!(f, "{row}"))
    }
}

/// The digits of a code, which are there to be shown.
fn text(code: &Code) -> String {
    String::from_utf8_lossy(code.expose()).into_owned()
}
