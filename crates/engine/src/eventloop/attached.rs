//! State that whoever is attached to the interpreter may touch.

use std::ops::DerefMut;

use pyo3::prelude::*;

pub(crate) use self::imp::Guard;

/// Interior mutability for frozen classes, reached with the interpreter's token.
///
/// With the GIL, the token proves that no other thread is inside, so entering costs a flag. In a
/// free-threaded build it is a mutex. Either way the closure must not enter Python and must not
/// drop Python references: both can run arbitrary code, which may come back here. Move such values
/// out of the closure instead. The same holds for as long as a guard lives.
#[derive(Debug, Default)]
pub(crate) struct Attached<T>(imp::Cell<T>);

impl<T> Attached<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(imp::Cell::new(value))
    }

    /// Runs `visit` on the value.
    pub(crate) fn with<R>(&self, _py: Python<'_>, visit: impl FnOnce(&mut T) -> R) -> R {
        visit(self.0.enter().deref_mut())
    }

    /// The value, until the guard is dropped.
    pub(crate) fn enter<'a>(&'a self, _py: Python<'a>) -> Guard<'a, T> {
        self.0.enter()
    }

    /// Puts another value in its place and hands out the old one.
    pub(crate) fn replace(&self, py: Python<'_>, value: T) -> T {
        self.with(py, |slot| std::mem::replace(slot, value))
    }

    /// Runs `visit` for the garbage collector, which has stopped everybody else.
    ///
    /// Does nothing while the value is in use, which the collector takes for "cannot be freed".
    pub(crate) fn traverse<E>(&self, visit: impl FnOnce(&T) -> Result<(), E>) -> Result<(), E> {
        self.0.try_enter().map_or(Ok(()), |value| visit(&value))
    }
}

impl<T: Default> Attached<T> {
    /// Leaves the default in its place and hands out the value.
    pub(crate) fn take(&self, py: Python<'_>) -> T {
        self.replace(py, T::default())
    }
}

impl<T> Attached<Option<Py<T>>> {
    /// The object, if there is one.
    pub(crate) fn bound<'py>(&self, py: Python<'py>) -> Option<Bound<'py, T>> {
        self.with(py, |object| {
            object.as_ref().map(|object| object.bind(py).clone())
        })
    }
}

impl<T: Copy> Attached<T> {
    /// A copy of the value.
    pub(crate) fn get(&self, py: Python<'_>) -> T {
        self.with(py, |value| *value)
    }
}

#[cfg(not(Py_GIL_DISABLED))]
mod imp {
    use std::cell::{RefCell, RefMut};

    pub(crate) type Guard<'a, T> = RefMut<'a, T>;

    #[derive(Debug, Default)]
    pub(super) struct Cell<T>(RefCell<T>);

    // SAFETY: the ways in take the interpreter's token, so the thread holds the GIL, and so it does when it
    // comes back to a guard: the flag is read and written by one thread at a time. Whoever gets the GIL while
    // a guard lives finds the flag set, and panics. `Attached::traverse` runs in the collector, which
    // holds the GIL as well.
    unsafe impl<T: Send> Sync for Cell<T> {}

    impl<T> Cell<T> {
        pub(super) const fn new(value: T) -> Self {
            Self(RefCell::new(value))
        }

        pub(super) fn enter(&self) -> Guard<'_, T> {
            self.0.borrow_mut()
        }

        pub(super) fn try_enter(&self) -> Option<RefMut<'_, T>> {
            self.0.try_borrow_mut().ok()
        }
    }
}

#[cfg(Py_GIL_DISABLED)]
mod imp {
    use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

    pub(crate) type Guard<'a, T> = MutexGuard<'a, T>;

    #[derive(Debug, Default)]
    pub(super) struct Cell<T>(Mutex<T>);

    impl<T> Cell<T> {
        pub(super) const fn new(value: T) -> Self {
            Self(Mutex::new(value))
        }

        pub(super) fn enter(&self) -> Guard<'_, T> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner)
        }

        pub(super) fn try_enter(&self) -> Option<MutexGuard<'_, T>> {
            match self.0.try_lock() {
                Ok(guard) => Some(guard),
                Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
                Err(TryLockError::WouldBlock) => None,
            }
        }
    }
}
