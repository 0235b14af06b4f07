//! What is refused, as a status and `{"message": ...}`. Every error becomes HTTP here and nowhere else.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use paddles_domain::{
    Actor, FieldError, LockRefused, NameError, OnceKeyError, PauseRefused, Refused, ReportError, Role, Standing,
};
use paddles_repository::{PageError, RepositoryError};

/// How long a client should wait before it asks again, in seconds. Clients of paddles wait about so long by themselves.
const RETRY_SECONDS: u64 = 1;

/// How a client may say who it is (RFC 6750, RFC 7617).
const CHALLENGES: [&str; 2] = ["Bearer realm=\"paddles\"", "Basic realm=\"paddles\", charset=\"UTF-8\""];

/// A request that is not answered as it wished.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct ApiError {
    status: StatusCode,
    message: String,
    /// In seconds.
    retry_after: Option<u64>,
}

impl ApiError {
    fn new(status: StatusCode, message: impl Into<String>) -> Self {
        let retry_after = (status == StatusCode::SERVICE_UNAVAILABLE).then_some(RETRY_SECONDS);
        Self { status, message: message.into(), retry_after }
    }

    /// The request is wrong; the message names what and says what is allowed.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// There is no such thing.
    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    /// A rule forbids it; asking again will not help.
    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, message)
    }

    /// A token is needed, and none came that can be read.
    pub(crate) fn no_token(role: Role) -> Self {
        let way = "Authorization: Bearer TOKEN, or HTTP Basic with the token as password";
        Self::new(StatusCode::UNAUTHORIZED, format!("this needs a token with the role {role}; send {way}"))
    }

    /// A token came that nobody was given.
    pub(crate) fn unknown_token() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "nobody was given this token")
    }

    /// A token came that is no longer good.
    pub(crate) fn ended_token(standing: Standing) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, format!("this token is {standing}"))
    }

    /// Who it is may not do what `needed` may.
    pub(crate) fn lacks_role(who: &Actor, own: Role, needed: Role) -> Self {
        Self::forbidden(format!("this needs the role {needed}; {who} is {own}"))
    }

    /// Not now; asking again may help.
    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, message)
    }

    /// The path is there, but not for this method.
    pub(crate) fn method_not_allowed(message: impl Into<String>) -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, message)
    }

    /// The body is larger than the service reads.
    pub(crate) fn too_large(limit: usize) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, format!("a body takes at most {limit} bytes"))
    }

    /// More is asked than can be answered soon.
    pub(crate) fn busy() -> Self {
        Self::unavailable("too many requests are waiting; try again")
    }

    /// The database took too long to answer.
    pub(crate) fn too_slow(patience: Duration) -> Self {
        Self::unavailable(format!("there was no answer within {} seconds; try again", patience.as_secs_f32()))
    }

    /// The client took too long to send its body.
    pub(crate) fn body_too_slow(patience: Duration) -> Self {
        let message = format!("the body took longer than {} seconds", patience.as_secs_f32());
        Self::new(StatusCode::REQUEST_TIMEOUT, message)
    }

    /// The client asks too often.
    pub(crate) fn too_often(wait: Duration) -> Self {
        let wait = wait.as_secs() + 1;
        let message = format!("too many requests of this client; try again in {wait} s");
        Self { retry_after: Some(wait), ..Self::new(StatusCode::TOO_MANY_REQUESTS, message) }
    }

    /// A defect of the service, whose details stand in its log.
    pub(crate) fn defect() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "the service failed; its log says why")
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        response.insert_header((CONTENT_TYPE, "application/json"));
        if let Some(seconds) = self.retry_after {
            response.insert_header((RETRY_AFTER, seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            for challenge in CHALLENGES {
                response.append_header((WWW_AUTHENTICATE, challenge));
            }
        }
        response.body(serde_json::json!({ "message": self.message }).to_string())
    }
}

impl From<NameError> for ApiError {
    fn from(error: NameError) -> Self {
        Self::invalid(error.to_string())
    }
}

impl From<OnceKeyError> for ApiError {
    fn from(error: OnceKeyError) -> Self {
        Self::invalid(error.to_string())
    }
}

impl From<ReportError> for ApiError {
    fn from(error: ReportError) -> Self {
        Self::invalid(error.to_string())
    }
}

impl From<FieldError> for ApiError {
    fn from(error: FieldError) -> Self {
        Self::invalid(error.to_string())
    }
}

/// The reporter's tools stop retrying at 403.
impl From<LockRefused> for ApiError {
    fn from(refused: LockRefused) -> Self {
        match refused {
            LockRefused::LockWithoutOwner | LockRefused::UnlockWithoutOwner => Self::invalid(refused.to_string()),
            LockRefused::AlreadyLocked
            | LockRefused::AlreadyUnlocked
            | LockRefused::OtherOwner
            | LockRefused::OtherDescription => Self::forbidden(refused.to_string()),
        }
    }
}

impl From<PauseRefused> for ApiError {
    fn from(refused: PauseRefused) -> Self {
        match refused {
            PauseRefused::NoOwner => Self::invalid(refused.to_string()),
            PauseRefused::AlreadyPaused => Self::forbidden(refused.to_string()),
        }
    }
}

impl From<PageError> for ApiError {
    fn from(error: PageError) -> Self {
        Self::invalid(error.to_string())
    }
}

impl From<Refused> for ApiError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::UnknownRun => Self::not_found(refused.to_string()),
            Refused::NoJobId => Self::invalid(refused.to_string()),
        }
    }
}

/// What the database said is for the log alone, since it may name hosts; but who broke a rule is told which.
impl From<RepositoryError> for ApiError {
    fn from(error: RepositoryError) -> Self {
        match error {
            RepositoryError::Unavailable { reason } => {
                tracing::warn!(reason, "the database is unavailable");
                Self::unavailable("the database is unavailable; try again")
            }
            RepositoryError::Forbidden { ref rule } => {
                tracing::warn!(rule, "a key or check of the database refuses a change");
                Self::new(StatusCode::CONFLICT, error.to_string())
            }
            RepositoryError::KeyReused => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "Idempotency-Key takes another key: this one was used for another request",
            ),
            RepositoryError::Refused { reason } | RepositoryError::Taken { reason } => {
                tracing::error!(reason, "the database refused a statement");
                Self::defect()
            }
        }
    }
}
