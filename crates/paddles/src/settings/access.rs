//! Who may do what, and for how long what was deleted is kept.

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
    deleted_retention: Option<String>,
}

/// A hundred years.
const MOST_DAYS: u32 = 36_500;

/// The settings of rights, and of what is deleted.
#[derive(Debug)]
pub(crate) struct AccessSettings {
    pub(crate) auth: Setting<Auth>,
    pub(crate) trusted_networks: Setting<TrustedNetworks>,
    pub(crate) trusted_proxies: Setting<TrustedProxies>,
    /// In days.
    pub(crate) deleted_retention: Setting<u32>,
}

impl AccessSettings {
    pub(super) fn read(variables: &Variables) -> Result<Self, SettingError> {
        let given: Given = variables.given();
        let networks = "networks with the roles of their senders, like 10.0.0.0/8=reporter,192.0.2.7=admin";
        let days = format!("a whole number of days from 0 to {MOST_DAYS}");
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
            deleted_retention: setting("DELETED_RETENTION", given.deleted_retention, 30, &days, |text| {
                parse(text).filter(|days| *days <= MOST_DAYS)
            })?,
        })
    }

    pub(super) fn all(&self) -> Vec<&dyn Display> {
        vec![&self.auth, &self.trusted_networks, &self.trusted_proxies, &self.deleted_retention]
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
