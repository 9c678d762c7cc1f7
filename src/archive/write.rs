//! Writes batches: one transaction, each record once however often it is sent.

use std::sync::Arc;

use hsc_catalogs::Scenario;
use hsc_conversation::archive::{
    ArchivedEvent, ArchivedMessage, Audit, Author, ConversationFacts, Feedback, HandoffRecord,
    HandoffRecordKind, NewDelivery, RatingRecord, Record, StampedRecord, Upload,
    VisitorDescription,
};
use sqlx::{AssertSqlSafe, Error, Result, Row as _};

use super::database::Transaction;
use super::sql::{AnyQuery, signed, sql};
use super::store::Store;
use super::tally::Tally;
use super::words::searchable;

/// Characters of the excerpt in a list.
const FIRST_WORDS: usize = 160;

impl Store {
    /// Writes the whole batch or nothing.
    pub(super) async fn write_batch(&self, batch: &[Arc<StampedRecord>]) -> Result<()> {
        let mut writing = Writing::new(self.begin().await?);
        for stamped in batch {
            writing.keep(stamped).await?;
        }
        let Writing { mut transaction, tally } = writing;
        tally.write(&mut transaction).await?;
        transaction.commit().await
    }
}

/// A batch that is being written.
pub(super) struct Writing {
    pub(super) transaction: Transaction,
    tally: Tally,
}

impl Writing {
    pub(super) fn new(transaction: Transaction) -> Self {
        Self { transaction, tally: Tally::default() }
    }

    /// Writes the row of an event in place of the one that is there; false for a record that is not a row of its own.
    /// The row is inserted anew: the search index follows insertions and deletions.
    pub(super) async fn replace(&mut self, stamped: &StampedRecord) -> Result<bool> {
        let StampedRecord { id, at_ms, record } = stamped;
        let was_there = match record {
            Record::Message(message) => {
                let id = message_id(id, message);
                self.delete("messages", &id).await?
                    && self.insert_message(&id, *at_ms, message).await?
            }
            Record::Handoff(turn) => {
                let id = handoff_id(id, turn);
                self.delete("turns", &id).await? && self.insert_handoff(&id, *at_ms, turn).await?
            }
            Record::Feedback(_) => false,
            _ => return Ok(false),
        };
        if !was_there {
            self.keep(stamped).await?;
        }
        Ok(true)
    }

    /// Deletes a row of one of the tables above; true if it was there.
    async fn delete(&mut self, table: &'static str, id: &str) -> Result<bool> {
        let text = format!("DELETE FROM {table} WHERE id = $1");
        self.execute(sql(AssertSqlSafe(text), &[&id])).await
    }

    /// True if the statement wrote a row.
    async fn execute(&mut self, statement: AnyQuery) -> Result<bool> {
        Ok(self.transaction.execute(statement).await? == 1)
    }

