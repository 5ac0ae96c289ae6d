//! Where an object lives: its name, its storage, and the platform around it.

use std::rc::Rc;

use worker::{Error, Result};

use super::platform::Platform;
use super::sqlite::Storage;

/// What an object is opened with.
pub struct Place {
    name: Option<String>,
    storage: Rc<Storage>,
    platform: Platform,
}

impl Place {
    /// That of the object that the platform has started.
    ///
    /// # Errors
    /// When the deployment's variables can't be used.
    #[cfg(target_arch = "wasm32")]
    pub fn of(state: &worker::State, env: worker::Env) -> Result<Self> {
        let platform = super::platform::shared(env, None)?;
        Ok(Self { name: state.id().name(), storage: Rc::new(Storage::of(state)), platform })
    }

    /// That of an object which runs natively.
    ///
    /// # Errors
    /// When the variables can't be used.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn native(
        name: &str,
        storage: Rc<dyn super::native::ObjectStorage>,
        platform: Rc<dyn super::native::NativePlatform>,
    ) -> Result<Self> {
        let platform = super::platform::native(platform)?;
        Ok(Self { name: Some(name.to_owned()), storage: Rc::new(Storage(storage)), platform })
    }

    /// What the object's name says, which `kind` is for the error.
    ///
    /// # Errors
    /// When the object has no name, or one that says nothing.
    pub fn named<T>(&self, kind: &str, read: impl FnOnce(&str) -> Option<T>) -> Result<T> {
        let named = self.name.as_deref().and_then(read);
        named.ok_or_else(|| Error::RustError(format!("not the name of {kind}")))
    }

    /// The platform.
    #[must_use]
    pub fn platform(&self) -> Platform {
        self.platform.clone()
    }

    /// The storage.
    pub(super) fn storage(&self) -> Rc<Storage> {
        Rc::clone(&self.storage)
    }
}
