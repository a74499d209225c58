//! `custom_inputs` and `context` as forms: the fields that are known, over the JSON text that is sent. Keys that nobody
//! declared stay as they were written.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::custom_inputs::CustomInputs;
use crate::entities::{Signature, SignatureField};

/// How the value of a field is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// As it is, without quotes.
    Text,
    /// A number without a fraction.
    Whole,
    /// Any number.
    Number,
    /// `true` or `false`.
    Switch,
    /// As JSON.
    Json,
}

/// A field that may be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputField {
    /// Its key.
    pub name: String,
    /// How it is typed.
    pub kind: FieldKind,
    /// Its type as a person reads it, as in [`SignatureField::data_type`].
    pub data_type: String,
    /// Whether the agent insists on it.
    pub required: bool,
}

impl InputField {
    /// What a signature declares of `custom_inputs`; nothing where it says only that there may be some, as that of
    /// every `ResponsesAgent` and `ChatAgent` does.
    pub fn declared_by(signature: &Signature) -> Vec<Self> {
        let inputs = signature.inputs.iter().find(|input| input.name == "custom_inputs");
        inputs.into_iter().flat_map(|inputs| &inputs.properties).map(Self::of).collect()
    }

    /// What MLflow knows of `context`.
    pub fn of_context() -> [Self; 2] {
        ["conversation_id", "user_id"].map(|name| Self {
            name: name.to_owned(),
            kind: FieldKind::Text,
            data_type: "string".to_owned(),
            required: false,
        })
    }

    fn of(field: &SignatureField) -> Self {
        let kind = match field.data_type.as_str() {
            "string" | "datetime" => FieldKind::Text,
            "integer" | "long" => FieldKind::Whole,
            "float" | "double" => FieldKind::Number,
            "boolean" => FieldKind::Switch,
            _ => FieldKind::Json,
        };
        let (name, data_type) = (field.name.clone(), field.data_type.clone());
        Self { name, kind, data_type, required: field.required }
    }
}

/// A field and what is typed in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormRow {
    /// The field.
    pub field: InputField,
    /// How it is typed here: as JSON, where there is a value of another type than was declared.
    pub kind: FieldKind,
    /// What is typed; empty where nothing is sent.
    pub typed: String,
    /// What was read, as typed and as JSON.
    read: Option<(String, String)>,
}

impl FormRow {
    fn new(field: &InputField, json: Option<&str>) -> Self {
        let (kind, typed) = match json {
            None => (field.kind, String::new()),
            Some(json) => typed(field.kind, json)
                .map_or_else(|| (FieldKind::Json, json.to_owned()), |typed| (field.kind, typed)),
        };
        let read = json.map(|json| (typed.clone(), json.to_owned()));
        Self { field: field.clone(), kind, typed, read }
    }

    /// As it is written into the JSON text, which is none where what is typed is none.
    fn json(&self) -> Option<String> {
        if let Some((typed, json)) = &self.read
            && *typed == self.typed
        {
            return Some(json.clone());
        }
        match self.kind {
            FieldKind::Text => (!self.typed.is_empty()).then(|| quoted(&self.typed)),
            _ => Some(self.typed.trim().to_owned()).filter(|json| !json.is_empty()),
        }
    }

    /// What is wrong with it.
    pub fn problem(&self) -> Option<&'static str> {
        let Some(json) = self.json() else {
            return self.field.required.then_some("The agent insists on it");
        };
        match self.kind {
            FieldKind::Text | FieldKind::Switch => None,
            FieldKind::Whole => {
                let whole = json.parse::<i64>().is_ok() || json.parse::<u64>().is_ok();
                (!whole).then_some("A whole number is needed")
            }
            FieldKind::Number => serde_json::from_str::<f64>(&json).is_err().then_some("A number is needed"),
            FieldKind::Json => {
                serde_json::from_str::<IgnoredAny>(&json).is_err().then_some("This is no valid JSON")
            }
        }
    }
}

/// A JSON object as a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputsForm {
    /// One a field.
    pub rows: Vec<FormRow>,
    /// Keys and values in the order in which they were read, each as it was written.
    read: Vec<(String, String)>,
}

impl InputsForm {
    /// Reads the text of an object, or nothing. `None` where it is none: that is for the JSON field to tell.
    pub fn read(text: &str, fields: &[InputField]) -> Option<Self> {
        let read = if CustomInputs::parse(text).ok()?.is_some() { entries(text)? } else { Vec::new() };
        let json = |name: &str| read.iter().find(|(key, _)| key == name).map(|(_, json)| json.as_str());
        let rows = fields.iter().map(|field| FormRow::new(field, json(&field.name))).collect();
        Some(Self { rows, read })
    }

    /// The text that says what is typed. What is no JSON there is none in the text either, so that nothing else is
    /// sent than what is seen.
    pub fn write(&self) -> String {
        let row = |key: &str| self.rows.iter().find(|row| row.field.name == key);
        let known = self.read.iter().filter_map(|(key, json)| {
            let json = row(key).map_or_else(|| Some(json.clone()), FormRow::json)?;
            Some((key, json))
        });
        let new = self.rows.iter().filter(|row| row.read.is_none());
        let new = new.filter_map(|row| Some((&row.field.name, row.json()?)));
        let lines: Vec<String> =
            known.chain(new).map(|(key, json)| format!("  {}: {json}", quoted(key))).collect();
        if lines.is_empty() { String::new() } else { format!("{{\n{}\n}}", lines.join(",\n")) }
    }

