//! Which sockets have something to be read. Many servers are asked by 64 sockets a family, of which a turn of
//! the driver finds a few readable: to ask each of them costs more than to read those.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Wake, Waker};

/// The ports to be read, and whom to wake for them.
#[derive(Default)]
pub(super) struct Readable(Mutex<State>);

#[derive(Default)]
struct State {
    ports: Vec<u32>,
    driver: Option<Waker>,
}

/// The waker of one port's reading side.
pub(super) struct Bell {
    port: u32,
    is_noted: AtomicBool,
    readable: Arc<Readable>,
}

impl Readable {
    /// A bell for a new port, rung once: nobody has looked at it yet.
    pub(super) fn bell(self: &Arc<Self>, port: u32) -> Arc<Bell> {
        let bell = Arc::new(Bell { port, is_noted: AtomicBool::new(false), readable: self.clone() });
        bell.wake_by_ref();
        bell
    }

    /// Who is woken from now on.
    pub(super) fn attend(&self, driver: &Waker) {
        let mut state = self.lock();
        if !state.driver.as_ref().is_some_and(|known| known.will_wake(driver)) {
            state.driver = Some(driver.clone());
        }
    }

    /// Moves the ports that are to be read into `ports`, which is empty.
    pub(super) fn take(&self, ports: &mut Vec<u32>) {
        std::mem::swap(&mut self.lock().ports, ports);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bell {
    /// The port is looked at now; what comes from now on is noted again.
    pub(super) fn is_heard(&self) {
        self.is_noted.store(false, SeqCst);
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.is_noted.swap(true, SeqCst) {
            return;
        }
        let mut state = self.readable.lock();
        state.ports.push(self.port);
        let driver = state.driver.clone();
        drop(state);
        if let Some(driver) = driver {
            driver.wake();
        }
    }
}
