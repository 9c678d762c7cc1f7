//! The address of Redis, parsed from the settings once, at the start.
//!
//! | form | what |
//! |---|---|
//! | `redis://user:password@host:6379/0` | one Redis; `unix:///path` is its socket |
//! | `rediss://…` | the same over TLS |
//! | `redis+sentinel://user:password@host:26379,host:26379/name/0` | the master of `name` by the Sentinels |
//! | `redis+cluster://user:password@host:7000,host:7001` | a Cluster, found through any of these nodes |
//!
//! `rediss+sentinel` and `rediss+cluster` use TLS. `?sentinel_user=…&sentinel_password=…` holds the login of
//! Sentinels that have one of their own.

use std::path::PathBuf;

use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _, RedisConnectionInfo};

/// Default port of a Sentinel.
const SENTINEL_PORT: &str = "26379";

/// Why an address is invalid. Says how to correct it, and never repeats it: it may hold a password.
#[derive(Debug, thiserror::Error)]
pub enum InvalidAddress {
    /// It cannot be parsed.
    #[error(
        "the address of Redis (REDIS_URL or redis.url) {wrong}; write redis://user:password@host:6379/0, \
         rediss://… over TLS, redis+sentinel://host:26379,host:26379/name/0 or \
         redis+cluster://host:7000,host:7001, or leave it empty for a pod on its own"
    )]
    Unreadable {
        /// The problem, as the rest of the sentence.
        wrong: String,
    },
    /// The certificate of the authority cannot be used.
    #[error("redis.ca_file = {}: {cause}; it must name a file of certificates in PEM form", file.display())]
    NoAuthority {
        /// Path of the certificate in the settings.
        file: PathBuf,
        /// Why it cannot be used.
        cause: String,
    },
}

/// A parsed address.
#[derive(Debug, Clone)]
pub(super) enum Address {
    /// A single server.
    One(ConnectionInfo),
    /// The current master of the Sentinels.
    Sentinel {
        /// Addresses of the Sentinels.
        sentinels: Vec<ConnectionAddr>,
        /// Name of the master.
        name: String,
        /// User, password and database of the master.
        redis: RedisConnectionInfo,
        /// User and password of the Sentinels.
        login: RedisConnectionInfo,
    },
    /// The seed nodes of a Redis Cluster.
    Cluster(Vec<ConnectionInfo>),
}

impl Address {
    /// Parses an address.
    pub(super) fn read(text: &str) -> Result<Self, InvalidAddress> {
        let (scheme, rest) = text.split_once("://").ok_or_else(|| unreadable("has no scheme"))?;
        if rest.ends_with("#insecure") {
            let what = "asks for TLS without a check of the certificate, which would be none: name \
                        the authority in redis.ca_file";
            return Err(unreadable(what));
        }
        let (tls, kind) = match scheme.split_once('+') {
            Some((tls @ ("redis" | "rediss"), kind @ ("sentinel" | "cluster"))) => (tls, kind),
            _ => return one(text).map(Self::One),
        };
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        // The last one: a password may contain an @ that is not encoded.
        let (login, hosts) = match authority.rsplit_once('@') {
            Some((login, hosts)) => (format!("{login}@"), hosts),
            None => (String::new(), authority),
        };
        let hosts: Vec<&str> =
            hosts.split(',').map(str::trim).filter(|it| !it.is_empty()).collect();
        if hosts.is_empty() {
            return Err(unreadable("names no host"));
        }
        let nodes = |login: &str, port: Option<&str>, path: &str| {
            let node = |host: &&str| match port {
                Some(port) if !has_port(host) => {
                    one(&format!("{tls}://{login}{host}:{port}{path}"))
                }
                _ => one(&format!("{tls}://{login}{host}{path}")),
            };
            hosts.iter().map(node).collect::<Result<Vec<_>, _>>()
        };
        if kind == "cluster" {
            if !path.trim_matches('/').is_empty() {
                return Err(unreadable("names a database, of which a Cluster has only one"));
            }
            return nodes(&login, None, "").map(Self::Cluster);
        }
        let (name, database) = path.split_once('/').unwrap_or((path, ""));
        if name.is_empty() {
            return Err(unreadable("does not say what the Sentinels call the master"));
        }
        let database = format!("/{database}");
        let masters = nodes(&login, Some(SENTINEL_PORT), &database)?;
        let redis = masters.first().expect("there is a host").redis_settings().clone();
        Ok(Self::Sentinel {
            sentinels: masters.iter().map(|info| info.addr().clone()).collect(),
            name: name.to_owned(),
            redis,
            login: sentinel_login(query)?,
        })
    }

