//! What two screens share: fields, chips, tables' cells, lists, empty and failed screens.

pub mod cells;
mod chips;
mod code;
mod columns;
mod data;
mod facts;
mod field;
pub mod form;
mod list;
mod listing;
mod markdown;
mod marked;
mod menu;
mod message;
mod pane;
mod rows;
mod switch;

pub use chips::{
    alias_chip_ui, alias_ghost_ui, alias_go_ui, alias_label_ui, alias_name, alias_version_ui, chip_width,
    status_ui, tag_chip_ui,
};
pub use code::{code_frame, code_ui};
pub use columns::columns_ui;
pub use data::{data_text_ui, data_ui};
pub use facts::{copy_menu_ui, copyable_id_ui, fact_ui, facts_ui, page_name_ui, text_with_copy_ui, time_ui};
pub use field::{filter_field_of_pane_ui, filter_field_ui, leave_filter_on_down, request_filter_focus};
pub use list::{ListLook, ListResponse, VirtualList};
pub use listing::{
    RowCursor, count_ui, no_rows_ui, refresh_ui, repaint_as_times_pass, table_filter_ui, toolbar_ui,
};
pub use markdown::{Markdown, link_ui, plain};
pub use marked::Marked;
pub use menu::context_menu_ui;
pub use message::{centred_ui, empty_ui, failed_load_ui, failure_bar_ui, failure_ui, loading_ui};
pub use pane::{Pane, begin_tab_in_pane};
pub use rows::{heading_ui, name_ui, rows_ui, value_ui};
pub use switch::switch_ui;
