//! The few filter clauses that the client writes itself.

/// `key = 'value'`.
///
/// MLflow's filters know no escapes (`SearchUtils._strip_quotes`): a value with a quote or a backslash in it cannot be
/// said. `LIKE` with `_` for any one character in their place finds it and perhaps some more, so callers look at what
/// comes back.
pub(super) fn equals(key: &str, value: &str) -> String {
    if value.contains(['\'', '\\']) {
        let pattern = value.replace(['\'', '\\'], "_");
        format!("{key} LIKE '{pattern}'")
    } else {
        format!("{key} = '{value}'")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_cannot_be_quoted_becomes_a_pattern() {
        assert_eq!(equals("name", "a \"b\" `c`; -- d"), "name = 'a \"b\" `c`; -- d'");
        assert_eq!(equals("name", "it's\\"), "name LIKE 'it_s_'");
    }
}