    /// Writes a record: most are one statement.
    async fn keep(&mut self, stamped: &StampedRecord) -> Result<()> {
        let StampedRecord { id, at_ms, record } = stamped;
        let at_ms = *at_ms;
        let statement = match record {
            Record::ConversationBegan(began) => return self.began(at_ms, began).await,
            Record::Message(message) => return self.write_message(id, at_ms, message).await,
            Record::Handoff(turn) => return self.write_handoff(id, at_ms, turn).await,
            Record::Rated(rated) => return self.rated(at_ms, rated).await,
            Record::Event(ArchivedEvent { conversation, offset, id: own, entry }) => {
                // Its row may be missing, and an event without a conversation would never be erased.
                self.conversation(at_ms, conversation).await?;
                sql(
                    "INSERT INTO events (id, conversation, at_ms, place, entry)
                     VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO NOTHING",
                    &[&own.as_deref().unwrap_or(id), conversation, &at_ms, offset, entry],
                )
            }
            Record::Feedback(Feedback { conversation, offset, thumb, comment }) => {
                self.conversation(at_ms, conversation).await?;
                sql(
                    "INSERT INTO feedback (conversation, place, at_ms, thumb, comment) VALUES ($1, $2, $3, $4, $5)
                     ON CONFLICT (conversation, place) DO UPDATE SET
                        at_ms = excluded.at_ms, thumb = excluded.thumb, comment = excluded.comment
                     WHERE feedback.at_ms <= excluded.at_ms",
                    &[conversation, offset, &at_ms, &thumb.as_str(), comment],
                )
            }
            Record::UploadKept(upload) => {
                let Upload { id, conversation, file, media_type, bytes, expires_ms } = upload;
                self.conversation(at_ms, conversation).await?;
                sql(
                    "INSERT INTO uploads (id, conversation, at_ms, file, media_type, bytes, expires_ms)
                     VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING",
                    &[id, conversation, &at_ms, file, media_type, bytes, expires_ms],
                )
            }
            Record::UploadExpired { upload } => {
                sql("UPDATE uploads SET is_expired = 1 WHERE id = $1", &[upload])
            }
            Record::Audit(Audit { who, role, action, subject, detail, address }) => sql(
                "INSERT INTO audit (id, at_ms, who, role, action, subject, detail, address)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO NOTHING",
                &[id, &at_ms, who, role, action, subject, detail, address],
            ),
            Record::OfflineMessage { conversation, address, text } => sql(
                "INSERT INTO left_messages (id, at_ms, conversation, address, text)
                 VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO NOTHING",
                &[id, &at_ms, conversation, address, text],
            ),
            Record::Deliver(NewDelivery { id, endpoint, event, body, conversation }) => sql(
                "INSERT INTO deliveries (id, at_ms, endpoint, event, body, conversation, next_try_ms)
                 VALUES ($1, $2, $3, $4, $5, $6, $2) ON CONFLICT (id) DO NOTHING",
                &[id, &at_ms, endpoint, event, body, conversation],
            ),
        };
        self.execute(statement).await.map(drop)
    }

    /// The row of the conversation, created if it is missing.
    async fn conversation(&mut self, at_ms: u64, conversation: &str) -> Result<()> {
        let made = sql(
            "INSERT INTO conversations (id, began_ms, last_ms) VALUES ($1, $2, $2)
             ON CONFLICT (id) DO NOTHING",
            &[&conversation, &at_ms],
        );
        if self.execute(made).await? {
            self.tally.began(at_ms);
        }
        Ok(())
    }

    async fn began(&mut self, at_ms: u64, began: &ConversationFacts) -> Result<()> {
        let ConversationFacts { conversation, described } = began;
        let VisitorDescription { visitor, language, product, scenario, page, reason } = described;
        self.conversation(at_ms, conversation).await?;
        let product = product.as_deref().filter(|product| !product.is_empty());
        if let Some(product) = product {
            self.product(at_ms, conversation, product).await?;
        }
        let visitor = visitor.as_ref();
        let statement = sql(
            "UPDATE conversations SET subject = COALESCE($2, subject),
                visitor_name = COALESCE($3, visitor_name),
                visitor_address = COALESCE($4, visitor_address),
                language = COALESCE($5, language),
                product = COALESCE($6, product),
                scenario = COALESCE($7, scenario),
                page = COALESCE($8, page),
                reason = COALESCE($9, reason)
             WHERE id = $1",
            &[
                conversation,
                &visitor.map(|visitor| &*visitor.subject),
                &visitor.and_then(|visitor| visitor.name.as_deref()),
                &visitor.and_then(|visitor| visitor.address.as_deref()),
                language,
                &product,
                &scenario.map(Scenario::as_str),
                page,
                reason,
            ],
        );
        self.execute(statement).await.map(drop)
    }

