//! `warifu keys ceremony`: a transport key put together from components that different officers type.
//!
//! Not responsible for: putting them together, nor for who may enter one; the server and the HSM do
//! that. A component is never an argument and never shown.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use warifu_api::{
    Language, SecretText,
    client::Client,
    key::{
        self, CeremonyRequest, CeremonyState, ComponentRequest, ConfirmRequest, KcvMethod, KeyShape,
    },
};
use zeroize::Zeroizing;

use super::{label, text};
use crate::{
    exit::{EXIT_CODES, Exit, Failure},
    input,
    output::Output,
};

/// Put a manufacturer's key together from components.
///
/// The manufacturer sends 2 to 5 components to as many officers, each by another way, with a printed
/// check value each. One officer opens the ceremony; each officer enters one component with a
/// certificate of their own. The components are combined by XOR; whoever knows all but one of them
/// knows nothing of the key.
#[derive(Debug, Subcommand)]
pub(crate) enum Ceremony {
    Open(Open),
    Enter(Enter),
    /// Show who entered which component, and what is missing
    #[command(after_long_help = EXIT_CODES)]
    Show(One),
    /// List open ceremonies, and those that ended lately
    #[command(after_long_help = EXIT_CODES)]
    List,
    Confirm(Confirm),
    /// Give a ceremony up; its components are wiped
    #[command(after_long_help = EXIT_CODES)]
    Abort(One),
}

/// Open a ceremony.
#[derive(Args, Debug)]
#[command(after_long_help = format!("\
Examples:
  warifu keys ceremony open acme-2026 --shape aes-256 --components 3 --kcv 3a1f90
  warifu keys ceremony open old-vendor --shape 3des-2key --components 2

{EXIT_CODES}"))]
pub(crate) struct Open {
    /// Name of the key, for `warifu import --key-label`
    #[arg(value_parser = label)]
    label: String,
    /// Kind of the key
    #[arg(long, value_enum)]
    shape: ShapeWord,
    /// How many components there are
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(2..=5))]
    components: u8,
    /// Check value of the whole key, as the manufacturer states it
    ///
    /// Where it is given, the key is made as soon as the last component is in; else an officer
    /// confirms the value that is shown then (`warifu keys ceremony confirm`).
    #[arg(long, value_name = "HEX", value_parser = check_value)]
    kcv: Option<String>,
    /// How the manufacturer computes check values
    #[arg(long, value_enum, default_value = "ecb")]
    kcv_method: MethodWord,
}

/// Enter your component.
///
/// It is typed twice, without being shown, or read from a file of mode 0600. Then the printed check
/// value is asked for: the server refuses a component that does not have it, and keeps nothing of it.
/// Blanks between groups of digits do not count.
#[derive(Args, Debug)]
#[command(after_long_help = format!("\
Examples:
  warifu keys ceremony enter 4f0c --kcv 9b04e1

{EXIT_CODES}"))]
pub(crate) struct Enter {
    /// Id of the ceremony
    id: String,
    /// File with the component in hexadecimal, mode 0600; `-` is standard input; typed where absent
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Check value printed with the component; asked for at a terminal where absent
    #[arg(long, value_name = "HEX", value_parser = check_value)]
    kcv: Option<String>,
}

/// One ceremony.
#[derive(Args, Debug)]
pub(crate) struct One {
    /// Id of the ceremony
    id: String,
}

/// Confirm the check value of the whole key; it is made in the HSM then.
///
/// Give the value that the manufacturer states, not the one that is shown. Where they differ, a component
/// is wrong: give the ceremony up.
#[derive(Args, Debug)]
#[command(after_long_help = format!("\
Examples:
  warifu keys ceremony confirm 4f0c --kcv 3a1f90

{EXIT_CODES}"))]
pub(crate) struct Confirm {
    /// Id of the ceremony
    id: String,
    /// Check value of the whole key, as the manufacturer states it
    #[arg(long, value_name = "HEX", value_parser = check_value)]
    kcv: String,
}

