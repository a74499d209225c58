//! What a model takes and gives, field by field.

use std::collections::BTreeMap;

use super::line::{Cell, Line, Section};
use crate::entities::{Signature, SignatureField};

/// A line for every field of either signature: inputs, outputs, params, each in the order of its model.
pub fn signature_lines(from: Option<&Signature>, to: Option<&Signature>) -> Vec<Line> {
    if from.is_none() && to.is_none() {
        return Vec::new();
    }
    if from.is_none() != to.is_none() {
        let has =
            |side: Option<&Signature>| side.map_or(Cell::Text("none".into()), |_| Cell::Text("given".into()));
        let mut lines = vec![Line::new(Section::Signature, "signature", has(from), has(to))];
        lines.extend(fields(from, to));
        return lines;
    }
    fields(from, to)
}

fn fields(from: Option<&Signature>, to: Option<&Signature>) -> Vec<Line> {
    type Part = (&'static str, fn(&Signature) -> &Vec<SignatureField>);
    let parts: [Part; 3] = [("input", |s| &s.inputs), ("output", |s| &s.outputs), ("param", |s| &s.params)];
    let mut lines = Vec::new();
    for (part, of) in parts {
        let side = |signature: Option<&Signature>| named(signature.map(of).map_or(&[][..], Vec::as_slice));
        let (from, to) = (side(from), side(to));
        let by_name = |side: &[(String, String)]| side.iter().cloned().collect::<BTreeMap<_, _>>();
        let (before, after) = (by_name(&from), by_name(&to));
        let gone = from.iter().filter(|(name, _)| !after.contains_key(name));
        for (name, _) in to.iter().chain(gone) {
            let (from, to) = (Cell::text(before.get(name)), Cell::text(after.get(name)));
            lines.push(Line::new(Section::Signature, format!("{part} {name}"), from, to));
        }
    }
    lines
}

/// Names that are unique, and what is asked of each. Fields without a name count by their place.
fn named(fields: &[SignatureField]) -> Vec<(String, String)> {
    let name = |at: usize, field: &SignatureField| {
        if field.name.is_empty() { format!("#{}", at + 1) } else { field.name.clone() }
    };
    fields.iter().enumerate().map(|(at, field)| (name(at, field), words(field))).collect()
}

/// `double`, `string, optional`, `long = 4`
fn words(field: &SignatureField) -> String {
    let mut words = field.data_type.clone();
    if let Some(default) = &field.default {
        words.push_str(" = ");
        words.push_str(default);
    } else if !field.required {
        words.push_str(", optional");
    }
    words
}

#[cfg(test)]
mod tests {
    use super::super::line::Change;
    use super::*;

    fn field(name: &str, data_type: &str, required: bool, default: Option<&str>) -> SignatureField {
        SignatureField {
            name: name.into(),
            data_type: data_type.into(),
            required,
            default: default.map(str::to_owned),
            ..SignatureField::default()
        }
    }

    #[test]
    fn fields_are_compared_by_name_type_need_and_default() {
        let from = Signature {
            inputs: vec![field("a", "long", true, None), field("b", "string", true, None)],
            outputs: vec![field("", "double", true, None)],
            params: vec![field("horizon", "long", false, Some("4"))],
        };
        let to = Signature {
            inputs: vec![
                field("b", "string", false, None),
                field("a", "long", true, None),
                field("c", "double", true, None),
            ],
            outputs: vec![field("", "float", true, None)],
            params: vec![field("horizon", "long", false, Some("8"))],
        };
        let lines = signature_lines(Some(&from), Some(&to));
        let shown: Vec<_> =
            lines.iter().map(|l| (l.name.as_str(), l.from.whole(), l.to.whole(), l.change)).collect();
        assert_eq!(
            shown,
            [
                ("input b", "string".into(), "string, optional".into(), Change::Changed),
                ("input a", "long".into(), "long".into(), Change::Same),
                ("input c", String::new(), "double".into(), Change::Added),
                ("output #1", "double".into(), "float".into(), Change::Changed),
                ("param horizon", "long = 4".into(), "long = 8".into(), Change::Changed),
            ]
        );
        let removed = signature_lines(Some(&to), Some(&from));
        assert!(removed.iter().any(|line| line.name == "input c" && line.change == Change::Removed));
    }

    #[test]
    fn a_signature_that_is_gone_is_told_as_such() {
        let one = Signature { inputs: vec![field("a", "long", true, None)], ..Default::default() };
        let lines = signature_lines(Some(&one), None);
        assert_eq!((lines[0].name.as_str(), lines[0].change), ("signature", Change::Changed));
        assert_eq!(lines[1].change, Change::Removed);
        assert!(signature_lines(None, None).is_empty());
    }
}
