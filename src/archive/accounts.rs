//! Accounts and sessions.

use std::collections::HashMap;
use std::time::Duration;

use futures::{FutureExt as _, TryFutureExt as _};
use hsc_actors::ports::archive::{
    Account, AccountChange, AccountError, AccountSession, Accounts, AttemptLimit, AttemptOutcome,
    FirstLink, LockOut, MOST_DEVICES, Role, SignInAttempt,
};
use sqlx::any::AnyRow;
use sqlx::{Error, Result, Row as _};

use super::database::{Kind, Transaction};
use super::sql::{clean, maybe_number, number, sql, truth, word};
use super::store::{Reply, Store, archive_error};

impl Accounts for Store {
    fn count(&self) -> Reply<'_, u64> {
        let count = sql("SELECT COUNT(*) AS accounts FROM accounts", &[]);
        let count = self.fetch_optional(count, |row| number(row, "accounts"));
        count.map_ok(Option::unwrap_or_default).boxed()
    }

    fn add(&self, account: Account) -> Reply<'_, (), AccountError> {
        self.with_rules(async move {
            let mut transaction = self.begin().await?;
            insert(&mut transaction, &account).await?;
            transaction.commit().await.map(Ok)
        })
    }

    fn add_first_link(&self, link: FirstLink, replaces: bool, now_ms: u64) -> Reply<'_, ()> {
        // All of them, or the expired ones.
        let until_ms = if replaces { u64::MAX } else { now_ms };
        let replaced = sql("DELETE FROM first_links WHERE expires_ms <= $1", &[&until_ms]);
        let added = sql(
            "INSERT INTO first_links (hash, expires_ms) VALUES ($1, $2)",
            &[&link.hash, &link.expires_ms],
        );
        self.execute_all(vec![replaced, added])
    }

    fn is_first_link(&self, hash: &str, now_ms: u64) -> Reply<'_, bool> {
        let valid = sql(
            "SELECT hash FROM first_links WHERE hash = $1 AND expires_ms > $2",
            &[&hash, &now_ms],
        );
        self.fetch_optional(valid, |_| Ok(())).map_ok(|found| found.is_some()).boxed()
    }

    fn add_first(
        &self,
        account: Account,
        link_hash: &str,
        now_ms: u64,
    ) -> Reply<'_, (), AccountError> {
        let counts = sql(
            "SELECT (SELECT COUNT(*) FROM accounts) AS accounts,
                (SELECT COUNT(*) FROM first_links WHERE hash = $1 AND expires_ms > $2) AS links",
            &[&link_hash, &now_ms],
        );
        self.with_rules(async move {
            let mut transaction = self.begin().await?;
            if self.database.kind == Kind::Postgres {
                // Concurrent inserts wait; SQLite allows one writer at a time anyway.
                let lock = sql("LOCK TABLE accounts IN SHARE ROW EXCLUSIVE MODE", &[]);
                transaction.execute(lock).await?;
            }
            let counted = transaction.fetch_one(counts).await?;
            if number(&counted, "accounts")? > 0 || number(&counted, "links")? == 0 {
                return Ok(Err(AccountError::NotFirst));
            }
            insert(&mut transaction, &account).await?;
            transaction.execute(sql("DELETE FROM first_links", &[])).await?;
            transaction.commit().await.map(Ok)
        })
    }

    fn all(&self) -> Reply<'_, Vec<Account>> {
        self.fetch_all(sql("SELECT * FROM accounts ORDER BY name, id", &[]), account)
    }

    fn by_id(&self, id: &str) -> Reply<'_, Option<Account>> {
        self.fetch_optional(sql("SELECT * FROM accounts WHERE id = $1", &[&id]), account)
    }

    fn by_address(&self, address: &str) -> Reply<'_, Option<Account>> {
        let by_address = sql("SELECT * FROM accounts WHERE address_key = $1", &[&key(address)]);
        self.fetch_optional(by_address, account)
    }

    fn by_subject(&self, subject: &str) -> Reply<'_, Option<Account>> {
        let by_subject = sql("SELECT * FROM accounts WHERE subject = $1", &[&subject]);
        self.fetch_optional(by_subject, account)
    }

    fn change(&self, id: &str, change: AccountChange) -> Reply<'_, Account, AccountError> {
        let id = id.to_owned();
        self.with_rules(async move { self.changed(&id, &change).await })
    }

    fn count_attempt(&self, attempt: SignInAttempt) -> Reply<'_, AttemptOutcome> {
        self.with(async move {
            let outcome = self.counted(&attempt).await?;
            // Twice as old as the longest count that matters: the deletion waits for no row in use.
            let forgotten = 2 * AttemptLimit::FORGOTTEN_AFTER;
            let forgotten = u64::try_from(forgotten.as_millis()).unwrap_or(u64::MAX);
            let before_ms = attempt.now_ms.saturating_sub(forgotten);
            let forgotten = sql("DELETE FROM sign_in_attempts WHERE last_ms < $1", &[&before_ms]);
            self.database.execute(forgotten).await?;
            Ok(outcome)
        })
    }

    fn attempt_succeeded(&self, attempt: SignInAttempt) -> Reply<'_, ()> {
        let taken_back = attempt.limits.iter().filter(|limit| limit.is_shared);
        let taken_back = taken_back.map(|limit| &limit.key).chain(&attempt.watched);
        let forgotten = attempt.limits.iter().filter(|limit| !limit.is_shared);
        let forgotten = forgotten.map(|limit| (&limit.key, u32::MAX));
        let mut keys: Vec<(&String, u32)> =
            taken_back.map(|key| (key, 1)).chain(forgotten).collect();
        // In one order everywhere: two attempts never deadlock.
        keys.sort_unstable();
        let succeeded = keys.into_iter().map(|(key, failures)| {
            sql(
                "UPDATE sign_in_attempts SET is_refused = 0,
                    failures = CASE WHEN failures > $2 THEN failures - $2 ELSE 0 END
                 WHERE key = $1",
                &[key, &failures],
            )
        });
        self.execute_all(succeeded.collect())
    }

    fn is_device_of(&self, hash: &str, address: &str, since_ms: u64) -> Reply<'_, bool> {
        let known = sql(
            "SELECT d.hash FROM account_devices d JOIN accounts a ON a.id = d.account
             WHERE d.hash = $1 AND a.address_key = $2 AND d.used_ms >= $3",
            &[&hash, &key(address), &since_ms],
        );
        self.fetch_optional(known, |_| Ok(())).map_ok(|found| found.is_some()).boxed()
    }

    fn remember_device(&self, hash: &str, account: &str, now_ms: u64) -> Reply<'_, ()> {
        let remembered = sql(
            "INSERT INTO account_devices (hash, account, used_ms) VALUES ($1, $2, $3)
             ON CONFLICT (hash) DO UPDATE SET account = $2, used_ms = $3",
            &[&hash, &account, &now_ms],
        );
        let forgotten = sql(
            "DELETE FROM account_devices WHERE account = $1 AND hash NOT IN (
                SELECT hash FROM account_devices WHERE account = $1
                ORDER BY used_ms DESC, hash LIMIT $2)",
            &[&account, &MOST_DEVICES],
        );
        self.execute_all(vec![remembered, forgotten])
    }

    fn sign_in_failed(&self, id: &str, lock_out: LockOut) -> Reply<'_, Account, AccountError> {
        let failed = sql(
            "UPDATE accounts SET failures = failures + 1, locked_until_ms = CASE
                WHEN failures + 1 >= $2 THEN $3 ELSE locked_until_ms END
             WHERE id = $1 RETURNING *",
            &[&id, &lock_out.after, &lock_out.until_ms],
        );
        self.with_rules(async move {
            let mut transaction = self.begin().await?;
            let row = transaction.fetch_optional(failed).await?;
            transaction.commit().await?;
            let account = row.as_ref().map(account).transpose()?;
            Ok(account.ok_or(AccountError::Unknown))
        })
    }

    fn signed_in(&self, session: AccountSession) -> Reply<'_, (), AccountError> {
        let AccountSession { hash, account, csrf, created_ms, expires_ms, used_ms } = &session;
        let unlocked = sql(
            "UPDATE accounts SET failures = 0, locked_until_ms = NULL
             WHERE id = $1 AND is_disabled = 0",
            &[account],
        );
        let opened = sql(
            "INSERT INTO account_sessions (hash, account, csrf, created_ms, expires_ms, used_ms)
             VALUES ($1, $2, $3, $4, $5, $6)",
            &[hash, account, csrf, created_ms, expires_ms, used_ms],
        );
        self.with_rules(async move {
            let mut transaction = self.begin().await?;
            if transaction.execute(unlocked).await? == 0 {
                return Ok(Err(AccountError::Unknown));
            }
            transaction.execute(opened).await?;
            transaction.commit().await.map(Ok)
        })
    }

    fn session(&self, hash: &str, now_ms: u64) -> Reply<'_, Option<(AccountSession, Account)>> {
        let valid = sql(
            "SELECT a.*, s.hash AS session_hash, s.csrf AS session_csrf,
                s.created_ms AS session_created_ms, s.expires_ms AS session_expires_ms,
                s.used_ms AS session_used_ms
             FROM account_sessions s JOIN accounts a ON a.id = s.account
             WHERE s.hash = $1 AND s.expires_ms > $2 AND a.is_disabled = 0",
            &[&hash, &now_ms],
        );
        self.fetch_optional(valid, |row| Ok((session(row)?, account(row)?)))
    }

    fn session_used(&self, hash: &str, now_ms: u64) -> Reply<'_, ()> {
        let used = sql(
            "UPDATE account_sessions SET used_ms = $2 WHERE hash = $1 AND used_ms < $2",
            &[&hash, &now_ms],
        );
        self.execute(used).map_ok(drop).boxed()
    }

    fn sign_out(&self, hash: &str) -> Reply<'_, ()> {
        let ended = sql("DELETE FROM account_sessions WHERE hash = $1", &[&hash]);
        self.execute(ended).map_ok(drop).boxed()
    }

    fn sign_out_everywhere(&self, id: &str) -> Reply<'_, u64> {
        self.execute(sql("DELETE FROM account_sessions WHERE account = $1", &[&id]))
    }
}

