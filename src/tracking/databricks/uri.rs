//! `databricks`, `databricks://profile`: which workspace is meant.

use crate::tracking::TrackingError;
use crate::tracking::shown::unquoted;

/// A Databricks workspace as a tracking URI names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabricksUri {
    /// The profile of `~/.databrickscfg`; none: the environment's, else `DEFAULT`.
    pub profile: Option<String>,
}

impl DatabricksUri {
    /// Reads it; none if something else is named. What stands behind the profile is passed over.
    ///
    /// # Errors
    /// [`TrackingError::Databricks`] for what names no profile.
    pub fn parse(text: &str) -> Result<Option<Self>, TrackingError> {
        let text = unquoted(text);
        let scheme = text.split_once(':').map_or(text, |(scheme, _)| scheme);
        if !scheme.eq_ignore_ascii_case("databricks") {
            return Ok(None);
        }
        let bad = |what: &str| Err(TrackingError::Databricks { what: what.to_owned() });
        let Some((_, rest)) = text.split_once(':') else { return Ok(Some(Self { profile: None })) };
        let Some(rest) = rest.strip_prefix("//") else {
            return bad("A profile is named as in databricks://profile");
        };
        let profile = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if profile.is_empty() {
            return bad("A profile is named as in databricks://profile");
        }
        if profile.contains('@') {
            return bad("A login has no place in databricks://profile. It belongs into ~/.databrickscfg");
        }
        if profile.contains(':') {
            return bad(
                "Secret scopes can be read inside of Databricks alone. Name a profile, as in databricks://profile",
            );
        }
        Ok(Some(Self { profile: Some(profile.to_owned()) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_are_read_and_everything_else_is_left_alone() {
        let profile = |text: &str| DatabricksUri::parse(text).unwrap().map(|uri| uri.profile);
        assert_eq!(profile(" databricks "), Some(None));
        assert_eq!(profile("Databricks://Staging"), Some(Some("Staging".into())));
        assert_eq!(profile("databricks://staging/x?y"), Some(Some("staging".into())));
        for other in ["databricks-uc", "http://databricks", "databricks.com", "sqlite:///databricks", ""] {
            assert_eq!(profile(other), None, "{other}");
        }
        for bad in [
            "databricks:",
            "databricks:/x",
            "databricks://",
            "databricks://scope:key",
            "databricks://t:s3cret@h",
        ] {
            let error = DatabricksUri::parse(bad).unwrap_err().to_string();
            assert!(!error.contains("s3cret"), "{bad}: {error}");
        }
    }
}
