//! The topic of a conversation: the product, the visitor's page, the questions about the product.
//!
//! A follow-up question is answered with the questions before it, a rating is accepted for an answer only, and an
//! agent sees the product before the first message. Owned by the conversation and part of its checkpoint.

use std::collections::VecDeque;

use hsc_catalogs::{Catalog, Exchange, Product, Scenario};
use serde::{Deserialize, Serialize};

use crate::archive::{Visitor, VisitorDescription};
use crate::desk::TicketDetails;
use crate::event::{ConversationEvent, LogEntry};
use crate::protocol::{About, AboutProduct, QueryMessage};

/// Offsets of answers that are remembered, so that a rating of anything else is refused. More than a
/// visitor scrolls back.
const ANSWERS: usize = 64;
/// Longest part of the last message that the desk shows, in characters.
const LAST_CHARS: usize = 140;
/// Longest question that is stored for a follow-up, in characters.
const PREVIOUS_CHARS: usize = 300;
/// Longest answer that is stored with it, in characters: what a language model needs of its earlier answer.
const PREVIOUS_ANSWER_CHARS: usize = 600;
/// Questions that are stored for a follow-up.
const PREVIOUS: usize = 3;
/// Shown in lists of conversations for a last message that is a picture without text. The same in every language.
const JUST_A_PICTURE: &str = "\u{1F5BC}";

/// The topic of the conversation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Topic {
    /// The last product that was chosen or asked about.
    product: Option<AboutProduct>,
    /// How the visitor uses it, from the visitor's page or a question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scenario: Option<Scenario>,
    /// Address of the page on which the visitor chats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    page: Option<String>,
    /// The last message, cut short.
    last: Option<String>,
    /// The newest question about the product, cut short.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    question: Option<String>,
    /// The questions about the product before that one and their answers, the newest last.
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    previous: VecDeque<Exchange>,
    /// The answer to the newest question, cut short.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    answer: String,
    /// Offsets of the last messages of answers.
    answers: VecDeque<u64>,
    /// The facts about the visitor that were recorded last.
    #[serde(skip)]
    recorded: Option<Box<TicketDetails>>,
}

impl Topic {
    /// The questions about the same product before the newest one and their answers, the newest last.
    pub(crate) fn previous(&self) -> Vec<Exchange> {
        self.previous.iter().cloned().collect()
    }

    /// True when an answer ended at this offset.
    pub(crate) fn is_answer(&self, offset: u64) -> bool {
        self.answers.contains(&offset)
    }

    /// The last message, cut short.
    pub(crate) fn last(&self) -> Option<&str> {
        self.last.as_deref()
    }

    /// What the desk shows of it.
    pub(crate) fn details(&self) -> TicketDetails {
        let (product, page) = (self.product.clone(), self.page.clone());
        TicketDetails { product, scenario: self.scenario, page, ..TicketDetails::default() }
    }

    /// A question about its product; none without a product: there is no manual to answer from.
    pub(crate) fn question(&self, question: String) -> Option<QueryMessage> {
        Some(QueryMessage {
            product_id: self.product.as_ref()?.id.clone(),
            question,
            scenario: self.scenario.unwrap_or_default(),
            image: None,
            locked: false,
            replace: false,
        })
    }

    /// The visitor's page shows this.
    pub(crate) fn about(&mut self, about: About, catalog: &Catalog) {
        let About { product_id, scenario, page } = about;
        // An unknown product changes nothing: this pod may still be loading a new catalog.
        match product_id.as_deref() {
            None => {}
            Some("") => self.product = None,
            Some(id) => {
                if let Some(product) = catalog.product(id) {
                    self.choose(product);
                }
            }
        }
        self.scenario = scenario.or(self.scenario);
        self.page = page.or(self.page.take());
    }

    /// An answer to a question about this product starts.
    pub(crate) fn question_asked(&mut self, product: &Product, scenario: Scenario, words: &str) {
        let is_other = self.product.as_ref().is_none_or(|known| known.id != *product.id);
        let question: String = words.chars().take(PREVIOUS_CHARS).collect();
        // An answer that is repeated after a crash repeats the question as well.
        if is_other {
            self.previous.clear();
        } else if let Some(before) = self.question.take_if(|before| *before != question) {
            if self.previous.len() == PREVIOUS {
                self.previous.pop_front();
            }
            let answer = std::mem::take(&mut self.answer);
            self.previous.push_back(Exchange { question: before, answer });
        }
        self.question = Some(question);
        self.answer.clear();
        self.choose(product);
        if scenario != Scenario::General || self.scenario.is_some() {
            self.scenario = Some(scenario);
        }
        self.set_last(words);
    }

    /// Updates the topic from an event.
    pub(crate) fn observe(&mut self, entry: &LogEntry) {
        match &entry.event {
            // The end of a question that was cancelled in the queue is not an answer.
            ConversationEvent::AnswerCompleted(answer) if answer.question.is_some() => {
                self.answer = answer.text.chars().take(PREVIOUS_ANSWER_CHARS).collect();
                if self.answers.len() == ANSWERS {
                    self.answers.pop_front();
                }
                self.answers.push_back(entry.offset);
            }
            ConversationEvent::MessageSent(message) => self.set_last(words_shown(&message.content)),
            _ => {}
        }
    }

    /// The event for new facts about the visitor; none if they were recorded already.
    pub(crate) fn describe(
        &mut self,
        visitor: Option<&Visitor>,
        details: TicketDetails,
    ) -> Option<ConversationEvent> {
        let is_known = details != TicketDetails::default() || visitor.is_some();
        if !is_known || self.recorded.as_deref() == Some(&details) {
            return None;
        }
        let described = VisitorDescription {
            visitor: visitor.cloned(),
            language: details.locale.clone(),
            product: details.product.as_ref().map(|product| product.id.clone()),
            scenario: details.scenario,
            page: details.page.clone(),
            reason: details.reason.clone(),
        };
        self.recorded = Some(Box::new(details));
        Some(ConversationEvent::VisitorDescribed(Box::new(described)))
    }

    fn choose(&mut self, product: &Product) {
        let (id, name) = (product.id.to_string(), product.name.to_string());
        self.product = Some(AboutProduct { id, name });
    }

    fn set_last(&mut self, words: &str) {
        self.last = Some(words.chars().take(LAST_CHARS).collect());
    }
}

/// The text of a message in a list of conversations.
pub(crate) fn words_shown(content: &str) -> &str {
    if content.is_empty() { JUST_A_PICTURE } else { content }
}