impl Store {
    /// The same as [`Store::with`] for a query that a rule of the accounts may refuse.
    fn with_rules<'a, T: Send + 'a>(
        &'a self,
        query: impl Future<Output = Result<Result<T, AccountError>>> + Send + 'a,
    ) -> Reply<'a, T, AccountError> {
        self.reaching(async { query.await.unwrap_or_else(|error| Err(refusal(error))) }).boxed()
    }

    /// Counts an attempt in one transaction. Each row is locked before it is checked, in the order of the keys.
    async fn counted(&self, attempt: &SignInAttempt) -> Result<AttemptOutcome> {
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
                let text = "UPDATE sign_in_attempts SET is_refused = 1 WHERE key = $1";
                transaction.execute(sql(text, &[&limit.key])).await?;
                AttemptOutcome::Refused { wait, is_first: !counts[&limit.key].is_refused }
            }
            None => {
                for (key, count) in &counts {
                    let counted = sql(
                        "UPDATE sign_in_attempts SET failures = $2, last_ms = $3, is_refused = 0
                         WHERE key = $1",
                        &[*key, &count.failures.saturating_add(1), &attempt.now_ms],
                    );
                    transaction.execute(counted).await?;
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
    ) -> Result<Result<Account, AccountError>> {
        let mut transaction = self.begin().await?;
        let takes_a_right =
            change.is_disabled == Some(true) || change.role.is_some_and(|role| role != Role::Admin);
        // The owner of a new password tries it at once.
        let unlocks = change.unlock || change.password_hash.is_some();
        let had_admins = takes_a_right && admins(&mut transaction).await? > 0;
        let changed = sql(
            "UPDATE accounts SET
                name = COALESCE($2, name),
                role = COALESCE($3, role),
                password_hash = COALESCE($4, password_hash),
                subject = COALESCE($5, subject),
                is_disabled = COALESCE($6, is_disabled),
                failures = CASE WHEN $7 = 0 THEN failures ELSE 0 END,
                locked_until_ms = CASE WHEN $7 = 0 THEN locked_until_ms ELSE NULL END
             WHERE id = $1 RETURNING *",
            &[
                &id,
                &change.name,
                &change.role.map(Role::as_str),
                &change.password_hash,
                &change.subject,
                &change.is_disabled.map(i64::from),
                &unlocks,
            ],
        );
        let Some(row) = transaction.fetch_optional(changed).await? else {
            return Ok(Err(AccountError::Unknown));
        };
        if had_admins && admins(&mut transaction).await? == 0 {
            // The transaction rolls back on drop.
            return Ok(Err(AccountError::LastAdmin));
        }
        if takes_a_right || change.role.is_some() || change.password_hash.is_some() {
            let ended = sql("DELETE FROM account_sessions WHERE account = $1", &[&id]);
            transaction.execute(ended).await?;
        }
        if unlocks {
            let forgotten = sql("DELETE FROM sign_in_attempts WHERE account = $1", &[&id]);
            transaction.execute(forgotten).await?;
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
) -> Result<Count> {
    let made = sql(
        "INSERT INTO sign_in_attempts (key, account, failures, last_ms, is_refused)
         VALUES ($1, COALESCE((SELECT id FROM accounts WHERE address_key = $2), ''), 0, $3, 0)
         ON CONFLICT (key) DO NOTHING",
        &[&key, &self::key(address), &now_ms],
    );
    transaction.execute(made).await?;
    // Changes nothing and locks the row, in either database.
    let locked = sql(
        "UPDATE sign_in_attempts SET failures = failures WHERE key = $1
         RETURNING failures, last_ms, is_refused",
        &[&key],
    );
    let row = transaction.fetch_one(locked).await?;
    let last_ms = number(&row, "last_ms")?;
    let age = Duration::from_millis(now_ms.saturating_sub(last_ms));
    if age > AttemptLimit::FORGOTTEN_AFTER {
        return Ok(Count { failures: 0, last_ms: now_ms, is_refused: false });
    }
    let failures = u32::try_from(number(&row, "failures")?).unwrap_or(u32::MAX);
    Ok(Count { failures, last_ms, is_refused: truth(&row, "is_refused")? })
}

async fn insert(transaction: &mut Transaction, account: &Account) -> Result<()> {
    let inserted = sql(
        "INSERT INTO accounts (id, name, address, address_key, role, password_hash, subject,
            is_disabled, failures, locked_until_ms, created_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        &[
            &account.id,
            &account.name,
            &account.address,
            &key(&account.address),
            &account.role.as_str(),
            &account.password_hash,
            &account.subject,
            &account.is_disabled,
            &account.failures,
            &account.locked_until_ms,
            &account.created_ms,
        ],
    );
    transaction.execute(inserted).await.map(drop)
}

/// Number of active admins. Locks all admins first: of two who disable each other at once, the
/// second one sees the change of the first.
async fn admins(transaction: &mut Transaction) -> Result<u64> {
    let lock = sql("UPDATE accounts SET role = role WHERE role = 'admin'", &[]);
    transaction.execute(lock).await?;
    let counted = sql(
        "SELECT COUNT(*) AS admins FROM accounts WHERE role = 'admin' AND is_disabled = 0",
        &[],
    );
    number(&transaction.fetch_one(counted).await?, "admins")
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

fn account(row: &AnyRow) -> Result<Account> {
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

fn session(row: &AnyRow) -> Result<AccountSession> {
    Ok(AccountSession {
        hash: row.try_get("session_hash")?,
        account: row.try_get("id")?,
        csrf: row.try_get("session_csrf")?,
        created_ms: number(row, "session_created_ms")?,
        expires_ms: number(row, "session_expires_ms")?,
        used_ms: number(row, "session_used_ms")?,
    })
}