/// Kind of a key on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ShapeWord {
    /// AES, 16 bytes
    #[value(name = "aes-128")]
    Aes128,
    /// AES, 24 bytes
    #[value(name = "aes-192")]
    Aes192,
    /// AES, 32 bytes
    #[value(name = "aes-256")]
    Aes256,
    /// Triple DES with two keys, 16 bytes
    #[value(name = "3des-2key")]
    TripleDes2,
    /// Triple DES with three keys, 24 bytes
    #[value(name = "3des-3key")]
    TripleDes3,
}

/// Way of a check value on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum MethodWord {
    /// The cipher over a zero block, first 3 bytes
    Ecb,
    /// CMAC over a zero block, first 5 bytes (ANSI X9.24-1)
    Cmac,
}

impl ShapeWord {
    const fn shape(self) -> KeyShape {
        match self {
            Self::Aes128 => KeyShape::Aes128,
            Self::Aes192 => KeyShape::Aes192,
            Self::Aes256 => KeyShape::Aes256,
            Self::TripleDes2 => KeyShape::TripleDes2,
            Self::TripleDes3 => KeyShape::TripleDes3,
        }
    }
}

impl MethodWord {
    const fn method(self) -> KcvMethod {
        match self {
            Self::Ecb => KcvMethod::Ecb,
            Self::Cmac => KcvMethod::Cmac,
        }
    }
}

fn check_value(text: &str) -> Result<String, String> {
    let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let fits = matches!(digits.len(), 4..=16) && digits.chars().all(|c| c.is_ascii_hexdigit());
    let rule = || "4 to 16 hexadecimal digits, as printed".to_owned();
    if fits { Ok(digits.to_ascii_lowercase()) } else { Err(rule()) }
}

impl Ceremony {
    pub(super) async fn run(&self, client: &Client, out: Output) -> Result<Exit, Failure> {
        let ceremony = match self {
            Self::List => {
                let list = client.ceremonies().await?;
                out.show(&list, |list| text::ceremonies(list, out.language()))?;
                return Ok(Exit::Ok);
            }
            Self::Open(open) => client.open_ceremony(&open.request()).await?,
            Self::Enter(enter) => enter.run(client, out).await?,
            Self::Show(One { id }) => client.ceremony(id).await?,
            Self::Confirm(Confirm { id, kcv }) => {
                client.confirm_ceremony(id, &ConfirmRequest { kcv: kcv.clone() }).await?
            }
            Self::Abort(One { id }) => client.abort_ceremony(id).await?,
        };
        out.show(&ceremony, |ceremony| text::ceremony(ceremony, out.language()))?;
        Ok(self.exit_of(ceremony.state))
    }

    /// An abort that was not asked for is a refusal.
    const fn exit_of(&self, state: CeremonyState) -> Exit {
        match (self, state) {
            (Self::Open(_) | Self::Enter(_) | Self::Confirm(_), CeremonyState::Aborted) => {
                Exit::Refused
            }
            _ => Exit::Ok,
        }
    }
}

impl Open {
    fn request(&self) -> CeremonyRequest {
        CeremonyRequest {
            label: self.label.clone(),
            shape: self.shape.shape(),
            components: self.components,
            kcv_method: Some(self.kcv_method.method()),
            kcv: self.kcv.clone(),
        }
    }
}

impl Enter {
    async fn run(&self, client: &Client, out: Output) -> Result<key::Ceremony, Failure> {
        // Asked first: nobody types 64 digits twice for a ceremony that is over.
        let ceremony = client.ceremony(&self.id).await?;
        if ceremony.state != CeremonyState::Open {
            let message = format!("ceremony {} takes no component: {}", self.id, ceremony.state);
            return Err(Failure::new(Exit::Refused, message));
        }
        let component = component(&self.typed(out)?, ceremony.shape)?;
        let kcv = match &self.kcv {
            Some(kcv) => Some(kcv.clone()),
            None if out.is_json() || self.file.is_some() => None,
            None => asked_check_value(out)?,
        };
        let request = ComponentRequest { component, kcv };
        Ok(client.ceremony_component(&self.id, &request).await?)
    }

