//! Every colour there is. Chosen in OKLCH and written down as sRGB; tests hold contrast and evenness.

use egui::Color32;

/// Text, what is behind it, and the line around that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tint {
    /// Text and icons.
    pub fg: Color32,
    /// The fill behind them.
    pub bg: Color32,
    /// The hairline around the fill.
    pub border: Color32,
}

/// The fill of a button in its three states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fill {
    /// Left alone.
    pub rest: Color32,
    /// Under the pointer.
    pub hover: Color32,
    /// Held down.
    pub pressed: Color32,
}

/// The one accent colour, where it is not a button.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accent {
    /// Links, selected words, icons of what is switched on.
    pub text: Color32,
    /// Behind what is selected.
    pub tint: Color32,
    /// Behind what is selected and under the pointer; selected text; a place to drop on.
    pub tint_hover: Color32,
    /// Around what has the focus.
    pub ring: Color32,
}

/// Hue of an alias chip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hue {
    /// OKLCH hue 5.
    Rose,
    /// OKLCH hue 48.
    Orange,
    /// OKLCH hue 88.
    Gold,
    /// OKLCH hue 122.
    Lime,
    /// OKLCH hue 155.
    Green,
    /// OKLCH hue 195.
    Teal,
    /// OKLCH hue 240.
    Sky,
    /// OKLCH hue 300.
    Violet,
}

impl Hue {
    /// The hues that any alias may get: all but the green of `prod`.
    const FREE: [Self; 7] =
        [Self::Rose, Self::Orange, Self::Gold, Self::Lime, Self::Teal, Self::Sky, Self::Violet];

    /// The hue of an alias, the same in every run of the app. Well-known aliases have their own.
    pub fn of_alias(alias: &str) -> Self {
        let alias = alias.to_lowercase();
        match alias.as_str() {
            "champion" => Self::Gold,
            "challenger" => Self::Orange,
            "live" => Self::Sky,
            "candidate" => Self::Violet,
            "staging" => Self::Rose,
            "dev" => Self::Lime,
            "previous" => Self::Teal,
            _ if alias.starts_with("prod") => Self::Green,
            _ => Self::FREE[(fnv1a(&alias) % Self::FREE.len() as u64) as usize],
        }
    }
}

