//! Which model a URI names.

use crate::entities::VersionNumber;

/// A `models:/` URI, as far as it names a registered model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelUri {
    /// `models:/name@alias`
    Alias {
        /// The registered model.
        name: String,
        /// The alias.
        alias: String,
    },
    /// `models:/name/7`
    Version {
        /// The registered model.
        name: String,
        /// The version.
        version: VersionNumber,
    },
    /// Anything else that MLflow loads: a logged model, a run's artifact, a folder.
    Other,
}

impl ModelUri {
    /// Reads it. What is not understood is [`Self::Other`].
    pub fn parse(text: &str) -> Self {
        let Some(rest) = text.trim().strip_prefix("models:/") else { return Self::Other };
        if let Some((name, version)) = rest.rsplit_once('/')
            && let Ok(version) = version.parse()
        {
            return Self::Version { name: name.to_owned(), version };
        }
        match rest.rsplit_once('@') {
            Some((name, alias)) if !name.is_empty() && !alias.is_empty() => {
                Self::Alias { name: name.to_owned(), alias: alias.to_owned() }
            }
            _ => Self::Other,
        }
    }
}

/// Why this cannot be served.
pub fn model_uri_problem(text: &str) -> Option<&'static str> {
    let text = text.trim();
    if text.is_empty() {
        return Some("Name a model: models:/name@alias or models:/name/7");
    }
    let rest = text.strip_prefix("models:/")?;
    let known =
        ModelUri::parse(text) != ModelUri::Other || rest.starts_with("m-") || rest.ends_with("/latest");
    (!known).then_some("It names no version: add @alias or /7")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_and_versions_are_read() {
        let alias = ModelUri::Alias { name: "a b@c".into(), alias: "prod".into() };
        assert_eq!(ModelUri::parse("models:/a b@c@prod"), alias);
        assert_eq!(
            ModelUri::parse(" models:/Agent/7 "),
            ModelUri::Version { name: "Agent".into(), version: 7 }
        );
        for other in ["models:/m-231f", "runs:/1/model", "models:/Agent", "models:/Agent/latest", ""] {
            assert_eq!(ModelUri::parse(other), ModelUri::Other, "{other}");
        }
    }

    #[test]
    fn a_name_alone_is_not_enough() {
        assert!(model_uri_problem("models:/Agent").is_some() && model_uri_problem(" ").is_some());
        for good in ["models:/Agent@prod", "models:/Agent/latest", "models:/m-1", "runs:/1/m", "/srv/model"] {
            assert_eq!(model_uri_problem(good), None, "{good}");
        }
    }
}
