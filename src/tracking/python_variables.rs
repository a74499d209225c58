//! The environment in which MLflow's Python client finds the same server with the same login.

use super::databricks;
use super::{ConnectRequest, Credentials, Environment, Login, Secret, StoreInfo, TrackingUri};

/// A variable and its value; `None` takes away what would be inherited.
pub type PythonVariable = (&'static str, Option<Secret>);

/// Variables for a Python that is to see what is seen here: `MLFLOW_TRACKING_URI` and whatever it takes to be let in.
/// They hold a login: for the environment of a process alone. `request` is what was asked for when the store was
/// opened; its login goes to no other server.
pub fn python_variables(
    request: Option<&ConnectRequest>,
    environment: &Environment,
    info: &StoreInfo,
) -> Vec<PythonVariable> {
    let (uri, credentials) = if info.serves_endpoints {
        of_workspace(request, environment, info)
    } else {
        let credentials = match TrackingUri::parse(&info.uri) {
            Ok(server) => request.map(|request| login(request, environment, &server)).unwrap_or_default(),
            // A file asks nobody who they are.
            Err(_) => Credentials::None,
        };
        (info.uri.clone(), credentials)
    };
    let uri = Some(Secret::from(uri));
    let mut variables: Vec<PythonVariable> =
        vec![("MLFLOW_TRACKING_URI", uri.clone()), ("MLFLOW_REGISTRY_URI", uri)];
    let (user, password, token) = match credentials {
        Credentials::Basic { user, password } => (Some(user.into()), Some(password), None),
        Credentials::Bearer(token) => (None, None, Some(token)),
        Credentials::None | Credentials::Cli(_) => (None, None, None),
    };
    variables.push(("MLFLOW_TRACKING_USERNAME", user));
    variables.push(("MLFLOW_TRACKING_PASSWORD", password));
    variables.push(("MLFLOW_TRACKING_TOKEN", token));
    variables.push(("MLFLOW_TRACKING_INSECURE_TLS", info.insecure_tls.then(|| "true".into())));
    variables.push(("MLFLOW_WORKSPACE", info.workspace.as_deref().map(Secret::from)));
    let certificates = [
        ("MLFLOW_TRACKING_SERVER_CERT_PATH", &environment.server_cert_path),
        ("MLFLOW_TRACKING_CLIENT_CERT_PATH", &environment.client_cert_path),
    ];
    for (name, path) in certificates {
        variables.push((name, path.as_ref().map(|path| path.display().to_string().into())));
    }
    variables
}

/// A profile is found by Python itself. A login that was typed goes to the workspace's address.
fn of_workspace(
    request: Option<&ConnectRequest>,
    environment: &Environment,
    info: &StoreInfo,
) -> (String, Credentials) {
    let typed = request.and_then(|request| databricks::typed(&request.login));
    match (TrackingUri::parse(&info.uri), typed) {
        (Err(_), None) => (info.uri.clone(), Credentials::None),
        (Err(_), Some(typed)) => (format!("https://{}", info.label), typed),
        (Ok(_), Some(typed)) => (info.uri.clone(), typed),
        (Ok(server), None) => {
            let asked = request.map(|request| login(request, environment, &server)).unwrap_or_default();
            let own = || databricks::login_of_variables(&server, &environment.databricks).unwrap_or_default();
            let credentials = if asked == Credentials::None { own() } else { asked };
            (info.uri.clone(), credentials)
        }
    }
}

fn login(request: &ConnectRequest, environment: &Environment, server: &TrackingUri) -> Credentials {
    let Ok(asked) = TrackingUri::parse(&request.uri) else { return Credentials::None };
    if !asked.leads_to(server) {
        return Credentials::None;
    }
    let in_uri = asked
        .login()
        .map(|(user, password)| Credentials::Basic { user: user.to_owned(), password: password.clone() });
    match &request.login {
        Login::Environment => in_uri.unwrap_or_else(|| environment.credentials()),
        Login::Anonymous => in_uri.unwrap_or_default(),
        Login::Basic { user, password } => {
            Credentials::Basic { user: user.clone(), password: password.clone() }
        }
        Login::Token(token) => Credentials::Bearer(token.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(variables: &[PythonVariable], name: &str) -> Option<String> {
        let (_, value) = variables.iter().find(|(known, _)| *known == name).expect("it is told");
        value.as_ref().map(|value| value.expose().to_owned())
    }

    #[test]
    fn the_login_goes_to_the_server_it_was_entered_for_alone() {
        let environment = Environment::from_pairs([("MLFLOW_TRACKING_TOKEN", "t")]);
        let info = StoreInfo { uri: "http://mlflow.example.com:5000".into(), ..Default::default() };
        let login = Login::Basic { user: "ann".into(), password: "pw".into() };
        let mut request =
            ConnectRequest { uri: "http://mlflow.example.com:5000/".into(), login, insecure_tls: false };
        let variables = python_variables(Some(&request), &environment, &info);
        assert_eq!(value(&variables, "MLFLOW_TRACKING_URI").as_deref(), Some(info.uri.as_str()));
        assert_eq!(value(&variables, "MLFLOW_TRACKING_USERNAME").as_deref(), Some("ann"));
        assert_eq!(value(&variables, "MLFLOW_TRACKING_PASSWORD").as_deref(), Some("pw"));
        assert_eq!(value(&variables, "MLFLOW_TRACKING_TOKEN"), None);
        request.login = Login::Environment;
        let variables = python_variables(Some(&request), &environment, &info);
        assert_eq!(value(&variables, "MLFLOW_TRACKING_TOKEN").as_deref(), Some("t"));
        request.uri = "http://other.example.com:5000".into();
        let variables = python_variables(Some(&request), &environment, &info);
        assert_eq!(value(&variables, "MLFLOW_TRACKING_TOKEN"), None);
        assert!(!format!("{variables:?}").contains("pw"));
    }

    #[test]
    fn a_workspace_is_found_by_its_profile_or_by_what_was_typed() {
        let environment = Environment::from_pairs([("MLFLOW_TRACKING_TOKEN", "not-its")]);
        let info = StoreInfo {
            uri: "databricks://staging".into(),
            label: "dbc-1.cloud.databricks.com".into(),
            serves_endpoints: true,
            ..Default::default()
        };
        let mut request = ConnectRequest { uri: info.uri.clone(), ..Default::default() };
        let variables = python_variables(Some(&request), &environment, &info);
        assert_eq!(value(&variables, "MLFLOW_TRACKING_URI").as_deref(), Some("databricks://staging"));
        assert_eq!(value(&variables, "MLFLOW_TRACKING_TOKEN"), None);
        request.login = Login::Token("typed".into());
        let variables = python_variables(Some(&request), &environment, &info);
        let uri = value(&variables, "MLFLOW_TRACKING_URI");
        assert_eq!(uri.as_deref(), Some("https://dbc-1.cloud.databricks.com"));
        assert_eq!(value(&variables, "MLFLOW_TRACKING_TOKEN").as_deref(), Some("typed"));
    }

    #[test]
    fn a_database_is_given_no_login() {
        let environment = Environment::from_pairs([("MLFLOW_TRACKING_TOKEN", "t")]);
        let info = StoreInfo { uri: "sqlite:////srv/mlflow.db".into(), ..Default::default() };
        let variables = python_variables(None, &environment, &info);
        assert_eq!(value(&variables, "MLFLOW_TRACKING_URI").as_deref(), Some("sqlite:////srv/mlflow.db"));
        assert_eq!(value(&variables, "MLFLOW_TRACKING_TOKEN"), None);
    }
}
