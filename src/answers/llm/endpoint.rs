//! The endpoint: one streamed chat completion, and nothing else of the API.

use async_openai::Client;
use async_openai::config::OpenAIConfig;
use async_openai::middleware::ReqwestService;
use futures::stream::{BoxStream, StreamExt as _};
use hsc_actors::ports::BoxError;
use hsc_config::LlmSettings;
use serde::Deserialize;
use serde_json::{Value, json};

use super::limits::Usage;
use super::prompt::Prompt;
use super::trouble::Trouble;
use crate::outside::tls;

/// An endpoint that speaks the OpenAI chat API.
pub(super) struct Endpoint {
    client: Client<OpenAIConfig>,
    model: String,
    max_tokens: u32,
    /// The name this endpoint has for the limit on tokens.
    limit_field: &'static str,
    /// True where the endpoint is known to say what it counts when it is asked to. Others refuse fields that
    /// they do not know.
    asks_usage: bool,
}

/// A piece of the stream. Only what is needed: compatible endpoints leave out much of the rest.
#[derive(Debug, Deserialize)]
struct Piece {
    #[serde(default)]
    choices: Vec<Choice>,
    usage: Option<Counted>,
    error: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Counted {
    #[serde(default)]
    prompt_tokens: u64,
    #[serde(default)]
    completion_tokens: u64,
}

#[derive(Debug, Deserialize)]
struct Choice {
    #[serde(default)]
    delta: Delta,
    finish_reason: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Delta {
    content: Option<String>,
}

/// What a piece says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spoken {
    /// The next words.
    pub words: String,
    /// True when the model has said all it wanted.
    pub done: bool,
    /// The tokens of the whole answer, where the endpoint says them.
    pub usage: Option<Usage>,
}

impl Endpoint {
    /// The endpoint of the settings. Nothing is sent yet.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub(super) fn new(settings: &LlmSettings) -> Result<Self, BoxError> {
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls()?)
            // The endpoint's address was chosen; wherever else it points gets no key of ours.
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        let config = OpenAIConfig::new()
            .with_api_base(settings.base_url.trim_end_matches('/'))
            .with_api_key(settings.api_key.reveal().unwrap_or_default())
            // Otherwise taken from variables of the environment that are not our settings.
            .with_org_id("")
            .with_project_id("");
        // No second try: a visitor waits, and the manual's own words are at hand.
        let client =
            Client::build(http.clone(), config).with_http_service(ReqwestService::new(http));
        // OpenAI's newer models refuse the name that every compatible endpoint knows.
        let own = settings.base_url.contains("://api.openai.com");
        let limit_field = if own { "max_completion_tokens" } else { "max_tokens" };
        Ok(Self {
            client,
            model: settings.model.clone(),
            max_tokens: settings.max_tokens,
            limit_field,
            asks_usage: own || settings.base_url.contains("://generativelanguage.googleapis.com"),
        })
    }

    /// Asks, and streams the words of the answer. Dropping the stream ends the request.
    pub(super) async fn ask(
        &self,
        prompt: &Prompt,
    ) -> Result<BoxStream<'static, Result<Spoken, Trouble>>, Trouble> {
        let text = json!({ "type": "text", "text": prompt.user });
        let content = match &prompt.image {
            // Plain text where there is no picture: some endpoints take no parts.
            None => json!(prompt.user),
            Some(url) => json!([text, { "type": "image_url", "image_url": { "url": url } }]),
        };
        let mut request = json!({
            "model": self.model,
            "stream": true,
            "messages": [
                { "role": "system", "content": prompt.system },
                { "role": "user", "content": content },
            ],
        });
        request[self.limit_field] = json!(self.max_tokens);
        if self.asks_usage {
            request["stream_options"] = json!({ "include_usage": true });
        }
        let pieces = self.client.chat().create_stream_byot::<_, Piece>(request).await?;
        Ok(pieces.map(|piece| spoken(piece?)).boxed())
    }
}

fn spoken(piece: Piece) -> Result<Spoken, Trouble> {
    if let Some(error) = piece.error {
        let status =
            error.get("code").and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok());
        return Err(Trouble::Refused(status.unwrap_or_default()));
    }
    let usage = piece.usage.map(|counted| Usage {
        prompt: counted.prompt_tokens,
        completion: counted.completion_tokens,
    });
    let mut all = Spoken { words: String::new(), done: false, usage };
    for choice in piece.choices {
        all.words.extend(choice.delta.content);
        match choice.finish_reason.as_deref() {
            None | Some("") => {}
            Some("length" | "content_filter") => return Err(Trouble::CutShort),
            Some(_) => all.done = true,
        }
    }
    Ok(all)
}
