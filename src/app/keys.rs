//! Keys and palette from one table.

use std::path::PathBuf;

use egui::{Context, Key, KeyboardShortcut, Modifiers};

use crate::state::Command;
use crate::state::bench::BenchCommand;
use crate::state::chat::{AttachCommand, ChatCommand};
use crate::state::command::Commands;
use crate::state::compare::CompareCommand;
use crate::state::navigation::{ModelKind, Route};
use crate::state::serve::ServeCommand;
use crate::state::settings::{Density, ThemeChoice};
use crate::ui::{PaletteAction, ShortcutRow, Ui, is_database};

/// One command with its name and, perhaps, its keys.
struct Entry {
    name: &'static str,
    keys: Option<KeyboardShortcut>,
    command: fn() -> Command,
}

const fn plain(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::NONE, key)
}

const fn ctrl(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::COMMAND, key)
}

const fn alt(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::ALT, key)
}

const TABLE: &[Entry] = &[
    Entry { name: "Find anything…", keys: Some(ctrl(Key::K)), command: || Command::OpenPalette },
    Entry { name: "Filter what is shown", keys: Some(plain(Key::Slash)), command: || Command::FocusFilter },
    // Before F6 alone, which means any modifiers.
    Entry {
        name: "Go to the pane before",
        keys: Some(KeyboardShortcut::new(Modifiers::SHIFT, Key::F6)),
        command: || Command::PreviousPane,
    },
    Entry { name: "Go to the next pane", keys: Some(plain(Key::F6)), command: || Command::NextPane },
    Entry { name: "Refresh", keys: Some(plain(Key::F5)), command: || Command::Refresh },
    Entry { name: "Back", keys: Some(alt(Key::ArrowLeft)), command: || Command::Back },
    Entry { name: "Forward", keys: Some(alt(Key::ArrowRight)), command: || Command::Forward },
    Entry {
        name: "Go to experiments",
        keys: Some(ctrl(Key::Num1)),
        command: || Command::Go(Route::Experiments),
    },
    Entry {
        name: "Go to models",
        keys: Some(ctrl(Key::Num2)),
        command: || Command::Go(Route::Models(ModelKind::Model)),
    },
    Entry {
        name: "Go to prompts",
        keys: Some(ctrl(Key::Num3)),
        command: || Command::Go(Route::Models(ModelKind::Prompt)),
    },
    Entry {
        name: "Go to the aliases of all models",
        keys: None,
        command: || Command::Go(Route::Matrix(ModelKind::Model)),
    },
    Entry { name: "Go to version…", keys: Some(ctrl(Key::G)), command: || Command::GoToVersion },
    Entry { name: "Go to chat", keys: Some(ctrl(Key::Num4)), command: || Command::Go(Route::Chat) },
    Entry {
        name: "Talk to endpoints side by side…",
        keys: Some(KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::Enter)),
        command: || Command::ChooseEndpoints,
    },
    Entry {
        name: "Serve a model here…",
        keys: None,
        command: || ServeCommand::Ask { model: None, chat: false }.into(),
    },
    Entry { name: "Go to bench", keys: Some(ctrl(Key::Num6)), command: || Command::Go(Route::Bench) },
    Entry { name: "New prompt set", keys: None, command: || BenchCommand::NewSet.into() },
    Entry {
        name: "Prompt set from an evaluation dataset…",
        keys: None,
        command: || BenchCommand::AskDatasets(None).into(),
    },
    Entry { name: "Import a prompt set…", keys: None, command: || BenchCommand::Import(None).into() },
    Entry { name: "Go to journal", keys: Some(ctrl(Key::Num5)), command: || Command::Go(Route::Journal) },
    Entry { name: "Go to settings", keys: Some(ctrl(Key::Comma)), command: || Command::Go(Route::Settings) },
    Entry { name: "Insert a prompt…", keys: None, command: || Command::InsertPrompt },
    Entry {
        name: "Show or hide the chat beside",
        keys: Some(ctrl(Key::J)),
        command: || Command::ToggleChatPanel,
    },
    Entry { name: "Show or hide the list", keys: Some(ctrl(Key::B)), command: || Command::ToggleList },
    Entry { name: "Compare with…", keys: None, command: || Command::Compare(CompareCommand::Choose(None)) },
    Entry { name: "Keys", keys: Some(plain(Key::Questionmark)), command: || Command::ShowShortcuts },
    Entry { name: "Open a database file…", keys: Some(ctrl(Key::O)), command: || Command::PickFile },
    Entry { name: "Try the sample", keys: None, command: || Command::OpenSample },
    Entry { name: "Choose another server…", keys: None, command: || Command::Disconnect },
    Entry { name: "Light theme", keys: None, command: || Command::SetTheme(ThemeChoice::Light) },
    Entry { name: "Dark theme", keys: None, command: || Command::SetTheme(ThemeChoice::Dark) },
    Entry { name: "The system's theme", keys: None, command: || Command::SetTheme(ThemeChoice::System) },
    Entry { name: "Compact rows", keys: None, command: || Command::SetDensity(Density::Compact) },
    Entry { name: "Regular rows", keys: None, command: || Command::SetDensity(Density::Regular) },
];

