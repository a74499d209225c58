//! `custom_inputs` as people type them: a JSON object that is passed on to the agent as it is.

use serde_json::{Map, Value};

use super::request::Payload;

/// The key of a marker.
const MARKER: &str = "flowdeck_marker";

/// What is passed on to the agent beside the conversation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CustomInputs(Map<String, Value>);

/// Why a text is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CustomInputsError {
    /// It is no JSON.
    #[error("Line {line}, column {column}: {why}")]
    Syntax {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// In the parser's words.
        why: String,
    },
    /// It is JSON, but no object.
    #[error("An object is needed, as in {{\"key\": \"value\"}}")]
    NotAnObject,
}

impl CustomInputs {
    /// Reads what was typed; nothing but white space is none.
    pub fn parse(text: &str) -> Result<Option<Self>, CustomInputsError> {
        if text.trim().is_empty() {
            return Ok(None);
        }
        match serde_json::from_str(text) {
            Ok(Value::Object(object)) => Ok(Some(Self(object))),
            Ok(_) => Err(CustomInputsError::NotAnObject),
            Err(error) => {
                let (line, column) = (error.line(), error.column());
                let whole = error.to_string();
                let why = whole.rsplit_once(" at line ").map_or(whole.as_str(), |(why, _)| why).to_owned();
                Err(CustomInputsError::Syntax { line, column, why })
            }
        }
    }

    /// As it was read.
    pub(super) fn into_object(self) -> Map<String, Value> {
        self.0
    }

    /// With a marker in it, by which the trace of the request is found.
    pub fn marked(mut self, marker: &str) -> Self {
        self.0.insert(MARKER.to_owned(), Value::String(marker.to_owned()));
        self
    }
}

impl Payload {
    /// The same with these `custom_inputs`; none sends none.
    pub fn with_custom_inputs(self, inputs: Option<CustomInputs>) -> Self {
        Self { custom_inputs: inputs.map(|inputs| inputs.0), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_goes_along_and_mistakes_are_marked() {
        let inputs = CustomInputs::parse("{\"depth\": 2}").unwrap().unwrap().marked("x");
        let payload = Payload::new(Vec::new()).with_custom_inputs(Some(inputs));
        let sent: Value = serde_json::from_str(&payload.to_json()).unwrap();
        assert_eq!(sent["custom_inputs"], serde_json::json!({"depth": 2, "flowdeck_marker": "x"}));
        assert_eq!(CustomInputs::parse(" \n"), Ok(None));
        assert_eq!(CustomInputs::parse("[1]"), Err(CustomInputsError::NotAnObject));
        let error = CustomInputs::parse("{\n  \"a\" 1}").unwrap_err();
        assert_eq!(error.to_string(), "Line 2, column 7: expected `:`");
    }
}
