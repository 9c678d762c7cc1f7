//! The endpoint: one streamed chat completion, and nothing else of the API; and why a model did not answer.
//!
//! Compatible endpoints differ in the fields that they leave out, add and repeat. A field
//! that is absent, null or of another type is ignored; only an error, text that is not JSON, or a
//! broken connection is a failure.

use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt as _, TryStreamExt as _};
use hsc_answers::llm::Prompt;
use hsc_config::LlmSettings;
use hsc_conversation::BoxError;
use hsc_conversation::protocol::ImageFile;
use reqwest::header::CONTENT_TYPE;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use url::Url;

use super::limits::{Scope, Usage, Used};
use super::sse::{Event, EventParser};
use crate::outbound::OutboundTls;

/// Largest response that is read, in bytes: many times the longest answer, framing included.
const RESPONSE_BYTES: usize = 16 << 20;
/// Finish reasons of an incomplete answer, in lower case. Every other one means a complete answer.
const CUT: [&str; 12] = [
    "length",
    "max_tokens",
    "content_filter",
    "safety",
    "recitation",
    "blocklist",
    "prohibited_content",
    "tool_calls",
    "function_call",
    "error",
    "cancelled",
    "abort",
];

/// An endpoint of the OpenAI chat API.
pub(super) struct Endpoint {
    http: reqwest::Client,
    url: Url,
    pub(super) settings: LlmSettings,
    /// True for OpenAI, whose newer models reject the compatible endpoints' name of the token limit.
    is_openai: bool,
    /// True when the endpoint is known to report its usage on request. Others reject unknown fields.
    asks_usage: bool,
}

/// The request. Borrowed, and a picture is encoded during serialisation: the request is the only copy of its base64.
#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    stream: bool,
    messages: [Turn<'a>; 2],
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<Value>,
    /// The limit of the answer, under one of the two names.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
}

impl Request<'_> {
    /// Estimated length of the JSON, so that a picture is not copied while the buffer grows.
    fn size_hint(&self, prompt: &Prompt, image: Option<&ImageFile>) -> usize {
        let base64 = image.map_or(0, |file| file.bytes().len().div_ceil(3) * 4);
        // Line breaks and quotes take two bytes.
        let text = prompt.system.len() + prompt.user.len();
        base64 + text + text / 8 + 1_024
    }
}

