//! Accounts and sessions.

use std::collections::HashMap;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::{FutureExt as _, TryFutureExt as _};
use hsc_actors::ports::archive::{
    Account, AccountChange, AccountError, AccountSession, Accounts, ArchiveError, AttemptLimit,
    AttemptOutcome, FirstLink, LockOut, MOST_DEVICES, Role, SignInAttempt,
};
use sqlx::any::AnyRow;
use sqlx::{Error, Row as _};

use super::database::{Kind, Transaction};
use super::sql::{clean, cleaned, maybe_number, number, signed, truth, word};
use super::store::{Store, archive_error};

impl Accounts for Store {
    fn count(&self) -> BoxFuture<'_, Result<u64, ArchiveError>> {
        self.with(async {
            let row = sqlx::query("SELECT COUNT(*) AS accounts FROM accounts")
                .fetch_one(&self.database)
                .await?;
            number(&row, "accounts")
        })
        .boxed()
    }

    fn add(&self, account: Account) -> BoxFuture<'_, Result<(), AccountError>> {
        self.with_rules(async move {
            let mut transaction = self.begin().await?;
            insert(&mut transaction, &account).await?;
            transaction.commit().await.map(Ok)
        })
        .boxed()
    }

    fn add_first_link(
        &self,
        link: FirstLink,
        replaces: bool,
        now_ms: u64,
    ) -> BoxFuture<'_, Result<(), ArchiveError>> {
        self.with(async move {
            let mut transaction = self.begin().await?;
            // All of them, or the expired ones.
            let until_ms = if replaces { i64::MAX } else { signed(now_ms) };
            sqlx::query("DELETE FROM first_links WHERE expires_ms <= $1")
                .bind(until_ms)
                .execute(&mut transaction)
                .await?;
            sqlx::query("INSERT INTO first_links (hash, expires_ms) VALUES ($1, $2)")
                .bind(clean(&link.hash))
                .bind(signed(link.expires_ms))
                .execute(&mut transaction)
                .await?;
            transaction.commit().await
        })
        .boxed()
    }

    fn is_first_link(&self, hash: &str, now_ms: u64) -> BoxFuture<'_, Result<bool, ArchiveError>> {
        let valid = sqlx::query("SELECT hash FROM first_links WHERE hash = $1 AND expires_ms > $2")
            .bind(clean(hash))
            .bind(signed(now_ms));
        self.fetch_optional(valid, |_| Ok(())).map_ok(|found| found.is_some()).boxed()
    }

    fn add_first(
        &self,
        account: Account,
        link_hash: &str,
        now_ms: u64,
    ) -> BoxFuture<'_, Result<(), AccountError>> {
        let link_hash = clean(link_hash);
        self.with_rules(async move {
            let mut transaction = self.begin().await?;
            if self.database.kind == Kind::Postgres {
                // Concurrent inserts wait; SQLite allows one writer at a time anyway.
                sqlx::query("LOCK TABLE accounts IN SHARE ROW EXCLUSIVE MODE")
                    .execute(&mut transaction)
                    .await?;
            }
            let counted = sqlx::query(
                "SELECT (SELECT COUNT(*) FROM accounts) AS accounts,
                    (SELECT COUNT(*) FROM first_links WHERE hash = $1 AND expires_ms > $2) AS links",
            )
            .bind(link_hash)
            .bind(signed(now_ms))
            .fetch_one(&mut transaction)
            .await?;
            if number(&counted, "accounts")? > 0 || number(&counted, "links")? == 0 {
                return Ok(Err(AccountError::NotFirst));
            }
            insert(&mut transaction, &account).await?;
            sqlx::query("DELETE FROM first_links").execute(&mut transaction).await?;
            transaction.commit().await.map(Ok)
        })
        .boxed()
    }

    fn all(&self) -> BoxFuture<'_, Result<Vec<Account>, ArchiveError>> {
        self.fetch_all(sqlx::query("SELECT * FROM accounts ORDER BY name, id"), account)
    }

    fn by_id(&self, id: &str) -> BoxFuture<'_, Result<Option<Account>, ArchiveError>> {
        let by_id = sqlx::query("SELECT * FROM accounts WHERE id = $1");
        self.fetch_optional(by_id.bind(clean(id)), account)
    }

    fn by_address(&self, address: &str) -> BoxFuture<'_, Result<Option<Account>, ArchiveError>> {
        let by_address = sqlx::query("SELECT * FROM accounts WHERE address_key = $1");
        self.fetch_optional(by_address.bind(key(address)), account)
    }

    fn by_subject(&self, subject: &str) -> BoxFuture<'_, Result<Option<Account>, ArchiveError>> {
        let by_subject = sqlx::query("SELECT * FROM accounts WHERE subject = $1");
        self.fetch_optional(by_subject.bind(clean(subject)), account)
    }

    fn change(
        &self,
        id: &str,
        change: AccountChange,
    ) -> BoxFuture<'_, Result<Account, AccountError>> {
        let id = clean(id);
        self.with_rules(async move { self.changed(&id, &change).await }).boxed()
    }

    fn count_attempt(
        &self,
        attempt: SignInAttempt,
    ) -> BoxFuture<'_, Result<AttemptOutcome, ArchiveError>> {
        self.with(async move {
            let outcome = self.counted(&attempt).await?;
            // Twice as old as the longest count that matters: the deletion waits for no row in use.
            let forgotten = 2 * AttemptLimit::FORGOTTEN_AFTER;
            let forgotten = u64::try_from(forgotten.as_millis()).unwrap_or(u64::MAX);
            sqlx::query("DELETE FROM sign_in_attempts WHERE last_ms < $1")
                .bind(signed(attempt.now_ms.saturating_sub(forgotten)))
                .execute(&self.database)
                .await?;
            Ok(outcome)
        })
        .boxed()
    }

    fn attempt_succeeded(&self, attempt: SignInAttempt) -> BoxFuture<'_, Result<(), ArchiveError>> {
        self.with(async move {
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
                .execute(&mut transaction)
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
        let known = sqlx::query(
            "SELECT d.hash FROM account_devices d JOIN accounts a ON a.id = d.account
             WHERE d.hash = $1 AND a.address_key = $2 AND d.used_ms >= $3",
        )
        .bind(clean(hash))
        .bind(key(address))
        .bind(signed(since_ms));
        self.fetch_optional(known, |_| Ok(())).map_ok(|found| found.is_some()).boxed()
    }

    fn remember_device(
        &self,
        hash: &str,
        account: &str,
        now_ms: u64,
    ) -> BoxFuture<'_, Result<(), ArchiveError>> {
        let (hash, account) = (clean(hash), clean(account));
        self.with(async move {
            let mut transaction = self.begin().await?;
            sqlx::query(
                "INSERT INTO account_devices (hash, account, used_ms) VALUES ($1, $2, $3)
                 ON CONFLICT (hash) DO UPDATE SET account = $2, used_ms = $3",
            )
            .bind(hash)
            .bind(account.clone())
            .bind(signed(now_ms))
            .execute(&mut transaction)
            .await?;
            sqlx::query(
                "DELETE FROM account_devices WHERE account = $1 AND hash NOT IN (
                    SELECT hash FROM account_devices WHERE account = $1
                    ORDER BY used_ms DESC, hash LIMIT $2)",
            )
            .bind(account)
            .bind(i64::from(MOST_DEVICES))
            .execute(&mut transaction)
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
        self.with_rules(async move {
            let mut transaction = self.begin().await?;
            let row = sqlx::query(
                "UPDATE accounts SET failures = failures + 1, locked_until_ms = CASE
                    WHEN failures + 1 >= $2 THEN $3 ELSE locked_until_ms END
                 WHERE id = $1 RETURNING *",
            )
            .bind(id)
            .bind(i64::from(lock_out.after))
            .bind(signed(lock_out.until_ms))
            .fetch_optional(&mut transaction)
            .await?;
            transaction.commit().await?;
            let account = row.as_ref().map(account).transpose()?;
            Ok(account.ok_or(AccountError::Unknown))
        })
        .boxed()
    }

    fn signed_in(&self, session: AccountSession) -> BoxFuture<'_, Result<(), AccountError>> {
        self.with_rules(async move {
            let mut transaction = self.begin().await?;
            let known = sqlx::query(
                "UPDATE accounts SET failures = 0, locked_until_ms = NULL
                 WHERE id = $1 AND is_disabled = 0",
            )
            .bind(clean(&session.account))
            .execute(&mut transaction)
            .await?;
            if known.rows_affected() == 0 {
                return Ok(Err(AccountError::Unknown));
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
            .execute(&mut transaction)
            .await?;
            transaction.commit().await.map(Ok)
        })
        .boxed()
    }

    fn session(
        &self,
        hash: &str,
        now_ms: u64,
    ) -> BoxFuture<'_, Result<Option<(AccountSession, Account)>, ArchiveError>> {
        let valid = sqlx::query(
            "SELECT a.*, s.hash AS session_hash, s.csrf AS session_csrf,
                s.created_ms AS session_created_ms, s.expires_ms AS session_expires_ms,
                s.used_ms AS session_used_ms
             FROM account_sessions s JOIN accounts a ON a.id = s.account
             WHERE s.hash = $1 AND s.expires_ms > $2 AND a.is_disabled = 0",
        )
        .bind(clean(hash))
        .bind(signed(now_ms));
        self.fetch_optional(valid, |row| Ok((session(row)?, account(row)?)))
    }

    fn session_used(&self, hash: &str, now_ms: u64) -> BoxFuture<'_, Result<(), ArchiveError>> {
        let used = sqlx::query(
            "UPDATE account_sessions SET used_ms = $2 WHERE hash = $1 AND used_ms < $2",
        )
        .bind(clean(hash))
        .bind(signed(now_ms));
        self.execute(used).map_ok(drop).boxed()
    }

    fn sign_out(&self, hash: &str) -> BoxFuture<'_, Result<(), ArchiveError>> {
        let ended = sqlx::query("DELETE FROM account_sessions WHERE hash = $1").bind(clean(hash));
        self.execute(ended).map_ok(drop).boxed()
    }

    fn sign_out_everywhere(&self, id: &str) -> BoxFuture<'_, Result<u64, ArchiveError>> {
        self.execute(sqlx::query("DELETE FROM account_sessions WHERE account = $1").bind(clean(id)))
    }
}

