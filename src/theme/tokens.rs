//! Colours by what they are for, once for each theme.

use egui::{Color32, Context, Style, Ui, Visuals};

use super::palette::{self, Accent, Fill, Hue, Tint, hex};

/// What each colour is for. Get it with [`Themed::tokens`].
#[derive(Debug)]
pub struct Tokens {
    /// Is this the dark theme?
    pub dark: bool,

    /// Behind everything: the rail and the status bar.
    pub app_bg: Color32,
    /// Lists, tables, panes.
    pub panel_bg: Color32,
    /// Table headers, toolbars, cards in a chat: a little off the panel.
    pub raised_bg: Color32,
    /// Popups, menus, windows, messages.
    pub popup_bg: Color32,
    /// Text fields.
    pub input_bg: Color32,
    /// Code blocks and inline code.
    pub code_bg: Color32,
    /// Every other row of a striped table.
    pub stripe_bg: Color32,
    /// Behind pictures in both themes: plots with a clear background are drawn for white paper.
    pub paper_bg: Color32,
    /// Over what is behind a dialog.
    pub scrim: Color32,

    /// A button at rest.
    pub control_bg: Color32,
    /// A checkbox, the rail of a slider or of a progress bar.
    pub track_bg: Color32,
    /// A row or a button under the pointer.
    pub hover_bg: Color32,
    /// A button held down.
    pub pressed_bg: Color32,
    /// A selected row.
    pub selected_bg: Color32,
    /// A selected row under the pointer.
    pub selected_hover_bg: Color32,
    /// A row that a dragged chip may be dropped on; draw [`Accent::ring`] around it.
    pub drop_bg: Color32,
    /// What differs between two columns.
    pub diff_bg: Color32,

    /// Between panels and rows.
    pub hairline: Color32,
    /// Around controls and popups.
    pub border: Color32,
    /// Around a control under the pointer.
    pub border_strong: Color32,

    /// Text.
    pub text: Color32,
    /// Titles, selected names.
    pub text_strong: Color32,
    /// Captions, units, times: still readable.
    pub text_weak: Color32,
    /// What cannot be used now. Below the contrast of text: never the only place of a fact.
    pub text_disabled: Color32,
    /// Text and icons on [`Self::accent_fill`] and [`Self::danger_fill`].
    pub text_on_fill: Color32,

    /// The accent, where it is not a button.
    pub accent: Accent,
    /// The primary button.
    pub accent_fill: Fill,
    /// The button that destroys.
    pub danger_fill: Fill,

    /// Finished, ready, healthy.
    pub success: Tint,
    /// Running, information.
    pub info: Tint,
    /// Goes on, but look.
    pub warning: Tint,
    /// Failed, refused, gone.
    pub failure: Tint,

    /// A chip without a meaning of its own: `latest`, tags.
    pub neutral_chip: Tint,
    /// Alias chips, in the order of [`Hue`].
    pub hues: [Tint; 8],
    /// Curves and runs; the same index has the same hue in both themes.
    pub series: [Color32; 12],
}

impl Tokens {
    /// The chip of an alias: `latest` is neutral, the others have a hue of their name.
    pub fn alias(&self, alias: &str) -> Tint {
        if alias == "latest" { self.neutral_chip } else { self.hues[Hue::of_alias(alias) as usize] }
    }

    /// The colour of the `index`th curve; starts anew after the last.
    pub fn series(&self, index: usize) -> Color32 {
        self.series[index % self.series.len()]
    }
}