#[derive(Serialize)]
struct Turn<'a> {
    role: &'static str,
    content: Content<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Content<'a> {
    /// Without a picture: some endpoints do not support parts.
    Text(&'a str),
    Parts([Part<'a>; 2]),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Part<'a> {
    Text { text: &'a str },
    ImageUrl { image_url: ImageUrl<'a> },
}

#[derive(Serialize)]
struct ImageUrl<'a> {
    #[serde(serialize_with = "data_url")]
    url: &'a ImageFile,
}

impl<'a> Content<'a> {
    fn of(prompt: &'a Prompt, image: Option<&'a ImageFile>) -> Self {
        match image {
            None => Self::Text(&prompt.user),
            Some(url) => Self::Parts([
                Part::Text { text: &prompt.user },
                Part::ImageUrl { image_url: ImageUrl { url } },
            ]),
        }
    }
}

fn data_url<S: Serializer>(image: &&ImageFile, serializer: S) -> Result<S::Ok, S::Error> {
    let base64 = Base64Display::new(image.bytes(), &STANDARD);
    serializer.collect_str(&format_args!("data:{};base64,{base64}", image.media_type()))
}

/// A failure of the model or of its endpoint. The names are metric labels, so the list is closed.
#[derive(Debug, thiserror::Error, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(super) enum LlmError {
    /// Connection refused or broken.
    #[error("the endpoint cannot be reached: {0}")]
    Unreachable(#[source] reqwest::Error),
    /// An error status. Its text is dropped: some endpoints repeat the key in it.
    #[error("the endpoint refused with status {0}")]
    Refused(u16),
    /// The response cannot be parsed.
    #[error("the endpoint sent something that is no answer")]
    Garbled,
    /// The first token, or the whole answer, exceeded its time limit.
    #[error("the endpoint took longer than {0} ms")]
    #[strum(serialize = "timeout")]
    TimeOut(u64),
    /// The answer is incomplete: by a limit, a filter or a broken connection.
    #[error("the answer ended before its end")]
    CutShort,
    /// No request was sent: a quota is used up.
    #[error("the quota of {used} of this {scope} is used up")]
    Limited { scope: Scope, used: Used },
    /// The answer is empty.
    #[error("the model returned no text")]
    Empty,
}

impl LlmError {
    /// The metric label. Every failure after the first text is one of its own.
    pub(super) fn label(&self, has_spoken: bool) -> &'static str {
        if has_spoken { "broke_off" } else { self.into() }
    }
}

impl From<reqwest::Error> for LlmError {
    fn from(error: reqwest::Error) -> Self {
        // The address may hold a key in its query.
        Self::Unreachable(error.without_url())
    }
}

/// How an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Finish {
    /// The model has finished.
    Complete,
    /// A limit, a filter or a failure ended it.
    Cut,
}

/// One piece of the stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Delta {
    /// The next text of the answer.
    pub text: String,
    /// True when the piece has a separate reasoning field.
    pub reasons: bool,
    /// How the answer ended, if this piece says so.
    pub finish: Option<Finish>,
    /// The tokens of the whole answer, if reported.
    pub usage: Option<Usage>,
    /// True for the last piece.
    pub last: bool,
}

impl Endpoint {
    /// The configured endpoint. Sends nothing yet.
    ///
    /// # Errors
    /// When no HTTP client can be created, or the base address is invalid.
    pub(super) fn new(settings: &LlmSettings, tls: &OutboundTls) -> Result<Self, BoxError> {
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls.config())
            // The operator chose this endpoint; a redirect target must not get the key.
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        let mut url = Url::parse(&settings.base_url)?;
        // By the path, because some base addresses have a query.
        url.set_path(&format!("{}/chat/completions", url.path().trim_end_matches('/')));
        let is_openai = url.host_str() == Some("api.openai.com");
        let asks_usage = is_openai || url.host_str() == Some("generativelanguage.googleapis.com");
        Ok(Self { http, url, settings: settings.clone(), is_openai, asks_usage })
    }

    /// The model that it is asked for, and its host.
    pub(super) fn names(&self) -> (&str, &str) {
        (&self.settings.model, self.url.host_str().unwrap_or_default())
    }

    /// Sends the request, and streams the text of the answer. Dropping the stream ends the request. There is no
    /// retry: a visitor waits, and the extractive answer is available.
    pub(super) async fn ask(
        &self,
        prompt: &Prompt,
        image: Option<&ImageFile>,
    ) -> Result<BoxStream<'static, Result<Delta, LlmError>>, LlmError> {
        let LlmSettings { model, max_tokens, .. } = &self.settings;
        let body = Request {
            model,
            stream: true,
            messages: [
                Turn { role: "system", content: Content::Text(&prompt.system) },
                Turn { role: "user", content: Content::of(prompt, image) },
            ],
            stream_options: self.asks_usage.then(|| json!({ "include_usage": true })),
            max_completion_tokens: self.is_openai.then_some(*max_tokens),
            max_tokens: (!self.is_openai).then_some(*max_tokens),
        };
        let mut written = Vec::with_capacity(body.size_hint(prompt, image));
        serde_json::to_writer(&mut written, &body).expect("plain text and numbers");
        let request = self.http.post(self.url.clone()).header(CONTENT_TYPE, "application/json");
        let mut request = request.body(written);
        if let Some(key) = self.settings.api_key.reveal() {
            request = request.bearer_auth(key);
        }
        let response = request.send().await?;
        if !response.status().is_success() {
            return Err(LlmError::Refused(response.status().as_u16()));
        }
        let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let is_whole = kind.is_some_and(|kind| kind.trim_start().starts_with("application/json"));
        let mut room = RESPONSE_BYTES;
        let bytes = response.bytes_stream().map(move |bytes| {
            let bytes = bytes?;
            room = room.checked_sub(bytes.len()).ok_or(LlmError::Garbled)?;
            Ok(bytes)
        });
        Ok(if is_whole { whole(bytes).boxed() } else { events(bytes).boxed() })
    }
}

/// The response of an endpoint that does not stream.
fn whole(
    bytes: impl futures::Stream<Item = Result<Bytes, LlmError>> + Send + 'static,
) -> impl futures::Stream<Item = Result<Delta, LlmError>> + Send {
    stream::once(async move {
        let bytes: Vec<Bytes> = bytes.try_collect().await?;
        let value = serde_json::from_slice(&bytes.concat()).map_err(|_| LlmError::Garbled)?;
        Ok(Delta { last: true, ..read(&value)? })
    })
}

