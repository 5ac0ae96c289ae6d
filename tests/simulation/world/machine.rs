//! The machine: who runs, in which order, and when. Actors take turns; a turn runs whatever of one actor is
//! ready until it waits, is committed, and only then lets out what it said. Time is a list of what comes
//! next. Nothing depends on a real clock or thread, so a seed plays the same world again.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use cartwright::objects::hosting::native::Open;
use futures_util::future::LocalBoxFuture;

use super::storage::Storage;

/// Who can take turns.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Actor {
    /// Buyers, the shop's people and the gateways': they never die.
    People,
    /// The Worker itself: requests, the queue's consumer, the schedule.
    Isolate,
    /// An object, by its binding and name.
    Object(&'static str, String),
}

/// Something that an actor said, let out when its turn is committed.
pub type Said = Box<dyn FnOnce()>;

pub struct ActorState {
    pub actor: Actor,
    /// How often it was started anew. What was begun before is gone.
    pub life: u64,
    pub open: Option<Rc<dyn Open>>,
    pub storage: Option<Rc<Storage>>,
    /// How far its clock is off.
    pub clock_off: i64,
    ready: VecDeque<u64>,
    said: Vec<Said>,
}

struct Task {
    actor: usize,
    work: Option<LocalBoxFuture<'static, ()>>,
    waker: Waker,
}

struct TaskWaker {
    task: u64,
    woken: Arc<Mutex<Vec<u64>>>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.woken.lock().unwrap().push(self.task);
    }
}

#[derive(Default)]
pub struct Machine {
    pub now: Cell<i64>,
    actors: RefCell<Vec<ActorState>>,
    numbers: RefCell<BTreeMap<Actor, usize>>,
    tasks: RefCell<BTreeMap<u64, Task>>,
    last_task: Cell<u64>,
    woken: Arc<Mutex<Vec<u64>>>,
    current: Cell<Option<usize>>,
    coming: RefCell<BTreeMap<(i64, u64), Said>>,
    last_coming: Cell<u64>,
}

impl Machine {
    /// The actor's number; it is there from the first time that it is asked for.
    pub fn number(&self, actor: &Actor) -> usize {
        if let Some(number) = self.numbers.borrow().get(actor) {
            return *number;
        }
        let mut actors = self.actors.borrow_mut();
        let number = actors.len();
        actors.push(ActorState {
            actor: actor.clone(),
            life: 0,
            open: None,
            storage: None,
            clock_off: 0,
            ready: VecDeque::new(),
            said: Vec::new(),
        });
        self.numbers.borrow_mut().insert(actor.clone(), number);
        number
    }

    pub fn with<T>(&self, number: usize, act: impl FnOnce(&mut ActorState) -> T) -> T {
        act(&mut self.actors.borrow_mut()[number])
    }

    pub fn count(&self) -> usize {
        self.actors.borrow().len()
    }

    /// Whose turn it is.
    pub fn current(&self) -> usize {
        self.current.get().unwrap_or_else(|| self.number(&Actor::People))
    }

    pub fn life(&self, number: usize) -> u64 {
        self.with(number, |state| state.life)
    }

    /// Work of an actor, ready at once.
    pub fn spawn(&self, actor: usize, work: LocalBoxFuture<'static, ()>) {
        let task = self.last_task.get() + 1;
        self.last_task.set(task);
        let waker = Waker::from(Arc::new(TaskWaker { task, woken: Arc::clone(&self.woken) }));
        self.tasks.borrow_mut().insert(task, Task { actor, work: Some(work), waker });
        self.with(actor, |state| state.ready.push_back(task));
    }

    /// Says something for the actor whose turn it is; outside a turn it is out at once.
    pub fn say(&self, said: Said) {
        match self.current.get() {
            Some(number) => self.with(number, |state| state.said.push(said)),
            None => said(),
        }
    }

    /// Has something happen later.
    pub fn after(&self, milliseconds: i64, what: Said) {
        let number = self.last_coming.get() + 1;
        self.last_coming.set(number);
        let at = self.now.get() + milliseconds.max(0);
        self.coming.borrow_mut().insert((at, number), what);
    }

    fn hear_wakes(&self) {
        let woken = std::mem::take(&mut *self.woken.lock().unwrap());
        for task in woken {
            let Some(actor) = self.tasks.borrow().get(&task).map(|task| task.actor) else {
                continue;
            };
            self.with(actor, |state| {
                if !state.ready.contains(&task) {
                    state.ready.push_back(task);
                }
            });
        }
    }

    /// Actors that have something to do.
    pub fn ready(&self) -> Vec<usize> {
        self.hear_wakes();
        let actors = self.actors.borrow();
        let is_ready =
            |(number, state): (usize, &ActorState)| (!state.ready.is_empty()).then_some(number);
        actors.iter().enumerate().filter_map(is_ready).collect()
    }

    /// Runs an actor until it waits. What it said is given back.
    pub fn run(&self, number: usize) -> Vec<Said> {
        self.current.set(Some(number));
        loop {
            self.hear_wakes();
            let Some(task) = self.with(number, |state| state.ready.pop_front()) else { break };
            let taken = self
                .tasks
                .borrow_mut()
                .get_mut(&task)
                .and_then(|task| task.work.take().map(|work| (work, task.waker.clone())));
            let Some((mut work, waker)) = taken else { continue };
            match work.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(()) => {
                    drop(work);
                    self.tasks.borrow_mut().remove(&task);
                }
                Poll::Pending => {
                    if let Some(task) = self.tasks.borrow_mut().get_mut(&task) {
                        task.work = Some(work);
                    }
                }
            }
        }
        self.current.set(None);
        self.with(number, |state| std::mem::take(&mut state.said))
    }

    /// Ends an actor's life: whatever it had begun is gone, and what it holds in memory.
    pub fn end(&self, number: usize) {
        let open = self.with(number, |state| {
            state.life += 1;
            state.ready.clear();
            state.said.clear();
            state.open.take()
        });
        let gone: Vec<Task> = {
            let mut tasks = self.tasks.borrow_mut();
            let ids: Vec<u64> =
                tasks.iter().filter(|(_, task)| task.actor == number).map(|(id, _)| *id).collect();
            ids.into_iter().filter_map(|id| tasks.remove(&id)).collect()
        };
        // What is dropped may still speak: nobody hears it.
        self.current.set(Some(number));
        drop(gone);
        drop(open);
        self.current.set(None);
        self.with(number, |state| {
            state.ready.clear();
            state.said.clear();
        });
    }

    /// Nothing comes any more.
    pub fn forget_what_comes(&self) {
        drop(self.coming.take());
    }

    /// What comes next, if it comes by then.
    pub fn next(&self, until: i64) -> Option<Said> {
        let mut coming = self.coming.borrow_mut();
        let key = *coming.keys().next().filter(|(at, _)| *at <= until)?;
        self.now.set(self.now.get().max(key.0));
        coming.remove(&key)
    }
}
