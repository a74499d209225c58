//! What may be shown of an address as it was entered: never its user, password or query.

use super::TrackingUri;

/// Stands for what is left out.
const LEFT_OUT: &str = "…";

/// What may be shown of `raw`, an address as typed, pasted or found in `MLFLOW_TRACKING_URI`: without user, password and
/// query, whether it can be opened or not.
///
/// A server's address is shown as [`TrackingUri`] has it. Of anything else with an `@` only what follows the last one is
/// left, and of a database only scheme, host and port; where those cannot be told from a password, `…`.
pub fn shown_uri(raw: &str) -> String {
    let Ok(uri) = TrackingUri::parse(raw) else { return without_login(unquoted(raw)) };
    let shown = uri.to_string();
    // A slash in a password ends the host early: what is read as a path then holds the `@`.
    if uri.path().contains('@') {
        let host = shown.len() - uri.path().len();
        return format!("{}/{LEFT_OUT}", &shown[..host]);
    }
    shown
}

/// An address without the quotes and spaces it is pasted with.
pub(super) fn unquoted(text: &str) -> &str {
    text.trim().trim_matches(['"', '\'', '<', '>']).trim()
}

/// What may be shown of a text that is no server's address.
pub(super) fn without_login(text: &str) -> String {
    if text.is_empty() || is_local(text) {
        return without_query(text).to_owned();
    }
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) if is_scheme(scheme) => (scheme, rest),
        _ => ("", text),
    };
    let place = without_query(after_login(rest));
    let (host, path) = place.split_at(place.find('/').unwrap_or(place.len()));
    let host = if is_host(host) { host } else { LEFT_OUT };
    match scheme {
        "" => format!("{host}{path}"),
        "http" | "https" => format!("{scheme}://{host}{path}"),
        _ => format!("{scheme}://{host}"),
    }
}

/// Files of this machine have no login: paths, `file:` and SQLite with nothing where a host would stand.
fn is_local(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let drive = lower.as_bytes().first().is_some_and(u8::is_ascii_alphabetic)
        && lower.get(1..3).is_some_and(|next| matches!(next, ":\\" | ":/"))
        && !lower.contains('@');
    let sqlite = lower.starts_with("sqlite")
        && lower.split_once("://").is_some_and(|(scheme, rest)| is_scheme(scheme) && rest.starts_with('/'));
    let file = lower
        .strip_prefix("file:")
        .is_some_and(|rest| rest.starts_with('/') && (!rest.starts_with("//") || rest.starts_with("///")));
    drive || sqlite || file || text.starts_with(['/', '.', '~', '\\'])
}

/// What follows user and password. They may hold `/`, `?` and even `@`; a host holds none of them.
fn after_login(rest: &str) -> &str {
    let Some(at) = rest.rfind('@') else { return rest };
    // In `?password=p@ss` what follows the `@` is a part of the password.
    let in_query = rest[..at].split_once('?').is_some_and(|(_, query)| query.contains('='));
    if in_query { "" } else { &rest[at + 1..] }
}

fn without_query(text: &str) -> &str {
    text.split(['?', '#']).next().unwrap_or_default()
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

/// Whether this is a host with or without a port, and not `user:password`.
fn is_host(text: &str) -> bool {
    let name = match text.strip_prefix('[').and_then(|text| text.split_once(']')) {
        Some((_, after)) => after,
        None => text,
    };
    let is_port = |port: &str| port.chars().all(|c| c.is_ascii_digit());
    !text.is_empty() && name.split_once(':').is_none_or(|(_, port)| is_port(port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_servers_address_is_shown_without_login_and_query() {
        for (raw, shown) in [
            ("", ""),
            ("http://127.0.0.1:5000", "http://127.0.0.1:5000"),
            (" 'https://ann:pw@host/mlflow?token=x#/experiments/1' ", "https://host/mlflow"),
            ("ann:pw@host:5000", "http://host:5000"),
            ("http://ann:p@ss@host:5000/a", "http://host:5000/a"),
            // A search of the web page names a person, not another host.
            ("http://host:5000/#/experiments/1?searchFilter=a@b.c", "http://host:5000"),
            ("http://host/@team/mlflow", "http://host/…"),
            ("[::1]:5000", "http://[::1]:5000"),
        ] {
            assert_eq!(shown_uri(raw), shown, "{raw}");
        }
    }

    #[test]
    fn of_a_database_scheme_and_host_are_shown() {
        for (raw, shown) in [
            ("mysql+pymysql://u:p@ss@db:3306/m", "mysql+pymysql://db:3306"),
            ("postgresql://u:se/cret@db:5432/m", "postgresql://db:5432"),
            ("postgresql://u:se?cret@db/m", "postgresql://db"),
            ("postgresql://u:se#cret@[::1]:5432/m", "postgresql://[::1]:5432"),
            ("postgresql://db/m?user=u&password=secret", "postgresql://db"),
            ("postgresql://db/m?password=secr@secret", "postgresql://…"),
            ("postgresql:///m?password=secret", "postgresql://…"),
            ("postgresql://u:secret", "postgresql://…"),
            ("postgres:secret@host:5000", "host:5000"),
            ("postgres:secret", "…"),
            ("mssql+pyodbc:///?odbc_connect=PWD%3Dsecret", "mssql+pyodbc://…"),
            ("sqlite:////home/ann@corp/mlflow.db?key=secret", "sqlite:////home/ann@corp/mlflow.db"),
            ("sqlite+pysqlcipher://:secret@/mlflow.db", "sqlite+pysqlcipher://…"),
        ] {
            assert_eq!(shown_uri(raw), shown, "{raw}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_shown_after_its_last_at() {
        for (raw, shown) in [
            ("http://ann:se/cret@host:5000/a?b=c", "http://host:5000/a"),
            ("http://ann:se?cret@host", "http://host"),
            ("ann:se/cret@host:5000", "host:5000"),
            ("ann:secret@host/mlflow.db", "host/mlflow.db"),
            ("ann:secret@", "…"),
            ("a:/secret@host", "host"),
            ("databricks://token:secret@host", "databricks://host"),
            ("uc:http://u:secret@host:8080", "host:8080"),
            ("s3://key:secret@bucket/path", "s3://bucket"),
            ("file://ann:secret@host/x", "file://host"),
            ("file:///tmp/a@b", "file:///tmp/a@b"),
            ("/tmp/a@b", "/tmp/a@b"),
            ("C:\\mlruns", "C:\\mlruns"),
            ("http://a b", "http://a b"),
            ("http://", "http://…"),
        ] {
            assert_eq!(shown_uri(raw), shown, "{raw}");
        }
    }
}