/// The pieces of server-sent events.
fn events(
    bytes: impl futures::Stream<Item = Result<Bytes, LlmError>> + Send + 'static,
) -> impl futures::Stream<Item = Result<Delta, LlmError>> + Send {
    let mut parser = EventParser::default();
    let end = stream::once(async { None });
    bytes.map(Some).chain(end).flat_map(move |bytes| {
        let events = match bytes {
            Some(Ok(bytes)) => parser.push(&bytes),
            Some(Err(error)) => return stream::iter(vec![Err(error)]),
            None => parser.finish().into_iter().collect(),
        };
        stream::iter(events.iter().map(read_event).collect::<Vec<_>>())
    })
}

fn read_event(event: &Event) -> Result<Delta, LlmError> {
    let data = event.data.trim();
    if event.name == "error" {
        return Err(refused(&serde_json::from_str(data).unwrap_or_default()));
    }
    match data {
        "" => Ok(Delta::default()),
        "[DONE]" => Ok(Delta { finish: Some(Finish::Complete), last: true, ..Delta::default() }),
        data => read(&serde_json::from_str(data).map_err(|_| LlmError::Garbled)?),
    }
}

/// Parses a piece, or a whole completion.
fn read(piece: &Value) -> Result<Delta, LlmError> {
    let error = piece.get("error").filter(|error| !error.is_null());
    if let Some(error) = error {
        return Err(refused(error));
    }
    if piece["object"] == "error" {
        return Err(refused(piece));
    }
    let count = |field: &str| piece["usage"][field].as_u64();
    let usage = match (count("prompt_tokens"), count("completion_tokens")) {
        (None, None) => None,
        (prompt, completion) => Some(Usage {
            prompt: prompt.unwrap_or_default(),
            completion: completion.unwrap_or_default(),
        }),
    };
    // Only one choice was requested; another one is not its continuation.
    let is_first = |choice: &&Value| choice["index"].as_u64().unwrap_or_default() == 0;
    let choices = piece["choices"].as_array().into_iter().flatten();
    let Some(choice) = choices.into_iter().find(is_first) else {
        return Ok(Delta { usage, ..Delta::default() });
    };
    let message =
        ["delta", "message"].iter().map(|field| &choice[*field]).find(|it| it.is_object());
    // The older completions have their text in the choice itself.
    let message = message.unwrap_or(choice);
    let mut delta = Delta { usage, ..Delta::default() };
    for content in [&message["content"], &message["text"]] {
        add_content(content, &mut delta);
    }
    let reasoning = ["reasoning_content", "reasoning", "reasoning_details", "thinking"];
    delta.reasons |= reasoning.iter().any(|field| is_filled(&message[*field]));
    let finish = choice["finish_reason"].as_str().unwrap_or_default().to_lowercase();
    delta.finish = match finish.as_str() {
        "" | "null" => None,
        cut if CUT.contains(&cut) => Some(Finish::Cut),
        _ => Some(Finish::Complete),
    };
    Ok(delta)
}

/// Adds text, or the text parts of it without reasoning.
fn add_content(content: &Value, delta: &mut Delta) {
    match content {
        Value::String(text) => delta.text.push_str(text),
        Value::Array(parts) => {
            for part in parts {
                match part["type"].as_str() {
                    None | Some("text" | "output_text") => {
                        let text = part.as_str().or_else(|| part["text"].as_str());
                        delta.text.extend(text);
                    }
                    Some(_) => delta.reasons = true,
                }
            }
        }
        _ => {}
    }
}

fn is_filled(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.is_empty(),
        Value::Array(parts) => !parts.is_empty(),
        _ => false,
    }
}

/// An error object or a plain text. Only its status is used: some endpoints repeat the key.
fn refused(error: &Value) -> LlmError {
    let number = |value: &Value| {
        let number = value.as_u64().or_else(|| value.as_str()?.parse().ok())?;
        u16::try_from(number).ok()
    };
    let status =
        ["code", "status", "status_code"].iter().find_map(|field| number(error.get(field)?));
    LlmError::Refused(status.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_after_the_first_chunk_is_an_interruption() {
        for error in [LlmError::Garbled, LlmError::Empty, LlmError::TimeOut(1), LlmError::CutShort]
        {
            assert_eq!(error.label(true), "broke_off");
            assert_ne!(error.label(false), "broke_off");
        }
    }
}
