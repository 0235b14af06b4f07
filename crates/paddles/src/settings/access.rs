//! Who may do what.

use std::fmt::Display;

use paddles_domain::Auth;
use paddles_http::{AccessSettings as HttpAccess, TrustedNetworks, TrustedProxies};
use serde::Deserialize;

use super::Variables;
use super::setting::{Setting, SettingError, parse, setting};

#[derive(Default, Deserialize)]
struct Given {
    auth: Option<String>,
    trusted_networks: Option<String>,
    trusted_proxies: Option<String>,
}

/// The settings of rights.
#[derive(Debug)]
pub(crate) struct AccessSettings {
    pub(crate) auth: Setting<Auth>,
    pub(crate) trusted_networks: Setting<TrustedNetworks>,
    pub(crate) trusted_proxies: Setting<TrustedProxies>,
}

impl AccessSettings {
    pub(super) fn read(variables: &Variables) -> Result<Self, SettingError> {
        let given: Given = variables.given();
        let networks = "networks with the roles of their senders, like 10.0.0.0/8=reporter,192.0.2.7=admin";
        let proxies = "addresses or networks, like 127.0.0.1,10.1.0.0/16";
        Ok(Self {
            auth: setting("AUTH", given.auth, Auth::default(), "open, write or all", parse)?,
            trusted_networks: setting(
                "TRUSTED_NETWORKS",
                given.trusted_networks,
                TrustedNetworks::default(),
                networks,
                parse,
            )?,
            trusted_proxies: setting(
                "TRUSTED_PROXIES",
                given.trusted_proxies,
                TrustedProxies::default(),
                proxies,
                parse,
            )?,
        })
    }

    pub(super) fn all(&self) -> Vec<&dyn Display> {
        vec![&self.auth, &self.trusted_networks, &self.trusted_proxies]
    }

    /// What of them the HTTP service needs.
    pub(super) fn http(&self) -> HttpAccess {
        HttpAccess {
            auth: self.auth.value,
            trusted_networks: self.trusted_networks.value.clone(),
            trusted_proxies: self.trusted_proxies.value.clone(),
        }
    }
}
