//! `/admin/users`: the accounts of the team and their roles.

use actix_web::{HttpResponse, get, patch, post, web};
use hsc_actors::ports::archive::{Account, AccountError, Role};
use hsc_actors::ports::{NewAccount, StaffChange, StaffError};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::guard::Admin;
use super::super::headers::{NO_STORE, uncached_json};
use super::super::request_body::JsonBody;
use super::super::{ApiError, ApiErrorCode, ApiResult, Deps};

/// All accounts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Accounts {
    /// By name.
    items: Vec<Shown>,
}

/// An account as an admin sees it, without secrets.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Shown {
    id: String,
    name: String,
    address: String,
    role: Role,
    is_disabled: bool,
    /// True if a password is set.
    has_password: bool,
    /// True after a sign-in at the OpenID provider.
    has_openid: bool,
    /// Failed attempts since the last sign-in.
    failures: u32,
    /// End of the lock after too many failures.
    locked_until_ms: Option<u64>,
    created_ms: u64,
}

impl From<Account> for Shown {
    fn from(account: Account) -> Self {
        Self {
            id: account.id,
            name: account.name,
            address: account.address,
            role: account.role,
            is_disabled: account.is_disabled,
            has_password: account.password_hash.is_some(),
            has_openid: account.subject.is_some(),
            failures: account.failures,
            locked_until_ms: account.locked_until_ms,
            created_ms: account.created_ms,
        }
    }
}

/// The accounts of the team, by name.
#[utoipa::path(tag = "operations", responses((status = 200, body = Accounts), Admin, (status = 503)))]
#[get("/admin/users")]
pub(crate) async fn users(_: Admin, deps: Deps) -> ApiResult {
    let all = deps.staff.all().await?;
    Ok(uncached_json(Accounts { items: all.into_iter().map(Shown::from).collect() }))
}

/// Adds an account.
#[utoipa::path(tag = "operations", request_body = NewAccount,
    responses((status = 201, body = Shown), (status = 400), Admin, (status = 409), (status = 422),
        (status = 503)))]
#[post("/admin/users")]
pub(crate) async fn add_user(
    Admin(caller): Admin,
    deps: Deps,
    JsonBody(newcomer): JsonBody<NewAccount>,
) -> ApiResult {
    let account = deps.staff.add(newcomer).await?;
    caller.audit(&deps, "account.add", &account.id, account.role.as_str());
    Ok(HttpResponse::Created().insert_header(NO_STORE).json(Shown::from(account)))
}

/// Changes an account. An account that is disabled, or gets another role or password, is signed out everywhere.
#[utoipa::path(tag = "operations", request_body = StaffChange,
    responses((status = 200, body = Shown), (status = 400), Admin, (status = 404), (status = 409), (status = 422),
        (status = 503)))]
#[patch("/admin/users/{id}")]
pub(crate) async fn change_user(
    Admin(caller): Admin,
    deps: Deps,
    id: web::Path<String>,
    JsonBody(change): JsonBody<StaffChange>,
) -> ApiResult {
    let StaffChange { name, role, password, is_disabled, unlock } = &change;
    // The audit entries, in the words of `hsc user`.
    let done: Vec<(&str, &str)> = [
        name.as_ref().map(|_| ("account.rename", "")),
        role.map(|role| ("account.role", role.as_str())),
        password.as_ref().map(|_| ("account.password", "")),
        is_disabled.map(|is| (if is { "account.disable" } else { "account.enable" }, "")),
        (*unlock).then_some(("account.unlock", "")),
    ]
    .into_iter()
    .flatten()
    .collect();
    if done.is_empty() {
        let message = "Nothing is to be changed: name, role, password, is_disabled or unlock.";
        return Err(ApiError::invalid(message));
    }
    let account = deps.staff.change(&id, change).await?;
    for (action, detail) in done {
        caller.audit(&deps, action, &account.id, detail);
    }
    Ok(uncached_json(Shown::from(account)))
}

/// The error for an account that was not created or changed.
impl From<StaffError> for ApiError {
    fn from(error: StaffError) -> Self {
        match error {
            StaffError::Identity(error) => error.into(),
            StaffError::Account(AccountError::Archive(error)) => error.into(),
            StaffError::Account(AccountError::Unknown) => {
                Self::new(ApiErrorCode::NoSuchAccount, "There is no such account.")
            }
            StaffError::Account(AccountError::Taken) => {
                Self::new(ApiErrorCode::AddressTaken, "There is an account with this address.")
            }
            // Only the link of a first start returns it; handled here for completeness.
            StaffError::Account(AccountError::NotFirst) => {
                Self::new(ApiErrorCode::Forbidden, "There is an account already.")
            }
            StaffError::Account(AccountError::LastAdmin) => {
                let message = "This is the last active admin; create another one first.";
                Self::new(ApiErrorCode::LastAdmin, message)
            }
        }
    }
}