/// The 64-bit FNV-1a hash: stable, unlike the standard library's.
fn fnv1a(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// A colour from `0xRRGGBB`.
#[expect(clippy::disallowed_methods, reason = "the one place where colours are made")]
pub const fn hex(rgb: u32) -> Color32 {
    Color32::from_rgb((rgb >> 16) as u8, (rgb >> 8) as u8, rgb as u8)
}

/// The neutral ramp of the dark theme, slightly cool (OKLCH hue 268): 0 app, 1 panel, 2 raised, 3 hover,
/// 4 pressed, 5 hairline, 6 border, 7 strong border, 8 disabled text, 9 solid, 10 weak text, 11 text.
pub const DARK_NEUTRAL: [Color32; 12] = [
    hex(0x000f_1013),
    hex(0x0016_181b),
    hex(0x001d_1f23),
    hex(0x0025_272c),
    hex(0x002e_3037),
    hex(0x002b_2e34),
    hex(0x0039_3c43),
    hex(0x004e_5159),
    hex(0x0068_6c74),
    hex(0x0082_868f),
    hex(0x00a5_a9b2),
    hex(0x00e1_e3e7),
];

/// The neutral ramp of the light theme, slightly cool (OKLCH hue 268): 0 app, 1 panel, 2 raised, 3 hover,
/// 4 pressed, 5 hairline, 6 border, 7 strong border, 8 disabled text, 9 solid, 10 weak text, 11 text.
pub const LIGHT_NEUTRAL: [Color32; 12] = [
    hex(0x00f5_f6f8),
    hex(0x00ff_ffff),
    hex(0x00f2_f3f6),
    hex(0x00ec_edf1),
    hex(0x00e1_e3e7),
    hex(0x00e1_e3e7),
    hex(0x00cf_d1d7),
    hex(0x00b1_b4bb),
    hex(0x008c_8f97),
    hex(0x0074_7780),
    hex(0x0058_5c66),
    hex(0x001b_1e26),
];

/// Colours of alias chips in the dark theme, in the order of [`Hue`]; within each part the lightness is the same.
pub const DARK_HUES: [Tint; 8] = [
    Tint { fg: hex(0x00fe_b2c2), bg: hex(0x0043_232a), border: hex(0x0078_4350) },
    Tint { fg: hex(0x00fe_b894), bg: hex(0x0042_2617), border: hex(0x0077_482f) },
    Tint { fg: hex(0x00e7_c778), bg: hex(0x0038_2c0c), border: hex(0x0067_531e) },
    Tint { fg: hex(0x00bf_d688), bg: hex(0x002a_3214), border: hex(0x004e_5c2a) },
    Tint { fg: hex(0x0091_dfad), bg: hex(0x0017_3523), border: hex(0x002f_6243) },
    Tint { fg: hex(0x006c_e0e0), bg: hex(0x0002_3536), border: hex(0x0007_6262) },
    Tint { fg: hex(0x0096_d3fe), bg: hex(0x0013_3144), border: hex(0x0029_5a7b) },
    Tint { fg: hex(0x00d4_bdff), bg: hex(0x0032_2843), border: hex(0x005c_4b79) },
];

/// Colours of alias chips in the light theme, in the order of [`Hue`]; within each part the lightness is the same.
pub const LIGHT_HUES: [Tint; 8] = [
    Tint { fg: hex(0x0081_2f47), bg: hex(0x00ff_e6ea), border: hex(0x00f8_b1c0) },
    Tint { fg: hex(0x0080_3703), bg: hex(0x00ff_e7dc), border: hex(0x00f6_b797) },
    Tint { fg: hex(0x0064_4c02), bg: hex(0x00f8_eccf), border: hex(0x00de_c587) },
    Tint { fg: hex(0x0046_5800), bg: hex(0x00e8_f2d4), border: hex(0x00be_d193) },
    Tint { fg: hex(0x0000_6034), bg: hex(0x00d9_f5e1), border: hex(0x009b_d8af) },
    Tint { fg: hex(0x0001_5c5c), bg: hex(0x00cf_f6f5), border: hex(0x0081_d9d8) },
    Tint { fg: hex(0x0000_5580), bg: hex(0x00dd_f0fe), border: hex(0x0094_cff9) },
    Tint { fg: hex(0x005a_3e85), bg: hex(0x00f0_e9ff), border: hex(0x00cf_bbf7) },
];

/// Success, information, warning and failure in the dark theme.
pub const DARK_STATUS: [Tint; 4] = [
    Tint { fg: hex(0x0071_d790), bg: hex(0x0015_2e1c), border: hex(0x0026_5937) },
    Tint { fg: hex(0x0089_c3fe), bg: hex(0x0015_293d), border: hex(0x0028_5077) },
    Tint { fg: hex(0x00ef_b146), bg: hex(0x0034_250b), border: hex(0x0065_470f) },
    Tint { fg: hex(0x00ff_a098), bg: hex(0x003b_1e1c), border: hex(0x0073_3a36) },
];

/// Success, information, warning and failure in the light theme.
pub const LIGHT_STATUS: [Tint; 4] = [
    Tint { fg: hex(0x0001_7137), bg: hex(0x00e2_f6e6), border: hex(0x00a4_dab1) },
    Tint { fg: hex(0x0000_60a6), bg: hex(0x00e5_f2ff), border: hex(0x00a3_cffd) },
    Tint { fg: hex(0x007c_5500), bg: hex(0x00fc_eeda), border: hex(0x00e8_c58f) },
    Tint { fg: hex(0x009d_3533), bg: hex(0x00ff_ebe9), border: hex(0x00fb_b7b0) },
];

/// The accent in the dark theme.
pub const DARK_ACCENT: Accent = Accent {
    text: hex(0x00a9_b4fe),
    tint: hex(0x0023_2747),
    tint_hover: hex(0x002b_2f5a),
    ring: hex(0x007b_85f2),
};

/// The accent in the light theme.
pub const LIGHT_ACCENT: Accent = Accent {
    text: hex(0x0046_41c7),
    tint: hex(0x00e7_ebfe),
    tint_hover: hex(0x00da_e0fe),
    ring: hex(0x0068_6fe9),
};

/// A filled button in the accent; white is readable on it.
pub const ACCENT_FILL: Fill =
    Fill { rest: hex(0x0058_5bda), hover: hex(0x0062_67e7), pressed: hex(0x004b_4bc8) };

/// A filled button for what destroys; white is readable on it.
pub const DANGER_FILL: Fill =
    Fill { rest: hex(0x00c2_272d), hover: hex(0x00d2_393a), pressed: hex(0x00b0_0a1d) };

/// Colours of curves in the dark theme; neighbours differ in hue and lightness.
pub const DARK_SERIES: [Color32; 12] = [
    hex(0x007a_b4fe),
    hex(0x00e2_8339),
    hex(0x0057_cc88),
    hex(0x00d0_7bc9),
    hex(0x00ce_af29),
    hex(0x0005_b3c1),
    hex(0x00fe_8894),
    hex(0x009e_8df2),
    hex(0x009c_c151),
    hex(0x0004_ade4),
    hex(0x00e6_a231),
    hex(0x0000_b8a1),
];

/// The same hues in the light theme.
pub const LIGHT_SERIES: [Color32; 12] = [
    hex(0x0029_74cd),
    hex(0x00ca_6802),
    hex(0x0006_8b4f),
    hex(0x00b8_5fb2),
    hex(0x008a_7300),
    hex(0x0006_98a4),
    hex(0x00be_4556),
    hex(0x0087_72dc),
    hex(0x0062_8200),
    hex(0x0003_93c2),
    hex(0x009c_6904),
    hex(0x000a_9c89),
];
