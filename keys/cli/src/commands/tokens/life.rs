//! `warifu tokens issue`, `recall`, `lost`, `history`: a token between stock and bin.
//!
//! Not responsible for: what users do with it (`warifu user`).

use clap::Args;
use warifu_api::{
    Language,
    action::{ActionAnswer, IssueRequest, ReasonRequest},
    approval::ProposedOperation,
    client::Client,
    history::{TokenEvent, TokenHistory},
    token::Outcome,
};

use super::super::{
    answer::{self, Grounds, dash},
    propose::{Propose, or_propose, propose},
};
use crate::{
    connection::Connection,
    exit::{EXIT_CODES, Exit, Failure},
    label,
    language::named,
    output::{Output, clean, facts_in, headings, table},
};

/// Hand a token out to a contract (トークン発行).
#[derive(Args, Debug)]
#[command(after_long_help = format!("\
Examples:
  warifu tokens issue 00123456 --contract C-1001 --user U1 --reason 'form A-4713' --reference A-4713
  warifu tokens issue 00123457 --contract C-1001 --reason spare --reference A-4714

{EXIT_CODES}"))]
pub(crate) struct Issue {
    /// Serial as printed on the token
    serial: String,
    /// To which contract
    #[arg(long, value_name = "CONTRACT")]
    contract: String,
    /// To which user of it; any of them may register it where absent
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    #[command(flatten)]
    grounds: Grounds,
}

/// Take an issued token back to the stock, before anybody has registered it.
#[derive(Args, Debug)]
#[command(after_long_help = format!("\
Examples:
  warifu tokens recall 00123456 --reason 'letter came back' --reference A-4713

{EXIT_CODES}"))]
pub(crate) struct Recall {
    /// Serial as printed on the token
    serial: String,
    #[command(flatten)]
    grounds: Grounds,
}

/// Report a token lost (紛失): no code of it is accepted again, from any of its users.
///
/// There is no way back; a token that is found again stays lost. The bank's policy may want two people
/// for it: then --propose it, and have another person approve it.
#[derive(Args, Debug)]
#[command(after_long_help = format!("\
Examples:
  warifu tokens lost 00123456 --reason 'left on a train' --reference T-22
  warifu tokens lost 00123456 --reason 'left on a train' --reference T-22 --propose

{EXIT_CODES}"))]
pub(crate) struct Lost {
    /// Serial as printed on the token
    serial: String,
    #[command(flatten)]
    grounds: Grounds,
    #[command(flatten)]
    propose: Propose,
}

/// Show what was done with a token last, and why its last code failed.
///
/// The last 10 events are shown, the newest first; all of them are in the audit chain. A right code
/// matched a counter or time step; a wrong one left a number of attempts. Below, who uses the token,
/// and what it all means, to tell the customer on the phone.
#[derive(Args, Debug)]
#[command(after_long_help = format!("\
Examples:
  warifu tokens history 00123456
  warifu tokens history 00123456 --language ja

{EXIT_CODES}"))]
pub(crate) struct History {
    /// Serial as printed on the token
    serial: String,
}

impl Issue {
    pub(super) async fn run(&self, client: &Client, out: Output) -> Result<Exit, Failure> {
        let Grounds { reason, reference } = self.grounds.clone();
        let (contract, user) = (self.contract.clone(), self.user.clone());
        let request = IssueRequest { contract, user, reason, reference };
        show(&client.issue_token(&self.serial, &request).await?, out)
    }
}

impl Recall {
    pub(super) async fn run(&self, client: &Client, out: Output) -> Result<Exit, Failure> {
        let Grounds { reason, reference } = self.grounds.clone();
        let request = ReasonRequest { reason, reference };
        show(&client.recall_token(&self.serial, &request).await?, out)
    }
}

impl Lost {
    pub(super) async fn run(&self, client: &Client, out: Output) -> Result<Exit, Failure> {
        if self.propose.propose {
            let (serial, request) = (self.serial.clone(), self.grounds.change());
            return propose(client, ProposedOperation::TokenLost { serial, request }, out).await;
        }
        let Grounds { reason, reference } = self.grounds.clone();
        let request = ReasonRequest { reason, reference };
        show(&client.report_lost(&self.serial, &request).await.map_err(or_propose)?, out)
    }
}

