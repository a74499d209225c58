//! Files that go along with the next message: picked, dropped or pasted, and read off the UI thread.

use std::io::{Cursor, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use image::{ImageFormat, RgbaImage};

use crate::agent::{Attachment, MAX_FILE, MAX_FILES, Message};
use crate::state::dialogs::Dialogs;
use crate::state::format;
use crate::state::notices::Notices;
use crate::state::tasks::{Polled, Task, Tasks};

/// Files of one message.
const MOST: usize = 10;

/// What a view may ask for.
#[derive(Clone, Debug)]
pub enum AttachCommand {
    /// Ask which files to add.
    Pick,
    /// Add these files.
    Files(Vec<PathBuf>),
    /// Add a picture from the clipboard.
    Paste(Pasted),
    /// Have these and no others: those of a message that is changed.
    TakeUp(Vec<Attachment>),
    /// Send the words of the text file at this place, or the file itself.
    SendAsText(usize, bool),
    /// Take the file at this place away.
    Remove(usize),
}

/// A picture from the clipboard.
#[derive(Clone)]
pub struct Pasted {
    /// Width and height, in pixels.
    pub size: [u32; 2],
    /// Four bytes a pixel, colours multiplied by alpha.
    pub rgba: Arc<[u8]>,
}

impl std::fmt::Debug for Pasted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pasted({} × {})", self.size[0], self.size[1])
    }
}

/// A file, or a sentence that says why there is none.
type Read = Result<Attachment, String>;

/// The files of the message that is being written.
#[derive(Default)]
pub struct Attached {
    files: Vec<Attachment>,
    reading: Vec<Task<Read>>,
    picking: Option<Task<Vec<PathBuf>>>,
}

impl Attached {
    /// Those that are read, in order.
    pub fn files(&self) -> &[Attachment] {
        &self.files
    }

    /// Whether more are being read.
    pub fn is_reading(&self) -> bool {
        !self.reading.is_empty()
    }

    /// None any more: they were sent, or given up.
    fn clear(&mut self) {
        self.files.clear();
        self.reading.clear();
    }

    /// What goes along with this message waits no more.
    pub(super) fn sent(&mut self, message: &Message) {
        if self.files == message.attachments {
            self.clear();
        }
    }

    pub(super) fn apply(
        &mut self,
        command: AttachCommand,
        dialogs: Option<&Arc<dyn Dialogs>>,
        tasks: &Tasks,
    ) {
        match command {
            AttachCommand::Pick => {
                self.picking = dialogs.map(|dialogs| tasks.spawn(dialogs.pick_attachments()));
            }
            AttachCommand::Files(paths) => self.read(paths, tasks),
            AttachCommand::Paste(pasted) => {
                self.reading.push(tasks.spawn_blocking(move || encode(&pasted)));
            }
            AttachCommand::TakeUp(files) => {
                self.clear();
                self.files = files;
            }
            AttachCommand::SendAsText(at, as_text) => {
                if let Some(file) = self.files.get_mut(at) {
                    file.set_sent_as_text(as_text);
                }
            }
            AttachCommand::Remove(at) if at < self.files.len() => drop(self.files.remove(at)),
            AttachCommand::Remove(_) => {}
        }
    }

    fn read(&mut self, paths: Vec<PathBuf>, tasks: &Tasks) {
        // One more than there is room for, to say so.
        for path in paths.into_iter().take(MOST + 1) {
            self.reading.push(tasks.spawn_blocking(move || read(&path)));
        }
    }

    pub(super) fn poll(&mut self, tasks: &Tasks, notices: &mut Notices) {
        if let Some(picking) = &mut self.picking {
            match picking.poll() {
                Polled::Pending => {}
                Polled::Ready(paths) => {
                    self.picking = None;
                    self.read(paths, tasks);
                }
                Polled::Lost => self.picking = None,
            }
        }
        // In the order in which they were added, whichever is read first.
        while let Some(first) = self.reading.first_mut() {
            let read = match first.poll() {
                Polled::Pending => return,
                Polled::Ready(read) => read,
                Polled::Lost => Err("The file could not be read".to_owned()),
            };
            self.reading.remove(0);
            if let Err(why) = read.and_then(|file| self.add(file)) {
                notices.warning(why, None);
            }
        }
    }

    /// Adds a file, unless it is there already. Errors: there is no room for it.
    fn add(&mut self, file: Attachment) -> Result<(), String> {
        let same = |known: &Attachment| (known.name(), known.sha256()) == (file.name(), file.sha256());
        if self.files.iter().any(same) {
            return Ok(());
        }
        let together: u64 = self.files.iter().map(Attachment::size).sum();
        if self.files.len() >= MOST {
            return Err(format!("{} was left out: {MOST} files a message are enough", file.name()));
        }
        if together + file.size() > MAX_FILES {
            let most = format::bytes(MAX_FILES);
            return Err(format!("{} was left out: the files of a message hold {most} at most", file.name()));
        }
        self.files.push(file);
        Ok(())
    }
}

