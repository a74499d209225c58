//! Native dialogs by `rfd` (the desktop's portal on Linux).

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use crate::state::dialogs::Dialogs;

/// The system's own dialogs.
#[derive(Default)]
pub struct NativeDialogs {
    /// Something was to be picked where there are none.
    unasked: Arc<AtomicBool>,
}

impl NativeDialogs {
    fn pick(&self, dialog: rfd::AsyncFileDialog) -> BoxFuture<'static, Option<PathBuf>> {
        let unasked = Arc::clone(&self.unasked);
        async move {
            if !has_dialogs().await {
                unasked.store(true, Ordering::Release);
                return None;
            }
            dialog.pick_file().await.map(|file| file.path().to_owned())
        }
        .boxed()
    }
}

impl Dialogs for NativeDialogs {
    fn save_file(&self, suggested_name: &str) -> BoxFuture<'static, Option<PathBuf>> {
        let name = suggested_name.to_owned();
        async move {
            if !has_dialogs().await {
                return Some(free_name(&downloads()?, &name));
            }
            let dialog = rfd::AsyncFileDialog::new().set_file_name(&name).save_file();
            dialog.await.map(|file| file.path().to_owned())
        }
        .boxed()
    }

    fn pick_file(&self) -> BoxFuture<'static, Option<PathBuf>> {
        let dialog = rfd::AsyncFileDialog::new()
            .add_filter("MLflow's database", &["db", "sqlite", "sqlite3"])
            .add_filter("All files", &["*"]);
        self.pick(dialog)
    }

    fn pick_policy(&self) -> BoxFuture<'static, Option<PathBuf>> {
        self.pick(rfd::AsyncFileDialog::new().add_filter("Promotion policy", &["toml"]))
    }

    fn pick_conversations(&self) -> BoxFuture<'static, Option<PathBuf>> {
        self.pick(rfd::AsyncFileDialog::new().add_filter("Conversations", &["jsonl"]))
    }

    fn pick_attachments(&self) -> BoxFuture<'static, Vec<PathBuf>> {
        let unasked = Arc::clone(&self.unasked);
        let paths = |files: Vec<rfd::FileHandle>| files.iter().map(|file| file.path().to_owned()).collect();
        async move {
            if !has_dialogs().await {
                unasked.store(true, Ordering::Release);
                return Vec::new();
            }
            let dialog = rfd::AsyncFileDialog::new().set_title("Choose files to send");
            dialog.pick_files().await.map(paths).unwrap_or_default()
        }
        .boxed()
    }

    fn pick_program(&self) -> BoxFuture<'static, Option<PathBuf>> {
        self.pick(rfd::AsyncFileDialog::new().set_title("Choose a Python"))
    }

    fn take_unasked(&self) -> bool {
        self.unasked.swap(false, Ordering::AcqRel)
    }

    #[cfg(target_os = "linux")]
    fn notify(&self, title: &str, text: &str) -> BoxFuture<'static, ()> {
        let (title, text) = (title.to_owned(), text.to_owned());
        async move {
            if let Err(error) = notify(&title, &text).await {
                tracing::debug!(%error, "this desktop shows no notifications");
            }
        }
        .boxed()
    }

    fn pick_folder(&self) -> BoxFuture<'static, Option<PathBuf>> {
        async move {
            if !has_dialogs().await {
                return downloads();
            }
            let dialog = rfd::AsyncFileDialog::new().pick_folder();
            dialog.await.map(|folder| folder.path().to_owned())
        }
        .boxed()
    }

    fn show_in_folder(&self, path: &Path) -> BoxFuture<'static, bool> {
        let path = path.to_owned();
        async move { file_manager::show(&path).await }.boxed()
    }
}