impl Store {
    /// The same as [`Store::with`] for a query that a rule of the accounts may refuse.
    async fn with_rules<T>(
        &self,
        query: impl Future<Output = Result<Result<T, AccountError>, Error>>,
    ) -> Result<T, AccountError> {
        self.reaching(async { query.await.unwrap_or_else(|error| Err(refusal(error))) }).await
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
                    .execute(&mut transaction)
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
                    .execute(&mut transaction)
                    .await?;
                }
                AttemptOutcome::Counted
            }
        };
        transaction.commit().await?;
        Ok(outcome)
    }

    async fn changed(
        &self,
        id: &str,
        change: &AccountChange,
    ) -> Result<Result<Account, AccountError>, Error> {
        let mut transaction = self.begin().await?;
        let takes_a_right =
            change.is_disabled == Some(true) || change.role.is_some_and(|role| role != Role::Admin);
        let had_admins = takes_a_right && admins(&mut transaction).await? > 0;
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
        .fetch_optional(&mut transaction)
        .await?;
        let Some(row) = row else { return Ok(Err(AccountError::Unknown)) };
        if had_admins && admins(&mut transaction).await? == 0 {
            // The transaction rolls back on drop.
            return Ok(Err(AccountError::LastAdmin));
        }
        if takes_a_right || change.role.is_some() || change.password_hash.is_some() {
            sqlx::query("DELETE FROM account_sessions WHERE account = $1")
                .bind(id)
                .execute(&mut transaction)
                .await?;
        }
        if change.unlock || change.password_hash.is_some() {
            sqlx::query("DELETE FROM sign_in_attempts WHERE account = $1")
                .bind(id)
                .execute(&mut transaction)
                .await?;
        }
        transaction.commit().await?;
        account(&row).map(Ok)
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
    .execute(&mut *transaction)
    .await?;
    // Changes nothing and locks the row, in either database.
    let row = sqlx::query(
        "UPDATE sign_in_attempts SET failures = failures WHERE key = $1
         RETURNING failures, last_ms, is_refused",
    )
    .bind(clean(key))
    .fetch_one(&mut *transaction)
    .await?;
    let last_ms = number(&row, "last_ms")?;
    let age = Duration::from_millis(now_ms.saturating_sub(last_ms));
    if age > AttemptLimit::FORGOTTEN_AFTER {
        return Ok(Count { failures: 0, last_ms: now_ms, is_refused: false });
    }
    let failures = u32::try_from(number(&row, "failures")?).unwrap_or(u32::MAX);
    Ok(Count { failures, last_ms, is_refused: truth(&row, "is_refused")? })
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
    .execute(&mut *transaction)
    .await?;
    Ok(())
}