    /// How many keys no field stands for. They are sent as they are.
    pub fn others(&self) -> usize {
        self.read.iter().filter(|(key, _)| self.rows.iter().all(|row| row.field.name != *key)).count()
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A JSON value as it is typed in a field of a kind; `None` where it is of another.
fn typed(kind: FieldKind, json: &str) -> Option<String> {
    let is_number = || json.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    match kind {
        FieldKind::Text => serde_json::from_str(json).ok(),
        FieldKind::Whole | FieldKind::Number => is_number().then(|| json.to_owned()),
        FieldKind::Switch => matches!(json, "true" | "false").then(|| json.to_owned()),
        FieldKind::Json => Some(json.to_owned()),
    }
}

/// Keys and values of an object's text, each value as it is written; of a key that is there twice the last counts.
fn entries(text: &str) -> Option<Vec<(String, String)>> {
    let mut rest = text.trim_start().strip_prefix('{')?;
    let mut found: Vec<(String, String)> = Vec::new();
    while !rest.trim_start().starts_with('}') {
        let (key, _) = take::<String>(&mut rest)?;
        rest = rest.trim_start().strip_prefix(':')?;
        let (_, json) = take::<IgnoredAny>(&mut rest)?;
        found.retain(|(known, _)| *known != key);
        found.push((key, json.to_owned()));
        rest = rest.trim_start();
        rest = rest.strip_prefix(',').unwrap_or(rest);
    }
    Some(found)
}

/// Takes one value off the beginning, with its text.
fn take<'a, T: Deserialize<'a>>(rest: &mut &'a str) -> Option<(T, &'a str)> {
    let mut values = serde_json::Deserializer::from_str(rest).into_iter::<T>();
    let value = values.next()?.ok()?;
    let (text, after) = rest.split_at_checked(values.byte_offset())?;
    *rest = after;
    Some((value, text.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &str, data_type: &str, required: bool) -> SignatureField {
        SignatureField {
            name: name.into(),
            data_type: data_type.into(),
            required,
            ..SignatureField::default()
        }
    }

    fn fields() -> Vec<InputField> {
        let properties = vec![
            field("region", "string", true),
            field("depth", "long", false),
            field("dry_run", "boolean", false),
            field("limit", "double", false),
            field("filters", "array<string>", false),
        ];
        let inputs = SignatureField { properties, ..field("custom_inputs", "{…}", false) };
        InputField::declared_by(&Signature { inputs: vec![inputs], ..Signature::default() })
    }

    fn form(text: &str) -> InputsForm {
        InputsForm::read(text, &fields()).unwrap()
    }

    #[test]
    fn a_signature_without_properties_declares_nothing() {
        let inputs = vec![field("custom_inputs", "map<string, any>", false)];
        assert!(InputField::declared_by(&Signature { inputs, ..Signature::default() }).is_empty());
        assert!(InputField::declared_by(&Signature::default()).is_empty());
    }

    #[test]
    fn what_is_typed_becomes_the_text_that_is_sent() {
        let mut form = form(" ");
        assert_eq!((form.write().as_str(), form.rows[0].problem()), ("", Some("The agent insists on it")));
        for (row, typed) in form.rows.iter_mut().zip(["Łódź \"1\"", "3", "true", "0.5", "[\"a\"]"]) {
            row.typed = typed.to_owned();
            assert_eq!(row.problem(), None);
        }
        let expected = "{\n  \"region\": \"Łódź \\\"1\\\"\",\n  \"depth\": 3,\n  \"dry_run\": true,\n  \
                        \"limit\": 0.5,\n  \"filters\": [\"a\"]\n}";
        assert_eq!(form.write(), expected);
        assert_eq!(InputsForm::read(expected, &fields()).unwrap().write(), expected);
    }

    #[test]
    fn other_keys_their_order_and_the_way_they_are_written_stay() {
        let text = "{\"z\": {\"b\" : 1E5, \"a\": [ ] }, \"depth\": 2, \"a\": 12345678901234567890123}";
        let mut form = form(text);
        assert_eq!(form.others(), 2);
        form.rows[1].typed = "4".into();
        form.rows[0].typed = "north".into();
        let expected = "{\n  \"z\": {\"b\" : 1E5, \"a\": [ ] },\n  \"depth\": 4,\n  \
                        \"a\": 12345678901234567890123,\n  \"region\": \"north\"\n}";
        assert_eq!(form.write(), expected);
        form.rows[1].typed.clear();
        assert!(!form.write().contains("depth"), "an empty field is not sent");
    }

    #[test]
    fn a_value_of_another_type_is_typed_as_json() {
        let text = "{\n  \"region\": null,\n  \"depth\": \"two\",\n  \"dry_run\": 1\n}";
        let form = form(text);
        assert!(form.rows[..3].iter().all(|row| row.kind == FieldKind::Json && row.problem().is_none()));
        assert_eq!(form.write(), text);
        // An empty text that was given is not the same as none.
        assert_eq!(
            super::InputsForm::read("{\"region\": \"\"}", &fields()).unwrap().write(),
            "{\n  \"region\": \"\"\n}"
        );
    }

    #[test]
    fn mistakes_are_told_at_their_field_and_are_in_the_text() {
        let mut form = form("{}");
        for (at, wrong) in [(1, "1.5"), (1, "two"), (3, "much"), (4, "[1,")] {
            form.rows[at].typed = wrong.into();
            assert!(form.rows[at].problem().is_some(), "{wrong}");
        }
        assert!(CustomInputs::parse(&form.write()).is_err(), "so it is not sent");
        assert_eq!(InputsForm::read("{\"a\": ", &fields()), None);
        assert_eq!(InputsForm::read("[]", &fields()), None);
    }
}