    fn typed(&self, out: Output) -> Result<Zeroizing<String>, Failure> {
        let prompt = match out.language() {
            Language::En => "component in hexadecimal",
            Language::Ja => "鍵部品（16進数）",
        };
        match &self.file {
            Some(path) => input::secret(path, prompt),
            None => input::typed_twice(prompt),
        }
    }
}

fn asked_check_value(out: Output) -> Result<Option<String>, Failure> {
    let question = match out.language() {
        Language::En => "check value printed with it (nothing, if there is none)",
        Language::Ja => "印刷されたチェック値（なければ空のまま）",
    };
    match input::asked(question)? {
        None => Ok(None),
        Some(typed) if typed.is_empty() => Ok(None),
        Some(typed) => check_value(&typed).map(Some).map_err(|rule| {
            Failure::new(Exit::Usage, format!("check value: {rule}; nothing was sent"))
        }),
    }
}

/// The digits without what people put between them. A length that can not be right is told here: the
/// server would refuse it too, but a component should not travel in vain.
fn component(typed: &str, shape: KeyShape) -> Result<SecretText, Failure> {
    let mut digits = Zeroizing::new(String::with_capacity(typed.len()));
    digits.extend(typed.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_lowercase()));
    let Some(wanted) = length(shape).map(|bytes| bytes * 2) else {
        let message = format!("a key of the kind {shape} has no components");
        return Err(Failure::new(Exit::Refused, message));
    };
    if digits.len() == wanted && digits.chars().all(|c| c.is_ascii_hexdigit()) {
        return Ok(SecretText::new(digits.as_str().to_owned()));
    }
    let message =
        format!("a component of {shape} is {wanted} hexadecimal digits; nothing was sent");
    Err(Failure::new(Exit::Usage, message))
}

/// Bytes of a key and of each of its components; pairs have none.
const fn length(shape: KeyShape) -> Option<usize> {
    Some(match shape {
        KeyShape::Aes128 | KeyShape::TripleDes2 => 16,
        KeyShape::Aes192 | KeyShape::TripleDes3 => 24,
        KeyShape::Aes256 => 32,
        KeyShape::Rsa2048 | KeyShape::Rsa3072 | KeyShape::Rsa4096 => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_component_is_as_long_as_its_key_and_groups_do_not_count() {
        let sixteen = "0011 2233 4455 6677 8899 AABB CCDD EEFF";
        let sent = component(sixteen, KeyShape::Aes128).unwrap();
        assert_eq!(sent.expose(), "00112233445566778899aabbccddeeff");
        assert!(component(sixteen, KeyShape::TripleDes2).is_ok());
        for (typed, shape) in [
            (sixteen, KeyShape::Aes256),
            ("0011", KeyShape::Aes128),
            ("割0112233445566778899aabbccddee", KeyShape::Aes128),
            ("", KeyShape::Rsa2048),
        ] {
            assert!(component(typed, shape).is_err(), "{typed}");
        }
    }

    #[test]
    fn a_refused_component_is_not_repeated_in_the_message() {
        let failure = component("0011223344", KeyShape::Aes128).unwrap_err();
        assert!(!format!("{failure:?}").contains("0011223344"));
    }

    #[test]
    fn check_values_are_read_as_printed() {
        assert_eq!(check_value("3A1F 90").unwrap(), "3a1f90");
        assert_eq!(check_value("3a1f9000ff").unwrap(), "3a1f9000ff");
        assert!(check_value("3a").is_err() && check_value("3a1f9g").is_err());
    }
}