/// Keys that belong to a place rather than to the table; the list of keys shows them too.
const IN_PLACE: &[(&str, &str)] = &[
    ("↑ ↓ Enter", "Move and open in lists and tables"),
    ("Menu ⇧F10", "Open the menu of a row, a cell or an alias"),
    ("Esc", "Close the topmost thing"),
    ("A", "Go to the aliases of a version, and from one to the next"),
    ("M", "Move the focused alias: type a version, then Enter"),
    ("Ctrl+Enter", "Open a model beside those that are open"),
    ("Ctrl+Shift+Z", "Plan the way back of the alias that moved last"),
    ("Ctrl+Enter", "Send the message"),
    ("/", "First in a message: insert a prompt"),
    ("N P F7 ⇧F7", "Next and previous difference of a comparison"),
    ("G B N", "On an answer of the bench: good, bad, note"),
    ("Space C", "In tables: mark two rows, then compare them"),
];

/// Pushes the commands whose keys were pressed. Plain keys belong to a text field that has the focus.
pub(super) fn take_keys(ctx: &Context, ui: &Ui, out: &mut Commands) {
    // A dialog wants an answer first.
    if ui.palette.is_open() || ctx.memory(|memory| memory.top_modal_layer().is_some()) {
        return;
    }
    let typing = ctx.text_edit_focused();
    for entry in TABLE {
        let Some(keys) = entry.keys else { continue };
        let is_text = keys.modifiers == Modifiers::NONE && !matches!(keys.logical_key, Key::F5 | Key::F6);
        if is_text && typing {
            continue;
        }
        let pressed = if keys.logical_key == Key::Questionmark {
            take_question_mark(ctx)
        } else {
            ctx.input_mut(|input| input.consume_shortcut(&keys))
        };
        if pressed {
            if is_text {
                swallow_text(ctx);
            }
            out.push((entry.command)());
        }
    }
}

/// A file dropped on the window is a database to open; where the chat is on the screen, any other goes along with the
/// next message.
pub(super) fn take_dropped_files(ctx: &Context, chat: bool, out: &mut Commands) {
    let dropped: Vec<PathBuf> =
        ctx.input(|input| input.raw.dropped_files.iter().map(|file| file.path().to_owned()).collect());
    let database = dropped.first().filter(|path| !chat || is_database(path));
    if let Some(path) = database {
        out.push(Command::OpenFile(path.clone()));
    } else if !dropped.is_empty() {
        out.push(ChatCommand::Attach(AttachCommand::Files(dropped)));
    }
}

/// `?` needs Shift on some keyboards and not on others.
fn take_question_mark(ctx: &Context) -> bool {
    ctx.input_mut(|input| {
        input.consume_key(Modifiers::NONE, Key::Questionmark)
            || input.consume_key(Modifiers::SHIFT, Key::Questionmark)
    })
}

/// The character that came with a plain key must not land in the field that takes the focus by it.
fn swallow_text(ctx: &Context) {
    ctx.input_mut(|input| input.events.retain(|event| !matches!(event, egui::Event::Text(_))));
}

/// The commands for the palette.
pub(super) fn palette_actions(ctx: &Context) -> Vec<PaletteAction> {
    let keys = |entry: &Entry| entry.keys.map(|keys| keys_text(ctx, keys)).unwrap_or_default();
    TABLE
        .iter()
        // It is open already.
        .filter(|entry| !matches!((entry.command)(), Command::OpenPalette))
        .map(|entry| PaletteAction { name: entry.name, keys: keys(entry), command: (entry.command)() })
        .collect()
}

/// The lines for the list of keys.
pub(super) fn shortcut_rows(ctx: &Context) -> Vec<ShortcutRow> {
    let table = TABLE.iter().filter_map(|entry| {
        entry.keys.map(|keys| ShortcutRow { keys: keys_text(ctx, keys), what: entry.name })
    });
    let in_place = IN_PLACE.iter().map(|&(keys, what)| ShortcutRow { keys: keys.to_owned(), what });
    table.chain(in_place).collect()
}

/// Keys as they stand on the keyboard, where egui spells them out.
fn keys_text(ctx: &Context, keys: KeyboardShortcut) -> String {
    let mut text = ctx.format_shortcut(&keys);
    for (spelt, shown) in
        [("Slash", "/"), ("Comma", ","), ("Questionmark", "?"), ("Left", "←"), ("Right", "→")]
    {
        text = text.replace(spelt, shown);
    }
    text
}
