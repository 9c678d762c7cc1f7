//! Accounts and sessions.

use std::collections::HashMap;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use hsc_actors::ports::archive::{
    Account, AccountChange, AccountError, AccountSession, Accounts, ArchiveError, AttemptLimit,
    AttemptOutcome, FirstLink, LockOut, MOST_DEVICES, Role, SignInAttempt,
};
use sqlx::any::AnyRow;
use sqlx::{Error, Row as _};

use super::backend::Kind;
use super::database::Transaction;
use super::sql::{clean, cleaned, signed};
use super::store::Store;
use super::{failure, rows};

impl Accounts for Store {
    fn count(&self) -> BoxFuture<'_, Result<u64, ArchiveError>> {
        self.with(async |pool| {
            let row =
                sqlx::query("SELECT COUNT(*) AS accounts FROM accounts").fetch_one(&pool).await?;
            rows::number(&row, "accounts")
        })
        .boxed()
    }

    fn add(&self, account: Account) -> BoxFuture<'_, Result<(), AccountError>> {
        self.reaching(async move {
            let added = async {
                let mut transaction = self.begin().await?;
                insert(&mut transaction, &account).await?;
                transaction.commit().await
            };
            added.await.map_err(refusal)
        })
        .boxed()
    }

    fn add_first_link(
        &self,
        link: FirstLink,
        replaces: bool,
        now_ms: u64,
    ) -> BoxFuture<'_, Result<(), ArchiveError>> {
        self.with(async move |_| {
            let mut transaction = self.begin().await?;
            // All of them, or the expired ones.
            let until_ms = if replaces { i64::MAX } else { signed(now_ms) };
            sqlx::query("DELETE FROM first_links WHERE expires_ms <= $1")
                .bind(until_ms)
                .execute(&mut *transaction)
                .await?;
            sqlx::query("INSERT INTO first_links (hash, expires_ms) VALUES ($1, $2)")
                .bind(clean(&link.hash))
                .bind(signed(link.expires_ms))
                .execute(&mut *transaction)
                .await?;
            transaction.commit().await
        })
        .boxed()
    }

    fn is_first_link(&self, hash: &str, now_ms: u64) -> BoxFuture<'_, Result<bool, ArchiveError>> {
        let hash = clean(hash);
        self.with(async move |pool| {
            let found =
                sqlx::query("SELECT hash FROM first_links WHERE hash = $1 AND expires_ms > $2")
                    .bind(hash)
                    .bind(signed(now_ms))
                    .fetch_optional(&pool)
                    .await?;
            Ok(found.is_some())
        })
        .boxed()
    }

    fn add_first(
        &self,
        account: Account,
        link_hash: &str,
        now_ms: u64,
    ) -> BoxFuture<'_, Result<(), AccountError>> {
        let link_hash = clean(link_hash);
        self.reaching(async move {
            let mut transaction = self.begin().await.map_err(refusal)?;
            if self.kind() == Kind::Postgres {
                // Concurrent inserts wait; SQLite allows one writer at a time anyway.
                sqlx::query("LOCK TABLE accounts IN SHARE ROW EXCLUSIVE MODE")
                    .execute(&mut *transaction)
                    .await
                    .map_err(refusal)?;
            }
            let counted = sqlx::query(
                "SELECT (SELECT COUNT(*) FROM accounts) AS accounts,
                    (SELECT COUNT(*) FROM first_links WHERE hash = $1 AND expires_ms > $2) AS links",
            )
            .bind(link_hash)
            .bind(signed(now_ms))
            .fetch_one(&mut *transaction)
            .await
            .map_err(refusal)?;
            let number = |column| rows::number(&counted, column).map_err(refusal);
            if number("accounts")? > 0 || number("links")? == 0 {
                return Err(AccountError::NotFirst);
            }
            insert(&mut transaction, &account).await.map_err(refusal)?;
            sqlx::query("DELETE FROM first_links")
                .execute(&mut *transaction)
                .await
                .map_err(refusal)?;
            transaction.commit().await.map_err(refusal)
        })
        .boxed()
    }

    fn all(&self) -> BoxFuture<'_, Result<Vec<Account>, ArchiveError>> {
        self.with(async |pool| {
            let rows =
                sqlx::query("SELECT * FROM accounts ORDER BY name, id").fetch_all(&pool).await?;
            rows.iter().map(account).collect()
        })
        .boxed()
    }

    fn by_id(&self, id: &str) -> BoxFuture<'_, Result<Option<Account>, ArchiveError>> {
        self.one("SELECT * FROM accounts WHERE id = $1", clean(id)).boxed()
    }

    fn by_address(&self, address: &str) -> BoxFuture<'_, Result<Option<Account>, ArchiveError>> {
        self.one("SELECT * FROM accounts WHERE address_key = $1", key(address)).boxed()
    }

    fn by_subject(&self, subject: &str) -> BoxFuture<'_, Result<Option<Account>, ArchiveError>> {
        self.one("SELECT * FROM accounts WHERE subject = $1", clean(subject)).boxed()
    }

    fn change(
        &self,
        id: &str,
        change: AccountChange,
    ) -> BoxFuture<'_, Result<Account, AccountError>> {
        let id = clean(id);
        self.reaching(async move { self.changed(&id, &change).await }).boxed()
    }

    fn count_attempt(
        &self,
        attempt: SignInAttempt,
    ) -> BoxFuture<'_, Result<AttemptOutcome, ArchiveError>> {
        self.with(async move |pool| {
            let outcome = self.counted(&attempt).await?;
            // Twice as old as the longest count that matters: the deletion waits for no row in use.
            let forgotten = 2 * AttemptLimit::FORGOTTEN_AFTER;
            let forgotten = u64::try_from(forgotten.as_millis()).unwrap_or(u64::MAX);
            sqlx::query("DELETE FROM sign_in_attempts WHERE last_ms < $1")
                .bind(signed(attempt.now_ms.saturating_sub(forgotten)))
                .execute(&pool)
                .await?;
            Ok(outcome)
        })
        .boxed()
    }

    fn attempt_succeeded(&self, attempt: SignInAttempt) -> BoxFuture<'_, Result<(), ArchiveError>> {
        self.with(async move |_| {
            let mut transaction = self.begin().await?;
            let taken_back = attempt.limits.iter().filter(|limit| limit.is_shared);
            let taken_back = taken_back.map(|limit| &limit.key).chain(&attempt.watched);
            let forgotten = attempt.limits.iter().filter(|limit| !limit.is_shared);
            let forgotten = forgotten.map(|limit| (&limit.key, u32::MAX));
            let mut keys: Vec<(&String, u32)> =
                taken_back.map(|key| (key, 1)).chain(forgotten).collect();
            // In one order everywhere: two attempts never deadlock.
            keys.sort_unstable();
            for (key, failures) in keys {
                sqlx::query(
                    "UPDATE sign_in_attempts SET is_refused = 0,
                        failures = CASE WHEN failures > $2 THEN failures - $2 ELSE 0 END
                     WHERE key = $1",
                )
                .bind(clean(key))
                .bind(i64::from(failures))
                .execute(&mut *transaction)
                .await?;
            }
            transaction.commit().await
        })
        .boxed()
    }

    fn is_device_of(
        &self,
        hash: &str,
        address: &str,
        since_ms: u64,
    ) -> BoxFuture<'_, Result<bool, ArchiveError>> {
        let (hash, address) = (clean(hash), key(address));
        self.with(async move |pool| {
            let found = sqlx::query(
                "SELECT d.hash FROM account_devices d JOIN accounts a ON a.id = d.account
                 WHERE d.hash = $1 AND a.address_key = $2 AND d.used_ms >= $3",
            )
            .bind(hash)
            .bind(address)
            .bind(signed(since_ms))
            .fetch_optional(&pool)
            .await?;
            Ok(found.is_some())
        })
        .boxed()
    }

    fn remember_device(
        &self,
        hash: &str,
        account: &str,
        now_ms: u64,
    ) -> BoxFuture<'_, Result<(), ArchiveError>> {
        let (hash, account) = (clean(hash), clean(account));
        self.with(async move |_| {
            let mut transaction = self.begin().await?;
            sqlx::query(
                "INSERT INTO account_devices (hash, account, used_ms) VALUES ($1, $2, $3)
                 ON CONFLICT (hash) DO UPDATE SET account = $2, used_ms = $3",
            )
            .bind(hash)
            .bind(account.clone())
            .bind(signed(now_ms))
            .execute(&mut *transaction)
            .await?;
            sqlx::query(
                "DELETE FROM account_devices WHERE account = $1 AND hash NOT IN (
                    SELECT hash FROM account_devices WHERE account = $1
                    ORDER BY used_ms DESC, hash LIMIT $2)",
            )
            .bind(account)
            .bind(i64::from(MOST_DEVICES))
            .execute(&mut *transaction)
            .await?;
            transaction.commit().await
        })
        .boxed()
    }

    fn sign_in_failed(
        &self,
        id: &str,
        lock_out: LockOut,
    ) -> BoxFuture<'_, Result<Account, AccountError>> {
        let id = clean(id);
        self.reaching(async move {
            let counted = async {
                let mut transaction = self.begin().await?;
                let row = sqlx::query(
                    "UPDATE accounts SET failures = failures + 1, locked_until_ms = CASE
                        WHEN failures + 1 >= $2 THEN $3 ELSE locked_until_ms END
                     WHERE id = $1 RETURNING *",
                )
                .bind(id)
                .bind(i64::from(lock_out.after))
                .bind(signed(lock_out.until_ms))
                .fetch_optional(&mut *transaction)
                .await?;
                transaction.commit().await?;
                row.as_ref().map(account).transpose()
            };
            counted.await.map_err(refusal)?.ok_or(AccountError::Unknown)
        })
        .boxed()
    }

    fn signed_in(&self, session: AccountSession) -> BoxFuture<'_, Result<(), AccountError>> {
        self.reaching(async move {
            let mut transaction = self.begin().await.map_err(refusal)?;
            let known = sqlx::query(
                "UPDATE accounts SET failures = 0, locked_until_ms = NULL
                 WHERE id = $1 AND is_disabled = 0",
            )
            .bind(clean(&session.account))
            .execute(&mut *transaction)
            .await
            .map_err(refusal)?;
            if known.rows_affected() == 0 {
                return Err(AccountError::Unknown);
            }
            sqlx::query(
                "INSERT INTO account_sessions (hash, account, csrf, created_ms, expires_ms, used_ms)
                 VALUES ($1, $2, $3, $4, $5, $6)",
            )
            .bind(clean(&session.hash))
            .bind(clean(&session.account))
            .bind(clean(&session.csrf))
            .bind(signed(session.created_ms))
            .bind(signed(session.expires_ms))
            .bind(signed(session.used_ms))
            .execute(&mut *transaction)
            .await
            .map_err(refusal)?;
            transaction.commit().await.map_err(refusal)
        })
        .boxed()
    }

    fn session(
        &self,
        hash: &str,
        now_ms: u64,
    ) -> BoxFuture<'_, Result<Option<(AccountSession, Account)>, ArchiveError>> {
        let hash = clean(hash);
        self.with(async move |pool| {
            let row = sqlx::query(
                "SELECT a.*, s.hash AS session_hash, s.csrf AS session_csrf,
                    s.created_ms AS session_created_ms, s.expires_ms AS session_expires_ms,
                    s.used_ms AS session_used_ms
                 FROM account_sessions s JOIN accounts a ON a.id = s.account
                 WHERE s.hash = $1 AND s.expires_ms > $2 AND a.is_disabled = 0",
            )
            .bind(hash)
            .bind(signed(now_ms))
            .fetch_optional(&pool)
            .await?;
            row.as_ref().map(|row| Ok((session(row)?, account(row)?))).transpose()
        })
        .boxed()
    }

    fn session_used(&self, hash: &str, now_ms: u64) -> BoxFuture<'_, Result<(), ArchiveError>> {
        let hash = clean(hash);
        self.writing(async move |pool| {
            sqlx::query("UPDATE account_sessions SET used_ms = $2 WHERE hash = $1 AND used_ms < $2")
                .bind(hash)
                .bind(signed(now_ms))
                .execute(&pool)
                .await
                .map(drop)
        })
        .boxed()
    }

    fn sign_out(&self, hash: &str) -> BoxFuture<'_, Result<(), ArchiveError>> {
        let hash = clean(hash);
        self.writing(async move |pool| {
            sqlx::query("DELETE FROM account_sessions WHERE hash = $1")
                .bind(hash)
                .execute(&pool)
                .await
                .map(drop)
        })
        .boxed()
    }

    fn sign_out_everywhere(&self, id: &str) -> BoxFuture<'_, Result<u64, ArchiveError>> {
        let id = clean(id);
        self.writing(async move |pool| {
            let gone = sqlx::query("DELETE FROM account_sessions WHERE account = $1")
                .bind(id)
                .execute(&pool)
                .await?;
            Ok(gone.rows_affected())
        })
        .boxed()
    }
}

