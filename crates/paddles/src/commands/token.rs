//! `paddles token`: who may do what.

use clap::Subcommand;
use paddles_diesel::OpenError;
use paddles_domain::{Day, NameError, Role, Timestamp, Token, TokenHash, TokenName, TokenSecret};
use paddles_http::now;
use paddles_repository::{RepositoryError, TokenCreated, TokenRepository, TokenRevoked};

use super::serve;
use super::shown::shown;
use crate::settings::Settings;

#[derive(Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token and show it: this once, since only its hash is kept
    Create {
        /// What it is called, in lists and in the audit
        #[arg(long, value_parser = name_of)]
        name: TokenName,
        /// What its holder may do: reporter, operator or admin
        #[arg(long)]
        role: Role,
        /// The day or moment from which on it is no longer good: 2027-01-31, or 2027-01-31 12:00:00, in UTC
        #[arg(long, value_parser = moment)]
        expires: Option<Timestamp>,
    },
    /// Show all tokens: name, role, whether it is good, since when, and until when
    List,
    /// Take a token back; servers refuse it within seconds
    Revoke {
        /// Its name
        #[arg(long)]
        name: String,
    },
}

/// Why a command about tokens fails.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TokenError {
    #[error(transparent)]
    Database(#[from] OpenError),
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    #[error("no random bytes: {0}")]
    Random(#[from] getrandom::Error),
    #[error("there is or was a token {0}; names are used once, so that the audit stays clear")]
    Taken(TokenName),
    #[error("there is no token {0}")]
    Unknown(TokenName),
    #[error("a token that expires in the past would never be good")]
    Past,
}

fn name_of(text: &str) -> Result<TokenName, NameError> {
    TokenName::new(text)
}

/// A moment, or the beginning of a day.
fn moment(text: &str) -> Result<Timestamp, String> {
    let day = || Day::read(text, now()).map(Day::start);
    text.parse().or_else(|_| day()).map_err(|_| "takes YYYY-MM-DD or YYYY-MM-DD HH:MM:SS, in UTC".to_owned())
}

impl TokenCommand {
    pub(super) fn run(self, settings: &Settings) -> Result<(), TokenError> {
        let lab = serve::repository(settings)?;
        let act = super::act();
        match self {
            Self::Create { name, role, expires } => {
                if expires.is_some_and(|end| end <= act.when) {
                    return Err(TokenError::Past);
                }
                let mut bytes = [0; 32];
                getrandom::fill(&mut bytes)?;
                let secret = TokenSecret::from_random(bytes);
                let hash = TokenHash::of(secret.expose());
                let token = Token { name, role, hash, created: act.when, expires, revoked: None };
                match lab.token_create(&token, &act)? {
                    TokenCreated::Created => say!("{}", secret.expose()),
                    TokenCreated::AlreadyExists => return Err(TokenError::Taken(token.name)),
                }
            }
            Self::List => {
                for token in lab.token_list()? {
                    say!("{}", line(&token, act.when));
                }
            }
            Self::Revoke { name } => {
                // One that was made before names were checked can be taken back as well.
                let name = TokenName::from_stored(name);
                match lab.token_revoke(&name, &act)? {
                    TokenRevoked::Revoked => say!("revoked {}", shown(name.as_str())),
                    TokenRevoked::AlreadyRevoked => say!("{} was revoked before", shown(name.as_str())),
                    TokenRevoked::NotFound => return Err(TokenError::Unknown(name)),
                }
            }
        }
        Ok(())
    }
}

/// A token in a list.
fn line(token: &Token, now: Timestamp) -> String {
    let Token { name, role, created, .. } = token;
    let end = match (token.revoked, token.expires) {
        (Some(revoked), _) => format!("revoked {revoked}"),
        (None, Some(end)) => format!("expires {end}"),
        (None, None) => "does not expire".to_owned(),
    };
    let name = shown(name.as_str());
    format!("{name}\t{role}\t{}\tcreated {created}\t{end}", token.standing(now))
}
