//! What of a registry an endpoint can be bound to, to be chosen rather than typed.

use crate::entities::{RegisteredModel, model_uri_alias, model_uri_version};
use crate::state::registry::models::alias_rank;

/// More are not offered: whoever looks for another one types a part of its name.
const MOST: usize = 60;
/// Versions of one model that are offered where several models are.
const FEW: usize = 3;
/// Versions of the only model that is offered.
const MANY: usize = 40;

/// An alias or a version of a registered model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Servable {
    /// `models:/name@alias` or `models:/name/7`
    pub uri: String,
    /// Where the alias points, `v7`; empty for a version.
    pub at: String,
}

/// The aliases and the newest versions of the models in whose URIs all of the typed words are. What is complete already
/// narrows nothing down to itself: its model is offered whole.
pub fn servable(models: &[RegisteredModel], typed: &str) -> Vec<Servable> {
    let typed = typed.trim().strip_prefix("models:/").unwrap_or(typed.trim()).to_lowercase();
    let whole = models.iter().find(|model| {
        let name = model.name.to_lowercase();
        typed.strip_prefix(&name).is_some_and(|rest| rest.is_empty() || rest.starts_with(['@', '/']))
    });
    let words: Vec<&str> = typed.split_whitespace().collect();
    let fits = |model: &&RegisteredModel| {
        let name = model.name.to_lowercase();
        words.iter().all(|word| name.contains(word))
    };
    let meant: Vec<&RegisteredModel> = match whole {
        Some(model) => vec![model],
        None => models.iter().filter(fits).take(MOST).collect(),
    };
    let versions = if meant.len() == 1 { MANY } else { FEW };
    meant.into_iter().flat_map(|model| of_model(model, versions)).take(MOST).collect()
}

fn of_model(model: &RegisteredModel, versions: usize) -> impl Iterator<Item = Servable> {
    let mut aliases: Vec<_> = model.aliases.iter().collect();
    aliases.sort_by(|a, b| (alias_rank(&a.alias), &a.alias).cmp(&(alias_rank(&b.alias), &b.alias)));
    let aliases = aliases.into_iter().map(|alias| Servable {
        uri: model_uri_alias(&model.name, &alias.alias),
        at: format!("v{}", alias.version),
    });
    let newest = (1..=model.latest_version.unwrap_or_default()).rev().take(versions);
    let newest =
        newest.map(|version| Servable { uri: model_uri_version(&model.name, version), at: String::new() });
    aliases.chain(newest).collect::<Vec<_>>().into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entities::Alias;

    fn model(name: &str, latest: u32, aliases: &[(&str, u32)]) -> RegisteredModel {
        let aliases = aliases.iter().map(|&(alias, version)| Alias { alias: alias.into(), version });
        RegisteredModel {
            name: name.into(),
            latest_version: Some(latest),
            aliases: aliases.collect(),
            ..Default::default()
        }
    }

    fn uris(models: &[RegisteredModel], typed: &str) -> Vec<String> {
        servable(models, typed).into_iter().map(|it| it.uri).collect()
    }

    #[test]
    fn aliases_come_first_and_words_narrow_it_down() {
        let models = [model("Churn", 9, &[]), model("My Agent", 7, &[("candidate", 7), ("prod", 3)])];
        let all = uris(&models, "");
        assert_eq!(&all[..3], ["models:/Churn/9", "models:/Churn/8", "models:/Churn/7"]);
        assert_eq!(&all[3..5], ["models:/My Agent@prod", "models:/My Agent@candidate"]);
        assert_eq!(servable(&models, "")[3].at, "v3");
        for typed in ["agent my", "My Agent", "models:/My Agent@prod", "my agent/7"] {
            let found = uris(&models, typed);
            assert_eq!((found.len(), found[2].as_str()), (9, "models:/My Agent/7"), "{typed}");
        }
        assert!(uris(&models, "nothing").is_empty());
        let huge = [model("huge", 200_000, &[])];
        assert_eq!(servable(&huge, "").len(), MANY);
    }
}
