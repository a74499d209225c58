//! What is shown of one file: fetched up to a limit, and made ready to be drawn off the UI thread.

use std::sync::Arc;

use futures_util::StreamExt as _;

use super::kind::FileKind;
use super::picture::Picture;
use super::table::Table;
use super::text::{self, Encoding, TextRows};
use super::{hex, json};
use crate::entities::ArtifactRoot;
use crate::tracking::{ArtifactBody, Store, TrackingError};

/// What is shown of one file.
#[derive(Clone, Debug)]
pub struct Preview {
    /// How it is shown.
    pub kind: FileKind,
    /// Bytes of the file, if the store says so.
    pub total: Option<u64>,
    /// Bytes that were read.
    pub read: u64,
    /// There is more in the file than was read.
    pub cut: bool,
    /// Its text, where it is text.
    pub source: Option<Arc<TextRows>>,
    /// How the bytes were read as text.
    pub encoding: Encoding,
    /// What is made of it.
    pub rendered: Rendered,
}

/// What is made of a file beside its text.
#[derive(Clone, Debug)]
pub enum Rendered {
    /// Nothing: the text says it all.
    Nothing,
    /// Indented JSON.
    Pretty(Arc<TextRows>),
    /// Markdown, to be rendered.
    Markdown,
    /// A table.
    Table(Arc<Table>),
    /// A picture.
    Picture(Arc<Picture>),
    /// The first bytes, as lines of a hex dump.
    Hex(Arc<TextRows>),
    /// Larger than the limit in bytes, and only worth showing as a whole: not fetched.
    TooLarge(u64),
    /// It could not be made: why, in one line.
    Broken(String),
}

/// Bytes of a text that are shown without asking.
pub const TEXT_LIMIT: u64 = 2_000_000;
/// Bytes of a picture that are shown without asking.
pub const PICTURE_LIMIT: u64 = 20_000_000;
/// Bytes that are shown at the utmost.
pub const UTMOST: u64 = 200_000_000;
/// Bytes of Markdown that are rendered.
const MARKDOWN: usize = 200_000;
/// Bytes that are fetched of a file whose name says nothing, to see whether it is text.
const GLANCE: u64 = 64 * 1024;

/// Fetches a file and makes its preview. `size` is what the listing says; `anyway` lifts the limit to [`UTMOST`].
pub(super) async fn fetch(
    store: Arc<dyn Store>,
    root: ArtifactRoot,
    path: String,
    size: Option<u64>,
    anyway: bool,
) -> Result<Preview, TrackingError> {
    let mut named = FileKind::of_name(&path).unwrap_or(FileKind::Binary);
    let mut file;
    loop {
        let limit = limit(named, anyway);
        if named.needs_whole() && size.is_some_and(|size| size > limit) {
            return Ok(too_large(named, size, limit));
        }
        let body = store.read_artifact(&root, &path, Some(limit + 1)).await?;
        file = read(body, limit).await?;
        file.total = file.total.or(size);
        let kind = FileKind::of(&path, &file.bytes, !file.cut);
        if !file.cut || self::limit(kind, anyway) <= limit {
            break;
        }
        // More of it is worth fetching than its name said.
        named = kind;
    }
    let make = tokio::task::spawn_blocking(move || make(&path, file, anyway));
    make.await.map_err(|_lost| crate::state::remote::lost())
}

/// Bytes that were fetched of a file.
pub(super) struct Fetched {
    pub(super) bytes: Vec<u8>,
    pub(super) total: Option<u64>,
    pub(super) cut: bool,
}

async fn read(mut body: ArtifactBody, limit: u64) -> Result<Fetched, TrackingError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = body.chunks.next().await {
        bytes.extend_from_slice(&chunk?);
        if bytes.len() as u64 > limit {
            bytes.truncate(limit as usize);
            return Ok(Fetched { bytes, total: body.total, cut: true });
        }
    }
    let cut = body.total.is_some_and(|total| total > bytes.len() as u64);
    Ok(Fetched { bytes, total: body.total, cut })
}

fn limit(kind: FileKind, anyway: bool) -> u64 {
    match kind {
        FileKind::Binary => GLANCE,
        _ if anyway => UTMOST,
        FileKind::Image | FileKind::Svg => PICTURE_LIMIT,
        _ => TEXT_LIMIT,
    }
}

fn too_large(kind: FileKind, total: Option<u64>, limit: u64) -> Preview {
    Preview {
        kind,
        total,
        read: 0,
        cut: true,
        source: None,
        encoding: Encoding::Utf8,
        rendered: Rendered::TooLarge(limit),
    }
}