/// By the desktop's notification service (`org.freedesktop.Notifications`).
#[cfg(target_os = "linux")]
async fn notify(title: &str, text: &str) -> zbus::Result<()> {
    use std::collections::HashMap;
    use zbus::zvariant::Value;

    const NAME: &str = "org.freedesktop.Notifications";
    let bus = zbus::Connection::session().await?;
    let service = zbus::Proxy::new(&bus, NAME, "/org/freedesktop/Notifications", NAME).await?;
    // Some desktops read the text as markup.
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let hints: HashMap<&str, Value<'_>> = HashMap::from([("desktop-entry", Value::from("flowdeck"))]);
    let actions: &[&str] = &[];
    // As long as the desktop shows such things.
    let time: i32 = -1;
    let _id: u32 = service
        .call("Notify", &("Flowdeck", 0_u32, "flowdeck", title, text.as_str(), actions, hints, time))
        .await?;
    Ok(())
}

/// Whether this desktop can ask. Without a portal a dialog would end as if it had been cancelled.
#[cfg(target_os = "linux")]
async fn has_dialogs() -> bool {
    const PORTAL: &str = "org.freedesktop.portal.Desktop";
    let asked: zbus::Result<bool> = async {
        let bus = zbus::Connection::session().await?;
        let names = zbus::fdo::DBusProxy::new(&bus).await?;
        let activatable = names.list_activatable_names().await?;
        let running = names.list_names().await?;
        Ok(activatable.iter().any(|name| name.as_str() == PORTAL)
            || running.iter().any(|name| name.as_str() == PORTAL))
    }
    .await;
    // rfd asks zenity where there is no portal.
    asked.unwrap_or(false)
        || std::env::var_os("PATH")
            .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join("zenity").is_file()))
}

#[cfg(not(target_os = "linux"))]
async fn has_dialogs() -> bool {
    true
}

#[cfg(target_os = "linux")]
mod file_manager {
    use std::path::Path;

    /// Asks the file manager to point at a file, else the desktop to open its folder.
    pub(super) async fn show(path: &Path) -> bool {
        if let Err(error) = point_at(path).await {
            tracing::debug!(%error, "no file manager on the bus");
            return open(path.parent().unwrap_or(path)).await;
        }
        true
    }

    async fn point_at(path: &Path) -> zbus::Result<()> {
        let url = url::Url::from_file_path(path).map_err(|()| zbus::Error::InvalidReply)?;
        let bus = zbus::Connection::session().await?;
        let name = "org.freedesktop.FileManager1";
        let manager = zbus::Proxy::new(&bus, name, "/org/freedesktop/FileManager1", name).await?;
        manager.call("ShowItems", &(vec![url.as_str()], "")).await
    }

    async fn open(folder: &Path) -> bool {
        super::run(std::process::Command::new("xdg-open").arg(folder)).await
    }
}

#[cfg(not(target_os = "linux"))]
mod file_manager {
    use std::path::Path;
    use std::process::Command;

    pub(super) async fn show(path: &Path) -> bool {
        if cfg!(target_os = "macos") {
            return super::run(Command::new("open").arg("-R").arg(path)).await;
        }
        // Explorer answers with a failure even where it shows the file.
        super::run(Command::new("explorer").arg("/select,").arg(path)).await;
        true
    }
}

/// Runs a program to its end, off this thread. Whether it succeeded.
async fn run(command: &mut std::process::Command) -> bool {
    let Ok(mut child) = command.spawn() else { return false };
    let ended = tokio::task::spawn_blocking(move || child.wait());
    matches!(ended.await, Ok(Ok(status)) if status.success())
}

fn downloads() -> Option<PathBuf> {
    let user = directories::UserDirs::new()?;
    Some(user.download_dir().unwrap_or(user.home_dir()).to_owned())
}

/// A name in the folder that nothing has yet: `plot.png`, `plot (2).png`…
fn free_name(folder: &Path, name: &str) -> PathBuf {
    let (stem, ending) = match name.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() => (stem, format!(".{ending}")),
        _ => (name, String::new()),
    };
    let numbered = (2..).map(|number| folder.join(format!("{stem} ({number}){ending}")));
    std::iter::once(folder.join(name)).chain(numbered).find(|path| !path.exists()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_overwritten_where_nobody_can_be_asked() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(free_name(folder.path(), "a.tar"), folder.path().join("a.tar"));
        std::fs::write(folder.path().join("a.tar"), "").unwrap();
        assert_eq!(free_name(folder.path(), "a.tar"), folder.path().join("a (2).tar"));
    }
}
