//! Networks that are trusted: as their senders, or as proxies that say for whom they ask.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use paddles_domain::Role;

/// A list of networks that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("networks are written like 10.0.0.0/8, and their roles like 10.0.0.0/8=reporter")]
pub struct NetworksError;

/// Networks whose senders have a role without a token: `10.0.0.0/8=reporter,192.0.2.7=admin`. Without a role they are reporters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedNetworks(Vec<(IpNet, Role)>);

impl TrustedNetworks {
    /// The smallest of these networks in which `address` is, and the role of its senders.
    pub(crate) fn of(&self, address: IpAddr) -> Option<(IpNet, Role)> {
        let around = self.0.iter().filter(|(network, _)| network.contains(&address));
        around.max_by_key(|(network, _)| network.prefix_len()).copied()
    }
}

/// Proxies whose `X-Forwarded-For` is believed: `127.0.0.1,10.1.0.0/16`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    pub(crate) fn contain(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

fn network(text: &str) -> Result<IpNet, NetworksError> {
    let alone = || text.parse::<IpAddr>().map(IpNet::from);
    text.parse::<IpNet>().or_else(|_| alone()).map(|network| network.trunc()).map_err(|_| NetworksError)
}

fn items(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty())
}

impl FromStr for TrustedNetworks {
    type Err = NetworksError;

    fn from_str(text: &str) -> Result<Self, NetworksError> {
        let read = |item: &str| match item.split_once('=') {
            None => Ok((network(item)?, Role::Reporter)),
            Some((text, role)) => Ok((network(text.trim())?, role.trim().parse().map_err(|_| NetworksError)?)),
        };
        items(text).map(read).collect::<Result<_, _>>().map(Self)
    }
}

impl FromStr for TrustedProxies {
    type Err = NetworksError;

    fn from_str(text: &str) -> Result<Self, NetworksError> {
        items(text).map(network).collect::<Result<_, _>>().map(Self)
    }
}

impl fmt::Display for TrustedNetworks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let items: Vec<String> = self.0.iter().map(|(network, role)| format!("{network}={role}")).collect();
        f.write_str(&items.join(","))
    }
}

impl fmt::Display for TrustedProxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let items: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&items.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_network_decides() {
        let networks: TrustedNetworks =
            "10.0.0.0/8, 10.1.2.3/16=operator,10.1.9.9=admin,fd00::/8=admin".parse().unwrap();
        let role = |address: &str| networks.of(address.parse().unwrap()).map(|(_, role)| role);
        assert_eq!(role("10.9.9.9"), Some(Role::Reporter));
        assert_eq!(role("10.1.0.1"), Some(Role::Operator));
        assert_eq!(role("10.1.9.9"), Some(Role::Admin));
        assert_eq!(role("fd00::1"), Some(Role::Admin));
        assert_eq!((role("11.0.0.1"), role("::1")), (None, None));
        assert_eq!(networks.to_string(), "10.0.0.0/8=reporter,10.1.0.0/16=operator,10.1.9.9/32=admin,fd00::/8=admin");
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in ["10.0.0.0/33", "lab", "10.0.0.0/8=root", "10.0.0.0/8:admin", "=admin"] {
            assert_eq!(text.parse::<TrustedNetworks>(), Err(NetworksError), "{text}");
        }
        assert_eq!("10.0.0.0/8=admin".parse::<TrustedProxies>(), Err(NetworksError));
        let proxies: TrustedProxies = "127.0.0.1,10.1.0.0/16".parse().unwrap();
        assert!(proxies.contain([10, 1, 2, 3].into()) && !proxies.contain([127, 0, 0, 2].into()));
    }
}
