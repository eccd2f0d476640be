//! What clients may do that costs us and brings them nothing.
//!
//! Each such thing is paid for. What a client has to spend grows with time, and with work that it
//! gives us in earnest; one that floods runs out of it. This is the one place that knows of time,
//! and it is told.

use std::time::Duration;

use h2::Reason;

/// An amount that is spent and grows again.
#[derive(Debug)]
struct Purse {
    left: u32,
    most: u32,
    /// How much it grows in a second.
    rate: u32,
    /// Growth that is no whole unit yet, in thousandths.
    rest: u32,
}

impl Purse {
    fn new(most: u32, rate: u32) -> Self {
        Self {
            left: most,
            most,
            rate,
            rest: 0,
        }
    }

    fn spend(&mut self, price: u32) -> Result<(), Spent> {
        self.left = self.left.checked_sub(price).ok_or(Spent)?;
        Ok(())
    }

    fn earn(&mut self, amount: u32) {
        self.left = self.left.saturating_add(amount).min(self.most);
    }

    fn grow(&mut self, elapsed: Duration) {
        let millis = u32::try_from(elapsed.as_millis()).unwrap_or(u32::MAX);
        let grown = self.rate.saturating_mul(millis).saturating_add(self.rest);
        self.rest = grown % 1000;
        self.earn(grown / 1000);
    }
}

/// There is nothing left to pay with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spent;

/// What one client has to spend.
#[derive(Debug)]
pub(crate) struct Budget {
    /// For streams that end before their time: CVE-2023-44487 (the client resets them) and
    /// CVE-2025-8671 (it makes us).
    resets: Purse,
    /// For frames that carry nothing of a request.
    control: Purse,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            resets: Purse::new(200, 33),
            control: Purse::new(1000, 100),
        }
    }
}

impl Budget {
    pub(crate) fn reset(&mut self) -> Result<(), Spent> {
        self.resets.spend(1)
    }

    pub(crate) fn control(&mut self, price: u32) -> Result<(), Spent> {
        self.control.spend(price)
    }

    /// A request came, and with it the client's opinion on its priority.
    pub(crate) fn request_began(&mut self) {
        self.control.earn(4);
    }

    /// A request was answered.
    pub(crate) fn request_ended(&mut self) {
        self.resets.earn(1);
    }

    /// A piece of a body went, so that the client may open its windows for more.
    pub(crate) fn data_sent(&mut self) {
        self.control.earn(3);
    }

    pub(crate) fn time_passed(&mut self, elapsed: Duration) {
        self.resets.grow(elapsed);
        self.control.grow(elapsed);
    }
}

/// Whether a reset of ours, with this code, is the client's doing.
pub(crate) fn is_provoked(code: Option<u32>) -> bool {
    let ours = [Reason::NO_ERROR, Reason::CANCEL, Reason::INTERNAL_ERROR];
    !code.is_some_and(|code| ours.contains(&Reason::from(code)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_runs_out() {
        let mut budget = Budget::default();
        assert_eq!((0..1000).find(|_| budget.reset().is_err()), Some(200));
        budget.request_ended();
        assert_eq!((budget.reset(), budget.reset()), (Ok(()), Err(Spent)));
    }

    #[test]
    fn time_gives_it_back() {
        let mut budget = Budget::default();
        while budget.reset().is_ok() {}
        for _ in 0..100 {
            budget.time_passed(Duration::from_millis(10));
        }
        assert_eq!((0..1000).find(|_| budget.reset().is_err()), Some(33));
        budget.time_passed(Duration::from_secs(u64::MAX));
        assert_eq!((0..1000).find(|_| budget.reset().is_err()), Some(200));
    }
}
