//! `warifu imports approve` and `reject`: the second officer's part.
//!
//! Not responsible for: who that may be; the server knows who staged the batch.

use clap::Args;
use warifu_api::{
    approval::DecisionRequest,
    client::Client,
    import::{ApproveRequest, ImportJob, ImportState},
};

use crate::{
    commands::{fingerprint, import},
    exit::{EXIT_CODES, Exit, Failure},
    output::Output,
};

/// Approve a staged batch: all of it goes into service.
///
/// By another officer than staged it, whatever certificates they hold. Shows the report and asks for
/// the first and last digits of the fingerprint, which whoever staged the batch gives you by another
/// way: compare counts and samples with the delivery note and with tokens in hand. With --fingerprint
/// nothing is shown or asked.
#[derive(Args, Debug)]
#[command(after_long_help = format!("\
Examples:
  warifu imports approve 4f0c
  warifu imports approve 4f0c --accept-quarantined --reason 'weak seeds accepted by risk office, R-88'

{EXIT_CODES}"))]
pub(crate) struct Approve {
    /// Id of the import
    id: String,
    /// Fingerprint of the staged batch, whole; asked for where absent
    #[arg(long, value_name = "HEX", value_parser = fingerprint::parse)]
    fingerprint: Option<String>,
    /// Take tokens in quarantine too; a batch that has some is not approved without
    #[arg(long)]
    accept_quarantined: bool,
    /// What to say about it; goes into the audit chain
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// Refuse a staged batch; nothing of it is kept but its report.
///
/// By another officer than staged it; whoever staged it cancels it (`warifu imports cancel`).
#[derive(Args, Debug)]
#[command(after_long_help = format!("\
Examples:
  warifu imports reject 4f0c --reason 'counts differ from the delivery note'

{EXIT_CODES}"))]
pub(crate) struct Reject {
    /// Id of the import
    id: String,
    /// Why; goes into the audit chain
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

impl Approve {
    pub(super) async fn run(&self, client: &Client, out: Output) -> Result<Exit, Failure> {
        let fingerprint = match &self.fingerprint {
            Some(fingerprint) => fingerprint.clone(),
            None => self.compared(client, out).await?,
        };
        let request = ApproveRequest {
            fingerprint,
            accept_quarantined: self.accept_quarantined,
            reason: self.reason.clone(),
        };
        let job = client.approve_import(&self.id, &request).await?;
        let job = import::finished(client, job, out).await?;
        out.show(&job, |job| import::text(job, out.language()))?;
        Ok(import::exit_of(&job))
    }

    async fn compared(&self, client: &Client, out: Output) -> Result<String, Failure> {
        let job = client.import(&self.id).await?;
        let fingerprint = self.decidable(&job)?;
        fingerprint::compare(&fingerprint, &import::text(&job, out.language()), out)?;
        Ok(fingerprint)
    }

    /// Told before anybody compares digits in vain.
    fn decidable(&self, job: &ImportJob) -> Result<String, Failure> {
        let refused = |message| Err(Failure::new(Exit::Refused, message));
        let quarantined = job.report.as_ref().map_or(0, |report| report.quarantined);
        match &job.fingerprint {
            Some(_) if quarantined > 0 && !self.accept_quarantined => refused(format!(
                "{quarantined} tokens are in quarantine; look with `warifu imports show {}`, and \
                 give --accept-quarantined to take them too",
                job.id
            )),
            Some(fingerprint) if job.state == ImportState::Staged => Ok(fingerprint.clone()),
            _ => refused(format!("import {} waits for nobody: {}", job.id, job.state)),
        }
    }
}

impl Reject {
    pub(super) async fn run(&self, client: &Client, out: Output) -> Result<Exit, Failure> {
        let request = DecisionRequest { fingerprint: None, reason: Some(self.reason.clone()) };
        let job = client.reject_import(&self.id, &request).await?;
        out.show(&job, |job| import::text(job, out.language()))?;
        Ok(Exit::Ok)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn approve(accept_quarantined: bool) -> Approve {
        Approve { id: "i1".to_owned(), fingerprint: None, accept_quarantined, reason: None }
    }

    fn job(state: &str, fingerprint: bool, quarantined: u64) -> ImportJob {
        let fingerprint = if fingerprint { r#""fingerprint":"00ff","# } else { "" };
        serde_json::from_str(&format!(
            r#"{{"id":"i1","batch":"b","state":"{state}","dry_run":false,"custody":"wrapped",
                "processed":1,"accepted":1,"refused":0,"created_at":"2026-11-21T13:30:00Z",
                {fingerprint}"report":{{"file_sha256":"aa","bytes":1,"accepted":1,"refused":[],
                "refused_total":0,"warnings":[],"custody":"wrapped",
                "exposure":{{"none":1,"worker":0,"daemon":0}},"expiry":{{"never":1}},
                "officer":"hanako","started_at":"2026-11-21T13:30:00Z",
                "quarantined":{quarantined}}}}}"#
        ))
        .unwrap()
    }

    #[test]
    fn only_a_staged_batch_is_compared() {
        assert_eq!(approve(false).decidable(&job("staged", true, 0)).unwrap(), "00ff");
        assert!(approve(false).decidable(&job("done", false, 0)).is_err());
        assert!(approve(false).decidable(&job("cancelled", true, 0)).is_err());
    }

    #[test]
    fn quarantine_is_left_only_by_saying_so() {
        assert!(approve(false).decidable(&job("staged", true, 2)).is_err());
        assert!(approve(true).decidable(&job("staged", true, 2)).is_ok());
    }
}