impl Store {
    async fn one(
        &self,
        text: &'static str,
        value: String,
    ) -> Result<Option<Account>, ArchiveError> {
        self.with(async move |pool| {
            let row = sqlx::query(text).bind(value).fetch_optional(&pool).await?;
            row.as_ref().map(account).transpose()
        })
        .await
    }

    /// Counts an attempt in one transaction. Each row is locked before it is checked, in the order of the keys.
    async fn counted(&self, attempt: &SignInAttempt) -> Result<AttemptOutcome, Error> {
        // A count shared by several addresses belongs to none of them: no unlock resets it.
        let limits = attempt.limits.iter();
        let limits = limits.map(|it| (&it.key, if it.is_shared { "" } else { &*attempt.address }));
        let watched = attempt.watched.iter().map(|key| (key, &*attempt.address));
        let mut keys: Vec<(&String, &str)> = limits.chain(watched).collect();
        keys.sort_unstable();
        let mut transaction = self.begin().await?;
        let mut counts = HashMap::new();
        for (key, address) in keys {
            let count = count_of(&mut transaction, key, address, attempt.now_ms).await?;
            counts.insert(key, count);
        }
        let failures = |key: &String| counts.get(key).map_or(0, |count| count.failures);
        let is_under_attack = attempt
            .watched
            .as_ref()
            .is_some_and(|watched| failures(watched) >= AttemptLimit::ATTACK_AFTER);
        let waits = attempt.limits.iter().map(|limit| {
            let count = &counts[&limit.key];
            let since = Duration::from_millis(attempt.now_ms.saturating_sub(count.last_ms));
            let wait = limit.wait_after(count.failures, is_under_attack);
            (wait.saturating_sub(since), limit)
        });
        let longest = waits.max_by_key(|(wait, _)| *wait).filter(|(wait, _)| !wait.is_zero());
        let outcome = match longest {
            // Not counted: an attempt during the wait must not prolong the wait.
            Some((wait, limit)) => {
                sqlx::query("UPDATE sign_in_attempts SET is_refused = 1 WHERE key = $1")
                    .bind(clean(&limit.key))
                    .execute(&mut *transaction)
                    .await?;
                AttemptOutcome::Refused { wait, is_first: !counts[&limit.key].is_refused }
            }
            None => {
                for (key, count) in &counts {
                    sqlx::query(
                        "UPDATE sign_in_attempts SET failures = $2, last_ms = $3, is_refused = 0
                         WHERE key = $1",
                    )
                    .bind(clean(key))
                    .bind(i64::from(count.failures.saturating_add(1)))
                    .bind(signed(attempt.now_ms))
                    .execute(&mut *transaction)
                    .await?;
                }
                AttemptOutcome::Counted
            }
        };
        transaction.commit().await?;
        Ok(outcome)
    }

