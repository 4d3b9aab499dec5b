//! `warifu policy`: reads, checks and explains policy profiles, without a server.
//!
//! Not responsible for: what a profile may say (warifu-profiles), or for bringing one into service:
//! the server's configuration names it.

mod institution;

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use warifu_profiles::{BUILT_IN, Fault, Language, Profile, built_in, find};

use crate::{
    exit::{EXIT_CODES, Exit, Failure},
    input,
    output::{Output, clean, print, table},
};

/// What a bank decides about its tokens and users: check it, and read it in words.
#[derive(Debug, Subcommand)]
pub(crate) enum Policy {
    /// List the built-in profiles
    #[command(after_long_help = EXIT_CODES)]
    List,
    Show(Show),
    Check(Check),
    Explain(Explain),
}

/// Print the text of a built-in profile, to read and to copy from.
///
/// `warifu policy show default` is the reference of all keys.
#[derive(Args, Debug)]
#[command(after_long_help = EXIT_CODES)]
pub(crate) struct Show {
    /// Name of the profile
    #[arg(value_name = "NAME")]
    name: String,
}

/// Tell every fault of profiles of your own, each with file and line.
///
/// With --json there is one object per file: file, good, faults (file, line, key, rule, example).
#[derive(Args, Debug)]
#[command(after_long_help = format!("\
Example:
  warifu policy check /etc/warifu/my-bank.toml

{EXIT_CODES}"))]
pub(crate) struct Check {
    /// The files
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
}

/// Say in sentences what a profile does.
///
/// With --json there is one object: name, title, base, time_zone, chapters (key, title, sentences).
#[derive(Args, Debug)]
#[command(after_long_help = format!("\
Examples:
  warifu policy explain bank-004
  warifu policy explain /etc/warifu/my-bank.toml --language ja
  warifu policy explain --institution bank-000 --config /etc/warifu/warifud.toml

{EXIT_CODES}"))]
pub(crate) struct Explain {
    /// A built-in profile, or a file
    #[arg(value_name = "NAME|FILE", required_unless_present = "institution")]
    name_or_file: Option<String>,
    /// The profile of this institution, with the numbers that the server's configuration lays over it
    #[arg(long, value_name = "NAME", conflicts_with = "name_or_file")]
    institution: Option<String>,
    /// The server's configuration
    #[arg(long, value_name = "FILE", default_value = "/etc/warifu/warifud.toml")]
    config: PathBuf,
}

impl Policy {
    pub(crate) fn run(&self, out: Output) -> Result<Exit, Failure> {
        match self {
            Self::List => list(out),
            Self::Show(show) => show.run(out),
            Self::Check(check) => check.run(out),
            Self::Explain(explain) => explain.run(out),
        }
    }
}

fn list(out: Output) -> Result<Exit, Failure> {
    let profiles: Vec<_> = BUILT_IN.iter().filter_map(|one| find(one.name).ok()).collect();
    let values: Vec<_> = profiles
        .iter()
        .map(|one| json!({"name": one.name, "title_en": one.title_en, "title_ja": one.title_ja}))
        .collect();
    let row = |one: &Profile| [one.name.clone(), one.title(language(out)).to_owned()];
    out.show(&values, |_| table(["NAME", "TITLE"], profiles.iter().map(row)))?;
    Ok(Exit::Ok)
}

impl Show {
    fn run(&self, out: Output) -> Result<Exit, Failure> {
        let Some(found) = built_in(&self.name) else {
            let names = BUILT_IN.map(|one| one.name).join(", ");
            let rule = format!("there is no built-in profile {:?}; there are {names}", self.name);
            return Err(Failure::new(Exit::Usage, rule));
        };
        let value = json!({"name": found.name, "text": found.text});
        out.show(&value, |_| found.text.to_owned())?;
        Ok(Exit::Ok)
    }
}

impl Check {
    fn run(&self, out: Output) -> Result<Exit, Failure> {
        let mut exit = Exit::Ok;
        for file in &self.files {
            let text = fs::read_to_string(file).map_err(|e| input::unreadable(file, &e))?;
            let faults = Profile::parse(&text, &file.display().to_string()).err();
            let faults = faults.unwrap_or_default();
            if !faults.is_empty() {
                exit = Exit::Refused;
            }
            out.show(&checked(file, &faults), |_| checked_text(file, &faults))?;
        }
        Ok(exit)
    }
}

fn checked(file: &Path, faults: &[Fault]) -> Value {
    let told = faults.iter().map(|fault| {
        let Fault { file, line, key, rule, example } = fault;
        json!({"file": &**file, "line": line, "key": key, "rule": rule, "example": example})
    });
    let told: Vec<_> = told.collect();
    json!({"file": file.display().to_string(), "good": told.is_empty(), "faults": told})
}

fn checked_text(file: &Path, faults: &[Fault]) -> String {
    let file = clean(&file.display().to_string());
    if faults.is_empty() {
        return format!("{file}: good");
    }
    let count = faults.len();
    let faults_word = if count == 1 { "fault" } else { "faults" };
    format!("{file}: {count} {faults_word}\n{}", lines(faults))
}

fn lines(faults: &[Fault]) -> String {
    let lines =
        faults.iter().flat_map(|fault| fault.to_string().lines().map(clean).collect::<Vec<_>>());
    lines.collect::<Vec<_>>().join("\n")
}

impl Explain {
    fn run(&self, out: Output) -> Result<Exit, Failure> {
        let profile = match (&self.institution, &self.name_or_file) {
            (Some(name), _) => institution::profile(&self.config, name)?,
            (None, Some(name)) => find(name).map_err(|faults| refused(Exit::Refused, &faults))?,
            (None, None) => return Err(Failure::new(Exit::Usage, "which profile?")),
        };
        let language = language(out);
        if out.is_json() {
            print(&explained(&profile, language).to_string())?;
        } else {
            print(explained_text(&profile, language).trim_end())?;
        }
        Ok(Exit::Ok)
    }
}

/// All faults of a profile that can not be explained for them.
fn refused(exit: Exit, faults: &[Fault]) -> Failure {
    Failure::new(exit, format!("the profile is not good\n{}", lines(faults)))
}

fn explained(profile: &Profile, language: Language) -> Value {
    let chapters = profile.explain(language).into_iter().map(|chapter| {
        json!({"key": chapter.key, "title": chapter.title, "sentences": chapter.sentences})
    });
    json!({
        "name": profile.name,
        "title": profile.title(language),
        "base": profile.base,
        "time_zone": profile.zone,
        "chapters": chapters.collect::<Vec<_>>(),
    })
}

fn explained_text(profile: &Profile, language: Language) -> String {
    let mut text = format!("{} ({})\n", clean(profile.title(language)), clean(&profile.name));
    for chapter in profile.explain(language) {
        text.extend(["\n", chapter.title, "\n"]);
        for sentence in &chapter.sentences {
            text.extend(["  ", &clean(sentence), "\n"]);
        }
    }
    text
}

fn language(out: Output) -> Language {
    match out.language() {
        warifu_api::Language::En => Language::En,
        warifu_api::Language::Ja => Language::Ja,
    }
}
