//! The messages of the handoff, to visitors and to agents.

use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::protocol::*;

fn message(value: &Value) -> ClientMessage {
    ClientFrame::parse(&value.to_string()).expect("a message").message
}

fn refused(value: &Value) -> InvalidMessage {
    ClientFrame::parse(&value.to_string()).expect_err("this is no message")
}

fn raw(value: &Value) -> Box<RawValue> {
    RawValue::from_string(value.to_string()).expect("a value is JSON")
}

/// A message of every type of the handoff, and its frame.
pub(super) fn recorded() -> Vec<(ServerMessage, Value)> {
    let agent = || Agent { id: "ana".to_owned(), name: "Ana".to_owned() };
    let message = ChatMessage {
        from: Speaker::Agent,
        agent: Some(agent()),
        content: "Hold it.".to_owned(),
        html: plain_html("Hold it."),
        citations: Vec::new(),
        at_ms: 7,
        upload: Some("u1".to_owned()),
    };
    let change = |state, form| HandoffChange { state, reason: None, form };
    vec![
        (
            ServerMessage::Handoff(change(HandoffState::WithAgent, false)),
            json!({"type": "handoff", "state": "with_agent"}),
        ),
        (
            ServerMessage::Handoff(change(HandoffState::Unavailable, true)),
            json!({"type": "handoff", "state": "unavailable", "form": true}),
        ),
        (
            ServerMessage::AgentJoined { agent: agent() },
            json!({"type": "agent_joined", "agent": {"id": "ana", "name": "Ana"}}),
        ),
        (
            ServerMessage::AgentLeft { agent: agent(), reason: LeaveReason::Handed },
            json!({"type": "agent_left", "agent": {"id": "ana", "name": "Ana"}, "reason": "handed"}),
        ),
        (
            ServerMessage::Message(Box::new(message)),
            json!({"type": "message", "from": "agent", "agent": {"id": "ana", "name": "Ana"},
                "content": "Hold it.", "html": "<p>Hold it.</p>", "citations": [], "at_ms": 7,
                "upload": "u1"}),
        ),
        (
            ServerMessage::AgentTyping { typing: true },
            json!({"type": "agent_typing", "typing": true}),
        ),
        (ServerMessage::Ack, json!({"type": "ack"})),
    ]
}

#[test]
fn a_message_retains_its_lines_and_contains_no_markup() {
    let message =
        message(&json!({"type": "message", "content": " <b>Hi</b>\u{0}\r\n\"you\" & 'me' \n"}));
    let ClientMessage::Message(message) = message else { panic!("a message: {message:?}") };
    assert_eq!(message.content, "<b>Hi</b>\n\"you\" & 'me'");
    assert_eq!(
        plain_html(&message.content),
        "<p>&lt;b&gt;Hi&lt;/b&gt;<br>&quot;you&quot; &amp; &#39;me&#39;</p>"
    );
}

#[test]
fn a_message_to_an_agent_over_a_limit_is_refused_with_the_name_of_the_limit() {
    for (value, reason) in [
        (json!({"type": "message"}), "the message is empty; put the words into 'content'"),
        (
            json!({"type": "message", "content": "a".repeat(2_001)}),
            "'content' has more than 2000 characters",
        ),
        (
            json!({"type": "message", "upload": "../u"}),
            "'upload' is no upload: send the id that the upload was given",
        ),
        (
            json!({"type": "handoff", "reason": "a".repeat(501)}),
            "'reason' has more than 500 characters",
        ),
        (json!({"type": "handoff", "withdraw": 1}), "'withdraw' must be true or false"),
        (
            json!({"type": "feedback", "offset": -1, "thumb": "up"}),
            "'offset' must be the offset of a final_answer",
        ),
        (json!({"type": "feedback", "offset": 1, "thumb": "yes"}), "'thumb' must be up or down"),
        (json!({"type": "csat", "rating": 0}), "'rating' must be a whole number from 1 to 5"),
        (json!({"type": "csat", "rating": 6}), "'rating' must be a whole number from 1 to 5"),
        (json!({"type": "csat", "rating": 4.5}), "'rating' must be a whole number from 1 to 5"),
    ] {
        assert_eq!(refused(&value).message, format!("Invalid message format: {reason}"));
    }
}

