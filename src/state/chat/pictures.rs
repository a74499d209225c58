//! Small pictures of the images in messages, decoded one after the other off the UI thread.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::agent::Attachment;
use crate::state::artifacts::Picture;
use crate::state::tasks::{Polled, Task, Tasks};

/// Longest side, in pixels.
const SIDE: u32 = 400;
/// Pictures that are kept: some 60 MB at most.
const MOST: usize = 96;

/// A picture, once it is decoded; `None` where it cannot be.
pub type Small = Option<Arc<Picture>>;

/// Small pictures by the hash of their files.
#[derive(Default)]
pub struct Pictures {
    ready: BTreeMap<String, Small>,
    /// Those in `ready`, the oldest first.
    order: VecDeque<String>,
    waiting: VecDeque<Attachment>,
    decoding: Option<(String, Task<Small>)>,
}

impl Pictures {
    /// The picture of a file. `None`: it was not asked for yet, or is on its way.
    pub fn get(&self, file: &Attachment) -> Option<&Small> {
        self.ready.get(file.sha256())
    }

    /// Whether it has to be asked for.
    pub fn is_missing(&self, file: &Attachment) -> bool {
        let under_way = self.decoding.as_ref().is_some_and(|(hash, _)| hash == file.sha256());
        let waiting = || self.waiting.iter().any(|known| known.sha256() == file.sha256());
        !under_way && !self.ready.contains_key(file.sha256()) && !waiting()
    }

    /// Decodes it, when its turn comes.
    pub(super) fn ask(&mut self, file: Attachment, tasks: &Tasks) {
        if self.is_missing(&file) {
            self.waiting.push_back(file);
            self.go_on(tasks);
        }
    }

    pub(super) fn poll(&mut self, tasks: &Tasks) {
        while let Some((_, task)) = &mut self.decoding {
            let small = match task.poll() {
                Polled::Pending => return,
                Polled::Ready(small) => small,
                Polled::Lost => None,
            };
            if let Some((hash, _)) = self.decoding.take() {
                self.order.push_back(hash.clone());
                self.ready.insert(hash, small);
            }
            while self.order.len() > MOST {
                if let Some(oldest) = self.order.pop_front() {
                    self.ready.remove(&oldest);
                }
            }
            self.go_on(tasks);
        }
    }

    fn go_on(&mut self, tasks: &Tasks) {
        if self.decoding.is_none()
            && let Some(file) = self.waiting.pop_front()
        {
            let hash = file.sha256().to_owned();
            let work = move || Picture::decode_small(file.data()?, SIDE).ok().map(Arc::new);
            self.decoding = Some((hash, tasks.spawn_blocking(work)));
        }
    }
}
