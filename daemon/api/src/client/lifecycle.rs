//! The operations of the life cycle, one method each: contracts, users, grants, tokens in hand.
//!
//! What a rule forbids is an answer here, not an error. Not responsible for how a request travels.

use super::{Client, ClientError, exchange::Content, target::query_text};
use crate::{
    action::{
        ActionAnswer, DeactivateRequest, IssueRequest, OrderRequest, ReasonRequest,
        RegisterRequest, SkipRequest,
    },
    authorize::{AuthorizeAnswer, AuthorizeRequest},
    contract::{
        ContractDetail, ContractSetRequest, ContractTokenPage, ContractTokenQuery, TargetsAnswer,
        TargetsRequest, UsageModeAnswer, UsageModeRequest, UserPage, UserQuery,
    },
    grant::{GrantAnswer, GrantUseRequest},
    history::TokenHistory,
    operation::Operation,
    user::{
        UserDetail, UserRemoveQuery, UserSetRequest, UserStatusAnswer, UserStatusQuery,
        UserVerifyAnswer, UserVerifyRequest,
    },
};

impl Client {
    /// Makes or changes a contract.
    pub async fn set_contract(
        &self,
        contract: &str,
        request: &ContractSetRequest,
    ) -> Result<ContractDetail, ClientError> {
        self.ask(Operation::ContractSet, &[contract], "", Content::json(request)?).await
    }

    /// Shows a contract.
    pub async fn contract(&self, contract: &str) -> Result<ContractDetail, ClientError> {
        self.get(Operation::ContractShow, &[contract], "").await
    }

    /// One page of the list of a contract's users.
    pub async fn contract_users(
        &self,
        contract: &str,
        query: &UserQuery,
    ) -> Result<UserPage, ClientError> {
        self.get(Operation::ContractUsers, &[contract], &query_text(query)?).await
    }

    /// One page of the list of a contract's tokens.
    pub async fn contract_tokens(
        &self,
        contract: &str,
        query: &ContractTokenQuery,
    ) -> Result<ContractTokenPage, ClientError> {
        self.get(Operation::ContractTokens, &[contract], &query_text(query)?).await
    }

    /// Changes a contract's usage mode (利用形態), or previews that.
    pub async fn change_usage_mode(
        &self,
        contract: &str,
        request: &UsageModeRequest,
    ) -> Result<UsageModeAnswer, ClientError> {
        self.ask(Operation::ContractUsage, &[contract], "", Content::json(request)?).await
    }

    /// Lifts the locks of users' tokens (利用停止解除), all of them or none.
    pub async fn unlock_users(
        &self,
        contract: &str,
        request: &TargetsRequest,
    ) -> Result<TargetsAnswer, ClientError> {
        self.ask(Operation::ContractUnlocks, &[contract], "", Content::json(request)?).await
    }

    /// Takes the tokens of users away (失効), all of them or none.
    pub async fn revoke_users(
        &self,
        contract: &str,
        request: &TargetsRequest,
    ) -> Result<TargetsAnswer, ClientError> {
        self.ask(Operation::ContractRevocations, &[contract], "", Content::json(request)?).await
    }

    /// Makes or changes a user.
    pub async fn set_user(
        &self,
        contract: &str,
        user: &str,
        request: &UserSetRequest,
    ) -> Result<UserDetail, ClientError> {
        self.ask(Operation::UserSet, &[contract, user], "", Content::json(request)?).await
    }

    /// Shows a user.
    pub async fn user(&self, contract: &str, user: &str) -> Result<UserDetail, ClientError> {
        self.get(Operation::UserShow, &[contract, user], "").await
    }

    /// Removes a user.
    pub async fn remove_user(
        &self,
        contract: &str,
        user: &str,
        why: &UserRemoveQuery,
    ) -> Result<ActionAnswer, ClientError> {
        let query = query_text(why)?;
        self.ask(Operation::UserRemove, &[contract, user], &query, Content::None).await
    }

