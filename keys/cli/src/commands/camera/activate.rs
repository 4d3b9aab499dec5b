//! `warifu camera activate`: the form of a front end, in the terminal or one step at a time.
//!
//! Not responsible for: which code is right, and how often one may be wrong.

use std::{
    io::{self, IsTerminal as _, Write as _},
    path::PathBuf,
};

use clap::{Args, ValueEnum};
use warifu_api::{
    SecretText,
    camera::{ActivationAnswer, ActivationRequest, ActivationShowQuery, ActivationStep},
    challenge::CodeRequest,
    client::Client,
};

use super::{actor::Front, picture::Picture, text};
use crate::{
    commands::answer::{Grounds, exit_of},
    exit::{EXIT_CODES, Exit, Failure},
    input,
    output::Output,
};

/// Take a camera token into service for a user (トランザクション認証利用開始登録).
///
/// Shows a picture that the token reads, asks for the 12 digits that the token shows, shows a second
/// picture and asks for 8 digits. Then press Done and Yes on the token. With --step, one step is done
/// without asking, for scripts: the code comes from --code-file.
#[derive(Args, Debug)]
#[command(after_long_help = format!("\
Examples:
  warifu camera activate C-1001 U1 0112345679 --reason 'at the counter' --reference T-30
  warifu camera activate C-1001 U1 0112345679 --acting U1 --may-approve --step start --json
  echo 001621148836 | warifu camera activate C-1001 U1 0112345679 --acting U1 \\
      --step device-code --activation 0112345679-0d20b52063568484493fa0b1 --png qr.png

{EXIT_CODES}"))]
pub(crate) struct Activate {
    /// Contract of the user
    contract: String,
    /// Name of the user within the contract
    user: String,
    /// Serial as printed on the token
    serial: String,
    /// The serial once more, where the bank's policy wants it twice
    #[arg(long, value_name = "SERIAL")]
    serial_again: Option<String>,
    /// Name that the token shows for the user, at most 30 characters; the user's name where absent
    #[arg(long, value_name = "NAME")]
    login_id: Option<String>,
    /// Vouch that the user has approval rights (承認権限)
    #[arg(long)]
    may_approve: bool,
    /// Do this step only
    #[arg(long, value_enum)]
    step: Option<Step>,
    /// Activation of a later step, as the first one names it
    #[arg(long, value_name = "ID", requires = "step")]
    #[arg(required_if_eq_any([("step", "device-code"), ("step", "confirm"), ("step", "show")]))]
    activation: Option<String>,
    /// File with the code of a step; `-` is standard input
    #[arg(long, value_name = "FILE", default_value = "-")]
    code_file: PathBuf,
    #[command(flatten)]
    picture: Picture,
    #[command(flatten)]
    front: Front,
    #[command(flatten)]
    grounds: Grounds,
}

/// Step on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Step {
    /// Begin, and show the first picture
    Start,
    /// Check the 12 digits, and show the second picture
    DeviceCode,
    /// Check the 8 digits
    Confirm,
    /// Show the picture of the present step again
    Show,
}

impl Activate {
    pub(super) async fn run(&self, client: &Client, out: Output) -> Result<Exit, Failure> {
        self.picture.check()?;
        let Some(step) = self.step else { return self.ask(client, out).await };
        let id = self.activation.as_deref().unwrap_or_default();
        let answer = match step {
            Step::Start => self.start(client).await?,
            Step::DeviceCode => self.device_code(client, id, self.code_in_file()?).await?,
            Step::Confirm => self.confirm(client, id, self.code_in_file()?).await?,
            Step::Show => {
                let query = ActivationShowQuery { image: self.picture.wanted() };
                client.activation(&self.contract, &self.user, id, &query).await?
            }
        };
        self.show(&answer, out)?;
        Ok(exit_of(answer.outcome))
    }

    /// The whole form. A code that is wrong is asked for again, as long as the server waits for it.
    async fn ask(&self, client: &Client, out: Output) -> Result<Exit, Failure> {
        if out.is_json() || !io::stdin().is_terminal() {
            let rule = "the form needs a terminal; with --json or without one use --step";
            return Err(Failure::new(Exit::Usage, rule));
        }
        let mut answer = self.start(client).await?;
        let Some(id) = answer.activation.clone() else {
            self.show(&answer, out)?;
            return Ok(exit_of(answer.outcome));
        };
        loop {
            self.show(&answer, out)?;
            answer = match answer.step {
                Some(ActivationStep::DeviceCode) => {
                    self.device_code(client, &id, typed("12 digits")?).await?
                }
                Some(ActivationStep::ConfirmCode) => {
                    self.confirm(client, &id, typed("8 digits")?).await?
                }
                Some(ActivationStep::Active) | None => return Ok(exit_of(answer.outcome)),
            };
        }
    }

    fn show(&self, answer: &ActivationAnswer, out: Output) -> Result<(), Failure> {
        self.picture.keep(answer.message.as_ref())?;
        out.show(answer, |answer| text::activation(answer, out.language()))
    }

    async fn start(&self, client: &Client) -> Result<ActivationAnswer, Failure> {
        let Grounds { reason, reference } = self.grounds.clone();
        let request = ActivationRequest {
            actor: self.front.actor(None),
            serial: self.serial.clone(),
            serial_again: self.serial_again.clone(),
            login_id: self.login_id.clone(),
            may_approve: self.may_approve,
            image: self.picture.wanted(),
            reason,
            reference,
        };
        Ok(client.start_activation(&self.contract, &self.user, &request).await?)
    }

    async fn device_code(
        &self,
        client: &Client,
        id: &str,
        code: SecretText,
    ) -> Result<ActivationAnswer, Failure> {
        let request = self.code(code);
        Ok(client.send_device_code(&self.contract, &self.user, id, &request).await?)
    }

    async fn confirm(
        &self,
        client: &Client,
        id: &str,
        code: SecretText,
    ) -> Result<ActivationAnswer, Failure> {
        let request = self.code(code);
        Ok(client.confirm_activation(&self.contract, &self.user, id, &request).await?)
    }

    fn code(&self, code: SecretText) -> CodeRequest {
        CodeRequest { actor: self.front.actor(None), code, image: self.picture.wanted() }
    }

    fn code_in_file(&self) -> Result<SecretText, Failure> {
        let code = input::secret(&self.code_file, "code")?;
        Ok(SecretText::new(digits(&code)))
    }
}

/// What a person types. It is shown: twelve digits typed blind are seldom right, and it is of no use
/// to anybody else.
fn typed(prompt: &str) -> Result<SecretText, Failure> {
    let mut error = io::stderr().lock();
    write!(error, "{prompt}: ").and_then(|()| error.flush())?;
    let mut line = String::new();
    if io::stdin().read_line(&mut line)? == 0 {
        return Err(Failure::new(Exit::Interrupted, "nothing was typed"));
    }
    Ok(SecretText::new(digits(&line)))
}

/// The token groups its digits; people type the blanks too.
pub(in crate::commands) fn digits(text: &str) -> String {
    text.split_whitespace().collect()
}
