//! The connections to the database, as the queries use them.
//!
//! A pooler in transaction mode (PgBouncer) lends a connection of the database for one transaction. A statement with a
//! name is on another connection the next time, and one without a name is prepared and executed in two steps, between
//! which the connection changes unless a transaction surrounds them. So with such a pooler every statement is unnamed
//! and in a transaction; without one, statements are prepared once and have a name.

use std::fmt;
use std::ops::{Deref, DerefMut};

use futures::future::BoxFuture;
use futures::stream::{self, BoxStream};
use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _};
use hsc_config::PoolerChoice;
use sqlx::any::{AnyArguments, AnyQueryResult, AnyRow, AnyStatement, AnyTypeInfo};
use sqlx::error::BoxDynError;
use sqlx::{Any, AnyPool, Either, Error, Execute, Executor, SqlStr};

use super::backend::Kind;

/// The connections to one database. Cheap to clone.
#[derive(Clone)]
pub(super) struct Database {
    pool: AnyPool,
    kind: Kind,
    pooler: PoolerChoice,
}

/// A transaction on either database. Dropped without [`Transaction::commit`] it changes nothing.
pub(super) struct Transaction {
    statements: Statements,
}

/// Executes the statements of a transaction.
pub(super) struct Statements {
    transaction: sqlx::Transaction<'static, Any>,
    pooler: PoolerChoice,
}

impl Database {
    pub(super) fn new(pool: AnyPool, kind: Kind, pooler: PoolerChoice) -> Self {
        Self { pool, kind, pooler }
    }

    /// A write transaction. In SQLite it takes the write lock at its start: taken later, it
    /// could fail after the reads.
    pub(super) async fn begin(&self) -> Result<Transaction, Error> {
        let transaction = match self.kind {
            Kind::Sqlite => self.pool.begin_with("BEGIN IMMEDIATE").await?,
            Kind::Postgres => self.pool.begin().await?,
        };
        Ok(Transaction { statements: Statements { transaction, pooler: self.pooler } })
    }

    /// Closes every connection.
    pub(super) async fn close(&self) {
        self.pool.close().await;
    }
}

impl Transaction {
    pub(super) async fn commit(self) -> Result<(), Error> {
        self.statements.transaction.commit().await
    }
}

impl Deref for Transaction {
    type Target = Statements;

    fn deref(&self) -> &Statements {
        &self.statements
    }
}

impl DerefMut for Transaction {
    fn deref_mut(&mut self) -> &mut Statements {
        &mut self.statements
    }
}

impl<'c> Executor<'c> for &'c Database {
    type Database = Any;

    fn fetch_many<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxStream<'e, Result<Either<AnyQueryResult, AnyRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        if self.pooler == PoolerChoice::None {
            return (&self.pool).fetch_many(query);
        }
        let executed = async move {
            let mut transaction = self.pool.begin().await?;
            let results: Vec<_> =
                (&mut *transaction).fetch_many(Unnamed(query)).try_collect().await?;
            transaction.commit().await?;
            Ok::<_, Error>(stream::iter(results.into_iter().map(Ok)))
        };
        stream::once(executed).try_flatten().boxed()
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<AnyRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        if self.pooler == PoolerChoice::None {
            return (&self.pool).fetch_optional(query);
        }
        async move {
            let mut transaction = self.pool.begin().await?;
            let row = (&mut *transaction).fetch_optional(Unnamed(query)).await?;
            transaction.commit().await?;
            Ok(row)
        }
        .boxed()
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [AnyTypeInfo],
    ) -> BoxFuture<'e, Result<AnyStatement, Error>>
    where
        'c: 'e,
    {
        (&self.pool).prepare_with(sql, parameters)
    }
}

impl<'c> Executor<'c> for &'c mut Statements {
    type Database = Any;

    fn fetch_many<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxStream<'e, Result<Either<AnyQueryResult, AnyRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        match self.pooler {
            PoolerChoice::None => (&mut *self.transaction).fetch_many(query),
            PoolerChoice::Transaction => (&mut *self.transaction).fetch_many(Unnamed(query)),
        }
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<AnyRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        match self.pooler {
            PoolerChoice::None => (&mut *self.transaction).fetch_optional(query),
            PoolerChoice::Transaction => (&mut *self.transaction).fetch_optional(Unnamed(query)),
        }
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [AnyTypeInfo],
    ) -> BoxFuture<'e, Result<AnyStatement, Error>>
    where
        'c: 'e,
    {
        (&mut *self.transaction).prepare_with(sql, parameters)
    }
}

/// A query whose statement gets no name.
struct Unnamed<E>(E);

impl<'q, E: Execute<'q, Any>> Execute<'q, Any> for Unnamed<E> {
    fn sql(self) -> SqlStr {
        self.0.sql()
    }

    fn statement(&self) -> Option<&AnyStatement> {
        self.0.statement()
    }

    fn take_arguments(&mut self) -> Result<Option<AnyArguments>, BoxDynError> {
        self.0.take_arguments()
    }

    fn persistent(&self) -> bool {
        false
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Database({:?})", self.kind)
    }
}

impl fmt::Debug for Statements {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Statements")
    }
}