#[test]
fn an_agents_message_is_parsed_as_the_schema_specifies_or_refused_with_a_reason() {
    let conversation = || "c1".to_owned();
    for says in [
        AgentMessage::Watch { conversation: conversation() },
        AgentMessage::Unwatch { conversation: conversation() },
        AgentMessage::Take { conversation: conversation() },
        AgentMessage::Hand { conversation: conversation(), to: "ben".to_owned() },
        AgentMessage::GiveBack { conversation: conversation() },
        AgentMessage::Close { conversation: conversation() },
        AgentMessage::Say {
            conversation: conversation(),
            content: "a\nb".to_owned(),
            upload: None,
        },
        AgentMessage::Note { conversation: conversation(), content: "n".to_owned() },
        AgentMessage::Typing { conversation: conversation(), typing: true },
        AgentMessage::Draft { conversation: conversation(), question: Some("q".to_owned()) },
        AgentMessage::Draft { conversation: conversation(), question: None },
        AgentMessage::Available { available: false },
    ] {
        let mut value = serde_json::to_value(&says).expect("the outline is JSON");
        assert_eq!(value["type"], says.kind());
        value["id"] = json!(7);
        let parsed = AgentFrame::parse(&value.to_string()).expect("a message");
        assert_eq!((parsed.message, parsed.id), (says, Some(MessageId::Number(7.into()))));
    }
    for (value, reason) in [
        (json!({"type": "take"}), "'conversation' is missing"),
        (json!({"type": "take", "conversation": "a\n"}), ""),
        (json!({"type": "take", "conversation": 1}), "'conversation' must be a string"),
        (json!({"type": "hand", "conversation": "c"}), "'to' is missing"),
        (
            json!({"type": "note", "conversation": "c", "content": "a".repeat(5_001)}),
            "'content' has more than 5000 characters",
        ),
        (
            json!({"type": "query"}),
            "unknown type 'query'; known are watch, unwatch, take, hand, give_back, close, say, \
             note, typing, draft, available",
        ),
    ] {
        let parsed = AgentFrame::parse(&value.to_string());
        if reason.is_empty() {
            assert!(parsed.is_ok(), "a break at the end is trimmed");
        } else {
            let bad = parsed.expect_err("no message");
            assert_eq!(bad.message, format!("Invalid message format: {reason}"));
        }
    }
}

#[test]
fn every_message_to_an_agent_has_the_name_of_its_type() {
    let agent = || Agent { id: "ana".to_owned(), name: "Ana".to_owned() };
    let gone = TicketGone {
        conversation: "c".to_owned(),
        why: TicketGoneReason::Closed,
        agent: None,
        rev: 3,
    };
    let frame = raw(&json!({"type": "agent_typing", "typing": true}));
    let conversation = || "c".to_owned();
    let note = Note {
        note_id: "n".to_owned(),
        conversation: conversation(),
        agent: agent(),
        content: String::new(),
        at_ms: 1,
    };
    let id = MessageId::Text("a".to_owned());
    for message in [
        DeskMessage::TicketGone(gone),
        DeskMessage::Agents { agents: vec![Presence { agent: agent(), available: true }] },
        DeskMessage::Entry { conversation: conversation(), offset: Some(4), frame },
        DeskMessage::VisitorTyping { conversation: conversation(), typing: true },
        DeskMessage::VisitorPresence { conversation: conversation(), online: false },
        DeskMessage::Note(note),
        DeskMessage::Done,
        DeskMessage::Error { message: String::new(), code: ErrorCode::Taken, by: Some(agent()) },
        DeskMessage::Reconnect { after_ms: 1 },
    ] {
        let json = ServerFrame { message: &message, id: Some(&id), offset: None }.to_json();
        let sent: Value = serde_json::from_str(&json).expect("a frame is JSON");
        assert_eq!((&sent["type"], &sent["id"]), (&json!(message.kind()), &json!("a")));
    }
}
