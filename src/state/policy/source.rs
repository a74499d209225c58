//! Where the policy comes from: a file that is read off the UI thread, and again whenever it changed.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::file::{EXAMPLE, PolicyError, parse};
use super::{Policy, Terms};
use crate::state::dialogs::Dialogs;
use crate::state::notices::Notices;
use crate::state::settings::Settings;
use crate::state::tasks::{Feed, Polled, Task, Tasks};
use crate::tracking::StoreInfo;

const FILE_NAME: &str = "policy.toml";
/// How often it is looked whether the file changed: one system call.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// More bytes than this are no policy.
const MOST_BYTES: u64 = 1 << 20;

/// What a view may ask for.
#[derive(Clone, Copy, Debug)]
pub enum PolicyCommand {
    /// Asks for another file.
    Choose,
    /// Back to the file in the settings' folder.
    UseOwn,
    /// Writes an example where the file is looked for, unless there is one.
    WriteExample,
}

/// What reading the file gave. `None`: there is no file where one may be.
type Reading = Result<Option<Policy>, PolicyError>;

/// The policy with its file.
#[derive(Default)]
pub struct PolicyFile {
    folder: Option<PathBuf>,
    /// The file that is watched, and whether it was chosen in Settings.
    watched: Option<(PathBuf, bool)>,
    feed: Option<Feed<Reading>>,
    reading: Option<Reading>,
    policy: Policy,
    revision: u64,
    choosing: Option<Task<Option<PathBuf>>>,
    writing: Option<Task<std::io::Result<()>>>,
}

impl PolicyFile {
    /// Looks for `policy.toml` in the settings' folder, unless another file is chosen in the settings.
    pub fn new(folder: Option<PathBuf>) -> Self {
        Self { folder, ..Self::default() }
    }

    /// Takes what arrived, and looks elsewhere when another file was chosen.
    pub fn poll(&mut self, tasks: &Tasks, settings: &mut Settings, notices: &mut Notices) {
        self.poll_choice(settings, notices);
        self.poll_example(tasks, notices);
        let wanted = match &settings.policy_file {
            Some(chosen) => Some((PathBuf::from(chosen), true)),
            None => self.folder.as_ref().map(|folder| (folder.join(FILE_NAME), false)),
        };
        if wanted != self.watched {
            self.watched = wanted;
            self.watch(tasks);
        }
        while let Some(Polled::Ready(reading)) = self.feed.as_mut().map(Feed::poll) {
            // While the file says nothing that can be understood, what holds without a file holds.
            self.policy = reading.as_ref().ok().cloned().flatten().unwrap_or_default();
            self.reading = Some(reading);
            self.revision += 1;
        }
    }

    /// A policy that was read already.
    #[cfg(test)]
    pub fn of(policy: Policy) -> Self {
        Self { reading: Some(Ok(Some(policy.clone()))), policy, ..Self::default() }
    }

    /// Carries a command out.
    pub fn apply(
        &mut self,
        command: PolicyCommand,
        tasks: &Tasks,
        dialogs: &Arc<dyn Dialogs>,
        settings: &mut Settings,
    ) {
        match command {
            PolicyCommand::Choose => self.choosing = Some(tasks.spawn(dialogs.pick_policy())),
            PolicyCommand::UseOwn => settings.policy_file = None,
            PolicyCommand::WriteExample => {
                let Some((file, _)) = self.watched.clone() else { return };
                self.writing = Some(tasks.spawn_blocking(move || write_example(&file)));
            }
        }
    }

    /// What holds for an alias.
    pub fn terms(&self, store: &StoreInfo, model: &str, alias: &str) -> Terms {
        self.policy.terms(store, model, alias)
    }

    /// The policy as it was read last.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The file that is looked for, if there is a place for one.
    pub fn file(&self) -> Option<&Path> {
        self.watched.as_ref().map(|(file, _)| file.as_path())
    }

    /// Whether the file was chosen in Settings.
    pub fn is_chosen(&self) -> bool {
        self.watched.as_ref().is_some_and(|(_, chosen)| *chosen)
    }

    /// Whether there is a file.
    pub fn exists(&self) -> bool {
        match &self.reading {
            Some(Ok(policy)) => policy.is_some(),
            Some(Err(error)) => !matches!(error, PolicyError::Missing { .. }),
            None => false,
        }
    }

    /// Whether it is not yet known what holds.
    pub fn is_unread(&self) -> bool {
        let looked = self.watched.is_some() || self.folder.is_none();
        self.reading.is_none() && (self.feed.is_some() || !looked)
    }

    /// Why the file does not count.
    pub fn error(&self) -> Option<&PolicyError> {
        self.reading.as_ref().and_then(|reading| reading.as_ref().err())
    }

