//! What the OpenAPI document says of an answer, held against every answer of these tests.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::Value;

use crate::answer::Answer;

/// The document, and the schemas of it that were needed so far.
pub(crate) struct Description {
    document: Value,
    schemas: Mutex<(Schemas, HashMap<String, SchemaIndex>)>,
}

/// Where the compiler finds the document.
const URL: &str = "http://paddles.example/openapi.json";

impl Description {
    pub(crate) fn of(document: Value) -> Self {
        Self { document, schemas: Mutex::new((Schemas::new(), HashMap::new())) }
    }

    /// Fails if the document knows the path and method, and says something else of the answer.
    #[track_caller]
    pub(crate) fn check(&self, method: &str, path: &str, answer: &Answer) {
        let path = path.split('?').next().unwrap_or_default();
        let method = if method == "HEAD" { "GET" } else { method }.to_ascii_lowercase();
        // That paths are redirected and known answers not sent again is told of all of them at once.
        let Some(template) = self.template(path).filter(|_| ![302, 304].contains(&answer.status)) else { return };
        let operation = &self.document["paths"][template][&method];
        if operation.is_null() {
            return;
        }
        let response = &operation["responses"][answer.status.to_string()];
        assert!(
            !response.is_null(),
            "{method} {template} is not described to answer {}: {}",
            answer.status,
            answer.body
        );
        if answer.body.is_empty() {
            return;
        }
        let media_type =
            answer.header("content-type").expect("a body has a type").split(';').next().unwrap_or_default();
        assert!(!response["content"][media_type].is_null(), "{method} {template} answers {media_type}");
        if media_type == "application/json" {
            let path = format!(
                "/paths/{}/{method}/responses/{}/content/application~1json/schema",
                template.replace('~', "~0").replace('/', "~1"),
                answer.status
            );
            self.validate(&path, &answer.body);
        }
    }

    #[track_caller]
    fn validate(&self, pointer: &str, body: &str) {
        // Documents nest deeper than this parser goes.
        let Ok(body) = serde_json::from_str::<Value>(body) else { return };
        let mut kept = self.schemas.lock().unwrap_or_else(PoisonError::into_inner);
        let (schemas, known) = &mut *kept;
        let index = *known.entry(pointer.to_owned()).or_insert_with(|| {
            let mut compiler = Compiler::new();
            compiler.add_resource(URL, self.document.clone()).unwrap();
            let escaped = pointer.replace('{', "%7B").replace('}', "%7D");
            compiler.compile(&format!("{URL}#{escaped}"), schemas).unwrap_or_else(|error| panic!("{error:#}"))
        });
        if let Err(error) = schemas.validate(&body, index) {
            panic!("{pointer}: {error:#}\n{body:#}");
        }
    }

    /// The template that a path is served by: of several the one with more fixed segments.
    fn template(&self, path: &str) -> Option<&str> {
        let with_slash = format!("{path}/");
        let fits = |template: &&String| fits(template, path) || fits(template, &with_slash);
        let templates = self.document["paths"].as_object().expect("an object").keys().filter(fits);
        templates.min_by_key(|template| template.matches('{').count()).map(String::as_str)
    }
}

fn fits(template: &str, path: &str) -> bool {
    let (wanted, given): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), path.split('/').collect());
    let fits = |(wanted, given): (&&str, &&str)| wanted == given || wanted.starts_with('{') && !given.is_empty();
    wanted.len() == given.len() && wanted.iter().zip(&given).all(fits)
}