    async fn write_message(
        &mut self,
        id: &str,
        at_ms: u64,
        message: &ArchivedMessage,
    ) -> Result<()> {
        if !self.insert_message(&message_id(id, message), at_ms, message).await? {
            return Ok(());
        }
        self.conversation(at_ms, &message.conversation).await?;
        let product = message.product.as_deref().filter(|product| !product.is_empty());
        if let Some(product) = product {
            self.product(at_ms, &message.conversation, product).await?;
        }
        if let Some(agent) = &message.agent {
            self.agent(&message.conversation, &agent.id).await?;
        }
        if message.author == Author::Machine {
            self.tally.answered(at_ms, message);
        }
        let is_visitor = message.author == Author::Visitor;
        // An agent's message too: a visitor may request an agent without a question.
        let begins = is_visitor || message.author == Author::Agent;
        let first_words: String =
            if begins { message.text.chars().take(FIRST_WORDS).collect() } else { String::new() };
        let language = message.language.as_deref().filter(|_| is_visitor);
        let statement = sql(
            "UPDATE conversations SET
                last_ms = CASE WHEN last_ms < $2 THEN $2 ELSE last_ms END,
                messages = messages + 1,
                product = COALESCE($3, product),
                language = COALESCE($4, language),
                first_words = CASE WHEN first_words = '' THEN $5 ELSE first_words END
             WHERE id = $1",
            &[&message.conversation, &at_ms, &product, &language, &first_words],
        );
        self.execute(statement).await.map(drop)
    }

