//! The built binary in a real window, with real mouse and keys, under Xvfb.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::support::app::{self, App};
use crate::support::{Proxy, Servers};

/// A process that ends with the test.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// A display of our own, 1440×900, and the app in it.
struct Screen {
    display: String,
    /// Ends before the display does: fields are dropped in this order.
    app: Option<Killed>,
    #[expect(dead_code, reason = "ends with the screen")]
    xvfb: Killed,
    home: tempfile::TempDir,
}

impl Screen {
    fn open(uri: &str) -> Self {
        let mut xvfb = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1440x900x24", "-nolisten", "tcp"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb is installed by tests/run");
        let mut number = String::new();
        BufReader::new(xvfb.stdout.take().unwrap()).read_line(&mut number).unwrap();
        let display = format!(":{}", number.trim());
        let home = tempfile::tempdir().unwrap();
        let mut screen = Self { display, app: None, xvfb: Killed(xvfb), home };
        let app = Command::new(env!("CARGO_BIN_EXE_flowdeck"))
            .arg(uri)
            .env("DISPLAY", &screen.display)
            .env("LIBGL_ALWAYS_SOFTWARE", "1")
            .env("XDG_CONFIG_HOME", screen.home.path())
            .env("XDG_DATA_HOME", screen.home.path())
            .env_remove("WAYLAND_DISPLAY")
            .spawn()
            .unwrap();
        screen.app = Some(Killed(app));
        let window = screen.window();
        screen.xdotool(&["windowmove", &window, "0", "0", "windowfocus", &window]);
        screen
    }

    fn window(&self) -> String {
        let mut found = String::new();
        until("the window", || {
            found = self.xdotool(&["search", "--onlyvisible", "--name", "^Flowdeck$"]);
            !found.is_empty()
        });
        found.lines().next().unwrap().to_owned()
    }

    fn xdotool(&self, arguments: &[&str]) -> String {
        let output = Command::new("xdotool").args(arguments).env("DISPLAY", &self.display).output();
        String::from_utf8(output.expect("xdotool is installed by tests/run").stdout).unwrap()
    }

    fn go_to(&self, at: egui::Pos2) {
        self.xdotool(&["mousemove", &format!("{:.0}", at.x), &format!("{:.0}", at.y)]);
        pause();
    }

    fn click(&self, at: egui::Pos2) {
        self.go_to(at);
        self.xdotool(&["click", "1"]);
        pause();
    }

    fn drag(&self, from: egui::Pos2, to: egui::Pos2) {
        self.drag_along(&[from, to]);
    }

    /// Drags from the first of these places to the last, and stays a second at each between.
    fn drag_along(&self, places: &[egui::Pos2]) {
        self.go_to(places[0]);
        self.xdotool(&["mousedown", "1"]);
        pause();
        for (at, ends) in places.windows(2).enumerate() {
            if at > 0 {
                std::thread::sleep(Duration::from_secs(1));
            }
            for step in 1_u8..=8 {
                self.go_to(ends[0].lerp(ends[1], f32::from(step) / 8.0));
            }
        }
        self.xdotool(&["mouseup", "1"]);
        pause();
    }

    /// Types into what has the cursor, and presses Enter.
    fn enter(&self, text: &str) {
        self.xdotool(&["type", "--delay", "120", text]);
        std::thread::sleep(Duration::from_secs(1));
        self.xdotool(&["key", "Return"]);
        std::thread::sleep(Duration::from_secs(1));
    }
}

/// A few frames of a software-drawn window.
fn pause() {
    std::thread::sleep(Duration::from_millis(120));
}

#[track_caller]
fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !condition() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn middle_of(app: &mut App, label: &str) -> egui::Pos2 {
    app::settled(app, label).center()
}

/// The harness lays the same window out in the same size: it tells where things are.
#[test]
fn prod_is_dragged_from_3_to_7_with_a_real_mouse() {
    let servers = Servers::shared();
    let model = "AWindowAgent";
    servers.make_model(model, 7, &[("prod", 3), ("candidate", 7)]);

    let mut map = app::open(servers.uri());
    let models = middle_of(&mut map, "Models");
    app::click(&mut map, "Models");
    let row = middle_of(&mut map, &format!("model {model}"));
    app::click(&mut map, &format!("model {model}"));
    let prod = middle_of(&mut map, "alias prod");
    let target = middle_of(&mut map, "version 7");

    let proxy = Proxy::start(servers.uri());
    let screen = Screen::open(&proxy.uri());
    until("the app to connect", || proxy.count("POST", "/experiments/search") > 0);
    screen.click(models);
    until("the models", || proxy.count("GET", "/registered-models/search") > 0);
    std::thread::sleep(Duration::from_secs(1));
    screen.click(row);
    until("the board", || proxy.count("GET", "/model-versions/search") > 0);
    std::thread::sleep(Duration::from_secs(1));
    screen.drag(prod, target);
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(servers.alias(model, "prod"), Some(3), "a drop never writes");
    // The name has the cursor, and Enter leads to the reason.
    for text in ["prod", "passed"] {
        screen.enter(text);
    }
    until("prod on 7", || servers.alias(model, "prod") == Some(7));
    assert_eq!(proxy.count("POST", "/registered-models/alias"), 1);
}

