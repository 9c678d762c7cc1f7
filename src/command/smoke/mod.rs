//! `hsc smoke`: goes through an installation as a visitor does, and reports each step.
//!
//! For the end of a deployment, and, with `--every`, a black-box probe that Prometheus scrapes. It needs nothing but the
//! address: the server may be of another version, behind a proxy, in another network.
//!
//! Never: more than one conversation at a time, a step without a time limit, a change that outlives the run (the
//! handoff is withdrawn, the conversation ended).

mod checks;
mod probe;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use hsc_load::parse_duration;
use url::Url;

use crate::outbound::{OutboundTls, Trust, client_builder};

/// Arguments of `hsc smoke`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Address of the server as visitors know it: a host with https:// before it, or with http:// on this machine.
    #[arg(value_name = "URL", value_parser = address)]
    url: Url,
    /// Address for operations (server.operations_listen), such as http://10.0.0.5:9090: its /metrics must be complete,
    /// and the public address must have none.
    #[arg(long, value_name = "URL", value_parser = address)]
    operations: Option<Url>,
    /// Product to ask about; default: products with a manual from the server's sample.
    #[arg(long, value_name = "ID")]
    product: Option<String>,
    /// Question whose answer must cite a page; default: general questions, one of which must.
    #[arg(long, value_name = "TEXT")]
    question: Option<String>,
    /// PEM file of certificate authorities that the server may have, besides the well-known ones.
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Time limit of each step.
    #[arg(long, default_value = "15s", value_parser = parse_duration)]
    timeout: Duration,
    /// Print the steps as JSON.
    #[arg(long)]
    json: bool,
    /// Repeat the steps this often, until stopped; needs --listen.
    #[arg(long, value_parser = parse_duration, requires = "listen")]
    every: Option<Duration>,
    /// Address and port for the results as metrics, such as 127.0.0.1:9115.
    #[arg(long, value_name = "ADDRESS", requires = "every")]
    listen: Option<SocketAddr>,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let ca_file = args.ca_file.as_ref().map(|file| file.display().to_string());
    let tls = OutboundTls::new(&ca_file.unwrap_or_default())?;
    let target = checks::Target {
        url: args.url.clone(),
        operations: args.operations.clone(),
        product: args.product.clone(),
        question: args.question.clone(),
        timeout: args.timeout,
        http: client_builder(Trust::Named, &tls)
            .timeout(args.timeout)
            .build()
            .context("cannot create an HTTP client")?,
        tls: Arc::new(tls.config()),
    };
    actix_web::rt::System::new().block_on(async {
        if let (Some(every), Some(listen)) = (args.every, args.listen) {
            return probe::run(target, every, listen).await;
        }
        let results = checks::run(&target).await;
        if args.json {
            println!("{}", serde_json::to_string_pretty(&results)?);
        } else {
            print!("{}", checks::table(&results));
        }
        let passed = results.iter().all(|result| result.outcome != checks::Outcome::Failed);
        Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    })
}

/// An address with a host, without a path.
fn address(text: &str) -> Result<Url, String> {
    let full = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let url = Url::parse(&full).map_err(|error| format!("'{text}' is no address: {error}"))?;
    match url.scheme() {
        "http" | "https" if url.has_host() => Ok(url),
        _ => Err(format!("'{text}' is no address; write it as https://chat.example.com")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_needs_no_scheme_and_must_be_http() {
        assert_eq!(
            address("localhost:8000").map(String::from),
            Ok("http://localhost:8000/".into())
        );
        assert_eq!(address("https://a.example").map(String::from), Ok("https://a.example/".into()));
        assert!(address("ftp://a.example").is_err());
        assert!(address("http://").is_err());
    }
}
