//! Locking and unlocking nodes.

use actix_web::http::Method;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use paddles_domain::{NodeName, NodePatch, Role};
use paddles_repository::{LockWish, LockedMany, NodeUpdated, UnlockedMany};
use serde_json::value::RawValue;

use super::json;
use super::nodes::{host_ring, machine_types, no_node, node_in_path, unknown_host};
use crate::api_error::ApiError;
use crate::app::App;
use crate::caller::Caller;
use crate::documents::{array, lock_document, node_document};
use crate::idempotency_key::IdempotencyKey;
use crate::request_body::{Members, RequestBody};

/// `PUT` and `POST /nodes/{name}/lock/`: locks or unlocks a node, by the lock rules. Whether the node is there is told before
/// anything else, to any method.
pub(crate) async fn lock_one(
    request: HttpRequest,
    app: Data<App>,
    caller: Caller,
    name: Path<String>,
    body: RequestBody,
) -> Result<HttpResponse, ApiError> {
    let name = node_in_path(&name)?;
    let method = request.method();
    let patch = if [Method::PUT, Method::POST].contains(method) {
        body.read(|members| Ok(NodePatch::read(members.iter())?))
    } else {
        let refusal = format!("this URI only supports PUT and POST requests but {method} was attempted");
        Err(ApiError::invalid(refusal))
    };
    let patch = match patch {
        Ok(patch) => patch,
        Err(refusal) => {
            app.bridge.ask(move |lab| lab.node_get(&name)).await?.ok_or_else(no_node)?;
            return Err(refusal);
        }
    };
    if !patch.only_locks() {
        caller.must_be(Role::Operator)?;
    }
    match app.bridge.change(move |lab| lab.node_update(&name, &patch, &caller.acts())).await? {
        NodeUpdated::Updated(node) => {
            let mut out = Vec::new();
            lock_document(&mut out, &node);
            Ok(json(out))
        }
        NodeUpdated::NotFound => Err(no_node()),
        NodeUpdated::Refused(refused) => Err(refused.into()),
        NodeUpdated::UnknownHost => Err(unknown_host()),
        NodeUpdated::HostRing => Err(host_ring()),
    }
}

/// What the two bulk paths answer to other methods.
pub(crate) async fn only_post() -> Result<HttpResponse, ApiError> {
    Err(ApiError::invalid("this URI only supports POST requests"))
}

/// `POST /nodes/lock_many/`: locks as many free nodes as asked for, or none.
pub(crate) async fn lock_many(
    app: Data<App>,
    caller: Caller,
    key: IdempotencyKey,
    body: RequestBody,
) -> Result<HttpResponse, ApiError> {
    let once = key.once(&body);
    let wish = body.read(read_wish)?;
    match app.bridge.change(move |lab| lab.node_lock_many(&wish, &caller.acts().once(once))).await? {
        LockedMany::Locked(nodes) => Ok(json(array(&nodes, node_document))),
        LockedMany::TooFew(free) => Err(ApiError::unavailable(format!("only {free} nodes available"))),
        LockedMany::Refused(refused) => Err(refused.into()),
    }
}

fn read_wish(members: &Members<'_>) -> Result<LockWish, ApiError> {
    let required = ["count", "locked_by", "machine_type", "description"];
    let [Some(count), Some(_), Some(machine_type), Some(_)] = required.map(|key| members.get(key)) else {
        return Err(ApiError::invalid(format!("must pass these fields: {}", required.join(", "))));
    };
    let count = read_count(count)?;
    // The other keys are read as those of a node.
    let machine_type = Some(machine_type).filter(|json| json.get() != "null").map(RawValue::get);
    let no_text = || ApiError::invalid("machine_type takes text without NUL characters");
    let machine_type: Option<String> = machine_type.map(serde_json::from_str).transpose().map_err(|_| no_text())?;
    let machine_type = machine_type.unwrap_or_default();
    if machine_type.contains('\0') {
        return Err(no_text());
    }
    let machine_types = machine_types(&machine_type)?;
    if machine_types.is_empty() {
        return Err(ApiError::invalid("must specify machine_type"));
    }
    let wanted = NodePatch::read(members.iter().filter(|(key, _)| *key != "machine_type"))?;
    Ok(LockWish {
        count,
        owner: wanted.locked_by.flatten(),
        description: wanted.description.flatten(),
        machine_types,
        os_type: wanted.os_type.flatten(),
        os_version: wanted.os_version.flatten(),
        arch: wanted.arch.flatten(),
    })
}

/// A whole number, in any way that JSON writes one.
fn read_count(json: &RawValue) -> Result<u32, ApiError> {
    let text = json.get().trim_matches('"');
    let count: f64 = text.parse().map_err(|_| ApiError::invalid("count takes a whole number"))?;
    if !count.is_finite() || count.fract() != 0.0 {
        return Err(ApiError::invalid("count takes a whole number"));
    }
    if count < 1.0 {
        return Err(ApiError::invalid("cannot lock less than 1 node"));
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "more than there are is as good as all")]
    Ok(count as u32)
}

/// `POST /nodes/unlock_many/`: unlocks these nodes of one owner, or none.
pub(crate) async fn unlock_many(app: Data<App>, caller: Caller, body: RequestBody) -> Result<HttpResponse, ApiError> {
    let (names, owner) = body.read(read_names_and_owner)?;
    match app.bridge.change(move |lab| lab.node_unlock_many(&names, owner.as_deref(), &caller.acts())).await? {
        UnlockedMany::Unlocked(nodes) => Ok(json(array(&nodes, lock_document))),
        UnlockedMany::UnknownNode => Err(ApiError::invalid("Could not find all nodes!")),
        UnlockedMany::Refused(refused) => Err(refused.into()),
    }
}

/// More than any lab has nodes, and fewer than a statement takes values.
const MOST_NAMES: usize = 10_000;

fn read_names_and_owner(members: &Members<'_>) -> Result<(Vec<NodeName>, Option<String>), ApiError> {
    let keys_are_right = members.iter().all(|(key, _)| key == "names" || key == "locked_by");
    let (true, Some(names), Some(_)) = (keys_are_right, members.get("names"), members.get("locked_by")) else {
        return Err(ApiError::invalid("must pass these fields: names, locked_by"));
    };
    let not_a_list = || {
        let got = names.get();
        let takes = if got.starts_with('[') { "names takes a list of text" } else { "'names' must be a list" };
        ApiError::invalid(format!("{takes}; got: {got}"))
    };
    let names: Vec<String> = serde_json::from_str(names.get()).map_err(|_| not_a_list())?;
    if names.len() > MOST_NAMES {
        return Err(ApiError::invalid(format!("names takes at most {MOST_NAMES} names")));
    }
    // What cannot be a name is no node's.
    let names: Result<Vec<NodeName>, _> = names.into_iter().map(NodeName::new).collect();
    let names = names.map_err(|_| ApiError::invalid("Could not find all nodes!"))?;
    let owner = NodePatch::read(members.iter())?.locked_by.flatten();
    Ok((names, owner))
}
