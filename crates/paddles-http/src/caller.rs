//! Who sends a request, from where, and with which rights: asked before any handler runs.

use std::future::{Ready, ready};
use std::net::IpAddr;

use actix_web::body::BoxBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::rt::time::timeout;
use actix_web::web::Data;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, ResponseError};
use futures_util::StreamExt as _;
use paddles_domain::{Act, Actor, Auth, Need, Role, Standing};

use crate::api_error::ApiError;
use crate::app::App;
use crate::client_address::ClientAddress;
use crate::clock::now;
use crate::credentials::Shown;
use crate::other_sites::is_from_another_site;

/// Who sends a request: what every change is told.
#[derive(Clone)]
pub(crate) struct Caller {
    who: Actor,
    from: Option<IpAddr>,
    rights: Rights,
}

/// What a caller may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rights {
    /// The service does not ask.
    All,
    /// What everybody may.
    None,
    Of(Role),
}

impl Caller {
    /// What the caller does at this moment.
    pub(crate) fn acts(&self) -> Act {
        Act { when: now(), who: self.who.clone(), from: self.from, once: None }
    }

    /// Refuses a caller who may not do what `role` may: for what depends on more than the route.
    pub(crate) fn must_be(&self, role: Role) -> Result<(), ApiError> {
        match self.rights {
            Rights::All => Ok(()),
            Rights::Of(own) if own >= role => Ok(()),
            Rights::Of(own) => Err(ApiError::lacks_role(&self.who, own, role)),
            Rights::None => Err(ApiError::no_token(role)),
        }
    }

    /// Finds out who sends a request that needs `need`, and refuses whoever may not.
    async fn admitted(request: &ServiceRequest, app: &App, need: Need) -> Result<Self, ApiError> {
        let from = ClientAddress::of(request.head(), &app.access.trusted_proxies);
        let shown = Shown::in_headers(request.headers());
        let Some(demanded) = app.access.auth.demands(need) else {
            return Self::unasked(app, need, from, shown).await;
        };
        let caller = Self::shown(app, from, shown, demanded).await?;
        caller.must_be(demanded)?;
        let is_ambient = !matches!(shown, Shown::Token(token) if !token.is_ambient);
        if is_ambient && need != Need::Reading && is_from_another_site(request.head(), app.site.as_ref()) {
            return Err(ApiError::forbidden(
                "a page of another site than PADDLES_ADDRESS may not ask for this, unless it sends a token as Authorization: Bearer",
            ));
        }
        Ok(caller)
    }

    /// Who it is where nobody has to say. A good token still tells whose change it is, so that a laboratory can give tokens out
    /// before it asks for them; anything else is for somebody else.
    async fn unasked(app: &App, need: Need, from: ClientAddress, shown: Shown) -> Result<Self, ApiError> {
        let rights = if app.access.auth == Auth::Open { Rights::All } else { Rights::None };
        let caller = Self { who: Actor::Nobody, from: from.address, rights };
        match (need, shown) {
            (Need::Role(_), Shown::Token(sent)) => {
                let token = app.tokens.find(&app.bridge, &sent.token).await?;
                let token = token.filter(|token| token.standing(now()) == Standing::Good);
                Ok(Self { who: token.map_or(Actor::Nobody, |token| Actor::Token(token.name)), ..caller })
            }
            _ => Ok(caller),
        }
    }

    /// Who it is by a token, or else by the network. A token decides alone: whoever shows one wants to be told if it is not good.
    async fn shown(app: &App, from: ClientAddress, shown: Shown, demanded: Role) -> Result<Self, ApiError> {
        let address = from.address;
        match shown {
            Shown::Unreadable => Err(ApiError::no_token(demanded)),
            Shown::Token(sent) => {
                let token = app.tokens.find(&app.bridge, &sent.token).await?.ok_or_else(ApiError::unknown_token)?;
                match token.standing(now()) {
                    Standing::Good => {
                        Ok(Self { who: Actor::Token(token.name), from: address, rights: Rights::Of(token.role) })
                    }
                    standing => Err(ApiError::ended_token(standing)),
                }
            }
            Shown::Nothing => {
                let certain = address.filter(|_| from.is_certain);
                let trusted = certain.and_then(|address| app.access.trusted_networks.of(address));
                Ok(match trusted {
                    Some((network, role)) => {
                        Self { who: Actor::Network(network.to_string()), from: address, rights: Rights::Of(role) }
                    }
                    None => Self { who: Actor::Nobody, from: address, rights: Rights::None },
                })
            }
        }
    }
}

/// Lets a request to a handler that needs `need` through to it, or refuses it.
pub(crate) async fn admit(
    need: Need,
    mut request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let app = request.app_data::<Data<App>>().cloned().ok_or_else(ApiError::defect)?;
    match Caller::admitted(&request, &app, need).await {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.call(request).await
        }
        Err(refusal) => {
            // Who sends it slowly hears as little of it as who is let in.
            let _ = timeout(app.request_timeout, drop_body(&mut request, app.body_limit)).await;
            // An answer, not an error: what surrounds every answer is added to it on the way out.
            Ok(request.into_response(refusal.error_response()))
        }
    }
}

/// Reads the body of a refused request, so that its sender hears why instead of finding the connection broken.
async fn drop_body(request: &mut ServiceRequest, limit: usize) {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return;
    }
    let mut payload = request.take_payload();
    let mut seen = 0;
    while let Some(Ok(chunk)) = payload.next().await {
        seen += chunk.len();
        if seen > limit {
            break;
        }
    }
}

impl FromRequest for Caller {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    /// Every handler stands behind [`admit`].
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(request.extensions().get::<Self>().cloned().ok_or_else(ApiError::defect))
    }
}
