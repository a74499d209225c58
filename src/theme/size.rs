//! Sizes, in points. Distances come from one scale of 4.

/// Between things that are one thing: an icon and its word.
pub const SPACE_XS: f32 = 4.0;
/// Between neighbours in a row; the padding inside a cell.
pub const SPACE_S: f32 = 8.0;
/// Between groups; the padding inside a panel.
pub const SPACE_M: f32 = 12.0;
/// Between a heading and what is above it.
pub const SPACE_L: f32 = 16.0;
/// Between sections.
pub const SPACE_XL: f32 = 24.0;
/// Around what stands alone: an empty screen, a dialog.
pub const SPACE_XXL: f32 = 32.0;

/// Height of a row in a table or a list.
pub const ROW: f32 = 26.0;
/// Height of a table's header.
pub const HEADER: f32 = 28.0;
/// Height of the bar at the top of a pane: its title and its buttons.
pub const TOOLBAR: f32 = 40.0;
/// Height of the status bar.
pub const STATUS_BAR: f32 = 24.0;
/// Height of a button or a text field.
pub const CONTROL: f32 = 26.0;
/// Width of the rail at the left.
pub const RAIL: f32 = 48.0;
/// Side of a button in the rail.
pub const RAIL_BUTTON: f32 = 36.0;
/// Height of a chip.
pub const CHIP: f32 = 20.0;

/// Side of an icon beside text.
pub const ICON: f32 = 16.0;
/// Side of an icon in a chip or a dense row.
pub const ICON_SMALL: f32 = 14.0;
/// Side of an icon in the rail.
pub const ICON_RAIL: f32 = 20.0;
/// Side of the icon on an empty screen.
pub const ICON_EMPTY: f32 = 32.0;

/// Radius of buttons, text fields and rows.
pub const RADIUS: u8 = 5;
/// Radius of chips and tags.
pub const RADIUS_CHIP: u8 = 4;
/// Radius of popups, windows and messages.
pub const RADIUS_LARGE: u8 = 8;

/// Width of the lines between panels.
pub const HAIRLINE: f32 = 1.0;
/// Width of the ring around what has the focus.
pub const FOCUS_RING: f32 = 1.5;

/// Least width of the list beside the main pane.
pub const LIST_MIN: f32 = 200.0;
/// Width of that list at first.
pub const LIST: f32 = 280.0;
/// Least width of the inspector.
pub const INSPECTOR_MIN: f32 = 280.0;
/// Width of the inspector at first.
pub const INSPECTOR: f32 = 360.0;
/// Least width of the main pane.
pub const MAIN_MIN: f32 = 360.0;
/// Least width of a table's column.
pub const COLUMN_MIN: f32 = 48.0;
/// Width of a column of numbers at first.
pub const COLUMN_NUMBER: f32 = 96.0;
/// Width of a column of text at first.
pub const COLUMN_TEXT: f32 = 180.0;
/// Width of a dialog.
pub const DIALOG: f32 = 480.0;
/// Greatest height of a menu whose entries scroll.
pub const MENU_MAX: f32 = 320.0;
/// Width of the palette.
pub const PALETTE: f32 = 620.0;
/// Greatest width of running text: about 90 characters.
pub const PROSE_MAX: f32 = 720.0;
/// Least size of the window.
pub const WINDOW_MIN: [f32; 2] = [800.0, 500.0];
/// Size of the window at first.
pub const WINDOW: [f32; 2] = [1440.0, 900.0];