/// Number of active admins. Locks all admins first: of two who disable each other at once, the
/// second one sees the change of the first.
async fn admins(transaction: &mut Transaction) -> Result<i64, Error> {
    sqlx::query("UPDATE accounts SET role = role WHERE role = 'admin'")
        .execute(&mut *transaction)
        .await?;
    let row = sqlx::query(
        "SELECT COUNT(*) AS admins FROM accounts WHERE role = 'admin' AND is_disabled = 0",
    )
    .fetch_one(&mut *transaction)
    .await?;
    row.try_get("admins")
}

fn refusal(error: Error) -> AccountError {
    match error.as_database_error().is_some_and(|error| error.is_unique_violation()) {
        true => AccountError::Taken,
        false => AccountError::Archive(archive_error(error)),
    }
}

fn key(address: &str) -> String {
    clean(address.trim()).to_lowercase()
}

fn account(row: &AnyRow) -> Result<Account, Error> {
    Ok(Account {
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        address: row.try_get("address")?,
        role: word(row, "role")?,
        password_hash: row.try_get("password_hash")?,
        subject: row.try_get("subject")?,
        is_disabled: truth(row, "is_disabled")?,
        failures: u32::try_from(number(row, "failures")?).unwrap_or(u32::MAX),
        locked_until_ms: maybe_number(row, "locked_until_ms")?,
        created_ms: number(row, "created_ms")?,
    })
}

fn session(row: &AnyRow) -> Result<AccountSession, Error> {
    Ok(AccountSession {
        hash: row.try_get("session_hash")?,
        account: row.try_get("id")?,
        csrf: row.try_get("session_csrf")?,
        created_ms: number(row, "session_created_ms")?,
        expires_ms: number(row, "session_expires_ms")?,
        used_ms: number(row, "session_used_ms")?,
    })
}
