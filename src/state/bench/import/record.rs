//! A record of an evaluation dataset as a prompt.

use serde_json::{Map, Value};

use super::json;
use crate::entities::DatasetRecord;
use crate::state::bench::set::Case;

/// Reads one; its id stays with it, and what is not understood as it is. Errors: why it asks nothing, and its id.
pub(in crate::state::bench) fn case_of_record(record: &DatasetRecord) -> Result<Case, String> {
    let read = read(record).map_err(|why| format!("{why} ({})", record.dataset_record_id))?;
    Ok(Case { id: record.dataset_record_id.clone(), ..read })
}

fn read(record: &DatasetRecord) -> Result<Case, String> {
    let parsed = |text: &str| serde_json::from_str::<Value>(text).ok();
    let inputs = parsed(&record.inputs).ok_or("Its inputs are no JSON")?;
    let mut object = Map::from_iter([("inputs".to_owned(), inputs)]);
    let others =
        [("expectations", &record.expectations), ("outputs", &record.outputs), ("tags", &record.tags)];
    for (key, text) in others {
        if let Some(value) = text.as_deref().and_then(parsed).filter(|value| !value.is_null()) {
            object.insert(key.to_owned(), value);
        }
    }
    json::case(&Value::Object(object))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::state::bench::check::Check;
    use crate::state::bench::set::Prompt;

    fn record(inputs: &Value, expectations: &Value) -> DatasetRecord {
        DatasetRecord {
            dataset_record_id: "dr-1".into(),
            inputs: inputs.to_string(),
            expectations: Some(expectations.to_string()),
            ..DatasetRecord::default()
        }
    }

    fn asked(inputs: &Value) -> Prompt {
        case_of_record(&record(inputs, &json!({}))).unwrap().prompt
    }

    fn refused(inputs: &Value) -> String {
        case_of_record(&record(inputs, &json!({}))).unwrap_err()
    }

    #[test]
    fn every_shape_of_inputs_is_a_prompt() {
        let why = || Prompt::Text("Why?".into());
        for inputs in [
            json!("Why?"),
            json!({"question": "Why?"}),
            json!({"query": "Why?"}),
            json!({"prompt": "Why?"}),
            json!({"input": "Why?"}),
            json!({"anything": "Why?"}),
            json!({"messages": [{"role": "user", "content": "Why?"}]}),
            json!({"input": [{"role": "user", "content": [{"type": "input_text", "text": "Why?"}]}]}),
            json!({"request": {"input": [{"role": "user", "content": "Why?"}]}}),
        ] {
            assert_eq!(asked(&inputs), why(), "{inputs}");
        }
        let talk = json!({"messages": [{"role": "system", "content": "Short"}, {"role": "user", "content": "Why?"}]});
        assert_eq!((asked(&talk).earlier(), asked(&talk).text().to_owned()), (1, "Why?".to_owned()));
    }

    #[test]
    fn what_is_expected_is_read_beside_checked_or_noted_and_nothing_is_lost() {
        let expectations = json!({
            "expected_response": "It fell",
            "expected_facts": ["OTIF fell", "by two points"],
            "guidelines": "Answer in English",
            "expected_tool_calls": [{"name": "query_otif", "arguments": {"week": 47}}],
            "expected_retrieved_context": [{"doc_uri": "a.md"}],
        });
        let mut record =
            record(&json!({"question": "Why?", "depth": 2, "custom_inputs": {"k": 1}}), &expectations);
        (record.tags, record.outputs) = (Some(r#"{"split": "dev"}"#.into()), Some(r#""sunny""#.into()));
        let case = case_of_record(&record).unwrap();
        assert_eq!((case.id.as_str(), case.title(), case.expected.as_str()), ("dr-1", "Why?", "It fell"));
        assert_eq!(case.note, "Facts:\n- OTIF fell\n- by two points\nGuidelines:\n- Answer in English");
        assert_eq!(case.checks, [Check::CallsTool { name: "query_otif".into() }]);
        assert_eq!(case.custom_inputs, r#"{"k":1}"#);
        let kept = json!({
            "inputs": {"depth": 2},
            "tags": {"split": "dev"},
            "outputs": "sunny",
            "expectations": {
                "expected_tool_calls": [{"name": "query_otif", "arguments": {"week": 47}}],
                "expected_retrieved_context": [{"doc_uri": "a.md"}],
            },
        });
        assert_eq!(Value::Object(case.extra), kept);
    }

    #[test]
    fn facts_alone_are_what_is_expected() {
        let case =
            case_of_record(&record(&json!({"question": "Why?"}), &json!({"expected_facts": ["a", "b"]})));
        let case = case.unwrap();
        assert_eq!(
            (case.expected.as_str(), case.note.as_str(), case.extra.is_empty()),
            ("- a\n- b", "", true)
        );
    }

    #[test]
    fn what_asks_nothing_says_why_and_which_it_is() {
        assert_eq!(
            refused(&json!({"country": "DE", "year": 2024})),
            "Nothing is asked: no input, messages, prompt or question among country, year (dr-1)"
        );
        let picture =
            json!({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": "x"}]}]});
        assert!(refused(&picture).contains("“messages” is no text"), "{}", refused(&picture));
        assert!(refused(&json!({"question": " "})).contains("the prompt is empty"));
        let broken = DatasetRecord { inputs: "{".into(), ..DatasetRecord::default() };
        assert!(case_of_record(&broken).unwrap_err().starts_with("Its inputs are no JSON"));
    }
}