    async fn changed(&self, id: &str, change: &AccountChange) -> Result<Account, AccountError> {
        let mut transaction = self.begin().await.map_err(refusal)?;
        let takes_a_right =
            change.is_disabled == Some(true) || change.role.is_some_and(|role| role != Role::Admin);
        let had_admins = takes_a_right && admins(&mut transaction).await.map_err(refusal)? > 0;
        let row = sqlx::query(
            "UPDATE accounts SET
                name = COALESCE($2, name),
                role = COALESCE($3, role),
                password_hash = COALESCE($4, password_hash),
                subject = COALESCE($5, subject),
                is_disabled = COALESCE($6, is_disabled),
                failures = CASE WHEN $7 = 0 THEN failures ELSE 0 END,
                locked_until_ms = CASE WHEN $7 = 0 THEN locked_until_ms ELSE NULL END
             WHERE id = $1 RETURNING *",
        )
        .bind(id)
        .bind(cleaned(change.name.as_deref()))
        .bind(change.role.map(Role::as_str))
        .bind(cleaned(change.password_hash.as_deref()))
        .bind(cleaned(change.subject.as_deref()))
        .bind(change.is_disabled.map(i64::from))
        // The owner of a new password tries it at once.
        .bind(i64::from(change.unlock || change.password_hash.is_some()))
        .fetch_optional(&mut *transaction)
        .await
        .map_err(refusal)?;
        let Some(row) = row else { return Err(AccountError::Unknown) };
        if had_admins && admins(&mut transaction).await.map_err(refusal)? == 0 {
            // The transaction rolls back on drop.
            return Err(AccountError::LastAdmin);
        }
        if takes_a_right || change.role.is_some() || change.password_hash.is_some() {
            sqlx::query("DELETE FROM account_sessions WHERE account = $1")
                .bind(id)
                .execute(&mut *transaction)
                .await
                .map_err(refusal)?;
        }
        if change.unlock || change.password_hash.is_some() {
            sqlx::query("DELETE FROM sign_in_attempts WHERE account = $1")
                .bind(id)
                .execute(&mut *transaction)
                .await
                .map_err(refusal)?;
        }
        transaction.commit().await.map_err(refusal)?;
        account(&row).map_err(refusal)
    }
}

