//! The app in a window that nobody sees: every frame is laid out and turned into triangles, and not painted.

use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use eframe::App as _;
use flowdeck::app::{Flowdeck, NativeDialogs, Options};
use flowdeck::state::navigation::Route;
use flowdeck::state::{Command, State};
use flowdeck::tracking::Environment;

/// Sixty a second.
pub const FRAME: Duration = Duration::from_micros(16_667);

/// The app, 1440×900.
pub struct Window {
    app: Flowdeck,
    ctx: egui::Context,
    frame: eframe::Frame,
    due: Arc<Due>,
    /// Of egui.
    time: Duration,
    /// In points.
    pub size: egui::Vec2,
}

/// What a frame took.
#[derive(Clone, Copy, Default)]
pub struct Drawn {
    /// Taking what arrived, and laying everything out.
    pub layout: Duration,
    /// Turning it into triangles.
    pub triangles: Duration,
    /// Corners of these triangles.
    pub corners: usize,
}

impl Drawn {
    /// Both together.
    pub fn whole(&self) -> Duration {
        self.layout + self.triangles
    }
}

/// When the next frame is asked for.
#[derive(Default)]
struct Due {
    at: Mutex<Option<Instant>>,
    changed: Condvar,
}

impl Due {
    fn lock(&self) -> MutexGuard<'_, Option<Instant>> {
        self.at.lock().unwrap()
    }

    fn ask(&self, delay: Duration) {
        if let Some(at) = Instant::now().checked_add(delay) {
            let mut known = self.lock();
            *known = Some(known.map_or(at, |known| known.min(at)));
            self.changed.notify_one();
        }
    }
}

impl Window {
    /// Opens the chat on what is kept in a folder.
    pub fn open(runtime: &tokio::runtime::Runtime, data: &Path) -> Self {
        let ctx = egui::Context::default();
        let due = Arc::new(Due::default());
        let asked = Arc::clone(&due);
        ctx.set_request_repaint_callback(move |info| asked.ask(info.delay));
        let options = Options {
            tracking_uri: None,
            sample: false,
            environment: Environment::from_pairs(Vec::<(&'static str, String)>::new()),
            config_folder: None,
            data_folder: Some(data.to_owned()),
            program: None,
            runtime: runtime.handle().clone(),
            dialogs: Arc::new(NativeDialogs::default()),
        };
        let app = Flowdeck::new(&ctx, options);
        let size = egui::vec2(1440.0, 900.0);
        let mut window =
            Self { app, ctx, frame: eframe::Frame::_new_kittest(), due, time: Duration::ZERO, size };
        window.apply(Command::Go(Route::Chat));
        window.settle();
        window
    }

    /// What the app knows.
    pub fn state(&self) -> &State {
        self.app.state()
    }

    /// Carries a command out.
    pub fn apply(&mut self, command: impl Into<Command>) {
        self.app.apply(&self.ctx, command.into());
    }

    /// Waits until a frame is asked for. `false`: none was, until then.
    pub fn wait(&self, until: Instant) -> bool {
        let mut due = self.due.lock();
        loop {
            let now = Instant::now();
            if due.is_some_and(|at| at <= now) {
                return true;
            }
            if now >= until {
                return false;
            }
            let next = due.map_or(until, |at| at.min(until));
            due = self.due.changed.wait_timeout(due, next - now).unwrap().0;
        }
    }

    /// Draws a frame, as if it came a sixtieth of a second after the one before.
    pub fn draw(&mut self, events: Vec<egui::Event>) -> Drawn {
        self.draw_after(FRAME, events)
    }

    /// Draws a frame.
    pub fn draw_after(&mut self, passed: Duration, events: Vec<egui::Event>) -> Drawn {
        self.time += passed;
        *self.due.lock() = None;
        let input = egui::RawInput {
            screen_rect: Some(egui::Rect::from_min_size(egui::Pos2::ZERO, self.size)),
            max_texture_side: Some(8192),
            time: Some(self.time.as_secs_f64()),
            focused: true,
            events,
            ..Default::default()
        };
        let began = Instant::now();
        let (app, frame) = (&mut self.app, &mut self.frame);
        let mut output = self.ctx.run_ui(input, |ui| {
            app.logic(ui.ctx(), frame);
            app.ui(ui, frame);
        });
        let layout = began.elapsed();
        output.textures_delta.clear();
        let began = Instant::now();
        let meshes = self.ctx.tessellate(output.shapes, output.pixels_per_point);
        let triangles = began.elapsed();
        for viewport in output.viewport_output.values() {
            self.due.ask(viewport.repaint_delay);
        }
        let corners = meshes.iter().map(|mesh| match &mesh.primitive {
            egui::epaint::Primitive::Mesh(mesh) => mesh.vertices.len(),
            egui::epaint::Primitive::Callback(_) => 0,
        });
        Drawn { layout, triangles, corners: corners.sum() }
    }

    /// Draws until nothing is asked for within a tenth of a second.
    pub fn settle(&mut self) {
        self.draw(Vec::new());
        while self.wait(Instant::now() + Duration::from_millis(100)) {
            self.draw(Vec::new());
        }
    }
}
