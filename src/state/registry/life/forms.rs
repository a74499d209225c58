//! What is typed into the registry's forms, what is wrong with it, and what is written when nothing is.

use super::rules::{name_problem, tag_key_problem, tag_value_problem};
use super::write::{Registration, VersionSource, Write};
use crate::entities::NewModel;
use crate::entities::{RegisteredModel, Tags, VersionNumber, tag};
use crate::state::ModelKind;
use crate::state::registry::board::alias_problem;

/// Tags as they are typed, row by row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypedTags {
    /// Keys and values in the order in which they are shown. A row with neither is left out.
    pub rows: Vec<(String, String)>,
}

impl TypedTags {
    /// A person's own tags; MLflow's are not for editing.
    pub fn of(tags: &Tags) -> Self {
        let own = tags.iter().filter(|(key, _)| is_persons(key));
        Self { rows: own.map(|(key, value)| (key.clone(), value.clone())).collect() }
    }

    /// What is wrong with a row.
    pub fn problem(&self, row: usize) -> Option<&'static str> {
        let (key, value) = self.rows.get(row).map(|(key, value)| (key.trim(), value))?;
        if key.is_empty() && value.is_empty() {
            return None;
        }
        if self.rows[..row].iter().any(|(before, _)| before.trim() == key) {
            return Some("This key is there already");
        }
        tag_key_problem(key).or_else(|| tag_value_problem(value))
    }

    /// What is typed; `None` while something is wrong with it.
    pub fn tags(&self) -> Option<Tags> {
        if (0..self.rows.len()).any(|row| self.problem(row).is_some()) {
            return None;
        }
        let filled = self.rows.iter().filter(|(key, _)| !key.trim().is_empty());
        Some(filled.map(|(key, value)| (key.trim().to_owned(), value.clone())).collect())
    }
}

/// MLflow's own tags are not for editing: a prompt without them is none.
pub fn is_persons(key: &str) -> bool {
    !tag::is_system(key) && !key.starts_with("_mlflow")
}

/// A registered model's name, description and tags.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelForm {
    /// The name; not typed where an existing model is described.
    pub name: String,
    /// Markdown.
    pub description: String,
    /// Its tags.
    pub tags: TypedTags,
}

impl ModelForm {
    /// As the model is now.
    pub fn of(model: &RegisteredModel) -> Self {
        Self {
            name: model.name.clone(),
            description: model.description.clone(),
            tags: TypedTags::of(&model.tags),
        }
    }

    /// What creates the model, once everything is right.
    pub fn creation(&self, known: Known<'_>) -> Option<Vec<Write>> {
        let name = self.name.trim();
        if known.new_name_problem(name).is_some() {
            return None;
        }
        let (name, description, tags) = (name.to_owned(), self.description.clone(), self.tags.tags()?);
        Some(vec![Write::CreateModel(NewModel { name, description, tags })])
    }

    /// What makes `model` as typed: nothing where it is so already; `None` while something is wrong.
    pub fn edits(&self, kind: ModelKind, model: &RegisteredModel) -> Option<Vec<Write>> {
        let typed = self.tags.tags()?;
        let name = || model.name.clone();
        let mut writes = Vec::new();
        if self.description != model.description {
            writes.push(Write::Describe { kind, name: name(), description: self.description.clone() });
        }
        for key in model.tags.keys().filter(|key| is_persons(key) && !typed.contains_key(*key)) {
            writes.push(Write::DeleteTag { name: name(), key: key.clone() });
        }
        for (key, value) in typed {
            if model.tags.get(&key) != Some(&value) {
                writes.push(Write::SetTag { name: name(), key, value });
            }
        }
        Some(writes)
    }
}

/// The models and prompts that are known, to check names against.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// The registered models.
    pub models: &'a [RegisteredModel],
    /// The prompts, which share their names with the models.
    pub prompts: &'a [RegisteredModel],
}

impl<'a> Known<'a> {
    /// The model of this name.
    pub fn model(self, name: &str) -> Option<&'a RegisteredModel> {
        self.models.iter().find(|model| model.name == name)
    }

    fn is_prompt(self, name: &str) -> bool {
        self.prompts.iter().any(|prompt| prompt.name == name)
    }

    /// Why nothing new can have this name.
    pub fn new_name_problem(self, name: &str) -> Option<String> {
        if let Some(problem) = name_problem(name) {
            Some(problem.to_owned())
        } else if self.model(name).is_some() {
            Some(format!("{name} exists already"))
        } else if self.is_prompt(name) {
            Some(format!("{name} is the name of a prompt"))
        } else {
            None
        }
    }
}

/// Which model a version is registered in, under which alias, with which words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegisterForm {
    /// The registered model, new or existing.
    pub model: String,
    /// An alias for the new version; empty for none.
    pub alias: String,
    /// Markdown.
    pub description: String,
    /// The version's tags.
    pub tags: TypedTags,
}

/// An alias that a version shall get once it is registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AliasWish {
    /// The alias.
    pub alias: String,
    /// Where it stands as far as the user was shown.
    pub from: Option<VersionNumber>,
}

impl RegisterForm {
    /// What is wrong with the model's name.
    pub fn model_problem(&self, known: Known<'_>, source: &VersionSource) -> Option<String> {
        let name = self.model.trim();
        match source {
            VersionSource::Version { name: from, .. } if from == name => {
                Some(format!("It is a version of {name} already"))
            }
            _ if known.model(name).is_some() => None,
            _ => known.new_name_problem(name),
        }
    }