fn show(answer: &ActionAnswer, out: Output) -> Result<Exit, Failure> {
    out.show(answer, |answer| answer::text(answer, out.language()))?;
    Ok(answer::exit_of(answer.outcome))
}

impl History {
    pub(crate) async fn run(&self, connection: &Connection, out: Output) -> Result<Exit, Failure> {
        let history = connection.client()?.token_history(&self.serial).await?;
        out.show(&history, |history| text(history, out.language()))?;
        Ok(Exit::Ok)
    }
}

fn text(history: &TokenHistory, language: Language) -> String {
    let head = [
        label::AT,
        label::ACTION,
        label::OUTCOME,
        label::MATCHED,
        label::ATTEMPTS,
        label::USER,
        label::BY,
    ];
    let row = |event: &TokenEvent| {
        let (matched, left) = numbers(event);
        [
            event.at.to_string(),
            label::action(language, &event.action),
            label::outcome(language, &event.outcome),
            matched.map_or_else(dash, |number| number.to_string()),
            left.map_or_else(dash, |number| number.to_string()),
            event.user.clone().unwrap_or_else(dash),
            event.by.clone(),
        ]
    };
    let mut text = table(headings(language, head), history.items.iter().map(row));
    text.push('\n');
    text.push_str(&facts_in(
        language,
        [
            (label::SERIAL, Some(history.serial.clone())),
            (label::STATUS, Some(named(history.status, language))),
            (label::LIFE, Some(named(history.life, language))),
            (label::CONTRACT, history.contract.clone()),
            (label::USERS, users(history)),
        ],
    ));
    if let Some(explanation) = &history.explanation {
        text.extend(["\n", &clean(explanation), "\n"]);
    }
    text
}

/// The one number of an event means something else after a right code (which counter or time step it
/// was for) than after a wrong one (how many more may be wrong).
fn numbers(event: &TokenEvent) -> (Option<u64>, Option<u64>) {
    let accepted = event.outcome == Outcome::Accepted.word();
    if accepted { (event.number, None) } else { (None, event.number) }
}

fn users(history: &TokenHistory) -> Option<String> {
    let more = if history.users_more { ", ..." } else { "" };
    (!history.users.is_empty()).then(|| history.users.join(", ") + more)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history() -> TokenHistory {
        serde_json::from_str(
            r#"{"serial":"0012","status":"locked","life":"in_service","contract":"C1",
                "items":[
                  {"at":"2026-11-21T13:30:00Z","action":"verify","outcome":"wrong","number":0,
                   "user":"U1","by":"front-1"},
                  {"at":"2026-11-21T13:00:00Z","action":"register","outcome":"accepted",
                   "number":7,"user":"U1","by":"operator-1"},
                  {"at":"2026-11-21T12:00:00Z","action":"issue","outcome":"done",
                   "user":"U1","by":"operator-1"}],
                "users":["U1","U2"],"users_more":true,"explanation":"It is locked."}"#,
        )
        .unwrap()
    }

    #[test]
    fn a_history_ends_with_what_it_means() {
        assert_eq!(
            text(&history(), Language::En),
            "\
AT                    ACTION    OUTCOME   MATCHED  ATTEMPTS LEFT  USER  BY
2026-11-21T13:30:00Z  verify    wrong     -        0              U1    front-1
2026-11-21T13:00:00Z  register  accepted  7        -              U1    operator-1
2026-11-21T12:00:00Z  issue     done      -        -              U1    operator-1

serial    0012
status    locked
life      in_service
contract  C1
users     U1, U2, ...

It is locked.
"
        );
    }

    #[test]
    fn in_japanese_it_speaks_as_the_banks_do() {
        let text = text(&history(), Language::Ja);
        for word in ["認証", "不一致", "利用開始登録", "完了", "利用停止", "サービス利用中"]
        {
            assert!(text.contains(word), "{word}: {text}");
        }
    }
}
