//! The operations of tokens that sign, one method each: activations, challenges, camera tokens.
//!
//! A wrong code and what a rule forbids are answers here, not errors. Not responsible for how a
//! request travels.

use super::{Client, ClientError, exchange::Content, target::query_text};
use crate::{
    action::{ActionAnswer, DeactivateRequest},
    camera::{
        ActivationAnswer, ActivationRequest, ActivationShowQuery, CameraDeactivateRequest,
        CameraLeaveAnswer, CameraTokenPage, CameraTokenQuery,
    },
    challenge::{
        ChallengeAnswer, ChallengeCancelQuery, ChallengeRequest, ChallengeShowQuery,
        ChallengeVerifyAnswer, CodeRequest,
    },
    operation::Operation,
};

impl Client {
    /// Begins the activation of a camera token (トランザクション認証利用開始登録).
    pub async fn start_activation(
        &self,
        contract: &str,
        user: &str,
        request: &ActivationRequest,
    ) -> Result<ActivationAnswer, ClientError> {
        self.ask(Operation::ActivationStart, &[contract, user], "", Content::json(request)?).await
    }

    /// Shows the message of an activation's present step again.
    pub async fn activation(
        &self,
        contract: &str,
        user: &str,
        activation: &str,
        query: &ActivationShowQuery,
    ) -> Result<ActivationAnswer, ClientError> {
        let arguments = [contract, user, activation];
        self.get(Operation::ActivationShow, &arguments, &query_text(query)?).await
    }

    /// The 12 digits that the token shows for the first message.
    pub async fn send_device_code(
        &self,
        contract: &str,
        user: &str,
        activation: &str,
        request: &CodeRequest,
    ) -> Result<ActivationAnswer, ClientError> {
        let arguments = [contract, user, activation];
        self.ask(Operation::ActivationDeviceCode, &arguments, "", Content::json(request)?).await
    }

    /// The 8 digits that the token shows for the second message.
    pub async fn confirm_activation(
        &self,
        contract: &str,
        user: &str,
        activation: &str,
        request: &CodeRequest,
    ) -> Result<ActivationAnswer, ClientError> {
        let arguments = [contract, user, activation];
        self.ask(Operation::ActivationConfirm, &arguments, "", Content::json(request)?).await
    }

    /// One page of the list of a contract's active camera tokens.
    pub async fn camera_tokens(
        &self,
        contract: &str,
        query: &CameraTokenQuery,
    ) -> Result<CameraTokenPage, ClientError> {
        self.get(Operation::CameraTokens, &[contract], &query_text(query)?).await
    }

    /// Makes a camera token ready for another activation (初期化).
    pub async fn initialise_camera(
        &self,
        contract: &str,
        serial: &str,
        request: &DeactivateRequest,
    ) -> Result<ActionAnswer, ClientError> {
        let arguments = [contract, serial];
        self.ask(Operation::CameraInitialise, &arguments, "", Content::json(request)?).await
    }

    /// A user gives their camera token up (利用解除).
    pub async fn deactivate_camera(
        &self,
        contract: &str,
        user: &str,
        request: &CameraDeactivateRequest,
    ) -> Result<CameraLeaveAnswer, ClientError> {
        self.ask(Operation::CameraDeactivate, &[contract, user], "", Content::json(request)?).await
    }

    /// Takes a user's camera token away (失効).
    pub async fn revoke_camera(
        &self,
        contract: &str,
        user: &str,
        request: &DeactivateRequest,
    ) -> Result<ActionAnswer, ClientError> {
        self.ask(Operation::CameraRevoke, &[contract, user], "", Content::json(request)?).await
    }

    /// Asks a user to sign.
    pub async fn create_challenge(
        &self,
        contract: &str,
        user: &str,
        request: &ChallengeRequest,
    ) -> Result<ChallengeAnswer, ClientError> {
        self.ask(Operation::ChallengeCreate, &[contract, user], "", Content::json(request)?).await
    }

    /// Shows an open challenge again.
    pub async fn challenge(
        &self,
        contract: &str,
        user: &str,
        challenge: &str,
        query: &ChallengeShowQuery,
    ) -> Result<ChallengeAnswer, ClientError> {
        let arguments = [contract, user, challenge];
        self.get(Operation::ChallengeShow, &arguments, &query_text(query)?).await
    }

    /// Checks the code for a challenge.
    pub async fn verify_challenge(
        &self,
        contract: &str,
        user: &str,
        challenge: &str,
        request: &CodeRequest,
    ) -> Result<ChallengeVerifyAnswer, ClientError> {
        let arguments = [contract, user, challenge];
        self.ask(Operation::ChallengeVerify, &arguments, "", Content::json(request)?).await
    }

    /// Takes a challenge back.
    pub async fn cancel_challenge(
        &self,
        contract: &str,
        user: &str,
        challenge: &str,
        query: &ChallengeCancelQuery,
    ) -> Result<ActionAnswer, ClientError> {
        let arguments = [contract, user, challenge];
        self.ask(Operation::ChallengeCancel, &arguments, &query_text(query)?, Content::None).await
    }
}
