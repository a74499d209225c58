//! Menus of rows, cells and chips: at the pointer by right click, and below the one that the keyboard is on by the Menu
//! key or Shift+F10.

use egui::{Context, Id, Key, Modifiers, Popup, Response, SetOpenCommand, Ui};

/// The menu that was opened by key, and whether its first entry had the focus already.
#[derive(Clone, Copy)]
struct ByKey {
    menu: Id,
    entered: bool,
}

fn memory_id() -> Id {
    Id::unique("menu opened by key")
}

fn by_key(ctx: &Context, menu: Id) -> Option<ByKey> {
    ctx.data(|data| data.get_temp::<ByKey>(memory_id())).filter(|it| it.menu == menu)
}

fn keep(ctx: &Context, by_key: Option<ByKey>) {
    ctx.data_mut(|data| match by_key {
        Some(it) => {
            data.insert_temp(memory_id(), it);
        }
        None => data.remove::<ByKey>(memory_id()),
    });
}

/// The menu of what `response` is of. `has_keys`: the keyboard is on it. Arrows and Enter work in the menu; when it is
/// closed, what had the focus has it again.
pub fn context_menu_ui(response: &Response, has_keys: bool, add: impl FnOnce(&mut Ui)) {
    let (ctx, menu) = (&response.ctx, Popup::default_response_id(response));
    let mut popup = Popup::context_menu(response);
    if has_keys && menu_key_pressed(ctx) {
        keep(ctx, Some(ByKey { menu, entered: false }));
        popup = popup.open_memory(SetOpenCommand::Bool(true));
    } else if response.secondary_clicked() && by_key(ctx, menu).is_some() {
        keep(ctx, None);
    }
    let opened = by_key(ctx, menu);
    if opened.is_some() {
        popup = popup.anchor(response);
    }
    popup.show(|ui| {
        if let Some(it) = opened.filter(|it| !it.entered) {
            enter_first(ui, it);
        }
        add(ui);
    });
    if opened.is_some() && !Popup::is_id_open(ctx, menu) {
        keep(ctx, None);
        // Of a row there is only the cursor, which stays where it is.
        if response.sense.is_focusable() {
            response.request_focus();
        }
    }
}

/// The first entry has the focus as soon as it is drawn.
fn enter_first(ui: &Ui, by_key: ByKey) {
    let first = ui.next_auto_id();
    let entered = !ui.is_sizing_pass() && ui.memory(|memory| memory.has_focus(first));
    keep(ui.ctx(), Some(ByKey { entered, ..by_key }));
    if !entered {
        ui.memory_mut(|memory| memory.request_focus(first));
    }
}

/// Takes the Menu key or Shift+F10, if one was pressed.
fn menu_key_pressed(ctx: &Context) -> bool {
    ctx.input_mut(|input| {
        input.consume_key(Modifiers::NONE, Key::Menu) || input.consume_key(Modifiers::SHIFT, Key::F10)
    })
}
