//! Icons: Lucide's (ISC licence), one stroke width on one grid of 24. Drawn white and tinted.

use egui::{Color32, Image, ImageSource, load::Bytes, vec2};

use super::size;

/// The app's own icon, 256 pixels wide and high, for the window and the task bar.
pub const APP_ICON_PNG: &[u8] = include_bytes!("../../assets/icon.png");

macro_rules! icons {
    ($($variant:ident = $file:literal: $doc:literal,)*) => {
        /// A picture that means the same everywhere.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Icon {
            $(#[doc = $doc] $variant,)*
        }

        impl Icon {
            /// Every icon, for tests and galleries.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The address egui caches it under, and the SVG.
            const fn source(self) -> (&'static str, &'static [u8]) {
                match self {
                    $(Self::$variant => (
                        concat!("bytes://icons/", $file, ".svg"),
                        include_bytes!(concat!("../../assets/icons/", $file, ".svg")),
                    ),)*
                }
            }
        }
    };
}

icons! {
    Experiment = "flask-conical": "An experiment.",
    Model = "package": "A registered model.",
    Prompt = "message-square-text": "A prompt.",
    Chat = "messages-square": "The chat.",
    Bench = "list-checks": "The bench.",
    Agent = "bot": "An agent, and what it says.",
    Activity = "activity": "What happened.",
    Settings = "settings": "Settings.",
    Search = "search": "Search.",
    Filter = "list-filter": "Filter.",
    Refresh = "refresh-cw": "Ask the server again.",
    Close = "x": "Close, clear.",
    Check = "check": "Chosen, done.",
    ChevronRight = "chevron-right": "Folded; deeper.",
    ChevronDown = "chevron-down": "Unfolded; a menu.",
    ChevronLeft = "chevron-left": "Back, before.",
    ChevronUp = "chevron-up": "Fold upwards.",
    ArrowRight = "arrow-right": "From here to there.",
    ArrowLeft = "arrow-left": "Back.",
    ArrowUp = "arrow-up": "Ascending.",
    ArrowDown = "arrow-down": "Descending.",
    Sort = "arrow-up-down": "Sort.",
    Tag = "tag": "A tag or an alias.",
    Copy = "copy": "Copy.",
    Download = "download": "Save to disk.",
    Upload = "upload": "Choose a file to send.",
    Attach = "paperclip": "A file that goes along with a message.",
    External = "external-link": "Opens outside.",
    Link = "link": "An address.",
    File = "file": "A file.",
    FileText = "file-text": "A text file.",
    FileImage = "file-image": "An image.",
    FileCode = "file-code": "Source code.",
    Folder = "folder": "A folder.",
    FolderOpen = "folder-open": "An open folder.",
    Table = "table": "A table, a CSV file.",
    Dataset = "database": "A dataset, a store.",
    Commit = "git-commit-horizontal": "A git commit.",
    Branch = "git-branch": "A git branch.",
    Compare = "git-compare": "Compare.",
    Tree = "list-tree": "Nested runs.",
    Play = "play": "Start.",
    Stop = "square": "Stop.",
    Send = "send": "Send.",
    Undo = "undo-2": "Undo.",
    Delete = "trash-2": "Delete.",
    Add = "plus": "Add.",
    Remove = "minus": "Remove.",
    Edit = "pencil": "Edit.",
    More = "ellipsis": "More actions.",
    Warning = "triangle-alert": "A warning.",
    Error = "circle-alert": "An error.",
    Success = "circle-check": "Finished well.",
    Failure = "circle-x": "Failed.",
    Pending = "circle-dashed": "Scheduled, not yet begun.",
    Killed = "skull": "Killed.",
    Running = "loader": "Running, loading.",
    Info = "info": "Information.",
    Help = "circle-question-mark": "Help; unknown.",
    Clock = "clock": "A time or a duration.",
    Calendar = "calendar": "A date.",
    History = "history": "What was before.",
    Sun = "sun": "Light theme.",
    Moon = "moon": "Dark theme.",
    Monitor = "monitor": "The system's theme.",
    Good = "thumbs-up": "Somebody liked it.",
    Bad = "thumbs-down": "Somebody did not.",
    Tool = "wrench": "A tool call.",
    Reasoning = "brain": "Reasoning.",
    Connect = "plug": "Connect.",
    Disconnect = "unplug": "Disconnected.",
    Server = "server": "A server.",
    Terminal = "terminal": "A command line.",
    Code = "code": "Code; raw data.",
    Key = "key": "A token.",
    Lock = "lock": "Protected.",
    User = "user": "A person.",
    Command = "command": "The palette.",
    Keyboard = "keyboard": "Keys.",
    Chart = "chart-line": "A metric's curve.",
    Columns = "columns-3": "A table's columns.",
    Star = "star": "A favourite.",
    Eye = "eye": "Show.",
    EyeOff = "eye-off": "Hide.",
    PanelRight = "panel-right": "The inspector.",
    PanelLeft = "panel-left": "The list.",
    Grip = "grip-vertical": "A handle to drag by.",
}

impl Icon {
    /// The icon beside text: [`size::ICON`] wide. White until tinted; in a button, let
    /// `image_tint_follows_text_color` colour it.
    pub fn image(self) -> Image<'static> {
        self.sized(size::ICON)
    }

    /// The icon, `side` points wide and high.
    pub fn sized(self, side: f32) -> Image<'static> {
        let (uri, bytes) = self.source();
        Image::new(ImageSource::Bytes { uri: uri.into(), bytes: Bytes::Static(bytes) })
            .fit_to_exact_size(vec2(side, side))
            .show_loading_spinner(false)
    }

    /// The icon beside text, in a colour.
    pub fn tinted(self, color: Color32) -> Image<'static> {
        self.image().tint(color)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_icon_is_white_on_the_same_grid() {
        for icon in Icon::ALL {
            let (uri, bytes) = icon.source();
            let svg = std::str::from_utf8(bytes).unwrap();
            for part in [r#"viewBox="0 0 24 24""#, r##"stroke="#fff""##, r#"stroke-width="1.75""#] {
                assert!(svg.contains(part), "{uri} lacks {part}");
            }
            assert!(!svg.contains("currentColor"), "{uri}");
        }
    }
}
