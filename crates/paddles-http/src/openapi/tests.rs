//! The description and the routes are one.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::web::Data;
use paddles_diesel::DieselRepository;
use paddles_diesel::testing::TestDatabase;
use paddles_repository::Repository;

use super::parameter::of_path;
use super::{DocumentedQuery, document};
use crate::app::App;
use crate::bridge::Bridge;
use crate::endpoint::Described;
use crate::{HttpSettings, routes};

/// A path that the template of a description leads to.
fn filled(path: &str) -> String {
    let fill = |segment: &str| match segment {
        "{date}" | "{from}" | "{to}" => "2026-03-01".to_owned(),
        segment => segment.trim_matches(['{', '}']).to_owned(),
    };
    path.split('/').map(fill).collect::<Vec<_>>().join("/")
}

/// Each handler is asked once, with nothing in the query: what it looks for must be what the description of its route has.
/// (What it looks for only beside something else is asserted where it is read, and so by every other test.)
#[actix_web::test]
async fn handlers_read_the_query_parameters_that_are_described() {
    let database = TestDatabase::sqlite();
    let lab: Arc<dyn Repository> = Arc::new(DieselRepository::open(&database.url().parse().unwrap(), 1).unwrap());
    let (bridge, _askers) = Bridge::start(&lab, 1, Duration::from_secs(1)).unwrap();
    let app = Data::new(App::new(bridge, &lab, HttpSettings::default()));
    let service = actix_web::App::new().app_data(app).app_data(Data::new(routes::description()));
    let service = init_service(service.configure(routes::configure)).await;

    for endpoint in routes::endpoints() {
        for Described { method, path, operation, .. } in endpoint.described() {
            let request = TestRequest::default().method(method.clone()).uri(&filled(path));
            let answer = call_service(&service, request.set_payload("{\"queue\": \"q\"}").to_request()).await;
            let query = answer.request().app_data::<DocumentedQuery>().expect("it is served");
            let documented: BTreeSet<&str> = operation.query_names().collect();
            assert_eq!(query.take_read(), documented, "{method} {path}");
        }
    }
}

/// A route cannot be written without its description; what is left is that nothing in it is empty or there twice.
#[test]
fn every_route_is_described() {
    let document = document(&routes::endpoints());
    let mut operations = 0;
    let mut ids = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            operations += 1;
            assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{method} {path} has the id of another");
            assert!(!operation["responses"].as_object().unwrap().is_empty(), "{method} {path} answers nothing");
        }
        for segment in path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}')) {
            let described = of_path(segment).to_json("path");
            assert_eq!(described["name"], segment, "{path}");
        }
    }
    assert!(operations >= 60, "{operations} are few");
}
