//! Light or dark as the desktop is set. winit does not know it on X11: the desktop's portal does.

use super::Tasks;

/// Asks the portal for `color-scheme` and follows its changes, as long as the app runs.
#[cfg(target_os = "linux")]
pub(super) fn follow(ctx: &egui::Context, tasks: &Tasks) {
    let ctx = ctx.clone();
    tasks.runtime().spawn(async move {
        if let Err(error) = portal::follow(&ctx).await {
            tracing::debug!(%error, "no desktop portal tells light from dark");
        }
    });
}

/// Elsewhere winit knows.
#[cfg(not(target_os = "linux"))]
pub(super) fn follow(_ctx: &egui::Context, _tasks: &Tasks) {}

#[cfg(target_os = "linux")]
mod portal {
    use futures_util::StreamExt as _;
    use zbus::zvariant::{OwnedValue, Value};

    const NAMESPACE: &str = "org.freedesktop.appearance";
    const KEY: &str = "color-scheme";

    pub(super) async fn follow(ctx: &egui::Context) -> zbus::Result<()> {
        let connection = zbus::Connection::session().await?;
        let settings = zbus::Proxy::new(
            &connection,
            "org.freedesktop.portal.Desktop",
            "/org/freedesktop/portal/desktop",
            "org.freedesktop.portal.Settings",
        )
        .await?;
        let mut changes = settings.receive_signal("SettingChanged").await?;
        let value: OwnedValue = settings.call("Read", &(NAMESPACE, KEY)).await?;
        apply(ctx, &value);
        while let Some(change) = changes.next().await {
            let (namespace, key, value): (String, String, OwnedValue) = change.body().deserialize()?;
            if namespace == NAMESPACE && key == KEY {
                apply(ctx, &value);
            }
        }
        Ok(())
    }

    /// 1: dark, 2: light, 0: no preference. `Read` wraps the number once more than the signal does.
    fn apply(ctx: &egui::Context, value: &Value<'_>) {
        let scheme = match value {
            Value::Value(inner) => return apply(ctx, inner),
            Value::U32(scheme) => *scheme,
            _ => return,
        };
        let theme = if scheme == 1 { egui::Theme::Dark } else { egui::Theme::Light };
        ctx.options_mut(|options| options.fallback_theme = theme);
        ctx.request_repaint();
    }
}
