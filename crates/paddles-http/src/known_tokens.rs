//! The tokens that there are, as this process knows them.
//!
//! A laboratory has a few dozen at the most, so all of them are kept, and asked for anew now and then: a request costs no
//! statement, however many come with tokens that nobody knows.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use paddles_domain::{Token, TokenHash, find_token};
use tokio::sync::Mutex;

use crate::api_error::ApiError;
use crate::bridge::Bridge;

/// How old what is known may be: so long a revoked token may still be good.
const FRESH: Duration = Duration::from_secs(3);

/// The tokens as they were a moment ago.
#[derive(Default)]
pub(crate) struct KnownTokens {
    known: RwLock<Option<Known>>,
    /// Whoever holds it asks the database; the others wait for the answer.
    asking: Mutex<()>,
}

#[derive(Clone)]
struct Known {
    tokens: Arc<[Token]>,
    since: Instant,
}

impl KnownTokens {
    /// The token of this hash.
    pub(crate) async fn find(&self, bridge: &Bridge, sent: &TokenHash) -> Result<Option<Token>, ApiError> {
        Ok(find_token(&self.tokens(bridge).await?, sent).cloned())
    }

    async fn tokens(&self, bridge: &Bridge) -> Result<Arc<[Token]>, ApiError> {
        if let Some(tokens) = self.fresh() {
            return Ok(tokens);
        }
        let _asking = self.asking.lock().await;
        if let Some(tokens) = self.fresh() {
            return Ok(tokens);
        }
        // What is told was so at the moment of the question.
        let since = Instant::now();
        let tokens: Arc<[Token]> = bridge.change(|lab| lab.token_list()).await?.into();
        let known = Known { tokens: Arc::clone(&tokens), since };
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Some(known);
        Ok(tokens)
    }

    fn fresh(&self) -> Option<Arc<[Token]>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.as_ref().filter(|known| known.since.elapsed() < FRESH).map(|known| Arc::clone(&known.tokens))
    }
}
