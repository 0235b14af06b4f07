//! The description of the service, and the page on which to try it.

use paddles_diesel::testing::TestDatabase;

use crate::service::Service;

fn the_service_describes_itself(database: TestDatabase) {
    let service = Service::on(database);
    let document = service.get("/openapi.json").json();
    assert_eq!(document["openapi"], "3.1.0");
    let operations: usize =
        document["paths"].as_object().unwrap().values().map(|methods| methods.as_object().unwrap().len()).sum();
    assert!(operations >= 60, "{operations} are few");
    assert_eq!(service.get("/docs").header("location"), Some("/docs/"));
}

/// What a page refers to: the values of `src` and `href`.
fn references(page: &str) -> Vec<&str> {
    let attributes = ["src=\"", "href=\""].into_iter().flat_map(|attribute| page.split(attribute).skip(1));
    attributes.map(|rest| rest.split('"').next().unwrap()).filter(|reference| *reference != "data:,").collect()
}

fn the_page_loads_nothing_from_elsewhere(database: TestDatabase) {
    let service = Service::on(database);
    let page = service.get("/docs/");
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    // Browsers enforce it, whatever the files say.
    assert!(page.header("content-security-policy").unwrap().starts_with("default-src 'self';"));
    let references = references(&page.body);
    assert_eq!(references.len(), 3, "{references:?}");
    for reference in references {
        assert!(!reference.contains(':') && !reference.starts_with("//"), "{reference}");
        let file = service.get(&format!("/docs/{reference}"));
        assert!(file.status == 200 && !file.body.is_empty(), "{reference}");
    }
    assert!(service.get("/docs/start.js").body.contains("url: \"../openapi.json\""));
}

on_both!(the_service_describes_itself, the_page_loads_nothing_from_elsewhere);