fn read(path: &Path) -> Read {
    let name = path.file_name().map_or_else(|| "The file".into(), |name| name.to_string_lossy());
    let unreadable = |error: std::io::Error| format!("{name} cannot be read: {error}");
    // Of what is no file, opening could wait for ever.
    let known = std::fs::metadata(path).map_err(unreadable)?;
    if known.is_dir() {
        return Err(format!("{name} is a folder. Choose the files in it"));
    }
    if !known.is_file() {
        return Err(format!("{name} is no file"));
    }
    let mut data = Vec::new();
    let file = std::fs::File::open(path).map_err(unreadable)?;
    file.take(MAX_FILE + 1).read_to_end(&mut data).map_err(unreadable)?;
    within_bounds(&name, known.len().max(data.len() as u64))?;
    Ok(Attachment::new(&name, data))
}

fn encode(pasted: &Pasted) -> Read {
    const UNREADABLE: &str = "The picture on the clipboard cannot be read";
    let mut rgba = pasted.rgba.to_vec();
    for pixel in rgba.chunks_exact_mut(4) {
        let alpha = u16::from(pixel[3]);
        if alpha > 0 && alpha < 255 {
            pixel[..3].iter_mut().for_each(|c| *c = (u16::from(*c) * 255 / alpha).min(255) as u8);
        }
    }
    let image = RgbaImage::from_raw(pasted.size[0], pasted.size[1], rgba).ok_or(UNREADABLE)?;
    let mut data = Cursor::new(Vec::new());
    image.write_to(&mut data, ImageFormat::Png).map_err(|error| format!("{UNREADABLE}: {error}"))?;
    let data = data.into_inner();
    within_bounds(PASTED, data.len() as u64)?;
    Ok(Attachment::new(PASTED, data))
}

/// What a picture from the clipboard is called.
const PASTED: &str = "Pasted picture.png";

fn within_bounds(name: &str, size: u64) -> Result<(), String> {
    let (size_text, most) = (format::bytes(size), format::bytes(MAX_FILE));
    match size {
        0 => Err(format!("{name} is empty")),
        size if size > MAX_FILE => Err(format!("{name} has {size_text}: a file may have {most} at most")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, size: usize) -> Attachment {
        Attachment::new(name, vec![b'a'; size])
    }

    #[test]
    fn what_cannot_go_along_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name| folder.path().join(name);
        assert!(read(&path("gone.txt")).unwrap_err().starts_with("gone.txt cannot be read: "));
        assert!(read(folder.path()).unwrap_err().contains("is a folder"));
        std::fs::write(path("empty.txt"), "").unwrap();
        assert_eq!(read(&path("empty.txt")).unwrap_err(), "empty.txt is empty");
        std::fs::File::create(path("big.bin")).unwrap().set_len(MAX_FILE + 1).unwrap();
        assert_eq!(read(&path("big.bin")).unwrap_err(), "big.bin has 20 MB: a file may have 20 MB at most");
        std::fs::write(path("notes.md"), "# Hi").unwrap();
        assert_eq!(read(&path("notes.md")).unwrap().text(), Some("# Hi"));
    }

    #[test]
    fn there_is_an_end_to_files_and_bytes() {
        let mut attached = Attached::default();
        attached.add(file("a", 1)).unwrap();
        attached.add(file("a", 1)).unwrap();
        assert_eq!(attached.files().len(), 1, "the same again is no other");
        for at in 1..MOST {
            attached.add(file(&at.to_string(), 1)).unwrap();
        }
        assert!(attached.add(file("b", 1)).unwrap_err().contains("10 files"));
        attached.clear();
        attached.add(file("c", 19_000_000)).unwrap();
        attached.add(file("d", 19_000_000)).unwrap();
        assert!(attached.add(file("e", 3_000_000)).unwrap_err().contains("40 MB at most"));
    }

    #[test]
    fn a_pasted_picture_becomes_a_png() {
        let pasted = Pasted { size: [2, 1], rgba: [255, 0, 0, 255, 0, 64, 0, 128].into() };
        let file = encode(&pasted).unwrap();
        assert_eq!((file.name(), file.media_type()), (PASTED, "image/png"));
        let read = image::load_from_memory(file.data().unwrap()).unwrap().into_rgba8();
        assert_eq!(read.into_raw(), [255, 0, 0, 255, 0, 127, 0, 128]);
    }
}