    /// Inserts the row of a message; false if it is there.
    async fn insert_message(
        &mut self,
        id: &str,
        at_ms: u64,
        message: &ArchivedMessage,
    ) -> Result<bool> {
        let citations = serde_json::to_string(&message.citations)
            .map_err(|error| Error::Encode(error.into()))?;
        let inserted = sql(
            "INSERT INTO messages (id, conversation, at_ms, place, author, agent, agent_name, text, html,
                product, question, outcome, confidence, first_answer_ms, is_cached, citations, language,
                upload, searchable)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,
                CAST($13 AS DOUBLE PRECISION), $14, $15, $16, $17, $18, $19)
             ON CONFLICT (id) DO NOTHING",
            &[
                &id,
                &message.conversation,
                &at_ms,
                &message.offset,
                &message.author.as_str(),
                &message.agent.as_ref().map(|agent| &*agent.id),
                &message.agent.as_ref().map(|agent| &*agent.name),
                &message.text,
                &message.html,
                &message.product,
                &message.question,
                &message.outcome.map(|outcome| outcome.as_str()),
                // As text: the driver gives a missing number another type than a present one.
                &message.confidence.map(|confidence| confidence.to_string()),
                &message.first_answer_ms,
                &message.cached,
                &citations,
                &message.language,
                &message.upload,
                &searchable(&message.text),
            ],
        );
        self.execute(inserted).await
    }

    async fn product(&mut self, at_ms: u64, conversation: &str, product: &str) -> Result<()> {
        let first = sql(
            "INSERT INTO conversation_products (conversation, product) VALUES ($1, $2)
             ON CONFLICT (conversation, product) DO NOTHING",
            &[&conversation, &product],
        );
        if self.execute(first).await? {
            self.tally.turned_to(at_ms, product);
        }
        Ok(())
    }

    async fn agent(&mut self, conversation: &str, agent: &str) -> Result<()> {
        let statement = sql(
            "INSERT INTO conversation_agents (conversation, agent) VALUES ($1, $2)
             ON CONFLICT (conversation, agent) DO NOTHING",
            &[&conversation, &agent],
        );
        self.execute(statement).await.map(drop)
    }

    async fn write_handoff(&mut self, id: &str, at_ms: u64, turn: &HandoffRecord) -> Result<()> {
        if !self.insert_handoff(&handoff_id(id, turn), at_ms, turn).await? {
            return Ok(());
        }
        let conversation = &turn.conversation;
        self.conversation(at_ms, conversation).await?;
        let has_it = match turn.kind {
            HandoffRecordKind::Taken => turn.agent.as_ref(),
            HandoffRecordKind::Handed => turn.to.as_ref(),
            _ => None,
        };
        if let Some(agent) = has_it {
            self.agent(conversation, &agent.id).await?;
        }
        let agent = has_it.map(|agent| &*agent.id);
        let agent_name = has_it.map(|agent| &*agent.name);
        let ended_ms = (turn.kind == HandoffRecordKind::Ended).then_some(at_ms);
        let statement = sql(
            "UPDATE conversations SET
                last_ms = CASE WHEN last_ms < $2 THEN $2 ELSE last_ms END,
                agent = COALESCE($3, agent),
                agent_name = COALESCE($4, agent_name),
                ended_ms = COALESCE($5, ended_ms)
             WHERE id = $1",
            &[conversation, &at_ms, &agent, &agent_name, &ended_ms],
        );
        self.execute(statement).await?;
        if turn.kind == HandoffRecordKind::HandedOver {
            let first = sql(
                "UPDATE conversations SET is_handed_over = 1 WHERE id = $1 AND is_handed_over = 0
                 RETURNING product",
                &[conversation],
            );
            if let Some(row) = self.transaction.fetch_optional(first).await? {
                let product: Option<String> = row.try_get("product")?;
                self.tally.handed_over(at_ms, product.as_deref());
            }
        }
        Ok(())
    }

    /// Inserts the row of a handoff; false if it is there.
    async fn insert_handoff(&mut self, id: &str, at_ms: u64, turn: &HandoffRecord) -> Result<bool> {
        let inserted = sql(
            "INSERT INTO turns (id, conversation, at_ms, kind, agent, agent_name, to_agent, to_name, reason)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO NOTHING",
            &[
                &id,
                &turn.conversation,
                &at_ms,
                &turn.kind.as_str(),
                &turn.agent.as_ref().map(|agent| &*agent.id),
                &turn.agent.as_ref().map(|agent| &*agent.name),
                &turn.to.as_ref().map(|agent| &*agent.id),
                &turn.to.as_ref().map(|agent| &*agent.name),
                &turn.reason,
            ],
        );
        self.execute(inserted).await
    }

    async fn rated(&mut self, at_ms: u64, rated: &RatingRecord) -> Result<()> {
        let RatingRecord { conversation, comment, .. } = rated;
        self.conversation(at_ms, conversation).await?;
        let before = sql(
            "SELECT rating, rated_ms, rated_product, product FROM conversations WHERE id = $1",
            &[conversation],
        );
        let before = self.transaction.fetch_one(before).await?;
        let rating = i64::from(rated.rating.clamp(1, 5));
        let before_rating: Option<i64> = before.try_get("rating")?;
        // A changed rating is counted in the hour of the first one.
        let (counted_ms, product): (i64, Option<String>) = match before_rating {
            Some(_) => (before.try_get("rated_ms")?, before.try_get("rated_product")?),
            None => (signed(at_ms), before.try_get("product")?),
        };
        let rating_change = sql(
            "UPDATE conversations SET rating = $2, rating_comment = $3, rated_ms = $4, rated_product = $5
             WHERE id = $1",
            &[conversation, &rating, comment, &counted_ms, &product],
        );
        self.execute(rating_change).await?;
        let counted_ms = u64::try_from(counted_ms).unwrap_or(0);
        self.tally.rated(counted_ms, product.as_deref(), rating, before_rating);
        Ok(())
    }
}

/// Locks a conversation until the end of the transaction; false if there is none. Both databases understand an update
/// that changes nothing.
pub(super) async fn lock(transaction: &mut Transaction, conversation: &str) -> Result<bool> {
    let lock = sql("UPDATE conversations SET last_ms = last_ms WHERE id = $1", &[&conversation]);
    Ok(transaction.execute(lock).await? == 1)
}

/// Identity of a message: by its offset if it has one, because a conversation that changed pods may have sent it on
/// both; `own` is that of the record.
fn message_id(own: &str, message: &ArchivedMessage) -> String {
    match (message.offset, &message.question) {
        (Some(offset), _) => format!("{}/{offset}", message.conversation),
        // A question by its id, which a client uses once.
        (None, Some(question)) if message.author == Author::Visitor => {
            format!("{}?{question}", message.conversation)
        }
        _ => own.to_owned(),
    }
}

fn handoff_id(own: &str, turn: &HandoffRecord) -> String {
    turn.place.id(&turn.conversation).unwrap_or_else(|| own.to_owned())
}