/// The count of one key.
struct Count {
    failures: u32,
    last_ms: u64,
    is_refused: bool,
}

/// The count of a key; its row exists and is locked afterwards. An expired count is zero.
async fn count_of(
    transaction: &mut Transaction,
    key: &str,
    address: &str,
    now_ms: u64,
) -> Result<Count, Error> {
    sqlx::query(
        "INSERT INTO sign_in_attempts (key, account, failures, last_ms, is_refused)
         VALUES ($1, COALESCE((SELECT id FROM accounts WHERE address_key = $2), ''), 0, $3, 0)
         ON CONFLICT (key) DO NOTHING",
    )
    .bind(clean(key))
    .bind(self::key(address))
    .bind(signed(now_ms))
    .execute(&mut **transaction)
    .await?;
    // Changes nothing and locks the row, in either database.
    let row = sqlx::query(
        "UPDATE sign_in_attempts SET failures = failures WHERE key = $1
         RETURNING failures, last_ms, is_refused",
    )
    .bind(clean(key))
    .fetch_one(&mut **transaction)
    .await?;
    let last_ms = rows::number(&row, "last_ms")?;
    let age = Duration::from_millis(now_ms.saturating_sub(last_ms));
    if age > AttemptLimit::FORGOTTEN_AFTER {
        return Ok(Count { failures: 0, last_ms: now_ms, is_refused: false });
    }
    let failures = u32::try_from(rows::number(&row, "failures")?).unwrap_or(u32::MAX);
    Ok(Count { failures, last_ms, is_refused: rows::truth(&row, "is_refused")? })
}

