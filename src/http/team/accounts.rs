//! `/admin/users`: the accounts of the team and their roles.

use actix_web::{HttpResponse, get, patch, post, web};
use hsc_actors::ports::archive::{Account, AccountError, Role};
use hsc_actors::ports::{NewAccount, StaffChange, StaffError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::guard::{Admin, api_error};
use super::super::headers::{NO_STORE, uncached_json};
use super::super::list_query::archive_error;
use super::super::request_body::JsonBody;
use super::super::{ApiError, ApiErrorCode, Dependencies};

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

/// A new account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountCreation {
    /// The name that colleagues and visitors see, 1 to 80 characters.
    name: String,
    /// The mail address to sign in with.
    address: String,
    role: Role,
    /// 12 to 200 characters, not easy to guess.
    password: String,
}

/// Changes of an account; absent fields stay.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    name: Option<String>,
    role: Option<Role>,
    /// A new password; it also removes a lock.
    password: Option<String>,
    /// True disables signing in.
    is_disabled: Option<bool>,
    /// True removes a lock after too many failures.
    #[serde(default)]
    unlock: bool,
}

/// The accounts of the team, by name.
#[utoipa::path(get, path = "/admin/users", tag = "operations",
    responses((status = 200, body = Accounts), (status = 401, body = ApiError), (status = 403, body = ApiError),
        (status = 503, body = ApiError)))]
#[get("/admin/users")]
pub(crate) async fn users(
    _: Admin,
    deps: web::Data<Dependencies>,
) -> Result<HttpResponse, ApiError> {
    let all = deps.staff.all().await.map_err(archive_error)?;
    Ok(uncached_json(Accounts { items: all.into_iter().map(Shown::from).collect() }))
}

/// Adds an account.
#[utoipa::path(post, path = "/admin/users", tag = "operations", request_body = AccountCreation,
    responses((status = 201, body = Shown), (status = 400, body = ApiError), (status = 401, body = ApiError),
        (status = 403, body = ApiError), (status = 409, body = ApiError), (status = 422, body = ApiError),
        (status = 503, body = ApiError)))]
#[post("/admin/users")]
pub(crate) async fn add_user(
    Admin(caller): Admin,
    deps: web::Data<Dependencies>,
    JsonBody(AccountCreation { name, address, role, password }): JsonBody<AccountCreation>,
) -> Result<HttpResponse, ApiError> {
    let newcomer = NewAccount { name, address, role, password };
    let account = deps.staff.add(newcomer).await.map_err(refused)?;
    caller.audit(&deps, "account.add", &account.id, account.role.as_str());
    Ok(HttpResponse::Created().insert_header(NO_STORE).json(Shown::from(account)))
}

/// Changes an account. An account that is disabled, or gets another role or password, is signed out everywhere.
#[utoipa::path(patch, path = "/admin/users/{id}", tag = "operations", params(("id" = String, Path)),
    request_body = Change,
    responses((status = 200, body = Shown), (status = 400, body = ApiError), (status = 401, body = ApiError),
        (status = 403, body = ApiError), (status = 404, body = ApiError), (status = 409, body = ApiError),
        (status = 422, body = ApiError), (status = 503, body = ApiError)))]
#[patch("/admin/users/{id}")]
pub(crate) async fn change_user(
    Admin(caller): Admin,
    deps: web::Data<Dependencies>,
    id: web::Path<String>,
    JsonBody(change): JsonBody<Change>,
) -> Result<HttpResponse, ApiError> {
    let Change { name, role, password, is_disabled, unlock } = change;
    // The audit entries, in the words of `hsc user`.
    let done: Vec<(&str, &str)> = [
        name.as_ref().map(|_| ("account.rename", "")),
        role.map(|role| ("account.role", role.as_str())),
        password.as_ref().map(|_| ("account.password", "")),
        is_disabled.map(|is| (if is { "account.disable" } else { "account.enable" }, "")),
        unlock.then_some(("account.unlock", "")),
    ]
    .into_iter()
    .flatten()
    .collect();
    if done.is_empty() {
        let message = "Nothing is to be changed: name, role, password, is_disabled or unlock.";
        return Err(ApiError::invalid(message));
    }
    let change = StaffChange { name, role, password, is_disabled, unlock };
    let account = deps.staff.change(&id, change).await.map_err(refused)?;
    for (action, detail) in done {
        caller.audit(&deps, action, &account.id, detail);
    }
    Ok(uncached_json(Shown::from(account)))
}

/// The error for an account that was not created or changed.
fn refused(error: StaffError) -> ApiError {
    match error {
        StaffError::Identity(error) => api_error(error),
        StaffError::Account(AccountError::Archive(error)) => archive_error(error),
        StaffError::Account(AccountError::Unknown) => {
            ApiError::new(ApiErrorCode::NoSuchAccount, "There is no such account.")
        }
        StaffError::Account(AccountError::Taken) => {
            ApiError::new(ApiErrorCode::AddressTaken, "There is an account with this address.")
        }
        // Only the link of a first start returns it; handled here for completeness.
        StaffError::Account(AccountError::NotFirst) => {
            ApiError::new(ApiErrorCode::Forbidden, "There is an account already.")
        }
        StaffError::Account(AccountError::LastAdmin) => ApiError::new(
            ApiErrorCode::LastAdmin,
            "This is the last active admin; create another one first.",
        ),
    }
}
