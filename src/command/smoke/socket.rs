//! The socket of the smoke test: JSON in, JSON out, each within the time limit.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use futures::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{
    Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config,
};
use url::Url;

/// An open socket.
pub(super) struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    within: Duration,
}

impl Socket {
    pub(super) async fn open(
        base: &Url,
        tls: &Arc<rustls::ClientConfig>,
        within: Duration,
    ) -> anyhow::Result<Self> {
        let mut url = base.join("ws").context("the address has no path for /ws")?;
        let scheme = if base.scheme() == "https" { "wss" } else { "ws" };
        // Both are schemes with a host, so the change is always allowed.
        let _ = url.set_scheme(scheme);
        let connector = Some(Connector::Rustls(Arc::clone(tls)));
        let opening = connect_async_tls_with_config(url.as_str(), None, true, connector);
        let opened = timeout(within, opening)
            .await
            .with_context(|| format!("{url} did not open within {within:?}"))?;
        let (stream, _) = opened.with_context(|| format!("{url} did not open"))?;
        Ok(Self { stream, within })
    }

    pub(super) async fn send(&mut self, message: &Value) -> anyhow::Result<()> {
        let sending = self.stream.send(Message::text(message.to_string()));
        timeout(self.within, sending).await.context("the server does not read")??;
        Ok(())
    }

    /// The first message that satisfies `matches_message`; `what` names it in errors.
    pub(super) async fn wait_for(
        &mut self,
        what: &str,
        matches_message: impl Fn(&Value) -> bool,
    ) -> anyhow::Result<Value> {
        let within = self.within;
        let found = async {
            loop {
                let message = self.receive().await?;
                if matches_message(&message) {
                    return Ok(message);
                }
                if message["type"] == "error" {
                    bail!("the server refused: {}", message["message"]);
                }
            }
        };
        timeout(within, found).await.with_context(|| format!("no {what} within {within:?}"))?
    }

    /// The next message. The caller bounds the wait.
    async fn receive(&mut self) -> anyhow::Result<Value> {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => {
                    return serde_json::from_str(&text).context("a frame is not JSON");
                }
                Some(Ok(Message::Close(Some(frame)))) => {
                    bail!("the server closed the socket with {}", u16::from(frame.code))
                }
                Some(Ok(Message::Close(None))) | None => bail!("the connection ended"),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error).context("the connection broke"),
            }
        }
    }
}