    /// Grows whenever the file was read, for who caches what was made of it.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    fn watch(&mut self, tasks: &Tasks) {
        self.reading = None;
        self.policy = Policy::default();
        self.revision += 1;
        self.feed = self.watched.clone().map(|(file, chosen)| {
            let inner = tasks.clone();
            tasks.spawn_feed(1, move |feeder| async move {
                let mut before = None;
                loop {
                    let now = fingerprint(&file).await;
                    if before != Some(now) {
                        before = Some(now);
                        let file = file.clone();
                        let read = inner.runtime().spawn_blocking(move || read(&file, chosen)).await;
                        let Ok(reading) = read else { return };
                        if !feeder.send(reading).await {
                            return;
                        }
                    }
                    tokio::time::sleep(LOOK_EVERY).await;
                }
            })
        });
    }

    fn poll_choice(&mut self, settings: &mut Settings, notices: &mut Notices) {
        let Some(task) = &mut self.choosing else { return };
        match task.poll() {
            Polled::Pending => return,
            Polled::Ready(Some(file)) => match file.into_os_string().into_string() {
                Ok(file) => settings.policy_file = Some(file),
                Err(file) => {
                    let text = format!("{} cannot be kept in the settings. Rename it", file.display());
                    notices.failed(text, String::new(), None);
                }
            },
            Polled::Ready(None) | Polled::Lost => {}
        }
        self.choosing = None;
    }

    fn poll_example(&mut self, tasks: &Tasks, notices: &mut Notices) {
        let Some(task) = &mut self.writing else { return };
        let file = self.watched.as_ref().map(|(file, _)| file.display().to_string()).unwrap_or_default();
        match task.poll() {
            Polled::Pending => return,
            Polled::Ready(Ok(())) => {
                notices.success(format!("An example is written to {file}"), None);
                self.watch(tasks);
            }
            Polled::Ready(Err(error)) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                notices.info(format!("{file} exists already and is left as it is"));
            }
            Polled::Ready(Err(error)) => {
                notices.failed(format!("{file} could not be written"), error.to_string(), None);
            }
            Polled::Lost => {}
        }
        self.writing = None;
    }
}

/// What changes when the file does; `None`: there is none.
async fn fingerprint(file: &Path) -> Option<(Option<SystemTime>, u64)> {
    let found = tokio::fs::metadata(file).await.ok()?;
    Some((found.modified().ok(), found.len()))
}

fn read(file: &Path, chosen: bool) -> Reading {
    let unreadable = |reason: String| PolicyError::Unreadable { file: file.to_owned(), reason };
    let open = match std::fs::File::open(file) {
        Ok(open) => open,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return if chosen { Err(PolicyError::Missing { file: file.to_owned() }) } else { Ok(None) };
        }
        Err(error) => return Err(unreadable(error.to_string())),
    };
    let mut text = String::new();
    let size =
        open.take(MOST_BYTES + 1).read_to_string(&mut text).map_err(|error| unreadable(error.to_string()))?;
    if size as u64 > MOST_BYTES {
        return Err(unreadable("it is larger than 1 MiB".to_owned()));
    }
    parse(&text).map(Some).map_err(|mistake| mistake.within(file))
}

fn write_example(file: &Path) -> std::io::Result<()> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut file = std::fs::File::create_new(file)?;
    file.write_all(EXAMPLE.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::policy::Level;
    use std::time::Instant;

    struct Desk {
        policy: PolicyFile,
        tasks: Tasks,
        settings: Settings,
        notices: Notices,
    }

    impl Desk {
        fn new(folder: &Path) -> Self {
            let tasks = Tasks::new(tokio::runtime::Handle::current(), || {});
            let policy = PolicyFile::new(Some(folder.to_owned()));
            Self { policy, tasks, settings: Settings::default(), notices: Notices::default() }
        }

        async fn until(&mut self, what: impl Fn(&PolicyFile) -> bool) {
            let deadline = Instant::now() + Duration::from_secs(20);
            loop {
                self.policy.poll(&self.tasks, &mut self.settings, &mut self.notices);
                if what(&self.policy) {
                    return;
                }
                assert!(Instant::now() < deadline, "{:?}", self.policy.reading);
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }

        fn level(&self, alias: &str) -> Level {
            self.policy.terms(&StoreInfo::default(), "Churn", alias).level
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn it_is_read_again_when_it_changed_and_a_broken_one_protects() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(FILE_NAME);
        let mut desk = Desk::new(folder.path());
        desk.until(|policy| !policy.is_unread() && policy.reading.is_some()).await;
        assert!(!desk.policy.exists() && desk.policy.error().is_none());
        assert_eq!(desk.level("prod"), Level::Protected);

        std::fs::write(&file, "[[rule]]\nalias = \"*\"\nlevel = \"free\"\n").unwrap();
        desk.until(|policy| policy.policy().len() == 1).await;
        assert_eq!(desk.level("prod"), Level::Free);

        std::fs::write(&file, "[[rule]]\nalias = \"*\"\nlevel = \"freedom\"\n").unwrap();
        desk.until(|policy| policy.error().is_some()).await;
        assert!(desk.policy.error().unwrap().to_string().contains("policy.toml, line 3: "));
        assert_eq!(desk.level("prod"), Level::Protected);
        assert_eq!(desk.level("candidate"), Level::Confirm);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn a_chosen_file_has_to_exist_and_an_example_overwrites_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("team").join("rules.toml");
        let mut desk = Desk::new(folder.path());
        desk.settings.policy_file = Some(file.display().to_string());
        desk.until(|policy| policy.error().is_some()).await;
        assert_eq!(desk.policy.error(), Some(&PolicyError::Missing { file: file.clone() }));
        write_example(&file).unwrap();
        desk.until(PolicyFile::exists).await;
        assert!(desk.policy.error().is_none() && desk.policy.is_chosen());
        std::fs::write(&file, "# mine\n").unwrap();
        let again = write_example(&file).unwrap_err();
        assert_eq!(again.kind(), std::io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "# mine\n");
    }
}
