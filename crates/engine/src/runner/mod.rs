//! Runs a request's Python on the loop thread: the first step inline, the rest as a task.
//!
//! A request that was just parsed is advanced in the same call stack. If it ends without waiting,
//! nothing was scheduled and nothing allocated: it ran with an idle [`RequestTask`] current, and the
//! next request gets the same one. If it suspends, that task takes over at the very await it is in,
//! and from there on it is an ordinary asyncio task: awaited futures wake it, `cancel()` reaches it.
//! If it waits for the pool alone, it is parked, and goes on inline when the pool is done. What waits
//! for the next message of a WebSocket goes on inline as well, by its [`Waiter`].

mod around;
mod aside;
mod asyncio;
mod attribute;
mod builtin;
mod context;
mod coroutine;
mod driver;
mod run;
mod tally;
mod task;
mod waiter;
mod work;

use std::sync::Arc;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit};

pub(crate) use self::around::Around;
pub(crate) use self::aside::{Aside, Pause};
use self::asyncio::Asyncio;
use self::context::Base;
pub(crate) use self::coroutine::{Stepped, iterator, send_value, throw, thrown};
use self::run::{Run, Turn};
use self::tally::Tally;
use self::task::RequestTask;
pub(crate) use self::waiter::{Waiter, Went};
pub(crate) use self::work::{PoolCall, Progress, Work};
use crate::eventloop::{Attached, EventLoop, is_exit};
use crate::pool::{Done, Job, Pool};

/// How many idle tasks are kept: as many as requests are commonly parked at a time.
const IDLE_TASKS: usize = 256;

/// Advances requests on one event loop.
pub(crate) struct Runner {
    event_loop: Py<EventLoop>,
    pool: Arc<Pool>,
    asyncio: Asyncio,
    /// The context that every request's begins as.
    base: Base,
    idle: Attached<Vec<RequestTask>>,
    suspended: Arc<Tally>,
}

impl Runner {
    /// A runner on `event_loop` whose `def` code runs in `pool`.
    pub(crate) fn new(
        py: Python<'_>,
        event_loop: Py<EventLoop>,
        pool: Arc<Pool>,
    ) -> PyResult<Arc<Self>> {
        Ok(Arc::new(Self {
            event_loop,
            pool,
            asyncio: Asyncio::import(py)?,
            base: Base::copy_current(py)?,
            idle: Attached::default(),
            suspended: Arc::default(),
        }))
    }

    /// How many runs had to wait for something and are not over.
    pub(crate) fn suspended(&self) -> usize {
        self.suspended.count()
    }

    /// A future that is done when there is no such run.
    pub(crate) fn idle(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let future = self.create_future(py)?;
        self.suspended.tell(py, future.clone_ref(py));
        Ok(future)
    }

    /// Shows the garbage collector the tasks that wait; only right where nobody else shows them.
    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.suspended.traverse(visit)
    }

    /// The loop that this runner works on.
    pub(crate) fn event_loop<'py>(&self, py: Python<'py>) -> &Bound<'py, EventLoop> {
        self.event_loop.bind(py)
    }

    /// Starts `work`: makes its first turn now, in this call stack.
    ///
    /// # Errors
    /// When no task can be made. What the work itself raises is the work's to report.
    pub(crate) fn start(self: &Arc<Self>, py: Python<'_>, work: Box<dyn Work>) -> PyResult<()> {
        let task = self.take_task(py)?;
        let run = Run::new(work, task.context().clone_ref(py));
        self.inline(py, task, run, None)
    }

    /// Makes a turn inline and sees to what it ended in.
    fn inline(
        self: &Arc<Self>,
        py: Python<'_>,
        task: RequestTask,
        mut run: Run,
        outcome: Option<PyResult<Py<PyAny>>>,
    ) -> PyResult<()> {
        let event_loop = self.event_loop(py);
        let around = Around::inline(&self.asyncio, event_loop, task.object(), task.context());
        let turn = run.go_on(py, self, &around, outcome);
        drop(around);
        match turn {
            Turn::Finished(result) => {
                drop(run);
                self.recycle(py, task)?;
                self.let_out(py, result)
            }
            Turn::Suspended(yielded) => {
                run.count(&self.suspended);
                run.keep(task.object().clone_ref(py));
                run.offer(py, &|| Waiter::new(py, self, &task));
                task.driver()
                    .hand_over(py, Arc::clone(self), Box::new(run), yielded);
                task.begin(py, &self.asyncio)
            }
            Turn::Parked(call) => {
                run.count(&self.suspended);
                self.park(py, task, run, call);
                Ok(())
            }
        }
    }

    /// Leaves a run to the pool; it goes on inline when its call is done.
    fn park(self: &Arc<Self>, py: Python<'_>, task: RequestTask, run: Run, call: PoolCall) {
        let runner = Arc::clone(self);
        let context = task.context().clone_ref(py);
        let done: Done = Box::new(move |py, outcome| {
            if let Err(error) = runner.inline(py, task, run, Some(outcome)) {
                error.write_unraisable(py, None);
            }
        });
        self.submit(py, call, context, done);
    }

    fn submit(&self, py: Python<'_>, call: PoolCall, context: Py<PyAny>, done: Done) {
        let PoolCall { call, lane, pace } = call;
        self.pool.submit(
            py,
            Job {
                call,
                context,
                lane,
                pace,
                submitted: None,
                done,
            },
        );
    }

    fn create_future(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.event_loop(py)
            .call_method0(intern!(py, "create_future"))
            .map(Bound::unbind)
    }

    /// `SystemExit` and `KeyboardInterrupt` end the loop, as they do from any task.
    fn let_out(&self, py: Python<'_>, result: PyResult<Py<PyAny>>) -> PyResult<()> {
        match result {
            Err(error) if is_exit(py, &error) => {
                self.event_loop.get().raise_from_run(py, error);
                Ok(())
            }
            result => result.map(drop),
        }
    }

    fn take_task(self: &Arc<Self>, py: Python<'_>) -> PyResult<RequestTask> {
        if let Some(task) = self.idle.with(py, Vec::pop) {
            return Ok(task);
        }
        let runner = Arc::downgrade(self);
        RequestTask::new(py, runner, &self.asyncio, self.event_loop(py), &self.base)
    }

    /// Keeps a task for the next request, or lets it end if this one left something on it.
    fn recycle(&self, py: Python<'_>, task: RequestTask) -> PyResult<()> {
        if !task.is_untouched(py, &self.asyncio, &self.base)? {
            return task.begin(py, &self.asyncio);
        }
        self.keep(py, task);
        Ok(())
    }

    fn keep(&self, py: Python<'_>, task: RequestTask) {
        let left = self.idle.with(py, |idle| {
            if idle.len() >= IDLE_TASKS {
                return Some(task);
            }
            idle.push(task);
            None
        });
        drop(left);
    }
}
