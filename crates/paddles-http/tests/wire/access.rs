//! Who may do what: every route, with no token, a wrong one, one that has ended, and each role.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use paddles_diesel::testing::TestDatabase;
use paddles_domain::Need::{self, Nothing, Reading};
use paddles_domain::{Act, Auth, Role, Token, TokenHash, TokenName, TokenSecret};
use paddles_http::{AccessSettings, HttpSettings, now, served_routes};
use serde_json::json;

use crate::answer::Answer;
use crate::service::Service;

const REPORTER: Need = Need::Role(Role::Reporter);
const OPERATOR: Need = Need::Role(Role::Operator);
const ADMIN: Need = Need::Role(Role::Admin);

/// What is expected of every route. A new one is written here too, by somebody who has thought about it.
const RULES: &[(&str, &str, Need)] = &[
    ("GET", "/", Nothing),
    ("GET", "/healthz/", Nothing),
    ("GET", "/readyz/", Nothing),
    ("GET", "/metrics/", Reading),
    ("GET", "/openapi.json", Nothing),
    ("GET", "/docs/", Nothing),
    ("GET", "/docs/start.js", Nothing),
    ("GET", "/docs/swagger-ui-bundle.js", Nothing),
    ("GET", "/docs/swagger-ui.css", Nothing),
    ("GET", "/audit/", ADMIN),
    ("GET", "/errors/invalid/", Reading),
    ("GET", "/errors/forbidden/", Reading),
    ("GET", "/errors/not_found/", Reading),
    ("GET", "/errors/unavailable/", Reading),
    ("GET", "/nodes/", Reading),
    ("POST", "/nodes/", OPERATOR),
    ("POST", "/nodes/lock_many/", REPORTER),
    ("POST", "/nodes/unlock_many/", REPORTER),
    ("GET", "/nodes/machine_types/", Reading),
    ("GET", "/nodes/job_stats/", Reading),
    ("GET", "/nodes/{name}/", Reading),
    ("PUT", "/nodes/{name}/", OPERATOR),
    ("DELETE", "/nodes/{name}/", ADMIN),
    ("PUT", "/nodes/{name}/lock/", REPORTER),
    ("POST", "/nodes/{name}/lock/", REPORTER),
    ("GET", "/nodes/{name}/jobs/", Reading),
    ("GET", "/nodes/{name}/job_stats/", Reading),
    ("GET", "/queue/", Reading),
    ("POST", "/queue/", OPERATOR),
    ("PUT", "/queue/", OPERATOR),
    ("GET", "/queue/pop_queue/", Reading),
    ("POST", "/queue/pop_queue/", REPORTER),
    ("GET", "/queue/stats/", Reading),
    ("POST", "/queue/stats/", Reading),
    ("GET", "/queue/queued_jobs/", Reading),
    ("POST", "/queue/queued_jobs/", Reading),
    ("GET", "/jobs/", Reading),
    ("GET", "/runs/", Reading),
    ("POST", "/runs/", REPORTER),
    ("GET", "/runs/queued/", Reading),
    ("GET", "/runs/branch/", Reading),
    ("GET", "/runs/branch/{branch}/", Reading),
    ("GET", "/runs/date/", Reading),
    ("GET", "/runs/date/from/{from}/to/{to}/", Reading),
    ("GET", "/runs/date/{date}/", Reading),
    ("GET", "/runs/machine_type/", Reading),
    ("GET", "/runs/machine_type/{machine_type}/", Reading),
    ("GET", "/runs/status/", Reading),
    ("GET", "/runs/status/{status}/", Reading),
    ("GET", "/runs/suite/", Reading),
    ("GET", "/runs/suite/{suite}/", Reading),
    ("GET", "/runs/user/", Reading),
    ("GET", "/runs/user/{user}/", Reading),
    ("GET", "/runs/sha1/", Reading),
    ("GET", "/runs/sha1/{sha1}/", Reading),
    ("GET", "/runs/flavors/", Reading),
    ("GET", "/runs/flavors/{flavor}/", Reading),
    ("GET", "/runs/{name}/", Reading),
    ("DELETE", "/runs/{name}/", ADMIN),
    ("GET", "/runs/{name}/jobs/", Reading),
    ("POST", "/runs/{name}/jobs/", REPORTER),
    ("POST", "/runs/{name}/jobs/batch/", REPORTER),
    ("GET", "/runs/{name}/jobs/{job_id}/", Reading),
    ("PUT", "/runs/{name}/jobs/{job_id}/", REPORTER),
    ("DELETE", "/runs/{name}/jobs/{job_id}/", ADMIN),
    ("GET", "/runs/{name}/jobs/{job_id}/history/", Reading),
    ("GET", "/runs/{name}/{job_id}/", Reading),
    ("HEAD", "/runs/{name}/", Reading),
];

