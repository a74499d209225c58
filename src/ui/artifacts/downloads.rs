//! Downloads that are under way or failed.

use egui::{Align, Label, Layout, ProgressBar, RichText, ScrollArea, Ui};

use crate::state::artifacts::{ArtifactsCommand, Download, DownloadStatus};
use crate::state::command::Commands;
use crate::state::{Command, format};
use crate::theme::{self, Icon, Themed as _, size};

/// Draws one line a download.
pub(super) fn show(ui: &mut Ui, downloads: &[Download], out: &mut Commands) {
    ScrollArea::vertical().id_salt("downloads").max_height(4.0 * size::ROW).auto_shrink([false, true]).show(
        ui,
        |ui| {
            for download in downloads {
                ui.horizontal(|ui| {
                    ui.add(Icon::Download.tinted(ui.tokens().text_weak).alt_text(""));
                    ui.with_layout(Layout::right_to_left(Align::Center), |ui| line_ui(ui, download, out));
                });
            }
        },
    );
}

/// From right to left: buttons, figures, name.
fn line_ui(ui: &mut Ui, download: &Download, out: &mut Commands) {
    let status = download.status();
    let stop = if matches!(status, DownloadStatus::Failed(_)) { "Dismiss" } else { "Cancel" };
    let button = theme::button::quiet(stop);
    if ui.add(button).on_hover_text(format!("{stop} {}", download.name)).clicked() {
        out.push(ArtifactsCommand::CancelDownload(download.id));
    }
    match &status {
        DownloadStatus::Choosing => drop(ui.label(theme::text::weak("Choose where to save it"))),
        DownloadStatus::Running { received, total, files } => {
            if let Some(total) = total {
                let part = *received as f32 / (*total).max(1) as f32;
                ui.add(ProgressBar::new(part).desired_width(160.0).desired_height(6.0));
            }
            ui.label(theme::text::weak(progress(*received, *total, *files)));
        }
        DownloadStatus::Failed(error) => {
            if ui.add(theme::button::default("Retry")).clicked() {
                out.push(ArtifactsCommand::RetryDownload(download.id));
            }
            if ui.add(theme::button::quiet("Copy details")).clicked() {
                out.push(Command::Copy(error.details(), "details"));
            }
            let text = format!("{error}. {}", error.next_step());
            let color = ui.tokens().failure.fg;
            ui.add(Label::new(RichText::new(&text).color(color)).truncate()).on_hover_text(&text);
        }
    }
    ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
        ui.add(Label::new(&download.name).truncate());
    });
}

fn progress(received: u64, total: Option<u64>, files: Option<(usize, usize)>) -> String {
    let bytes = match total {
        Some(total) => format!("{} of {}", format::bytes(received), format::bytes(total)),
        None => format::bytes(received),
    };
    match files {
        Some((done, all)) => {
            format!("{} of {}, {bytes}", format::count(done), format::counted(all, "file", "files"))
        }
        None => bytes,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn progress_says_what_is_known() {
        assert_eq!(super::progress(1_000, None, None), "1.0 kB");
        assert_eq!(super::progress(1_000, Some(2_000), Some((1, 3))), "1 of 3 files, 1.0 kB of 2.0 kB");
    }
}
