//! The whole app in egui's test harness: no window, everything else real.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use egui::{Modifiers, Rect, Role};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use flowdeck::app::{Flowdeck, Options};
use flowdeck::state::dialogs::Dialogs;
use flowdeck::state::journal::{Outcome, Record};
use flowdeck::state::{Command, Route};
use flowdeck::tracking::Environment;
use futures_util::future::BoxFuture;

/// The app as a test drives it.
pub type App = Harness<'static, Flowdeck>;

/// Answers every dialog with a path that the test chose, and keeps what is told on the desktop.
#[derive(Clone, Default)]
pub struct ScriptedDialogs {
    answer: Arc<Mutex<Option<PathBuf>>>,
    told: Arc<Mutex<Vec<(String, String)>>>,
    unasked: Arc<AtomicBool>,
}

impl ScriptedDialogs {
    /// The answer to the next dialogs; `None` cancels them.
    pub fn answer(&self, path: Option<PathBuf>) {
        *self.answer.lock().unwrap() = path;
    }

    /// From now on it is a desktop without dialogs that was asked for one.
    pub fn were_missed(&self) {
        self.unasked.store(true, Ordering::Release);
    }

    /// Title and text of each desktop notification so far.
    pub fn told(&self) -> Vec<(String, String)> {
        self.told.lock().unwrap().clone()
    }
}

impl Dialogs for ScriptedDialogs {
    fn save_file(&self, _suggested_name: &str) -> BoxFuture<'static, Option<PathBuf>> {
        let answer = self.answer.lock().unwrap().clone();
        Box::pin(async move { answer })
    }

    fn pick_file(&self) -> BoxFuture<'static, Option<PathBuf>> {
        self.save_file("")
    }

    fn pick_folder(&self) -> BoxFuture<'static, Option<PathBuf>> {
        self.save_file("")
    }

    fn take_unasked(&self) -> bool {
        self.unasked.swap(false, Ordering::AcqRel)
    }

    fn notify(&self, title: &str, text: &str) -> BoxFuture<'static, ()> {
        self.told.lock().unwrap().push((title.to_owned(), text.to_owned()));
        Box::pin(std::future::ready(()))
    }
}

/// A file on its way from a file manager.
#[derive(Debug)]
pub struct Dropped(pub PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &std::path::Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        std::fs::read(&self.0).map_err(|error| error.to_string())
    }
}

/// Where the app works.
pub fn runtime() -> tokio::runtime::Handle {
    static RUNTIME: OnceLock<tokio::runtime::Runtime> = OnceLock::new();
    RUNTIME
        .get_or_init(|| {
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
        })
        .handle()
        .clone()
}

