//! A file that goes along with a message, and the message itself.
//!
//! What a file is, its content says; its ending is asked only what kind of text it is. Contents are shared, so a clone
//! costs nothing, and turned into base64 only while a request is written.

use std::borrow::Cow;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::display::Base64Display;
use base64::prelude::BASE64_STANDARD;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

/// Largest file, in bytes.
pub const MAX_FILE: u64 = 20_000_000;
/// Most that the files of one message hold together, in bytes.
pub const MAX_FILES: u64 = 40_000_000;
/// Largest file that is copied with a request rather than read by the script, in bytes.
const MAX_COPIED: u64 = 2_000;
/// Longest text file that is sent as text unless it is wished otherwise, in bytes.
const MAX_AS_TEXT: usize = 256 * 1024;

/// What the user says: words, files, or both.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "KeptMessage", into = "KeptMessage")]
pub struct Message {
    /// The words.
    pub text: String,
    /// The files, in the order in which they were added.
    pub attachments: Vec<Attachment>,
}

impl Message {
    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.text.trim().is_empty() && self.attachments.is_empty()
    }
}

impl From<String> for Message {
    fn from(text: String) -> Self {
        Self { text, attachments: Vec::new() }
    }
}

impl From<&str> for Message {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

/// A message in a conversation's file. Words alone are a string, as they were before there were files.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum KeptMessage {
    Words(String),
    Whole {
        #[serde(default)]
        text: String,
        #[serde(default)]
        attachments: Vec<Attachment>,
    },
}

impl From<KeptMessage> for Message {
    fn from(kept: KeptMessage) -> Self {
        match kept {
            KeptMessage::Words(text) => text.into(),
            KeptMessage::Whole { text, attachments } => Self { text, attachments },
        }
    }
}

impl From<Message> for KeptMessage {
    fn from(Message { text, attachments }: Message) -> Self {
        if attachments.is_empty() { Self::Words(text) } else { Self::Whole { text, attachments } }
    }
}

/// A file with its content. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    name: String,
    media_type: String,
    size: u64,
    sha256: String,
    /// A text file whose words are sent rather than the file.
    #[serde(default)]
    as_text: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    data: Option<Data>,
}

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Attachment({}, {}, {} bytes)", self.name, self.media_type, self.size)
    }
}

impl Attachment {
    /// A file's content. Hashes it: not for the UI thread.
    pub fn new(name: &str, data: Vec<u8>) -> Self {
        let media_type = media_type(name, &data).into_owned();
        let as_text = is_text(&media_type) && data.len() <= MAX_AS_TEXT;
        Self {
            name: name.to_owned(),
            media_type,
            size: data.len() as u64,
            sha256: hash(&data),
            as_text,
            data: Some(Data(data.into())),
        }
    }

    /// What the file is called, without a folder.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `image/png`, `text/csv`, …
    pub fn media_type(&self) -> &str {
        &self.media_type
    }

    /// In bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Of its content, in hexadecimal digits.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Its content; `None` where it was not kept.
    pub fn data(&self) -> Option<&Arc<[u8]>> {
        self.data.as_ref().map(|data| &data.0)
    }

    /// Whether it is sent as an image.
    pub fn is_image(&self) -> bool {
        matches!(self.media_type.as_str(), "image/png" | "image/jpeg" | "image/gif" | "image/webp")
    }

    /// Whether its words can be sent in place of the file.
    pub fn is_text(&self) -> bool {
        is_text(&self.media_type)
    }

    /// Whether its words are sent in place of the file: every agent reads text, few read files.
    pub fn is_sent_as_text(&self) -> bool {
        self.as_text && self.is_text()
    }

    /// Sends the words of a text file, or the file.
    pub fn set_sent_as_text(&mut self, as_text: bool) {
        self.as_text = as_text;
    }

    /// Its words, if it is a text file.
    pub fn text(&self) -> Option<&str> {
        let data = self.data().filter(|_| self.is_text())?;
        std::str::from_utf8(data).ok()
    }

    /// A word for its content where that would be too long to read. It needs no escapes in JSON, Python or a shell.
    pub fn stand_in(&self) -> String {
        format!("content-of-{}", self.sha256)
    }

    /// The same without its content.
    pub fn without_data(&self) -> Self {
        Self { data: None, ..self.clone() }
    }

    /// The same with the content that was left out, if it is that one.
    pub fn with_data(self, data: Vec<u8>) -> Self {
        if hash(&data) == self.sha256 { Self { data: Some(Data(data.into())), ..self } } else { self }
    }
}

/// A file's content as a `data:` URL, written anew wherever it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataUrl {
    file: Attachment,
    /// A word is written in its place.
    abridged: bool,
}

impl DataUrl {
    /// Of a file that has its content.
    pub(in crate::agent) fn of(attachment: &Attachment) -> Option<Self> {
        attachment.data.is_some().then(|| Self { file: attachment.clone(), abridged: false })
    }