/// A token that the service knows, as its holder has it.
fn give(service: &Service, name: &str, role: Role, change: impl Fn(&mut Token)) -> String {
    let mut bytes = [7; 32];
    bytes[..name.len()].copy_from_slice(name.as_bytes());
    let secret = TokenSecret::from_random(bytes);
    let (name, hash) = (TokenName::new(name).unwrap(), TokenHash::of(secret.expose()));
    let mut token = Token { name, role, hash, created: now(), expires: None, revoked: None };
    change(&mut token);
    service.repository().token_create(&token, &Act::of_nobody(now())).unwrap();
    secret.expose().to_owned()
}

/// An empty database of the same kind.
fn another(database: &TestDatabase) -> TestDatabase {
    if database.url().starts_with("sqlite") { TestDatabase::sqlite() } else { TestDatabase::postgres() }
}

fn asking(auth: Auth, database: TestDatabase) -> Service {
    with(AccessSettings { auth, ..AccessSettings::default() }, database)
}

fn with(access: AccessSettings, database: TestDatabase) -> Service {
    Service::with(HttpSettings { access, ..HttpSettings::default() }, database)
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

/// What a refusal for want of rights is, if this is one.
fn refused(answer: &Answer) -> Option<u16> {
    let is_about_roles = answer.status == 403 && answer.body.contains("needs the role");
    (answer.status == 401 || is_about_roles).then_some(answer.status)
}

#[test]
fn every_route_has_its_rule() {
    let mut served: Vec<_> = served_routes().into_iter().map(|route| (route.method, route.path, route.need)).collect();
    let of_rule = |(method, path, need): &(&str, &str, Need)| ((*method).to_owned(), (*path).to_owned(), *need);
    let mut expected: Vec<_> = RULES.iter().filter(|(method, ..)| *method != "HEAD").map(of_rule).collect();
    served.sort_by_key(|(method, path, _)| (path.clone(), method.clone()));
    expected.sort_by_key(|(method, path, _)| (path.clone(), method.clone()));
    assert_eq!(served, expected);
}

#[allow(clippy::needless_pass_by_value, reason = "a story takes its database")]
fn every_route_keeps_its_rule(database: TestDatabase) {
    for auth in [Auth::Open, Auth::Write, Auth::All] {
        check_every_route(&asking(auth, another(&database)), auth);
    }
}

fn check_every_route(service: &Service, auth: Auth) {
    let ended = |name, change: fn(&mut Token)| give(service, name, Role::Admin, change);
    let expired = ended("expired", |token| token.expires = Some(token.created));
    let revoked = ended("revoked", |token| token.revoked = Some(token.created));
    let unknown = TokenSecret::from_random([9; 32]).expose().to_owned();
    let of = |role: Role| give(service, role.as_str(), role, |_| ());
    let cases: [(&str, Option<String>, Option<Role>); 8] = [
        ("no token", None, None),
        ("an unknown token", Some(bearer(&unknown)), None),
        ("no token at all", Some("Bearer".to_owned()), None),
        ("an expired token", Some(bearer(&expired)), None),
        ("a revoked token", Some(bearer(&revoked)), None),
        ("a reporter", Some(bearer(&of(Role::Reporter))), Some(Role::Reporter)),
        ("an operator", Some(bearer(&of(Role::Operator))), Some(Role::Operator)),
        ("an admin", Some(bearer(&of(Role::Admin))), Some(Role::Admin)),
    ];
    for (method, path, need) in RULES.iter().copied() {
        let path = path.replace("{date}", "2020-01-02").replace(['{', '}'], "");
        for (who, header, role) in &cases {
            let headers: Vec<(&str, &str)> = header.iter().map(|value| ("Authorization", value.as_str())).collect();
            let answer = service.ask_with(&headers, method, &path);
            let needed = match (auth, need) {
                (Auth::Open, _) | (_, Nothing) | (Auth::Write, Reading) => None,
                (Auth::All, Reading) => Some(Role::Reporter),
                (_, Need::Role(role)) => Some(role),
            };
            let expected = match (needed, role) {
                (None, _) => None,
                (Some(_), None) => Some(401),
                (Some(needed), Some(role)) => (needed > *role).then_some(403),
            };
            let told = format!("{auth}: {who}: {method} {path}: {} {}", answer.status, answer.body);
            assert_eq!(refused(&answer), expected, "{told}");
            assert_eq!(
                answer.headers.get_all("www-authenticate").iter().count(),
                if expected == Some(401) { 2 } else { 0 }
            );
            assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{told}");
            assert_eq!(answer.header("access-control-allow-credentials"), None, "{told}");
            assert!(answer.status < 500 || path.contains("unavailable"), "{told}");
        }
    }
    // What a browser asks before it asks.
    for path in ["/runs/", "/nodes/thing/"] {
        assert_eq!(service.ask("OPTIONS", path).status, 200, "{path}");
    }
}

fn refusals_say_what_is_missing(database: TestDatabase) {
    let service = asking(Auth::Write, database);
    let token = give(&service, "lab", Role::Reporter, |_| ());
    let ask = |header: &str| service.ask_with(&[("Authorization", header)], "DELETE", "/runs/r/").refusal();
    let none = "this needs a token with the role admin; send Authorization: Bearer TOKEN, or HTTP Basic with the token as password";
    assert_eq!(service.delete("/runs/r/").refusal(), (401, none.to_owned()));
    assert_eq!(ask("Digest x"), (401, none.to_owned()));
    assert_eq!(ask("Bearer x"), (401, "nobody was given this token".to_owned()));
    assert_eq!(ask(&bearer(&token)), (403, "this needs the role admin; token lab is reporter".to_owned()));
    give(&service, "old", Role::Admin, |token| token.expires = Some(token.created));
}

fn a_token_comes_as_password_too(database: TestDatabase) {
    let service = asking(Auth::All, database);
    let token = give(&service, "lab", Role::Reporter, |_| ());
    let ask = |pair: String| {
        let header = format!("Basic {}", STANDARD.encode(pair));
        service.ask_with(&[("Authorization", &header)], "GET", "/runs/").status
    };
    assert_eq!((ask(format!("anybody:{token}")), ask(format!(":{token}")), ask("lab:lab".to_owned())), (200, 200, 401));
}

#[allow(clippy::needless_pass_by_value, reason = "a story takes its database")]
fn networks_are_trusted_by_their_own_address(database: TestDatabase) {
    let ask = |access: AccessSettings, forwarded: Option<&str>, method: &str, path: &str| {
        let service = with(AccessSettings { auth: Auth::Write, ..access }, another(&database));
        let headers: Vec<(&str, &str)> = forwarded.iter().map(|value| ("X-Forwarded-For", *value)).collect();
        let answer = service.ask_with(&headers, method, path);
        refused(&answer).unwrap_or(200)
    };
    let local = || AccessSettings { trusted_networks: "127.0.0.0/8=operator".parse().unwrap(), ..Default::default() };
    assert_eq!(ask(local(), None, "PUT", "/queue/"), 200);
    assert_eq!(ask(local(), None, "DELETE", "/runs/r/"), 403);
    // Somebody asks through a proxy that nobody has named.
    assert_eq!(ask(local(), Some("192.0.2.1"), "PUT", "/queue/"), 401);
    assert_eq!(ask(local(), Some("127.0.0.1"), "PUT", "/queue/"), 401);
    let elsewhere = || AccessSettings { trusted_networks: "10.0.0.0/8=admin".parse().unwrap(), ..Default::default() };
    assert_eq!(ask(elsewhere(), None, "DELETE", "/runs/r/"), 401);
    assert_eq!(ask(elsewhere(), Some("10.1.2.3"), "DELETE", "/runs/r/"), 401);
    let proxied = || AccessSettings { trusted_proxies: "127.0.0.1".parse().unwrap(), ..elsewhere() };
    assert_eq!(ask(proxied(), Some("10.1.2.3"), "DELETE", "/runs/r/"), 200);
    assert_eq!(ask(proxied(), Some("10.1.2.3, 192.0.2.1"), "DELETE", "/runs/r/"), 401);
    assert_eq!(ask(proxied(), None, "DELETE", "/runs/r/"), 401);
}

fn reporters_lock_nodes_and_change_nothing_else(database: TestDatabase) {
    let service = asking(Auth::Write, database);
    let (reporter, operator) =
        (give(&service, "r", Role::Reporter, |_| ()), give(&service, "o", Role::Operator, |_| ()));
    let put = |token: &str, path: &str, body: serde_json::Value| {
        let headers = [("Authorization", bearer(token))];
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        service.send_with(&headers, "PUT", path, body.to_string().as_bytes())
    };
    let headers = [("Authorization", bearer(&operator))];
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    service.send_with(&headers, "POST", "/nodes/", br#"{"name": "n", "machine_type": "mira"}"#).json();
    let lock = json!({ "name": "n", "locked": true, "locked_by": "me", "description": null });
    put(&reporter, "/nodes/n/lock/", lock).json();
    for edit in [
        json!({ "locked": false, "locked_by": "me", "up": true }),
        json!({ "locked_by": "you" }),
        json!({ "machine_type": "smithi" }),
    ] {
        let refusal = put(&reporter, "/nodes/n/lock/", edit).refusal();
        assert_eq!(refusal, (403, "this needs the role operator; token r is reporter".to_owned()));
    }
    put(&operator, "/nodes/n/lock/", json!({ "locked": false, "locked_by": "me", "up": true })).json();
    assert_eq!(service.get("/nodes/n/").json()["up"], true);
}

fn pages_of_other_sites_write_nothing(database: TestDatabase) {
    let access = AccessSettings {
        auth: Auth::Write,
        trusted_networks: "127.0.0.1=admin".parse().unwrap(),
        ..AccessSettings::default()
    };
    let service = with(access, database);
    let token = bearer(&give(&service, "t", Role::Admin, |_| ()));
    let ask = |headers: &[(&str, &str)], method: &str, path: &str| service.ask_with(headers, method, path).status;
    let delete = |headers: &[(&str, &str)]| ask(headers, "DELETE", "/runs/r/");
    let own = format!("http://{}", service.address());
    assert_eq!((delete(&[]), delete(&[("Origin", &own)]), delete(&[("Sec-Fetch-Site", "none")])), (404, 404, 404));
    assert_eq!(delete(&[("Origin", "http://evil.example")]), 403);
    assert_eq!(delete(&[("Origin", "null")]), 403);
    assert_eq!(delete(&[("Origin", &own), ("Sec-Fetch-Site", "cross-site")]), 403);
    assert_eq!(delete(&[("Origin", "http://tool.example"), ("Authorization", &token)]), 404);
    assert_eq!(ask(&[("Origin", "http://dashboard.example")], "GET", "/runs/"), 200);
}

fn a_revoked_token_is_refused_within_seconds(database: TestDatabase) {
    let service = asking(Auth::Write, database);
    let token = bearer(&give(&service, "t", Role::Reporter, |_| ()));
    let ask = || service.ask_with(&[("Authorization", &token)], "POST", "/runs/").status;
    assert_eq!(ask(), 400);
    let name = TokenName::new("t").unwrap();
    service.repository().token_revoke(&name, &Act::of_nobody(now())).unwrap();
    let began = std::time::Instant::now();
    while ask() != 401 {
        assert!(began.elapsed().as_secs() < 20, "the token is still good");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

fn a_token_costs_no_statement(database: TestDatabase) {
    let service = asking(Auth::Write, database);
    let token = bearer(&give(&service, "t", Role::Reporter, |_| ()));
    let ask = |header: &str| service.ask_with(&[("Authorization", header)], "POST", "/runs/").status;
    ask(&token);
    let before = service.statements_run();
    for number in 0..200 {
        assert_eq!((ask(&token), ask(&format!("Bearer {number}"))), (400, 401));
    }
    // The list is asked for again every few seconds.
    let asked = service.statements_run() - before;
    assert!(asked <= 20, "{asked} statements");
}

fn a_refused_body_is_answered(database: TestDatabase) {
    let service = asking(Auth::Write, database);
    let body = vec![b' '; 3_000_000];
    assert_eq!(service.send("POST", "/runs/r/jobs/", &body).status, 401);
    assert_eq!(service.get("/runs/").status, 200);
}

on_both!(
    every_route_keeps_its_rule,
    refusals_say_what_is_missing,
    a_token_comes_as_password_too,
    networks_are_trusted_by_their_own_address,
    reporters_lock_nodes_and_change_nothing_else,
    pages_of_other_sites_write_nothing,
    a_revoked_token_is_refused_within_seconds,
    a_token_costs_no_statement,
    a_refused_body_is_answered,
);
