//! Arguments, logging, the renderer: thin.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use flowdeck::agent::serve::{SUPERVISE, supervise};
use flowdeck::app::{Flowdeck, NativeDialogs, Options};
use flowdeck::theme::size;
use flowdeck::tracking::Environment;

/// A desktop app for MLflow tracking servers and mlflow.db files: browse, promote, try.
#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    /// Address of the tracking server, e.g. `http://127.0.0.1:5000`, or the path of an `mlflow.db` or
    /// of its folder. Without it `MLFLOW_TRACKING_URI` is used, without that an `mlflow.db` in the working folder, and
    /// else the app asks.
    tracking_uri: Option<String>,
    /// Open a scratch copy of the sample workspace, with a sample agent to talk to. Needs no server.
    #[arg(long, conflicts_with = "tracking_uri")]
    sample: bool,
    /// Draw with this instead of trying OpenGL first and wgpu next.
    #[arg(long, value_enum)]
    renderer: Option<RendererChoice>,
}

/// The file name of MLflow's default store.
const DATABASE: &str = "mlflow.db";

#[derive(Clone, Copy, clap::ValueEnum)]
enum RendererChoice {
    Glow,
    Wgpu,
}

fn main() -> ExitCode {
    let mut words = std::env::args_os().skip(1);
    if words.next().is_some_and(|first| first == SUPERVISE) {
        return supervise(words);
    }
    let arguments = Arguments::parse();
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("Flowdeck cannot start: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build()?;
    let renderers = match arguments.renderer {
        Some(RendererChoice::Glow) => vec![eframe::Renderer::Glow],
        Some(RendererChoice::Wgpu) => vec![eframe::Renderer::Wgpu],
        // OpenGL starts in half the time; wgpu draws where there is none (remote desktops, bare machines).
        None => vec![eframe::Renderer::Glow, eframe::Renderer::Wgpu],
    };
    let mut last = None;
    for renderer in renderers {
        match open_window(arguments, renderer, runtime.handle().clone()) {
            Ok(()) => return Ok(()),
            Err(error) => {
                tracing::warn!(?renderer, %error, "this renderer does not work here");
                last = Some(error);
            }
        }
    }
    last.map_or(Ok(()), |error| Err(error.into()))
}

/// A folder that is there is meant as a folder, though its name could be a host's.
fn folder_or_address(text: &str) -> String {
    let folder = std::path::Path::new(text);
    if !text.contains("://") && folder.is_relative() && folder.is_dir() {
        return std::path::Path::new(".").join(folder).display().to_string();
    }
    text.to_owned()
}

/// MLflow's default store, if there is one in the working folder.
fn database_here() -> Option<String> {
    std::path::Path::new(DATABASE).is_file().then(|| DATABASE.to_owned())
}

fn open_window(
    arguments: &Arguments,
    renderer: eframe::Renderer,
    runtime: tokio::runtime::Handle,
) -> eframe::Result {
    let environment = Environment::from_process();
    let folders = directories::ProjectDirs::from("", "", "flowdeck");
    let options = Options {
        tracking_uri: arguments
            .tracking_uri
            .as_deref()
            .map(folder_or_address)
            .or_else(|| environment.tracking_uri.clone())
            .or_else(database_here),
        sample: arguments.sample,
        environment,
        config_folder: folders.as_ref().map(|folders| folders.config_dir().to_owned()),
        data_folder: folders.as_ref().map(|folders| folders.data_dir().to_owned()),
        program: std::env::current_exe().ok(),
        runtime,
        dialogs: Arc::new(NativeDialogs::default()),
    };
    let mut viewport = egui::ViewportBuilder::default()
        .with_app_id("flowdeck")
        .with_inner_size(size::WINDOW)
        .with_min_inner_size(size::WINDOW_MIN);
    if let Ok(icon) = eframe::icon_data::from_png_bytes(flowdeck::theme::APP_ICON_PNG) {
        viewport = viewport.with_icon(icon);
    }
    // But for shadows nothing is a gradient, and where the processor paints, noise costs.
    let native = eframe::NativeOptions { viewport, renderer, dithering: false, ..Default::default() };
    eframe::run_native("Flowdeck", native, Box::new(|cx| Ok(Box::new(Flowdeck::new(&cx.egui_ctx, options)))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_there_is_no_host() {
        // Tests run in the crate's folder.
        assert_eq!(folder_or_address("src"), "./src");
        assert_eq!(folder_or_address("src/state"), "./src/state");
        for text in ["localhost", "mlflow.example.com", "http://src", "mlflow.db", "src:5000", "/", ""] {
            assert_eq!(folder_or_address(text), text);
        }
    }
}
