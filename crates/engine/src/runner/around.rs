//! What is around a turn: the request's context entered, and its task current.

use std::cell::Cell;

use pyo3::prelude::*;

use super::asyncio::Asyncio;
use super::context::Entered;
use crate::eventloop::EventLoop;

/// The surroundings of one turn, entered when the first piece of Python in it needs them.
///
/// A turn that only reads plain parameters and hands a `def` function to the pool, or only writes
/// what came back, runs no code that could tell, and is spared the ceremony. A turn made by the
/// request's task is surrounded already.
pub(crate) struct Around<'a, 'py> {
    inline: Option<Inline<'a, 'py>>,
}

struct Inline<'a, 'py> {
    asyncio: &'a Asyncio,
    event_loop: &'a Bound<'py, EventLoop>,
    task: &'a Py<PyAny>,
    context: &'a Py<PyAny>,
    /// Declared after everything it needs, and taken first: the task is left before the context.
    entered: Cell<Option<Entered<'a, 'py>>>,
}

impl<'a, 'py> Around<'a, 'py> {
    /// A turn that `task` makes itself.
    pub(crate) fn task() -> Self {
        Self { inline: None }
    }

    /// A turn made for `task`, which makes none itself meanwhile, in its `context`.
    pub(super) fn inline(
        asyncio: &'a Asyncio,
        event_loop: &'a Bound<'py, EventLoop>,
        task: &'a Py<PyAny>,
        context: &'a Py<PyAny>,
    ) -> Self {
        Self {
            inline: Some(Inline {
                asyncio,
                event_loop,
                task,
                context,
                entered: Cell::new(None),
            }),
        }
    }

    /// Whether the turn is made for a task and not by it.
    pub(super) fn is_inline(&self) -> bool {
        self.inline.is_some()
    }

    /// Enters the context and makes the task current, unless that was done.
    ///
    /// # Errors
    /// `RuntimeError` when another task is current, or the context is entered elsewhere.
    pub(crate) fn enter(&self) -> PyResult<()> {
        let Some(inline) = &self.inline else {
            return Ok(());
        };
        if let Some(entered) = inline.entered.take() {
            inline.entered.set(Some(entered));
            return Ok(());
        }
        let py = inline.event_loop.py();
        let entered = Entered::enter(py, inline.context)?;
        inline
            .asyncio
            .enter_task(py, inline.event_loop, inline.task)?;
        inline.entered.set(Some(entered));
        Ok(())
    }
}

impl Drop for Around<'_, '_> {
    fn drop(&mut self) {
        let Some(inline) = &self.inline else { return };
        let Some(entered) = inline.entered.take() else {
            return;
        };
        let py = inline.event_loop.py();
        if let Err(error) = inline
            .asyncio
            .leave_task(py, inline.event_loop, inline.task)
        {
            error.write_unraisable(py, Some(inline.task.bind(py)));
        }
        drop(entered);
    }
}