/// The dark theme.
pub static DARK: Tokens = {
    let n = palette::DARK_NEUTRAL;
    Tokens {
        dark: true,
        app_bg: n[0],
        panel_bg: n[1],
        raised_bg: n[2],
        popup_bg: n[2],
        input_bg: n[0],
        code_bg: n[0],
        stripe_bg: hex(0x0019_1b1f),
        paper_bg: Color32::WHITE,
        scrim: Color32::from_black_alpha(140),
        control_bg: n[3],
        track_bg: n[4],
        hover_bg: n[3],
        pressed_bg: n[4],
        selected_bg: palette::DARK_ACCENT.tint,
        selected_hover_bg: palette::DARK_ACCENT.tint_hover,
        drop_bg: palette::DARK_ACCENT.tint_hover,
        diff_bg: palette::DARK_STATUS[2].bg,
        hairline: n[5],
        border: n[6],
        border_strong: n[7],
        text: n[11],
        text_strong: hex(0x00f9_fafb),
        text_weak: n[10],
        text_disabled: n[8],
        text_on_fill: Color32::WHITE,
        accent: palette::DARK_ACCENT,
        accent_fill: palette::ACCENT_FILL,
        danger_fill: palette::DANGER_FILL,
        success: palette::DARK_STATUS[0],
        info: palette::DARK_STATUS[1],
        warning: palette::DARK_STATUS[2],
        failure: palette::DARK_STATUS[3],
        neutral_chip: Tint { fg: n[11], bg: n[4], border: n[7] },
        hues: palette::DARK_HUES,
        series: palette::DARK_SERIES,
    }
};

/// The light theme.
pub static LIGHT: Tokens = {
    let n = palette::LIGHT_NEUTRAL;
    Tokens {
        dark: false,
        app_bg: n[0],
        panel_bg: n[1],
        raised_bg: n[0],
        popup_bg: n[1],
        input_bg: n[1],
        code_bg: n[2],
        stripe_bg: hex(0x00fa_fbfc),
        paper_bg: Color32::WHITE,
        scrim: Color32::from_black_alpha(70),
        control_bg: n[1],
        track_bg: n[3],
        hover_bg: n[2],
        pressed_bg: n[4],
        selected_bg: palette::LIGHT_ACCENT.tint,
        selected_hover_bg: palette::LIGHT_ACCENT.tint_hover,
        drop_bg: palette::LIGHT_ACCENT.tint_hover,
        diff_bg: palette::LIGHT_STATUS[2].bg,
        hairline: n[5],
        border: n[6],
        border_strong: n[7],
        text: n[11],
        text_strong: hex(0x000b_0d12),
        text_weak: n[10],
        text_disabled: n[8],
        text_on_fill: Color32::WHITE,
        accent: palette::LIGHT_ACCENT,
        accent_fill: palette::ACCENT_FILL,
        danger_fill: palette::DANGER_FILL,
        success: palette::LIGHT_STATUS[0],
        info: palette::LIGHT_STATUS[1],
        warning: palette::LIGHT_STATUS[2],
        failure: palette::LIGHT_STATUS[3],
        neutral_chip: Tint { fg: n[11], bg: n[3], border: n[6] },
        hues: palette::LIGHT_HUES,
        series: palette::LIGHT_SERIES,
    }
};

/// What knows which theme it is drawn in.
pub trait Themed {
    /// The colours of that theme.
    fn tokens(&self) -> &'static Tokens;
}

impl Themed for Visuals {
    fn tokens(&self) -> &'static Tokens {
        if self.dark_mode { &DARK } else { &LIGHT }
    }
}

impl Themed for Style {
    fn tokens(&self) -> &'static Tokens {
        self.visuals.tokens()
    }
}

impl Themed for Ui {
    fn tokens(&self) -> &'static Tokens {
        self.visuals().tokens()
    }
}

