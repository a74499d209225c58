//! Prompts as JSON: what people write by hand, what MLflow's evaluation datasets hold, and what Flowdeck keeps.
//!
//! Of what is expected, the answer is to be read beside, tools that have to be called are checked, and what only people
//! or models can judge (facts, guidelines) goes into the note.

use serde_json::{Map, Value};

use crate::state::bench::check::{Check, CheckKind};
use crate::state::bench::set::{Case, Message, Prompt};

/// Keys under which a prompt stands, the likeliest first.
const PROMPTS: [&str; 7] = ["input", "messages", "prompt", "question", "query", "request", "text"];
/// Keys under which a good answer stands.
const EXPECTED: [&str; 8] = [
    "expected",
    "expected_response",
    "expected_answer",
    "expected_output",
    "answer",
    "ground_truth",
    "target",
    "reference",
];
/// Keys that a reason names.
const MOST_NAMES: usize = 6;
const NOT_ASKED: &str = "Nothing is asked: no input, messages, prompt or question";

/// Reads lines, or a list. The line of each, from 1; of a list its place.
pub(super) fn read(text: &str) -> Vec<(usize, Result<Case, String>)> {
    if text.trim_start().starts_with('[')
        && let Ok(list) = serde_json::from_str::<Vec<Value>>(text)
    {
        return list.iter().enumerate().map(|(at, value)| (at + 1, case(value))).collect();
    }
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines.filter_map(|(at, line)| Some((at + 1, read_line(line)?))).collect()
}

/// `None`: it is no prompt, and not meant to be one.
fn read_line(line: &str) -> Option<Result<Case, String>> {
    let value: Value = match serde_json::from_str(line) {
        Ok(value) => value,
        Err(error) => {
            let said = error.to_string();
            let what = said.split(" at line ").next().unwrap_or(&said);
            return Some(Err(format!("It is no JSON: {what}, at column {}", error.column())));
        }
    };
    match value.get("record").and_then(Value::as_str) {
        Some("case") => {
            let kept = value.get("case").cloned().unwrap_or_default();
            Some(serde_json::from_value(kept).map_err(|error| error.to_string()))
        }
        Some("set") => None,
        _ => Some(case(&value)),
    }
}

/// Reads one object. What is not understood is kept as it is.
pub(in crate::state::bench) fn case(value: &Value) -> Result<Case, String> {
    let Value::Object(object) = value else { return Err("It is no JSON object".to_owned()) };
    let mut rest = object.clone();
    let prompt = match object.get("inputs") {
        Some(inputs) => prompt_of_inputs(inputs, &mut rest)?,
        None => take_prompt(&mut rest).ok_or_else(|| not_asked(&rest))?,
    };
    let mut case = Case::of("", prompt);
    if case.prompt.is_empty() {
        return Err("Nothing is asked: the prompt is empty".to_owned());
    }
    if let Some(Value::Object(mut expectations)) = rest.remove("expectations") {
        case.expected = take_expected(&mut expectations);
        take_checks(&mut expectations, &mut case.checks);
        take_tools(&mut expectations, &mut case.checks);
        take_notes(&mut expectations, &mut case.note);
        if !expectations.is_empty() {
            rest.insert("expectations".to_owned(), Value::Object(expectations));
        }
    }
    if case.expected.is_empty() {
        case.expected = take_expected(&mut rest);
    }
    take_checks(&mut rest, &mut case.checks);
    for key in ["system_prompt", "system"] {
        if let Some(system) = take_text(&mut rest, key) {
            case.system_prompt = system;
        }
    }
    if let Some(inputs @ Value::Object(_)) = rest.remove("custom_inputs") {
        case.custom_inputs = inputs.to_string();
    }
    for key in ["note", "notes"] {
        if let Some(note) = take_text(&mut rest, key) {
            add_note(&mut case.note, &note);
        }
    }
    case.id = match rest.remove("id") {
        Some(Value::String(id)) => id,
        Some(Value::Number(id)) => id.to_string(),
        _ => String::new(),
    };
    case.extra = rest;
    Ok(case)
}

/// MLflow's `inputs`: the arguments of the function that is evaluated.
fn prompt_of_inputs(inputs: &Value, rest: &mut Map<String, Value>) -> Result<Prompt, String> {
    rest.remove("inputs");
    let mut inputs = match inputs {
        Value::Object(inputs) => inputs.clone(),
        other => return prompt_of(other).ok_or_else(|| not_asked(&Map::new())),
    };
    // A function of one argument may call it anything.
    let only = inputs.keys().next().cloned().filter(|_| inputs.len() == 1);
    let mut prompt = take_prompt(&mut inputs);
    if let Some(only) = only.filter(|_| prompt.is_none()) {
        prompt = inputs.get(&only).and_then(prompt_of);
        if prompt.is_some() {
            inputs.remove(&only);
        }
    }
    let prompt = prompt.ok_or_else(|| not_asked(&inputs))?;
    if let Some(custom @ Value::Object(_)) = inputs.remove("custom_inputs") {
        rest.entry("custom_inputs").or_insert(custom);
    }
    if !inputs.is_empty() {
        rest.insert("inputs".to_owned(), Value::Object(inputs));
    }
    Ok(prompt)
}