/// Makes the preview: parses, decodes, indents. Takes its time.
pub(super) fn make(path: &str, file: Fetched, anyway: bool) -> Preview {
    let Fetched { bytes, total, cut } = file;
    let kind = FileKind::of(path, &bytes, !cut);
    if kind.needs_whole() && cut {
        return too_large(kind, total, limit(kind, anyway));
    }
    let broken = |result: Result<Picture, String>| match result {
        Ok(picture) => Rendered::Picture(Arc::new(picture)),
        Err(reason) => Rendered::Broken(first_line(&reason)),
    };
    let text = (!matches!(kind, FileKind::Image | FileKind::Binary)).then(|| text::decode(&bytes, cut));
    let (text, encoding) = text.map_or((None, Encoding::Utf8), |(text, encoding)| (Some(text), encoding));
    let rendered = match kind {
        FileKind::Text | FileKind::Code(_) => Rendered::Nothing,
        FileKind::Json => {
            let pretty = text.as_deref().map(json::indent).unwrap_or_default();
            Rendered::Pretty(Arc::new(TextRows::new(pretty)))
        }
        // Longer texts would take too long to lay out at once; as rows they do not.
        FileKind::Markdown if bytes.len() > MARKDOWN => Rendered::Nothing,
        FileKind::Markdown => Rendered::Markdown,
        FileKind::Table(delimiter) => {
            let table = Table::read(text.as_deref().unwrap_or_default().as_bytes(), delimiter);
            table.map_or(Rendered::Nothing, |table| Rendered::Table(Arc::new(table)))
        }
        FileKind::Image => broken(Picture::decode(&bytes)),
        FileKind::Svg => broken(Picture::draw_svg(&bytes)),
        FileKind::Binary => Rendered::Hex(Arc::new(TextRows::new(hex::dump(&bytes)))),
    };
    let source = text.map(|text| Arc::new(TextRows::new(text)));
    Preview { kind, total, read: bytes.len() as u64, cut, source, encoding, rendered }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use futures_util::stream;

    use super::*;

    fn fetched(bytes: &[u8], cut: bool) -> Fetched {
        Fetched { bytes: bytes.to_vec(), total: Some(bytes.len() as u64), cut }
    }

    #[tokio::test]
    async fn no_more_is_read_than_the_limit_whatever_the_server_sends() {
        let chunks = stream::iter((0..100).map(|_| Ok(Bytes::from_static(&[b'x'; 1000])))).boxed();
        let file = read(ArtifactBody { total: None, chunks }, 2_500).await.unwrap();
        assert_eq!((file.bytes.len(), file.cut), (2_500, true));
    }

    #[test]
    fn each_kind_becomes_what_is_drawn() {
        let json = make("a.json", fetched(b"{\"a\":1}", false), false);
        assert!(matches!(&json.rendered, Rendered::Pretty(rows) if rows.text() == "{\n  \"a\": 1\n}"));
        assert_eq!(json.source.unwrap().text(), "{\"a\":1}");
        assert!(matches!(make("a.md", fetched(b"# A", false), false).rendered, Rendered::Markdown));
        let long = make("a.md", fetched(&b"# A\n".repeat(100_000), false), false);
        assert!(matches!(long.rendered, Rendered::Nothing) && long.source.is_some());
        assert!(matches!(make("a.csv", fetched(b"a,b\n1,2", false), false).rendered, Rendered::Table(_)));
        assert!(matches!(make("a.csv", fetched(b"", false), false).rendered, Rendered::Nothing));
        let picture = make("a.png", fetched(b"\x89PNG\r\n\x1a\n", false), false);
        assert!(matches!(picture.rendered, Rendered::Broken(_)));
        let old = make("a.csv", fetched(b"ville,n\nOrl\xe9ans,1", false), false);
        assert!(matches!(old.rendered, Rendered::Table(_)) && old.encoding == Encoding::Windows1252);
        let binary = make("a.bin", fetched(b"\0\x01", false), false);
        assert!(matches!(binary.rendered, Rendered::Hex(_)) && binary.source.is_none());
    }

    #[test]
    fn a_part_of_a_picture_is_not_shown() {
        let picture = make("a.png", fetched(b"\x89PNG\r\n\x1a\n", true), false);
        assert!(matches!(picture.rendered, Rendered::TooLarge(PICTURE_LIMIT)));
    }
}
