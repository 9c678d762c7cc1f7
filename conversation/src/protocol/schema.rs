//! The schema of the wire: the source of the documents, the generated clients and the load harness.
//!
//! [`ClientFrame::parse`](crate::protocol::ClientFrame::parse) reads a client's message field by field, for the
//! sentences that part-1 clients know; [`ClientSays`] is the same message as a client writes it. A test below sends
//! each form through the parser, so the two stay equal.

use hsc_catalogs::Scenario;
use serde::Serialize;
use utoipa::openapi::{RefOr, schema::Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::protocol::{
    About, AgentMessage, Csat, DeskMessage, Feedback, HandoffWish, Hello, ServerMessage,
    VisitorMessage,
};

/// A message as a client writes it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientSays {
    /// The visitor is typing; predict products.
    Typing {
        /// Empty asks for a sample of the catalog.
        content: String,
    },
    /// Typing pauses; return the meaning of the whole text.
    Understand {
        /// The text of the first box.
        content: String,
    },
    /// A question about one product.
    Query(Ask),
    /// The same, after the visitor chose the product.
    LockAndQuery(Ask),
    /// First message of a client that uses part 2.
    Hello(Hello),
    /// The state of the visitor's page: the chosen product, the scenario, the page's address.
    About(About),
    /// Stop the running answer.
    Cancel,
    /// The visitor wants an agent, or withdraws.
    Handoff(HandoffWish),
    /// A message from the visitor to the agent.
    Message(VisitorMessage),
    /// The visitor's rating of one answer.
    Feedback(Feedback),
    /// The visitor's rating of the conversation.
    Csat(Csat),
    /// The visitor ends the conversation.
    Bye,
}

/// The fields of a question.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct Ask {
    /// The product.
    pub product_id: String,
    /// The question.
    pub query: String,
    /// How the product is used.
    pub scenario: Scenario,
    /// A picture: a data URL, or bare base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Replaces the running answer and the queued questions; else this one is queued.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replace: Option<bool>,
}

/// The fields beside every message, both ways.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct Envelope {
    /// The client's own id for its message; every reply to it echoes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Offset in the conversation, on durable messages of the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
}

/// Every type of the wire by name, in the order of their names.
pub fn schemas() -> Vec<(String, RefOr<Schema>)> {
    let mut all = vec![
        ("AgentMessage".to_owned(), AgentMessage::schema()),
        ("ClientSays".to_owned(), ClientSays::schema()),
        ("DeskMessage".to_owned(), DeskMessage::schema()),
        ("Envelope".to_owned(), Envelope::schema()),
        ("ServerMessage".to_owned(), ServerMessage::schema()),
    ];
    AgentMessage::schemas(&mut all);
    ClientSays::schemas(&mut all);
    DeskMessage::schemas(&mut all);
    ServerMessage::schemas(&mut all);
    all.sort_by(|(a, _), (b, _)| a.cmp(b));
    all.dedup_by(|(a, _), (b, _)| a == b);
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{ClientFrame, ClientMessage, Image, ImageFile, Resume, Thumb};

    fn parsed(says: &ClientSays) -> ClientMessage {
        let text = serde_json::to_string(says).expect("the outline is JSON");
        ClientFrame::parse(&text).expect("the parser knows every form of the outline").message
    }

    #[test]
    fn the_parser_accepts_every_message_that_the_schema_allows() {
        let ask = Ask {
            product_id: "td17".to_owned(),
            query: "how loud?".to_owned(),
            scenario: Scenario::Live,
            image: Some("data:image/gif;base64,R0lGODlhAQABAAAAACw=".to_owned()),
            replace: Some(true),
        };
        let hello = Hello {
            compact: true,
            locale: Some("he".to_owned()),
            resume: Some(Resume { conversation: "c".to_owned(), token: "t".to_owned(), after: 7 }),
            visitor: Some("a.b.c".to_owned()),
        };
        assert_eq!(
            parsed(&ClientSays::Typing { content: "td".to_owned() }),
            ClientMessage::Typing("td".to_owned())
        );
        assert_eq!(
            parsed(&ClientSays::Understand { content: "td is loud".to_owned() }),
            ClientMessage::Understand("td is loud".to_owned())
        );
        for (says, locked) in
            [(ClientSays::Query(ask.clone()), false), (ClientSays::LockAndQuery(ask), true)]
        {
            let ClientMessage::Query(query) = parsed(&says) else {
                panic!("a question is heard as one")
            };
            assert_eq!((query.locked, query.replace), (locked, true));
            assert_eq!(query.product_id, "td17");
            assert_eq!((query.question.as_str(), query.scenario), ("how loud?", Scenario::Live));
            assert_eq!(
                query.image.as_ref().and_then(Image::file).map(ImageFile::media_type),
                Some("image/gif")
            );
        }
        assert_eq!(parsed(&ClientSays::Hello(hello.clone())), ClientMessage::Hello(hello));
        let about = About {
            product_id: Some("td17".to_owned()),
            scenario: Some(Scenario::Studio),
            page: Some("https://shop.example/".to_owned()),
        };
        assert_eq!(parsed(&ClientSays::About(about.clone())), ClientMessage::About(about));
        assert_eq!(parsed(&ClientSays::Cancel), ClientMessage::Cancel);
        let wish = HandoffWish { reason: Some("It burns.".to_owned()), withdraw: true };
        assert_eq!(parsed(&ClientSays::Handoff(wish.clone())), ClientMessage::Handoff(wish));
        let words =
            VisitorMessage { content: "Hi\nyou".to_owned(), upload: Some("u-1".to_owned()) };
        assert_eq!(parsed(&ClientSays::Message(words.clone())), ClientMessage::Message(words));
        let comment = Some("No.".to_owned());
        let feedback = Feedback { offset: 4, thumb: Thumb::Down, comment: comment.clone() };
        assert_eq!(
            parsed(&ClientSays::Feedback(feedback.clone())),
            ClientMessage::Feedback(feedback)
        );
        let csat = Csat { rating: 5, comment };
        assert_eq!(parsed(&ClientSays::Csat(csat.clone())), ClientMessage::Csat(csat));
        assert_eq!(parsed(&ClientSays::Bye), ClientMessage::Bye);
    }

    #[test]
    fn every_schema_reference_is_defined() {
        let all = schemas();
        let text = serde_json::to_string(&all).expect("schemas are JSON");
        for (_, rest) in text
            .match_indices("#/components/schemas/")
            .map(|(at, mark)| text.split_at(at + mark.len()))
        {
            let name = rest.split('"').next().unwrap_or_default();
            assert!(all.iter().any(|(known, _)| known == name), "{name} is pointed to and missing");
        }
    }
}
