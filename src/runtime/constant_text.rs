//! Text of this program as JavaScript holds it: it crosses over once, not at every use.

use std::cell::RefCell;
use std::collections::BTreeMap;

use js_sys::JsString;

thread_local! {
    /// By where the text is in the program. There are few, and comparing places is quicker than hashing them.
    static TEXTS: RefCell<BTreeMap<(*const u8, usize), JsString>> =
        const { RefCell::new(BTreeMap::new()) };
}

/// The text in JavaScript.
pub fn in_javascript(text: &'static str) -> JsString {
    TEXTS.with_borrow_mut(|texts| {
        let place = (text.as_ptr(), text.len());
        texts.entry(place).or_insert_with(|| JsString::from(text)).clone()
    })
}