    /// What is wrong with the alias.
    pub fn alias_problem(&self) -> Option<&'static str> {
        let alias = self.alias.trim();
        if alias.is_empty() { None } else { alias_problem(alias) }
    }

    /// Where the alias stands now.
    pub fn alias_stands_on(&self, known: Known<'_>) -> Option<VersionNumber> {
        known.model(self.model.trim())?.alias(self.alias.trim())
    }

    /// What registers the version and what alias it gets, once everything is right.
    pub fn registration(
        &self,
        known: Known<'_>,
        source: &VersionSource,
    ) -> Option<(Vec<Write>, Option<AliasWish>)> {
        if self.model_problem(known, source).is_some() || self.alias_problem().is_some() {
            return None;
        }
        let alias = self.alias.trim();
        let wish = (!alias.is_empty())
            .then(|| AliasWish { alias: alias.to_owned(), from: self.alias_stands_on(known) });
        let registration = Registration {
            name: self.model.trim().to_owned(),
            source: source.clone(),
            description: self.description.clone(),
            tags: self.tags.tags()?,
            after: None,
        };
        Some((vec![Write::CreateVersion(Box::new(registration))], wish))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entities::{Alias, NewVersion};
    use crate::state::registry::life::write::Registrable;

    fn tags(pairs: &[(&str, &str)]) -> Tags {
        pairs.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect()
    }

    fn typed(pairs: &[(&str, &str)]) -> TypedTags {
        TypedTags { rows: pairs.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect() }
    }

    fn churn() -> RegisteredModel {
        RegisteredModel {
            name: "Churn".into(),
            description: "Old words".into(),
            tags: tags(&[("team", "growth"), ("old", "1"), ("mlflow.x", "kept")]),
            aliases: vec![Alias { alias: "prod".into(), version: 3 }],
            ..Default::default()
        }
    }

    fn source() -> VersionSource {
        let version = NewVersion { source: "models:/m-1".into(), ..Default::default() };
        VersionSource::Logged(Box::new(Registrable { version, ..Default::default() }))
    }

    #[test]
    fn rows_of_tags_are_checked_and_empty_ones_left_out() {
        let rows =
            typed(&[("team", "a"), ("", ""), (" size ", ""), ("team", "b"), ("", "x"), ("mlflow.y", "")]);
        let wrong: Vec<bool> = (0..6).map(|row| rows.problem(row).is_some()).collect();
        assert_eq!(wrong, [false, false, false, true, true, true]);
        assert_eq!(rows.tags(), None);
        assert_eq!(
            typed(&[("team", "a"), ("", ""), (" size ", "")]).tags(),
            Some(tags(&[("team", "a"), ("size", "")]))
        );
    }

    #[test]
    fn only_what_differs_is_written() {
        let model = churn();
        let mut form = ModelForm::of(&model);
        assert_eq!(form.edits(ModelKind::Model, &model), Some(vec![]), "MLflow's own tags are left alone");
        form.description = "New words".into();
        form.tags = typed(&[("team", "core"), ("new", "")]);
        let name = || "Churn".to_owned();
        assert_eq!(
            form.edits(ModelKind::Model, &model).unwrap(),
            [
                Write::Describe { kind: ModelKind::Model, name: name(), description: "New words".into() },
                Write::DeleteTag { name: name(), key: "old".into() },
                Write::SetTag { name: name(), key: "new".into(), value: String::new() },
                Write::SetTag { name: name(), key: "team".into(), value: "core".into() },
            ]
        );
        form.tags = typed(&[("a\"b", "")]);
        assert_eq!(form.edits(ModelKind::Model, &model), None);
    }

    #[test]
    fn a_new_model_needs_a_name_of_its_own() {
        let (models, prompts) = ([churn()], [RegisteredModel { name: "qa".into(), ..Default::default() }]);
        let known = Known { models: &models, prompts: &prompts };
        let form = |name: &str| ModelForm { name: name.into(), ..Default::default() };
        for bad in ["", "a/b", "Churn", " Churn ", "qa"] {
            assert_eq!(form(bad).creation(known), None, "{bad}");
        }
        let made = NewModel { name: "churn".into(), ..Default::default() };
        assert_eq!(form(" churn ").creation(known), Some(vec![Write::CreateModel(made)]));
    }

    #[test]
    fn a_version_is_registered_in_any_model_but_in_no_prompt() {
        let (models, prompts) = ([churn()], [RegisteredModel { name: "qa".into(), ..Default::default() }]);
        let known = Known { models: &models, prompts: &prompts };
        let form = |model: &str, alias: &str| RegisterForm {
            model: model.into(),
            alias: alias.into(),
            ..Default::default()
        };
        for (model, alias) in [("", ""), ("a:b", ""), ("qa", ""), ("Churn", "v7"), ("Churn", "a b")] {
            assert_eq!(form(model, alias).registration(known, &source()), None, "{model} {alias}");
        }
        let (writes, wish) = form("Churn", "prod").registration(known, &source()).unwrap();
        assert_eq!(wish, Some(AliasWish { alias: "prod".into(), from: Some(3) }));
        assert!(matches!(&writes[..], [Write::CreateVersion(it)] if it.name == "Churn"));
        let (_, wish) = form("Brand new", "prod").registration(known, &source()).unwrap();
        assert_eq!(wish, Some(AliasWish { alias: "prod".into(), from: None }));
        let copied = VersionSource::Version { name: "Churn".into(), version: 3, run_id: None };
        assert_eq!(form("Churn", "").registration(known, &copied), None);
        assert!(form("Other", "").registration(known, &copied).is_some());
    }
}
