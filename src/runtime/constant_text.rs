//! Text of this program as JavaScript holds it: it crosses over once, not at every use.

use std::cell::RefCell;
use std::collections::HashMap;

use js_sys::JsString;

thread_local! {
    /// By where the text is in the program.
    static TEXTS: RefCell<HashMap<(*const u8, usize), JsString>> = RefCell::new(HashMap::new());
}

/// The text in JavaScript.
pub fn in_javascript(text: &'static str) -> JsString {
    TEXTS.with_borrow_mut(|texts| {
        let place = (text.as_ptr(), text.len());
        texts.entry(place).or_insert_with(|| JsString::from(text)).clone()
    })
}
