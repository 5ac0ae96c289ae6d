//! The queue of events: texts in, texts out.

use worker::Result;

use super::platform::Environment;

/// Hands messages to the queue.
#[cfg(target_arch = "wasm32")]
pub struct Queue(worker::Queue);

#[cfg(target_arch = "wasm32")]
impl Queue {
    pub(super) fn of(env: &Environment) -> Result<Self> {
        env.queue("EVENTS").map(Self)
    }

    /// Sends messages together: all of them or none.
    ///
    /// # Errors
    /// When the queue did not take them.
    pub async fn send(&self, messages: impl IntoIterator<Item = &str>) -> Result<()> {
        use wasm_bindgen::JsValue;
        use worker::{BatchMessageBuilder, QueueContentType, RawMessageBuilder};
        let mut batch = BatchMessageBuilder::new();
        for message in messages {
            let body = RawMessageBuilder::new(JsValue::from_str(message));
            batch = batch.message(body.build_with_content_type(QueueContentType::Text));
        }
        self.0.send_raw_batch(batch.build()).await
    }
}

/// Hands messages to the queue.
#[cfg(not(target_arch = "wasm32"))]
pub struct Queue(std::rc::Rc<Environment>);

#[cfg(not(target_arch = "wasm32"))]
impl Queue {
    pub(super) fn of(env: &std::rc::Rc<Environment>) -> Result<Self> {
        Ok(Self(std::rc::Rc::clone(env)))
    }

    /// Sends messages together: all of them or none.
    ///
    /// # Errors
    /// When the queue did not take them.
    pub async fn send(&self, messages: impl IntoIterator<Item = &str>) -> Result<()> {
        let messages = messages.into_iter().map(str::to_owned).collect();
        self.0.enqueue(messages).await.map_err(worker::Error::RustError)
    }
}

/// A message that the queue delivers.
pub trait Delivered {
    /// What it says, if it is text.
    fn text(&self) -> Option<String>;
    /// It need not come again.
    fn acknowledge(&self);
    /// It is to come again, after so many seconds if that is said.
    fn retry(&self, after_seconds: Option<u32>);
}

#[cfg(target_arch = "wasm32")]
impl Delivered for worker::RawMessage {
    fn text(&self) -> Option<String> {
        self.body().as_string()
    }

    fn acknowledge(&self) {
        worker::MessageExt::ack(self);
    }

    fn retry(&self, after_seconds: Option<u32>) {
        use worker::{MessageExt, QueueRetryOptionsBuilder};
        match after_seconds {
            None => MessageExt::retry(self),
            Some(seconds) => {
                let options = QueueRetryOptionsBuilder::new().with_delay_seconds(seconds).build();
                self.retry_with_options(&options);
            }
        }
    }
}