    /// Writes [`Attachment::stand_in`] from now on, if the file is a large one, which is answered.
    pub(in crate::agent) fn abridge(&mut self) -> Option<&Attachment> {
        self.abridged = self.file.size > MAX_COPIED;
        self.abridged.then_some(&self.file)
    }
}

impl fmt::Display for DataUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.abridged {
            return f.write_str(&self.file.stand_in());
        }
        let data = self.file.data().map(Arc::as_ref).unwrap_or_default();
        write!(f, "data:{};base64,{}", self.file.media_type, Base64Display::new(data, &BASE64_STANDARD))
    }
}

impl Serialize for DataUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A file's content; base64 where it is kept.
#[derive(Clone, PartialEq, Eq)]
struct Data(Arc<[u8]>);

impl Serialize for Data {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&Base64Display::new(&self.0, &BASE64_STANDARD))
    }
}

impl<'de> Deserialize<'de> for Data {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text: Cow<'de, str> = Cow::deserialize(deserializer)?;
        let data = BASE64_STANDARD.decode(text.as_bytes()).map_err(D::Error::custom)?;
        Ok(Self(data.into()))
    }
}

fn hash(data: &[u8]) -> String {
    use std::fmt::Write as _;
    let digest = Sha256::digest(data);
    digest.iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a string cannot fail.
        write!(hex, "{byte:02x}").unwrap_or_default();
        hex
    })
}

/// What a file is, by its content; what kind of text, by its ending.
fn media_type(name: &str, data: &[u8]) -> Cow<'static, str> {
    if let Some(known) = infer::get(data).filter(|known| known.matcher_type() != infer::MatcherType::Text) {
        return known.mime_type().into();
    }
    if std::str::from_utf8(data).is_err() || data.contains(&0) {
        return "application/octet-stream".into();
    }
    let ending = Path::new(name).extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    match ending.to_ascii_lowercase().as_str() {
        "csv" => "text/csv",
        "tsv" => "text/tab-separated-values",
        "md" | "markdown" => "text/markdown",
        "html" | "htm" => "text/html",
        "css" => "text/css",
        "js" | "mjs" => "text/javascript",
        "json" | "jsonl" | "ipynb" => "application/json",
        "xml" => "application/xml",
        "yaml" | "yml" => "application/yaml",
        "toml" => "application/toml",
        "svg" => "image/svg+xml",
        "py" => "text/x-python",
        _ => "text/plain",
    }
    .into()
}

fn is_text(media_type: &str) -> bool {
    const OTHERS: [&str; 5] =
        ["application/json", "application/xml", "application/yaml", "application/toml", "image/svg+xml"];
    media_type.starts_with("text/") || OTHERS.contains(&media_type)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

    #[test]
    fn content_decides_what_a_file_is() {
        let kind = |name, data: &[u8]| Attachment::new(name, data.to_vec());
        assert!(kind("photo.txt", PNG).is_image());
        assert_eq!(kind("photo.txt", PNG).media_type(), "image/png");
        assert_eq!(kind("a.png", b"%PDF-1.7\n").media_type(), "application/pdf");
        assert_eq!(kind("data.CSV", b"a,b\n1,2\n").media_type(), "text/csv");
        assert_eq!(kind("notes", "Łódź".as_bytes()).media_type(), "text/plain");
        assert_eq!(kind("a.json", b"\xff\xfe\x00").media_type(), "application/octet-stream");
        assert!(kind("a.json", b"{}").is_sent_as_text() && !kind("a.png", PNG).is_sent_as_text());
        assert!(!kind("long.txt", &vec![b'a'; MAX_AS_TEXT + 1]).is_sent_as_text());
    }

    #[test]
    fn a_message_is_kept_as_it_is_and_words_alone_as_before() {
        let words: Message = "hi".into();
        assert_eq!(serde_json::to_value(&words).unwrap(), json!("hi"));
        assert_eq!(serde_json::from_value::<Message>(json!("hi")).unwrap(), words);
        let whole = Message { text: "see".into(), attachments: vec![Attachment::new("a.png", PNG.to_vec())] };
        let kept = serde_json::to_value(&whole).unwrap();
        assert_eq!(serde_json::from_value::<Message>(kept).unwrap(), whole);
    }

    #[test]
    fn content_that_was_left_out_comes_back_only_as_it_was() {
        let file = Attachment::new("a.png", PNG.to_vec());
        let bare = file.without_data();
        assert!(bare.data().is_none());
        assert_eq!(bare.clone().with_data(PNG.to_vec()), file);
        assert!(bare.with_data(b"other".to_vec()).data().is_none());
        assert!(!format!("{file:?}").contains("137"), "contents are not printed");
    }
}
