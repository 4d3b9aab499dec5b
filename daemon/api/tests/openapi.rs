//! The committed description is the current one, and is whole.

use std::{collections::HashSet, fs, path::Path};

use serde_json::Value;
use warifu_api::{Operation, ProblemType, openapi};

/// Set to any value, this rewrites the file instead of comparing it.
const UPDATE: &str = "WARIFU_UPDATE_OPENAPI";

#[test]
fn the_committed_description_is_current() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let current = openapi::openapi_json().unwrap();
    if std::env::var_os(UPDATE).is_some() {
        fs::write(&file, &current).unwrap();
    }
    let committed = fs::read_to_string(&file).unwrap();
    assert!(committed == current, "docs/openapi.json is not current: run with {UPDATE}=1");
}

fn description() -> Value {
    let text = openapi::openapi_json().expect("the description is JSON");
    serde_json::from_str(&text).expect("it was just written")
}

#[test]
fn it_is_version_3_1_and_has_every_operation() {
    let api = description();
    assert!(api["openapi"].as_str().unwrap().starts_with("3.1"));
    for operation in Operation::ALL {
        let method = operation.method().as_str().to_lowercase();
        let found = &api["paths"][operation.path()][&method];
        assert_eq!(found["operationId"], operation.id());
        assert!(found["responses"][operation.success().to_string()].is_object());
        assert!(!found["description"].as_str().unwrap().is_empty());
    }
}

#[test]
fn a_change_takes_an_idempotency_key() {
    let api = description();
    for operation in Operation::ALL {
        let method = operation.method().as_str().to_lowercase();
        let parameters = api["paths"][operation.path()][&method]["parameters"].clone();
        let keys = parameters.as_array().into_iter().flatten();
        let has = keys.filter(|one| one["name"] == "Idempotency-Key").count();
        assert_eq!(has == 1, operation.changes_state(), "{}", operation.id());
    }
}

/// No operation is forgotten where texts and answers are given: all but the description itself
/// answer with a schema or with bytes, under one of the tags.
#[test]
fn every_answer_has_a_schema_and_every_operation_a_known_tag() {
    let api = description();
    let tags: HashSet<_> =
        api["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
    for operation in Operation::ALL.into_iter().filter(|one| *one != Operation::OpenApi) {
        let method = operation.method().as_str().to_lowercase();
        let found = &api["paths"][operation.path()][&method];
        let tag = found["tags"][0].as_str().unwrap();
        assert!(tags.contains(tag), "{}", operation.id());
        assert_eq!(tag == "daemon", operation.id().find('_').is_none(), "{}", operation.id());
        let content = found["responses"][operation.success().to_string()]["content"].as_object();
        let schema = &content.unwrap().values().next().unwrap()["schema"];
        assert!(schema["$ref"].is_string() || schema["format"] == "binary", "{}", operation.id());
    }
}

/// Every field has a sentence, every reference leads somewhere, every problem type is listed.
#[test]
fn nothing_is_left_undescribed() {
    let api = description();
    let schemas = api["components"]["schemas"].as_object().unwrap();
    for (name, schema) in schemas {
        for (field, value) in fields(schema) {
            let inner = value["oneOf"].as_array().into_iter().flatten();
            let described = inner.chain([value]).any(|one| one["description"].is_string());
            assert!(described, "{name}.{field}: {value}");
        }
    }
    let mut wanted = HashSet::new();
    references(&api, &mut wanted);
    for one in wanted {
        let name = one.strip_prefix("#/components/schemas/").unwrap().to_owned();
        assert!(schemas.contains_key(&name), "{one}");
    }
    let listed = schemas["ProblemType"]["enum"].as_array().unwrap();
    assert_eq!(listed.len(), ProblemType::ALL.len());
}

/// The fields of a schema and of every kind that it comes in, but for those that name the kind.
fn fields(schema: &Value) -> Vec<(&String, &Value)> {
    let kinds = ["oneOf", "allOf"].into_iter().filter_map(|word| schema[word].as_array());
    let all = kinds.flatten().chain([schema]).filter_map(|one| one["properties"].as_object());
    let names_the_kind = |value: &Value| value["enum"].as_array().is_some_and(|e| e.len() == 1);
    all.flatten().filter(|(_, value)| !names_the_kind(value)).collect()
}

fn references(value: &Value, found: &mut HashSet<String>) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(target)) = map.get("$ref") {
                found.insert(target.clone());
            }
            map.values().for_each(|inner| references(inner, found));
        }
        Value::Array(items) => items.iter().for_each(|inner| references(inner, found)),
        _ => {}
    }
}