async fn insert(transaction: &mut Transaction, account: &Account) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO accounts (id, name, address, address_key, role, password_hash, subject,
            is_disabled, failures, locked_until_ms, created_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(clean(&account.id))
    .bind(clean(&account.name))
    .bind(clean(&account.address))
    .bind(key(&account.address))
    .bind(account.role.as_str())
    .bind(cleaned(account.password_hash.as_deref()))
    .bind(cleaned(account.subject.as_deref()))
    .bind(i64::from(account.is_disabled))
    .bind(i64::from(account.failures))
    .bind(account.locked_until_ms.map(signed))
    .bind(signed(account.created_ms))
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

/// Number of active admins. Locks all admins first: of two who disable each other at once, the
/// second one sees the change of the first.
async fn admins(transaction: &mut Transaction) -> Result<i64, Error> {
    sqlx::query("UPDATE accounts SET role = role WHERE role = 'admin'")
        .execute(&mut **transaction)
        .await?;
    let row = sqlx::query(
        "SELECT COUNT(*) AS admins FROM accounts WHERE role = 'admin' AND is_disabled = 0",
    )
    .fetch_one(&mut **transaction)
    .await?;
    row.try_get("admins")
}

fn refusal(error: Error) -> AccountError {
    match failure::is_taken(&error) {
        true => AccountError::Taken,
        false => AccountError::Archive(failure::of(error)),
    }
}

fn key(address: &str) -> String {
    clean(address.trim()).to_lowercase()
}

fn account(row: &AnyRow) -> Result<Account, Error> {
    Ok(Account {
        id: rows::text(row, "id")?,
        name: rows::text(row, "name")?,
        address: rows::text(row, "address")?,
        role: rows::word(row, "role", &Role::ALL, Role::as_str)?,
        password_hash: rows::maybe(row, "password_hash")?,
        subject: rows::maybe(row, "subject")?,
        is_disabled: rows::truth(row, "is_disabled")?,
        failures: u32::try_from(rows::number(row, "failures")?).unwrap_or(u32::MAX),
        locked_until_ms: rows::maybe_number(row, "locked_until_ms")?,
        created_ms: rows::number(row, "created_ms")?,
    })
}

fn session(row: &AnyRow) -> Result<AccountSession, Error> {
    Ok(AccountSession {
        hash: rows::text(row, "session_hash")?,
        account: rows::text(row, "id")?,
        csrf: rows::text(row, "session_csrf")?,
        created_ms: rows::number(row, "session_created_ms")?,
        expires_ms: rows::number(row, "session_expires_ms")?,
        used_ms: rows::number(row, "session_used_ms")?,
    })
}
