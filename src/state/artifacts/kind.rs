//! What a file is, by its name and its first bytes.

/// How a file is previewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// Plain text.
    Text,
    /// JSON: shown indented.
    Json,
    /// Code in a language that the highlighter knows by this name.
    Code(&'static str),
    /// Markdown: shown rendered.
    Markdown,
    /// A table whose cells are separated by this byte.
    Table(u8),
    /// PNG, JPEG, GIF or WebP.
    Image,
    /// SVG.
    Svg,
    /// Anything else.
    Binary,
}

/// Names that say what is in them without an extension.
const NAMES: &[(&str, FileKind)] = &[
    ("mlmodel", FileKind::Code("yaml")),
    ("dockerfile", FileKind::Code("sh")),
    ("makefile", FileKind::Code("sh")),
    ("readme", FileKind::Markdown),
    ("license", FileKind::Text),
    ("notice", FileKind::Text),
];

const EXTENSIONS: &[(&str, FileKind)] = &[
    ("txt", FileKind::Text),
    ("log", FileKind::Text),
    ("out", FileKind::Text),
    ("err", FileKind::Text),
    ("ini", FileKind::Text),
    ("cfg", FileKind::Text),
    ("conf", FileKind::Text),
    ("env", FileKind::Text),
    ("jinja", FileKind::Text),
    ("j2", FileKind::Text),
    ("json", FileKind::Json),
    ("ipynb", FileKind::Json),
    ("geojson", FileKind::Json),
    ("jsonl", FileKind::Code("json")),
    ("ndjson", FileKind::Code("json")),
    ("yaml", FileKind::Code("yaml")),
    ("yml", FileKind::Code("yaml")),
    ("toml", FileKind::Code("toml")),
    ("py", FileKind::Code("py")),
    ("pyi", FileKind::Code("py")),
    ("rs", FileKind::Code("rs")),
    ("c", FileKind::Code("c")),
    ("h", FileKind::Code("c")),
    ("cc", FileKind::Code("cpp")),
    ("cpp", FileKind::Code("cpp")),
    ("hpp", FileKind::Code("cpp")),
    ("js", FileKind::Code("js")),
    ("jsx", FileKind::Code("js")),
    ("ts", FileKind::Code("ts")),
    ("tsx", FileKind::Code("ts")),
    ("sh", FileKind::Code("sh")),
    ("bash", FileKind::Code("sh")),
    ("sql", FileKind::Code("sql")),
    ("xml", FileKind::Text),
    ("html", FileKind::Text),
    ("htm", FileKind::Text),
    ("css", FileKind::Text),
    ("r", FileKind::Text),
    ("md", FileKind::Markdown),
    ("markdown", FileKind::Markdown),
    ("csv", FileKind::Table(b',')),
    ("tsv", FileKind::Table(b'\t')),
    ("png", FileKind::Image),
    ("jpg", FileKind::Image),
    ("jpeg", FileKind::Image),
    ("gif", FileKind::Image),
    ("webp", FileKind::Image),
    ("svg", FileKind::Svg),
];

/// Extensions of formats that are certainly not text: no need to fetch more than a glance.
const BINARY: &[&str] = &[
    "pkl",
    "pickle",
    "joblib",
    "pt",
    "pth",
    "bin",
    "onnx",
    "safetensors",
    "h5",
    "hdf5",
    "keras",
    "npy",
    "npz",
    "parquet",
    "feather",
    "arrow",
    "zip",
    "gz",
    "tar",
    "tgz",
    "bz2",
    "xz",
    "zst",
    "whl",
    "db",
    "sqlite",
    "pdf",
    "mp3",
    "wav",
    "mp4",
    "so",
    "dll",
    "exe",
    "cbm",
    "ubj",
];

impl FileKind {
    /// By the name alone; `None` if it says nothing.
    pub fn of_name(path: &str) -> Option<Self> {
        let name = path.rsplit('/').next().unwrap_or(path).to_lowercase();
        if let Some((_, kind)) = NAMES.iter().find(|(known, _)| *known == name) {
            return Some(*kind);
        }
        let (_, extension) = name.rsplit_once('.')?;
        if BINARY.contains(&extension) {
            return Some(Self::Binary);
        }
        EXTENSIONS.iter().find(|(known, _)| *known == extension).map(|(_, kind)| *kind)
    }

    /// By the name, unless the bytes say that it is something else: a picture without an extension, or an
    /// executable called `notes.txt`. `complete`: `bytes` is the whole file.
    pub fn of(path: &str, bytes: &[u8], complete: bool) -> Self {
        if is_picture(bytes) {
            return Self::Image;
        }
        let text = is_text(bytes, complete);
        match Self::of_name(path) {
            Some(Self::Image | Self::Binary) | None if text => Self::Text,
            Some(kind) if text => kind,
            _ => Self::Binary,
        }
    }