impl Themed for Context {
    fn tokens(&self) -> &'static Tokens {
        match self.theme() {
            egui::Theme::Dark => &DARK,
            egui::Theme::Light => &LIGHT,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const THEMES: [&Tokens; 2] = [&DARK, &LIGHT];

    fn linear(color: Color32) -> [f32; 3] {
        let rgba = egui::Rgba::from(color);
        [rgba.r(), rgba.g(), rgba.b()]
    }

    /// WCAG 2's contrast ratio.
    fn contrast(a: Color32, b: Color32) -> f32 {
        let luminance = |color| {
            let [r, g, b] = linear(color);
            0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05
        };
        let (a, b) = (luminance(a), luminance(b));
        a.max(b) / a.min(b)
    }

    /// Lightness in OKLCH, 0 to 1.
    fn lightness(color: Color32) -> f32 {
        let rgb = linear(color);
        let cone = |by: [f32; 3]| (rgb[0] * by[0] + rgb[1] * by[1] + rgb[2] * by[2]).cbrt();
        0.210_454_26 * cone([0.412_221_46, 0.536_332_55, 0.051_445_995])
            + 0.793_617_8 * cone([0.211_903_5, 0.680_699_5, 0.107_396_96])
            - 0.004_072_047 * cone([0.088_302_46, 0.281_718_85, 0.629_978_7])
    }

    #[track_caller]
    fn assert_contrast(text: Color32, background: Color32, least: f32) {
        let found = contrast(text, background);
        assert!(found >= least, "{found:.2} < {least}: {text:?} on {background:?}");
    }

    impl Tokens {
        fn backgrounds(&self) -> [Color32; 14] {
            [
                self.app_bg,
                self.panel_bg,
                self.raised_bg,
                self.popup_bg,
                self.input_bg,
                self.code_bg,
                self.stripe_bg,
                self.control_bg,
                self.hover_bg,
                self.pressed_bg,
                self.selected_bg,
                self.selected_hover_bg,
                self.drop_bg,
                self.diff_bg,
            ]
        }
    }

    #[test]
    fn text_is_readable_wherever_it_stands() {
        for tokens in THEMES {
            for background in tokens.backgrounds() {
                assert_contrast(tokens.text, background, 7.0);
                assert_contrast(tokens.text_strong, background, 7.0);
                assert_contrast(tokens.text_weak, background, 4.5);
                assert_contrast(tokens.accent.text, background, 4.5);
            }
            for fill in [tokens.accent_fill, tokens.danger_fill] {
                for background in [fill.rest, fill.hover, fill.pressed] {
                    assert_contrast(tokens.text_on_fill, background, 4.5);
                }
            }
        }
    }

    #[test]
    fn chips_and_statuses_are_readable() {
        for tokens in THEMES {
            let statuses = [tokens.success, tokens.info, tokens.warning, tokens.failure];
            for tint in tokens.hues.into_iter().chain(statuses).chain([tokens.neutral_chip]) {
                assert_contrast(tint.fg, tint.bg, 4.5);
            }
            for marked in [tokens.success, tokens.failure] {
                // Words that differ, in a text side by side with another.
                assert_contrast(tokens.text, marked.border, 4.5);
                assert_contrast(tokens.text, marked.bg, 4.5);
            }
            for status in statuses {
                for background in tokens.backgrounds() {
                    assert_contrast(status.fg, background, 4.5);
                }
            }
        }
    }

    #[test]
    fn alias_hues_are_equally_light() {
        for tokens in THEMES {
            for part in [|tint: Tint| tint.fg, |tint: Tint| tint.bg, |tint: Tint| tint.border] {
                let first = lightness(part(tokens.hues[0]));
                for hue in tokens.hues {
                    let other = lightness(part(hue));
                    assert!((other - first).abs() < 0.015, "{other} against {first} in {hue:?}");
                }
            }
        }
    }

    #[test]
    fn curves_and_focus_stand_out() {
        for tokens in THEMES {
            for background in [tokens.panel_bg, tokens.input_bg] {
                for color in tokens.series {
                    assert_contrast(color, background, 3.0);
                }
            }
            for background in tokens.backgrounds() {
                assert_contrast(tokens.accent.ring, background, 3.0);
            }
        }
    }

    #[test]
    fn well_known_aliases_differ_and_latest_is_neutral() {
        let known = ["prod", "candidate", "champion", "challenger", "staging", "dev", "live", "previous"];
        for tokens in THEMES {
            for (i, a) in known.iter().enumerate() {
                assert!(known[i + 1..].iter().all(|b| tokens.alias(a) != tokens.alias(b)), "{a}");
            }
            assert_eq!(tokens.alias("latest"), tokens.neutral_chip);
            assert_eq!(tokens.alias("Prod-EU"), tokens.alias("prod"));
            assert_ne!(tokens.alias("staging"), tokens.alias("prod"));
        }
        assert_eq!(Hue::of_alias("challenger"), Hue::Orange);
    }

    #[test]
    fn curves_start_anew_after_the_last() {
        assert_eq!(DARK.series(0), DARK.series(DARK.series.len()));
    }
}