/// Why there is no prompt, for people who look for it in what they wrote.
fn not_asked(object: &Map<String, Value>) -> String {
    let is_there = |key: &&&str| matches!(object.get(**key), Some(Value::Array(_) | Value::Object(_)));
    if let Some(key) = PROMPTS.iter().find(is_there) {
        return format!("Nothing is asked: “{key}” is no text, and holds more than messages of text");
    }
    let names: Vec<String> =
        object.keys().take(MOST_NAMES).map(|key| key.chars().take(40).collect()).collect();
    match names.as_slice() {
        [] => NOT_ASKED.to_owned(),
        names => format!("{NOT_ASKED} among {}", names.join(", ")),
    }
}

fn take_prompt(object: &mut Map<String, Value>) -> Option<Prompt> {
    let key = PROMPTS.iter().find(|key| object.get(**key).and_then(prompt_of).is_some())?;
    prompt_of(&object.remove(*key)?)
}

fn prompt_of(value: &Value) -> Option<Prompt> {
    match value {
        Value::String(text) => Some(Prompt::Text(text.clone())),
        Value::Array(list) => {
            let messages: Option<Vec<Message>> = list.iter().map(message).collect();
            match messages?.as_slice() {
                [] => None,
                [only] if only.role == "user" => Some(Prompt::Text(only.content.clone())),
                messages => Some(Prompt::Messages(messages.to_vec())),
            }
        }
        Value::Object(object) => take_prompt(&mut object.clone()),
        _ => None,
    }
}

fn message(value: &Value) -> Option<Message> {
    let role = value.get("role").and_then(Value::as_str)?.to_owned();
    let content = match value.get("content")? {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let texts: Option<Vec<&str>> = parts.iter().map(|part| part.get("text")?.as_str()).collect();
            texts?.concat()
        }
        _ => return None,
    };
    Some(Message { role, content })
}

fn take_text(object: &mut Map<String, Value>, key: &str) -> Option<String> {
    let text = object.get(key)?.as_str()?.to_owned();
    object.remove(key);
    Some(text)
}

fn take_expected(object: &mut Map<String, Value>) -> String {
    if let Some(text) = EXPECTED.iter().find_map(|key| take_text(object, key)) {
        return text;
    }
    // Facts are judged by people or models, not by their letters.
    take_list(object, "expected_facts").unwrap_or_default()
}

/// Texts, or one text, as a list to read.
fn take_list(object: &mut Map<String, Value>, key: &str) -> Option<String> {
    let texts: Option<Vec<&str>> = match object.get(key)? {
        Value::String(text) => Some(vec![text]),
        Value::Array(list) => list.iter().map(Value::as_str).collect(),
        _ => None,
    };
    let lines: Vec<String> = texts?.iter().map(|text| format!("- {}", text.trim())).collect();
    object.remove(key);
    Some(lines.join("\n")).filter(|text| !text.is_empty())
}

/// What is expected beside an answer, in words. An answer's facts are there only where the answer is there too.
fn take_notes(expectations: &mut Map<String, Value>, note: &mut String) {
    for (key, head) in [("expected_facts", "Facts"), ("guidelines", "Guidelines")] {
        if let Some(list) = take_list(expectations, key) {
            add_note(note, &format!("{head}:\n{list}"));
        }
    }
}

fn add_note(note: &mut String, more: &str) {
    if !note.is_empty() {
        note.push('\n');
    }
    note.push_str(more);
}

/// MLflow's `expected_tool_calls`: each tool has to be called. What is expected of arguments stays as it is.
fn take_tools(expectations: &mut Map<String, Value>, checks: &mut Vec<Check>) {
    let Some(Value::Array(calls)) = expectations.get("expected_tool_calls") else { return };
    let names = calls.iter().map(|call| call.get("name")?.as_str());
    let Some(names) = names.collect::<Option<Vec<&str>>>() else { return };
    let mut wanted: Vec<Check> = names.into_iter().map(|name| CheckKind::CallsTool.with(name)).collect();
    wanted.dedup();
    checks.append(&mut wanted);
    let says_more = calls.iter().any(|call| call.as_object().is_some_and(|call| call.len() > 1));
    if !says_more {
        expectations.remove("expected_tool_calls");
    }
}

fn take_checks(object: &mut Map<String, Value>, checks: &mut Vec<Check>) {
    let kinds = [
        ("contains", CheckKind::Contains),
        ("not_contains", CheckKind::NotContains),
        ("equals", CheckKind::Equals),
        ("regex", CheckKind::Regex),
    ];
    for (key, kind) in kinds {
        let texts: Vec<String> = match object.get(key) {
            Some(Value::String(text)) => vec![text.clone()],
            Some(Value::Array(list)) if list.iter().all(Value::is_string) => {
                list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
            }
            _ => continue,
        };
        object.remove(key);
        checks.extend(texts.iter().map(|text| kind.with(text)));
    }
    if let Some(list) = object.get("checks")
        && let Ok(read) = serde_json::from_value::<Vec<Check>>(list.clone())
    {
        object.remove("checks");
        checks.extend(read);
    }
}
