//! `models:` URIs, as sources of versions.

use crate::entities::VersionNumber;
use crate::tracking::TrackingError;
use crate::tracking::sqlite::failure::invalid;

/// What a `models:` URI names (`_parse_model_uri`).
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ModelUri {
    /// `models:/m-…`
    LoggedModel(String),
    /// `models:/name/3`
    Version { name: String, version: VersionNumber },
    /// `models:/name@alias`
    Alias { name: String, alias: String },
}

impl ModelUri {
    /// None for any other URI.
    pub fn parse(source: &str) -> Result<Option<Self>, TrackingError> {
        let Some((scheme, path)) = source.split_once(':') else { return Ok(None) };
        if !scheme.eq_ignore_ascii_case("models") {
            return Ok(None);
        }
        let improper = || {
            invalid(format!(
                "Not a proper models:/ URI: {source}. It has to be models:/name/version, models:/name@alias or \
                 models:/ with the id of a logged model."
            ))
        };
        if path.starts_with("//") {
            return Err(improper());
        }
        let path = path.strip_prefix('/').filter(|path| !path.trim().is_empty()).ok_or_else(improper)?;
        match path.split_once('/') {
            Some((name, version)) if !name.trim().is_empty() => {
                let version = version.parse().map_err(|_no_number| improper())?;
                Ok(Some(Self::Version { name: name.to_owned(), version }))
            }
            Some(_) => Err(improper()),
            None => match path.rsplit_once('@') {
                Some((name, alias)) if !alias.trim().is_empty() => {
                    Ok(Some(Self::Alias { name: name.to_owned(), alias: alias.to_owned() }))
                }
                Some(_) => Err(improper()),
                None => Ok(Some(Self::LoggedModel(path.to_owned()))),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn model_uris_are_told_apart() {
        let parsed = |uri: &str| ModelUri::parse(uri).unwrap();
        assert_eq!(parsed("models:/m-1"), Some(ModelUri::LoggedModel("m-1".into())));
        assert_eq!(parsed("models:/A b/3"), Some(ModelUri::Version { name: "A b".into(), version: 3 }));
        assert_eq!(
            parsed("models:/a@b@prod"),
            Some(ModelUri::Alias { name: "a@b".into(), alias: "prod".into() })
        );
        for other in ["runs:/r/model", "s3://bucket/models:/x", "/models", ""] {
            assert_eq!(parsed(other), None, "{other}");
        }
        for improper in
            ["models:/", "models:", "models://host/m/1", "models:/m/latest", "models:/m/1/x", "models:/m@"]
        {
            assert!(ModelUri::parse(improper).is_err(), "{improper}");
        }
    }
}
