//! What every object is to the platform, and the one way in which the platform's events reach it.

use std::future::Future;
use std::rc::Rc;

use worker::Result;

use crate::runtime::place::Place;

/// An object's own side.
pub trait Hosted: Sized + 'static {
    /// Opens the object over its storage.
    ///
    /// # Errors
    /// When its name says nothing, or its storage can't be used: every event is answered with that.
    fn open(place: &Place) -> Result<Self>;

    /// Answers a command, JSON for JSON. `None`: what [`crate::runtime::object_call::LOOK`] asks.
    fn on_command(self: Rc<Self>, command: Option<String>) -> impl Future<Output = Result<String>>;

    /// The alarm. It catches everything: an alarm that keeps failing would be dropped by the platform.
    fn on_alarm(self: Rc<Self>) -> impl Future<Output = ()>;
}

/// An object as the platform holds it: opened, or why it could not be.
#[cfg(target_arch = "wasm32")]
pub struct Host<T>(std::result::Result<Rc<T>, String>);

#[cfg(target_arch = "wasm32")]
impl<T: Hosted> Host<T> {
    /// Opens the object.
    pub fn open(state: &worker::State, env: worker::Env) -> Self {
        let opened = Place::of(state, env).and_then(|place| T::open(&place));
        Self(opened.map(Rc::new).map_err(|error| error.to_string()))
    }

    fn hosted(&self) -> Result<Rc<T>> {
        self.0.clone().map_err(worker::Error::RustError)
    }

    /// A request.
    pub async fn fetch(&self, mut request: worker::Request) -> Result<worker::Response> {
        let hosted = self.hosted()?;
        let looks = request.path() == crate::runtime::object_call::LOOK;
        let command = if looks { None } else { Some(request.text().await?) };
        let answer = hosted.on_command(command).await?;
        Ok(worker::Response::builder().fixed(answer.into_bytes()))
    }

    /// The alarm.
    pub async fn alarm(&self) -> Result<worker::Response> {
        self.hosted()?.on_alarm().await;
        worker::Response::empty()
    }
}

/// Declares the Durable Object class of an object.
#[cfg(target_arch = "wasm32")]
macro_rules! durable_object_class {
    ($class:ident, $hosted:ty) => {
        /// The Durable Object class. It holds no state of record: everything is in its storage.
        #[worker::durable_object]
        pub struct $class {
            host: crate::objects::hosting::Host<$hosted>,
        }

        impl worker::DurableObject for $class {
            fn new(state: worker::State, env: worker::Env) -> Self {
                Self { host: crate::objects::hosting::Host::open(&state, env) }
            }

            async fn fetch(&self, request: worker::Request) -> worker::Result<worker::Response> {
                self.host.fetch(request).await
            }

            async fn alarm(&self) -> worker::Result<worker::Response> {
                self.host.alarm().await
            }
        }
    };
}

/// Where the program runs natively, whoever runs it opens objects by their classes.
#[cfg(not(target_arch = "wasm32"))]
macro_rules! durable_object_class {
    ($class:ident, $hosted:ty) => {
        /// The object's name as a class.
        pub struct $class;

        impl $class {
            /// Opens an object of this class natively.
            ///
            /// # Errors
            /// When its name says nothing, or its storage can't be used.
            pub fn open(
                place: &crate::runtime::place::Place,
            ) -> worker::Result<std::rc::Rc<dyn crate::objects::hosting::native::Open>> {
                crate::objects::hosting::native::open::<$hosted>(place)
            }
        }
    };
}

pub(super) use durable_object_class;

#[cfg(not(target_arch = "wasm32"))]
pub mod native {
    //! Objects where there is no platform.

    use std::rc::Rc;

    use futures_util::FutureExt;
    use futures_util::future::LocalBoxFuture;
    use worker::Result;

    use super::Hosted;
    use crate::runtime::place::Place;

    /// An object of any class that is open.
    pub trait Open {
        /// Answers a command, as [`Hosted::on_command`].
        fn answer(&self, command: Option<String>) -> LocalBoxFuture<'static, Result<String>>;
        /// The alarm.
        fn ring(&self) -> LocalBoxFuture<'static, ()>;
    }

    struct Opened<T>(Rc<T>);

    impl<T: Hosted> Open for Opened<T> {
        fn answer(&self, command: Option<String>) -> LocalBoxFuture<'static, Result<String>> {
            Rc::clone(&self.0).on_command(command).boxed_local()
        }

        fn ring(&self) -> LocalBoxFuture<'static, ()> {
            Rc::clone(&self.0).on_alarm().boxed_local()
        }
    }

    pub(in crate::objects) fn open<T: Hosted>(place: &Place) -> Result<Rc<dyn Open>> {
        Ok(Rc::new(Opened(Rc::new(T::open(place)?))))
    }
}