/// How the app is started.
#[derive(Default)]
pub struct Start {
    /// The server to open.
    pub uri: Option<String>,
    /// Open the sample workspace.
    pub sample: bool,
    /// Environment variables, as pairs.
    pub environment: Vec<(&'static str, String)>,
    /// Where the settings are kept; nowhere by default.
    pub config_folder: Option<PathBuf>,
    /// Where conversations and the journal are kept; nowhere by default.
    pub data_folder: Option<PathBuf>,
    /// Answers to native dialogs.
    pub dialogs: ScriptedDialogs,
}

/// Starts the app on a server, 1440×900, and draws the first frame.
pub fn open(uri: &str) -> App {
    start(Start { uri: Some(uri.to_owned()), ..Start::default() })
}

/// Starts the app, 1440×900, and draws the first frame.
pub fn start(start: Start) -> App {
    let options = Options {
        tracking_uri: start.uri,
        sample: start.sample,
        environment: Environment::from_pairs(start.environment),
        config_folder: start.config_folder,
        data_folder: start.data_folder,
        program: Some(env!("CARGO_BIN_EXE_flowdeck").into()),
        runtime: runtime(),
        dialogs: Arc::new(start.dialogs),
    };
    Harness::builder()
        .with_size(egui::vec2(1440.0, 900.0))
        .allow_missing_glyphs()
        .with_wait_for_pending_images(false)
        .build_eframe(|cc| Flowdeck::new(&cc.egui_ctx, options))
}

/// Draws frames until `condition` holds. Panics after a minute with what is on the screen.
#[track_caller]
pub fn step_until(app: &mut App, what: &str, condition: impl Fn(&App) -> bool) {
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        app.step();
        if condition(app) {
            return;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}; on the screen:\n{}", screen(app));
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Draws frames until something with this accessible name is there.
#[track_caller]
pub fn wait_for(app: &mut App, label: &str) {
    step_until(app, label, |app| app.query_all_by_label(label).next().is_some());
}

/// Draws frames until something whose accessible name contains this is there.
#[track_caller]
pub fn wait_for_text(app: &mut App, text: &str) {
    step_until(app, text, |app| app.query_all_by_label_contains(text).next().is_some());
}

/// Waits for something, and until the first of it stays where it is: what moves is missed, as rows that come in move
/// those below, and a view on its way to its end moves everything.
#[track_caller]
pub fn settled(app: &mut App, label: &str) -> Rect {
    let place = |app: &App| app.query_all_by_label(label).next().map(|node| node.rect());
    wait_for(app, label);
    for _ in 0..20 {
        let before = place(app);
        app.step();
        if before.is_some() && before == place(app) {
            break;
        }
    }
    wait_for(app, label);
    place(app).expect("it was there")
}

/// Waits for something and clicks the first of it.
#[track_caller]
pub fn click(app: &mut App, label: &str) {
    settled(app, label);
    app.query_all_by_label(label).next().expect("it was there").click();
    app.step();
    app.step();
}

/// Waits for something and opens the menu of the first of it.
#[track_caller]
pub fn click_secondary(app: &mut App, label: &str) {
    settled(app, label);
    app.query_all_by_label(label).next().expect("it was there").click_secondary();
    app.step();
    app.step();
}

/// Waits for something and clicks the first of it while Ctrl or Cmd is held.
#[track_caller]
pub fn click_command(app: &mut App, label: &str) {
    settled(app, label);
    app.query_all_by_label(label).next().expect("it was there").click_modifiers(Modifiers::COMMAND);
    app.step();
    app.step();
}

/// Waits for a text field, replaces its text.
#[track_caller]
pub fn type_into(app: &mut App, label: &str, text: &str) {
    let is_field = |role| matches!(role, Role::TextInput | Role::MultilineTextInput | Role::PasswordInput);
    // What stands above a field may have its name.
    step_until(app, label, |app| {
        app.query_all_by_label(label).any(|node| is_field(node.accesskit_node().role()))
    });
    let field = app.query_all_by_label(label).find(|node| is_field(node.accesskit_node().role()));
    field.expect("it was there").focus();
    app.step();
    app.key_press_modifiers(Modifiers::COMMAND, egui::Key::A);
    app.event(egui::Event::Text(text.to_owned()));
    app.step();
    app.step();
}

/// Carries a command out, and draws what comes of it.
pub fn apply(app: &mut App, command: impl Into<Command>) {
    let ctx = app.ctx.clone();
    app.state_mut().apply(&ctx, command.into());
    app.step();
    app.step();
}

/// What the window shows.
pub fn route(app: &App) -> &Route {
    app.state().state().navigation.current()
}

/// Whether anything of this name can be used.
pub fn is_enabled(app: &App, label: &str) -> bool {
    app.query_all_by_label(label).any(|node| !node.accesskit_node().is_disabled())
}

/// Whether anything of this name is on the screen.
pub fn is_shown(app: &App, label: &str) -> bool {
    app.query_all_by_label(label).next().is_some()
}

/// Presses a key and draws what comes of it.
pub fn press(app: &mut App, key: egui::Key) {
    app.key_press(key);
    app.step();
    app.step();
}

/// Types where the cursor is.
pub fn type_text(app: &mut App, text: &str) {
    app.event(egui::Event::Text(text.to_owned()));
    app.step();
    app.step();
}

/// Types in place of what is in the field that has the cursor.
pub fn retype(app: &mut App, text: &str) {
    app.key_press_modifiers(Modifiers::COMMAND, egui::Key::A);
    type_text(app, text);
}

/// Whether something of this name has the focus.
pub fn is_focused(app: &App, label: &str) -> bool {
    app.query_all_by_label(label).any(|node| node.accesskit_node().is_focused())
}

/// Presses `key` until something of this name has the focus, as often as there could be things before it.
#[track_caller]
fn press_until_focused(app: &mut App, key: egui::Key, label: &str) {
    wait_for(app, label);
    for _ in 0..300 {
        if is_focused(app, label) {
            return;
        }
        press(app, key);
        // The focus moves a frame after a key of a menu.
        app.step();
    }
    panic!("{key:?} does not lead to {label}; on the screen:\n{}", screen(app));
}

/// Goes to something by Tab alone.
#[track_caller]
pub fn tab_to(app: &mut App, label: &str) {
    press_until_focused(app, egui::Key::Tab, label);
}

/// Goes to something by Tab alone, and presses it by Enter.
#[track_caller]
pub fn enter_on(app: &mut App, label: &str) {
    tab_to(app, label);
    press(app, egui::Key::Enter);
}

/// Chooses an entry of the menu that is open, by arrows and Enter.
#[track_caller]
pub fn choose(app: &mut App, entry: &str) {
    press_until_focused(app, egui::Key::ArrowDown, entry);
    press(app, egui::Key::Enter);
}

/// Proposes by keyboard to move an alias that has a chip on the board.
#[track_caller]
pub fn plan_by_keys(app: &mut App, alias: &str, from: u32, to: u32) {
    app.query_all_by_label(&format!("alias {alias}")).last().expect("a chip").focus();
    app.step();
    press(app, egui::Key::M);
    wait_for(app, &format!("Move {alias} from v{from}"));
    type_text(app, &to.to_string());
    press(app, egui::Key::Enter);
    wait_for(app, &format!("{alias}: v{from} → v{to}"));
}

/// Fills in what the plan of a protected alias asks for by keyboard alone, and confirms with Enter.
#[track_caller]
pub fn confirm_by_keys(app: &mut App, alias: &str) {
    tab_to(app, "Alias to confirm");
    type_text(app, alias);
    press(app, egui::Key::Enter);
    step_until(app, "the cursor in the reason", |app| is_focused(app, "Reason"));
    type_text(app, "because it passed");
    step_until(app, "the rules to be read", |app| !is_shown(app, "Reading what the rules ask for…"));
    press(app, egui::Key::Enter);
}

/// What the journal has of what was done here. Other tests move aliases on the same server, and are seen.
pub fn done_here(app: &App) -> Vec<Arc<Record>> {
    let records = app.state().state().journal.records().iter();
    records.filter(|record| record.outcome != Outcome::Seen).cloned().collect()
}

/// Fills in what the plan of a protected alias asks for, and confirms with Enter.
#[track_caller]
pub fn confirm(app: &mut App, alias: &str) {
    type_into(app, "Alias to confirm", alias);
    type_into(app, "Reason", "because it passed");
    step_until(app, "the rules to be read", |app| !is_shown(app, "Reading what the rules ask for…"));
    press(app, egui::Key::Enter);
}

/// Drags by the pointer from the middle of one thing to the middle of another, in steps, and drops.
#[track_caller]
pub fn drag(app: &mut App, from: &str, to: &str) {
    settled(app, from);
    let end = settled(app, to).center();
    let start = app.query_all_by_label(from).next().expect("it was there").rect().center();
    app.hover_at(start);
    app.step();
    app.drag_at(start);
    app.step();
    for step in 1_u8..=6 {
        app.hover_at(start.lerp(end, f32::from(step) / 6.0));
        app.step();
    }
    app.drop_at(end);
    app.step();
    app.step();
}

/// Every accessible name and value on the screen, one a line.
pub fn screen(app: &App) -> String {
    let mut lines = Vec::new();
    for node in app.root().children_recursive() {
        let node = node.accesskit_node();
        if let Some(text) = node.label().or_else(|| node.value()) {
            lines.push(format!("{:?} {text}", node.role()));
        }
    }
    lines.join("\n")
}
