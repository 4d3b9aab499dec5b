//! The operations of camera tokens, one method each, and the steps of the bank's manual put together.
//!
//! Not responsible for: the token's side ([`crate::camera`]), answers other than 200.

use serde_json::{Value, json};

use super::{Actor, Bank, assert_outcome};
use crate::{CameraToken, camera::Delivery, import};

/// The session in which a user of the tests is logged in.
pub fn session(user: &str) -> String {
    format!("session-of-{user}")
}

/// A user at the front end, in their session.
pub fn logged_in(user: &str) -> Actor {
    Actor::user(user).session(&session(user))
}

impl Bank {
    /// Imports a delivery of camera tokens, and hands the tokens over.
    pub async fn take_in(&self, delivery: Delivery) -> Vec<CameraToken> {
        let order = json!({ "dry_run": false, "custody": "wrapped", "kind": "camera" });
        let job = import::file(&self.officer, &order, delivery.file).await;
        assert_eq!(job["state"], "done", "{job:#}");
        assert_eq!(job["accepted"], delivery.tokens.len(), "{job:#}");
        delivery.tokens
    }

    /// Camera tokens from a serial on, imported and issued to a contract.
    pub async fn cameras(&self, contract: &str, first: &str, count: u64) -> Vec<CameraToken> {
        let tokens = self.take_in(Delivery::of_seeds(first, count, 7, &self.clock)).await;
        for token in &tokens {
            let issued = self.issue(token.serial(), contract, None, &Actor::paper()).await;
            assert_outcome(&issued, "done");
        }
        tokens
    }

    /// 利用開始登録, the first page: the serial twice; answered with the first code to be scanned.
    pub async fn start_activation(&self, contract: &str, user: &str, serial: &str) -> Value {
        let body = json!({ "serial": serial, "serial_again": serial, "may_approve": true });
        self.start_activation_with(contract, user, body).await
    }

    /// The same with everything that the page may say.
    pub async fn start_activation_with(&self, contract: &str, user: &str, body: Value) -> Value {
        self.act(contract, user, "activations", &logged_in(user), body).await
    }

    /// The second page: the 12 digits; answered with the second code to be scanned.
    pub async fn device_code(
        &self,
        contract: &str,
        user: &str,
        activation: &Value,
        code: &str,
    ) -> Value {
        self.activation_code(contract, user, activation, ("device-code", code)).await
    }

    /// The third page: the 8 digits.
    pub async fn confirm(
        &self,
        contract: &str,
        user: &str,
        activation: &Value,
        code: &str,
    ) -> Value {
        self.activation_code(contract, user, activation, ("confirm", code)).await
    }

    /// The whole procedure up to the 8 digits on the bank's page; nobody has pressed Done yet.
    pub async fn activate_but_done(
        &self,
        contract: &str,
        user: &str,
        token: &mut CameraToken,
    ) -> Value {
        let first = self.start_activation(contract, user, token.serial()).await;
        assert_outcome(&first, "done");
        let code = token.device_code(&first);
        let second = self.device_code(contract, user, &first, &code).await;
        assert_outcome(&second, "done");
        let code = token.confirm_code(&second);
        let end = self.confirm(contract, user, &second, &code).await;
        assert_outcome(&end, "done");
        end
    }

    /// The whole procedure, Done and Yes included.
    pub async fn activate(&self, contract: &str, user: &str, token: &mut CameraToken) -> Value {
        let end = self.activate_but_done(contract, user, token).await;
        token.finish();
        end
    }

    /// Asks a user's token to sign.
    pub async fn ask(&self, contract: &str, user: &str, operation: &Value) -> Value {
        let body = json!({ "operation": operation });
        self.act(contract, user, "challenges", &logged_in(user), body).await
    }

    /// The code for a challenge, in the session in which it was put.
    pub async fn answer(&self, contract: &str, user: &str, challenge: &Value, code: &str) -> Value {
        let what = format!("challenges/{}/verify", name(challenge, "challenge"));
        self.act(contract, user, &what, &logged_in(user), json!({ "code": code })).await
    }

    /// Asked, scanned, read and answered; the answer must be right.
    pub async fn sign(
        &self,
        contract: &str,
        user: &str,
        token: &mut CameraToken,
        operation: &Value,
    ) -> Value {
        let asked = self.ask(contract, user, operation).await;
        assert_outcome(&asked, "done");
        let (lines, code) = token.sign(&asked);
        assert_eq!(json!(lines), asked["display"], "what is shown is what is signed");
        let answer = self.answer(contract, user, &asked, &code).await;
        assert_outcome(&answer, "accepted");
        answer
    }

    /// 共有登録: one code to scan, one number to type.
    pub async fn share(
        &self,
        contract: &str,
        user: &str,
        token: &mut CameraToken,
        token_code: &str,
    ) -> Value {
        let share = json!({ "type": "share", "token_code": token_code, "may_approve": true });
        self.sign(contract, user, token, &share).await
    }

    /// トークンコード: the contract's active camera tokens.
    pub async fn camera_tokens(&self, contract: &str) -> Vec<Value> {
        self.pages(&format!("/v1/contracts/{contract}/camera-tokens?")).await
    }

    /// 初期化.
    pub async fn initialise(&self, contract: &str, serial: &str, by: &Actor) -> Value {
        let path = format!("/v1/contracts/{contract}/camera-tokens/{serial}/initialisations");
        self.post(self.sender(by), &path, &by.into_body(json!({}))).await
    }

    /// 失効 of a camera token.
    pub async fn revoke_camera(&self, contract: &str, user: &str, by: &Actor) -> Value {
        self.act(contract, user, "camera/revocations", by, json!({})).await
    }

    /// 利用解除 of a camera token.
    pub async fn deactivate_camera(&self, contract: &str, user: &str, by: &Actor) -> Value {
        self.act(contract, user, "camera/deactivations", by, json!({})).await
    }

    /// Where a camera token stands, as staff see it.
    pub async fn camera_state(&self, serial: &str) -> String {
        let token = self.get(&self.staff, &format!("/v1/tokens/{serial}")).await;
        token["camera"]["state"].as_str().unwrap_or_default().to_owned()
    }

    async fn activation_code(
        &self,
        contract: &str,
        user: &str,
        activation: &Value,
        (page, code): (&str, &str),
    ) -> Value {
        let what = format!("activations/{}/{page}", name(activation, "activation"));
        self.act(contract, user, &what, &logged_in(user), json!({ "code": code })).await
    }
}

fn name<'a>(answer: &'a Value, field: &str) -> &'a str {
    let name = answer[field].as_str();
    name.unwrap_or_else(|| crate::process::fail(&format!("no {field}: {answer:#}")))
}