    /// What to show a user who is logging in.
    pub async fn user_status(
        &self,
        contract: &str,
        user: &str,
        query: &UserStatusQuery,
    ) -> Result<UserStatusAnswer, ClientError> {
        self.get(Operation::UserStatus, &[contract, user], &query_text(query)?).await
    }

    /// A user orders a token.
    pub async fn order_token(
        &self,
        contract: &str,
        user: &str,
        request: &OrderRequest,
    ) -> Result<ActionAnswer, ClientError> {
        self.ask(Operation::UserOrder, &[contract, user], "", Content::json(request)?).await
    }

    /// A user takes a token into service (利用開始登録).
    pub async fn register_token(
        &self,
        contract: &str,
        user: &str,
        request: &RegisterRequest,
    ) -> Result<ActionAnswer, ClientError> {
        self.ask(Operation::UserRegister, &[contract, user], "", Content::json(request)?).await
    }

    /// A user passes over the registration (登録の省略).
    pub async fn skip_registration(
        &self,
        contract: &str,
        user: &str,
        request: &SkipRequest,
    ) -> Result<ActionAnswer, ClientError> {
        self.ask(Operation::UserSkip, &[contract, user], "", Content::json(request)?).await
    }

    /// Decides what an operation of a user needs.
    pub async fn authorize(
        &self,
        contract: &str,
        user: &str,
        request: &AuthorizeRequest,
    ) -> Result<AuthorizeAnswer, ClientError> {
        self.ask(Operation::UserAuthorize, &[contract, user], "", Content::json(request)?).await
    }

    /// Checks a code of the token that a user holds. A wrong code is an answer, not an error.
    pub async fn verify_user(
        &self,
        contract: &str,
        user: &str,
        request: &UserVerifyRequest,
    ) -> Result<UserVerifyAnswer, ClientError> {
        self.ask(Operation::UserVerify, &[contract, user], "", Content::json(request)?).await
    }

    /// A user gives their token up (利用解除).
    pub async fn deactivate_user(
        &self,
        contract: &str,
        user: &str,
        request: &DeactivateRequest,
    ) -> Result<ActionAnswer, ClientError> {
        self.ask(Operation::UserDeactivate, &[contract, user], "", Content::json(request)?).await
    }

    /// Asks whether a grant covers one more operation.
    pub async fn use_grant(
        &self,
        grant: &str,
        request: &GrantUseRequest,
    ) -> Result<GrantAnswer, ClientError> {
        self.ask(Operation::GrantUse, &[grant], "", Content::json(request)?).await
    }

    /// Ends a grant.
    pub async fn end_grant(&self, grant: &str) -> Result<GrantAnswer, ClientError> {
        self.ask(Operation::GrantEnd, &[grant], "", Content::None).await
    }

    /// Hands a token out (トークン発行).
    pub async fn issue_token(
        &self,
        serial: &str,
        request: &IssueRequest,
    ) -> Result<ActionAnswer, ClientError> {
        self.ask(Operation::TokenIssue, &[serial], "", Content::json(request)?).await
    }

    /// Takes an issued token back to the stock.
    pub async fn recall_token(
        &self,
        serial: &str,
        request: &ReasonRequest,
    ) -> Result<ActionAnswer, ClientError> {
        self.ask(Operation::TokenRecall, &[serial], "", Content::json(request)?).await
    }

    /// Reports a token lost (紛失).
    pub async fn report_lost(
        &self,
        serial: &str,
        request: &ReasonRequest,
    ) -> Result<ActionAnswer, ClientError> {
        self.ask(Operation::TokenLost, &[serial], "", Content::json(request)?).await
    }

    /// What was done with a token last, and what it means.
    pub async fn token_history(&self, serial: &str) -> Result<TokenHistory, ClientError> {
        self.get(Operation::TokenHistory, &[serial], "").await
    }
}