/// A server of these tests' own: what others make moves nothing on the screen.
fn quiet_server() -> &'static Servers {
    static SERVERS: OnceLock<Servers> = OnceLock::new();
    SERVERS.get_or_init(|| {
        let servers = Servers::empty();
        servers.make_model("carried-to", 1, &[]);
        servers.make_model("matrix-window", 7, &[("prod", 3), ("candidate", 7)]);
        servers
    })
}

#[test]
fn an_alias_is_dragged_to_another_column_of_the_matrix_with_a_real_mouse() {
    let servers = quiet_server();
    let model = "matrix-window";
    let mut map = app::open(servers.uri());
    let models = middle_of(&mut map, "Models");
    app::click(&mut map, "Models");
    let matrix = middle_of(&mut map, "Matrix of models");
    app::click(&mut map, "Matrix of models");
    let candidate = middle_of(&mut map, "candidate of matrix-window: v7");
    let prod = middle_of(&mut map, "prod of matrix-window: v3");

    let proxy = Proxy::start(servers.uri());
    let screen = Screen::open(&proxy.uri());
    until("the app to connect", || proxy.count("POST", "/experiments/search") > 0);
    screen.click(models);
    until("the models", || proxy.count("GET", "/registered-models/search") > 0);
    std::thread::sleep(Duration::from_secs(1));
    screen.click(matrix);
    std::thread::sleep(Duration::from_secs(1));
    screen.drag(candidate, prod);
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(servers.alias(model, "prod"), Some(3), "a drop never writes");
    for text in ["prod", "passed"] {
        screen.enter(text);
    }
    until("prod on 7", || servers.alias(model, "prod") == Some(7));
    assert_eq!(servers.alias(model, "candidate"), Some(7), "what was dragged stays where it was");
    assert_eq!(proxy.count("POST", "/registered-models/alias"), 1);
}

#[test]
fn a_runs_logged_model_is_dragged_over_the_rail_onto_a_model_with_a_real_mouse() {
    let servers = quiet_server();
    let code = r#"
from mlflow.entities import LoggedModelOutput, LoggedModelStatus
run = client.create_run("0", run_name="carried")
model = client.create_logged_model("0", name="carried", source_run_id=run.info.run_id)
client.log_outputs(run.info.run_id, [LoggedModelOutput(model.model_id, 0)])
client.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
client.set_terminated(run.info.run_id)
model.model_id
"#;
    let model_id = servers.python(code);
    let logged_model = format!("/logged-models/{}", model_id.as_str().unwrap());
    let source = serde_json::json!(format!("models:/{}", model_id.as_str().unwrap()));
    let mut map = app::open(servers.uri());
    let run = middle_of(&mut map, "run carried");
    app::click(&mut map, "run carried");
    let logged = middle_of(&mut map, "logged model carried");
    let models = middle_of(&mut map, "Models");
    app::click(&mut map, "Models");
    let target = middle_of(&mut map, "model carried-to");

    let proxy = Proxy::start(servers.uri());
    let screen = Screen::open(&proxy.uri());
    until("the runs", || proxy.count("POST", "/runs/search") > 0);
    std::thread::sleep(Duration::from_secs(1));
    screen.click(run);
    until("its logged model", || proxy.count("GET", &logged_model) > 0);
    std::thread::sleep(Duration::from_secs(1));
    screen.drag_along(&[logged, models, target]);
    std::thread::sleep(Duration::from_secs(1));
    let versions =
        || servers.python("[v.source for v in client.search_model_versions(\"name='carried-to'\")]");
    assert_eq!(versions().as_array().unwrap().len(), 1, "a drop never writes");
    screen.xdotool(&["key", "Return"]);
    until("the new version", || versions().as_array().unwrap().contains(&source));
    assert_eq!(proxy.count("POST", "/model-versions/create"), 1);
}
