//! `hsc ping`: whether the server that these settings describe is ready. The container's health check.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use hsc_config::Settings;

/// Arguments of `hsc ping`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The settings the server was started with.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Asks this address instead, whatever the settings say.
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Longest to wait, in milliseconds.
    #[arg(long, default_value_t = 2_000)]
    timeout_ms: u64,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let url = match &args.url {
        Some(url) => url.clone(),
        None => {
            let settings = Settings::load(args.config.as_deref(), hsc_config::environment())?;
            ready_url(&settings.server.host, settings.server.port)
        }
    };
    let (ready, words) = actix_web::rt::System::new()
        .block_on(ask(&url, Duration::from_millis(args.timeout_ms)))
        .with_context(|| format!("{url} did not answer"))?;
    println!("{words}");
    Ok(if ready { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn ask(url: &str, timeout: Duration) -> anyhow::Result<(bool, String)> {
    // The client wants a TLS library named even for an address without TLS. It is refused when one
    // was named before, which suits us as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // No proxy: the question is about that server, not about the way to it.
    let client = reqwest::Client::builder().timeout(timeout).no_proxy().build()?;
    let response = client.get(url).send().await?;
    Ok((response.status().is_success(), response.text().await?))
}

/// Where a server that listens there is asked from this machine: one that listens on every address
/// listens on this machine's own.
fn ready_url(host: &str, port: u16) -> String {
    let host = match host.parse() {
        Ok(IpAddr::V4(Ipv4Addr::UNSPECIFIED)) => Ipv4Addr::LOCALHOST.to_string(),
        Ok(IpAddr::V6(Ipv6Addr::UNSPECIFIED)) => format!("[{}]", Ipv6Addr::LOCALHOST),
        Ok(IpAddr::V6(address)) => format!("[{address}]"),
        _ => host.to_owned(),
    };
    format!("http://{host}:{port}/ready")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_on_every_address_is_asked_on_this_machine() {
        assert_eq!(ready_url("0.0.0.0", 8000), "http://127.0.0.1:8000/ready");
        assert_eq!(ready_url("::", 8000), "http://[::1]:8000/ready");
        assert_eq!(ready_url("::1", 8000), "http://[::1]:8000/ready");
        assert_eq!(ready_url("localhost", 9000), "http://localhost:9000/ready");
    }
}