    /// Whether only the whole file can be shown.
    pub fn needs_whole(self) -> bool {
        matches!(self, Self::Image | Self::Svg)
    }
}

fn is_picture(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x89PNG\r\n\x1a\n")
        || bytes.starts_with(b"\xff\xd8\xff")
        || bytes.starts_with(b"GIF87a")
        || bytes.starts_with(b"GIF89a")
        || (bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP"))
}

/// Bytes that are looked at to tell text from anything else.
const GLANCE: usize = 16 * 1024;

fn is_text(bytes: &[u8], complete: bool) -> bool {
    if is_utf16(bytes) {
        return true;
    }
    let glance = &bytes[..bytes.len().min(GLANCE)];
    if glance.contains(&0) {
        return false;
    }
    let cut = glance.len() < bytes.len() || !complete;
    match std::str::from_utf8(glance) {
        Ok(_) => true,
        // A character cut at the end of the glance.
        Err(error) if error.error_len().is_none() && cut => true,
        Err(_) => is_windows_1252(glance),
    }
}

/// Whether these may be letters of an older time: all of them printable, most of them without accents.
fn is_windows_1252(bytes: &[u8]) -> bool {
    let is_odd = |byte: &u8| match byte {
        // Colours in a log.
        0x1b => false,
        0x81 | 0x8d | 0x8f | 0x90 | 0x9d | 0x7f => true,
        byte => *byte < 0x20 && !byte.is_ascii_whitespace(),
    };
    let high = bytes.iter().filter(|byte| **byte >= 0x80).count();
    high * 3 <= bytes.len() && !bytes.iter().any(is_odd)
}

/// Whether a byte order mark says UTF-16.
pub(super) fn is_utf16(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_says_what_is_in_it() {
        for (path, kind) in [
            ("model/MLmodel", FileKind::Code("yaml")),
            ("a/b.JSON", FileKind::Json),
            ("python_env.yaml", FileKind::Code("yaml")),
            ("requirements.txt", FileKind::Text),
            ("code/agent.py", FileKind::Code("py")),
            ("README.md", FileKind::Markdown),
            ("data.tsv", FileKind::Table(b'\t')),
            ("plot.PNG", FileKind::Image),
            ("model.pkl", FileKind::Binary),
        ] {
            assert_eq!(FileKind::of_name(path), Some(kind), "{path}");
        }
        assert_eq!(FileKind::of_name("folder.d/unknown"), None);
    }

    #[test]
    fn the_bytes_have_the_last_word() {
        assert_eq!(FileKind::of("noname", b"\x89PNG\r\n\x1a\n....", false), FileKind::Image);
        assert_eq!(FileKind::of("notes.txt", b"\x7fELF\0\0", true), FileKind::Binary);
        assert_eq!(FileKind::of("plot.png", b"not found", true), FileKind::Text);
        assert_eq!(FileKind::of("model.pkl", b"import os", true), FileKind::Text);
        assert_eq!(FileKind::of("noname", "grüße".as_bytes(), true), FileKind::Text);
        assert_eq!(FileKind::of("x.json", b"{}", true), FileKind::Json);
        assert_eq!(FileKind::of("empty", b"", true), FileKind::Text);
        assert_eq!(FileKind::of("utf16.csv", b"\xff\xfea\0,\0b\0", true), FileKind::Table(b','));
        assert_eq!(FileKind::of("latin.txt", b"caf\xe9 au lait, deux fois par jour", true), FileKind::Text);
    }

    #[test]
    fn accents_of_windows_1252_are_text_wherever_they_stand() {
        for text in [&b"caf\xe9"[..], b"\xe9t\xe9 chaud", b"\x80 12,50\r\n", b"\x1b[31mrouge\x1b[0m \xe9"] {
            assert_eq!(FileKind::of("notes.txt", text, true), FileKind::Text, "{text:?}");
        }
        for data in [&b"\xe9\xe8\xea"[..], b"abcdef\x01\xe9", b"abcdef\x81", b"\x80\x04}\x94."] {
            assert_eq!(FileKind::of("notes.txt", data, true), FileKind::Binary, "{data:?}");
        }
    }

    #[test]
    fn a_character_cut_at_the_end_is_no_binary() {
        let cut = &"aü".as_bytes()[..2];
        assert_eq!(FileKind::of("x", cut, false), FileKind::Text);
        assert_eq!(FileKind::of("x", cut, true), FileKind::Binary);
    }
}
