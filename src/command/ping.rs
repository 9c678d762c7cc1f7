//! `hsc ping`: whether the server of these settings is ready. The container's health check.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use hsc_config::{ServerSettings, Settings};

/// Arguments of `hsc ping`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Settings file of the server.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Address to ask, in place of the one in the settings.
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Time limit, in milliseconds.
    #[arg(long, default_value_t = 2_000)]
    timeout_ms: u64,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let url = match &args.url {
        Some(url) => url.clone(),
        None => {
            let settings = Settings::load(args.config.as_deref(), hsc_config::environment())?;
            ready_url(&settings.server)
        }
    };
    let (ready, words) = actix_web::rt::System::new()
        .block_on(ask(&url, Duration::from_millis(args.timeout_ms)))
        .with_context(|| format!("{url} did not answer"))?;
    println!("{words}");
    Ok(if ready { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn ask(url: &str, timeout: Duration) -> anyhow::Result<(bool, String)> {
    // The client needs a TLS provider even for an address without TLS. A second install is refused and changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // No proxy: the check concerns the server, not the path to it.
    let client = reqwest::Client::builder()
        .timeout(timeout)
        .no_proxy()
        // The certificate is for the public name, and the request uses an address. Nothing secret is sent.
        .tls_danger_accept_invalid_certs(true)
        .build()?;
    let response = client.get(url).send().await?;
    Ok((response.status().is_success(), response.text().await?))
}

/// The server's address on this machine: its operations address if it has
/// one. For a server on all addresses it is the loopback address.
fn ready_url(server: &ServerSettings) -> String {
    if let Ok(address) = server.operations_listen.parse::<SocketAddr>() {
        return local_url("http", &address.ip().to_string(), address.port());
    }
    let scheme = if server.tls.cert.is_empty() { "http" } else { "https" };
    local_url(scheme, &server.host, server.port)
}

fn local_url(scheme: &str, host: &str, port: u16) -> String {
    let host = match host.parse() {
        Ok(IpAddr::V4(Ipv4Addr::UNSPECIFIED)) => Ipv4Addr::LOCALHOST.to_string(),
        Ok(IpAddr::V6(Ipv6Addr::UNSPECIFIED)) => format!("[{}]", Ipv6Addr::LOCALHOST),
        Ok(IpAddr::V6(address)) => format!("[{address}]"),
        _ => host.to_owned(),
    };
    format!("{scheme}://{host}:{port}/ready")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_on_all_addresses_is_pinged_on_loopback() {
        let url = |host: &str| {
            let mut server = Settings::load(None, []).expect("the defaults").server;
            server.host = host.to_owned();
            ready_url(&server)
        };
        assert_eq!(url("0.0.0.0"), "http://127.0.0.1:8000/ready");
        assert_eq!(url("::"), "http://[::1]:8000/ready");
        assert_eq!(url("::1"), "http://[::1]:8000/ready");
        assert_eq!(url("localhost"), "http://localhost:8000/ready");
    }

    #[test]
    fn tls_and_an_address_for_operations_are_followed() {
        let mut server = Settings::load(None, []).expect("the defaults").server;
        server.tls.cert = "chain.pem".to_owned();
        assert_eq!(ready_url(&server), "https://127.0.0.1:8000/ready");
        server.operations_listen = "0.0.0.0:9090".to_owned();
        assert_eq!(ready_url(&server), "http://127.0.0.1:9090/ready");
        server.operations_listen = "[::]:9090".to_owned();
        assert_eq!(ready_url(&server), "http://[::1]:9090/ready");
    }
}
