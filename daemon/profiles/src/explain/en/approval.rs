//! Rules about four eyes, in English. Not responsible for: other rules (`en`); keep the languages
//! alike.

use warifu_core::rules::{ApprovalRules, SeedExposure};

use super::{many, thousands};

pub(super) fn approval(rules: &ApprovalRules) -> Vec<String> {
    let mut told = needs(rules);
    told.push(match rules.unlock_above {
        Some(0) => "Lifting a lock needs a second person.".to_owned(),
        Some(most) => format!(
            "Lifting the locks of more than {} at once needs a second person.",
            many(most.into(), "user")
        ),
        None => "Locks are lifted by one person, of however many users at once.".to_owned(),
    });
    told.push(format!(
        "What waits for a second person is void after {}.",
        many(rules.lifetime_h.into(), "hour")
    ));
    told.push(
        "Nobody decides about what they proposed themselves, whatever certificates they hold."
            .to_owned(),
    );
    told.push(format!("A batch has {} tokens at most.", thousands(rules.most_tokens.into())));
    told.push(
        match rules.exposure {
            SeedExposure::Inside => {
                "Seeds must be readable nowhere on their way: they are decrypted inside the HSM."
            }
            SeedExposure::Worker => {
                "Seeds may be readable on their way in the process that talks to the HSM, and \
                 nowhere else."
            }
            SeedExposure::Anywhere => {
                "Seeds may be readable on their way into the HSM; the report of each batch says \
                 where they were."
            }
        }
        .to_owned(),
    );
    told
}

fn needs(rules: &ApprovalRules) -> Vec<String> {
    let all = [
        (rules.batches, "putting a batch of tokens into service"),
        (rules.keys, "making, entering and destroying keys of the HSM"),
        (rules.lost, "reporting a token lost"),
        (rules.initialise, "initialising a camera token"),
    ];
    let of = |asked| {
        let found = all.iter().filter(|(needs, _)| *needs == asked);
        found.map(|(_, what)| *what).collect::<Vec<_>>().join("; ")
    };
    let (two, one) = (of(true), of(false));
    let mut told = Vec::new();
    if !two.is_empty() {
        told.push(format!("A second person must agree to: {two}."));
    }
    if !one.is_empty() {
        told.push(format!("One person alone may do this: {one}."));
    }
    told
}