    /// True when the connection uses TLS.
    pub(super) fn is_tls(&self) -> bool {
        let addr = match self {
            Self::One(info) => Some(info.addr()),
            Self::Sentinel { sentinels, .. } => sentinels.first(),
            Self::Cluster(nodes) => nodes.first().map(ConnectionInfo::addr),
        };
        matches!(addr, Some(ConnectionAddr::TcpTls { .. }))
    }
}

fn one(text: &str) -> Result<ConnectionInfo, InvalidAddress> {
    text.into_connection_info().map_err(|error| unreadable(format!("cannot be read ({error})")))
}

fn has_port(host: &str) -> bool {
    let port = host.rsplit_once(':').map(|(_, port)| port);
    port.is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()))
}

fn sentinel_login(query: &str) -> Result<RedisConnectionInfo, InvalidAddress> {
    let mut login = RedisConnectionInfo::default();
    for (key, value) in url::form_urlencoded::parse(query.as_bytes()) {
        login = match &*key {
            "sentinel_user" => login.set_username(value),
            "sentinel_password" => login.set_password(value),
            other => return Err(unreadable(format!("has the unknown part {other}"))),
        };
    }
    Ok(login)
}

fn unreadable(wrong: impl Into<String>) -> InvalidAddress {
    InvalidAddress::Unreadable { wrong: wrong.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_redis_is_parsed_with_user_password_and_database() {
        let read = Address::read("rediss://u:p%40w@r.example:6380/3").unwrap();
        assert!(read.is_tls());
        let Address::One(info) = read else { panic!("{read:?}") };
        let redis = info.redis_settings();
        assert_eq!((redis.username(), redis.password()), (Some("u"), Some("p@w")));
        assert_eq!((redis.db(), info.addr().to_string().as_str()), (3, "r.example:6380"));
    }

    #[test]
    fn sentinels_are_parsed_with_the_name_of_the_master() {
        let text = "redis+sentinel://u:p@a,b:1/shop/2?sentinel_password=s%26";
        let Ok(Address::Sentinel { sentinels, name, redis, login }) = Address::read(text) else {
            panic!("cannot be read")
        };
        let sentinels: Vec<String> = sentinels.iter().map(ToString::to_string).collect();
        assert_eq!(sentinels, ["a:26379", "b:1"]);
        assert_eq!((name.as_str(), redis.db(), redis.password()), ("shop", 2, Some("p")));
        assert_eq!(login.password(), Some("s&"));
    }

    #[test]
    fn nodes_of_a_cluster_share_user_and_password() {
        let read = Address::read("rediss+cluster://:p@a:7000,b:7001").unwrap();
        assert!(read.is_tls());
        let Address::Cluster(nodes) = read else { panic!("{read:?}") };
        assert_eq!(nodes.len(), 2);
        assert!(nodes.iter().all(|node| node.redis_settings().password() == Some("p")));
    }

    #[test]
    fn an_invalid_address_is_explained_without_its_password() {
        for (text, wrong) in [
            ("redis", "has no scheme"),
            ("redis://:hush@host/shop", "Invalid database number"),
            ("redis://:hush@", "cannot be read"),
            ("redis+sentinel://:hush@a:1", "what the Sentinels call the master"),
            ("redis+sentinel://:hush@a:1/shop?hush=1&x=2", "unknown part"),
            ("redis+cluster://:hush@", "names no host"),
            ("redis+cluster://:hush@a:1/3", "only one"),
            ("rediss://:hush@a#insecure", "redis.ca_file"),
            ("redis+ring://:hush@a", "cannot be read"),
        ] {
            let message = Address::read(text).unwrap_err().to_string();
            assert!(
                message.contains(wrong) && message.contains("redis://user"),
                "{text}: {message}"
            );
            assert!(!message.contains(":hush"), "{message}");
        }
    }
}
