//! The children of one supervisor, as a plain state machine: which child is started, stopped or given up,
//! and in which order.
//!
//! Events and the time go in, orders come out; it has no runtime, clock or random source.

use std::time::Duration;

use tokio::time::Instant;

use super::restart_rules::{Verdict, Window};
use super::{Care, Ending, OnGiveUp};

/// Orders to carry out, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Start(usize),
    /// Tell this child to stop; the group waits for its end.
    Stop(usize),
    /// Mark this child as down for `wait`, then restarting.
    Await(usize, Duration),
    /// Mark this child as given up.
    GiveUp(usize),
    /// Mark this child as stopped for good.
    Rest(usize),
    /// All children are down. Holds the child that was given up, if that is the cause.
    AllDown(Option<usize>),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    /// Waits for its first start.
    Down,
    Waiting {
        until: Instant,
    },
    Starting,
    Up {
        since: Instant,
    },
    /// Told to stop, for good.
    Stopping,
    /// Given up, to be retried.
    GivenUp {
        retry_at: Instant,
    },
    Resting,
}

#[derive(Debug)]
struct Member {
    care: Care,
    state: State,
    window: Window,
    /// Consecutive generations that ended before the window had passed.
    failures: u32,
    /// It was started before: the order of the first start no longer applies.
    begun: bool,
    /// It was given up before and has not yet lasted the window: the next failure gives it up at once.
    on_probation: bool,
}

impl Member {
    /// A child that has been up for as long as the window is not failing any more.
    fn forget_failures(&mut self, now: Instant) {
        if let State::Up { since } = self.state
            && now - since >= self.care.intensity.within
        {
            self.failures = 0;
            self.on_probation = false;
        }
    }
}

/// The children of one supervisor.
#[derive(Debug)]
pub(crate) struct SiblingGroup {
    on_give_up: OnGiveUp,
    members: Vec<Member>,
    stopping: bool,
    failed: Option<usize>,
    all_down: bool,
}

impl SiblingGroup {
    pub(crate) fn new(on_give_up: OnGiveUp, cares: impl IntoIterator<Item = Care>) -> Self {
        let member = |care| Member {
            care,
            state: State::Down,
            window: Window::default(),
            failures: 0,
            begun: false,
            on_probation: false,
        };
        let members = cares.into_iter().map(member).collect();
        Self { on_give_up, members, stopping: false, failed: None, all_down: false }
    }

    /// Starts the first child; the others follow in order.
    pub(crate) fn begin(&mut self) -> Vec<Order> {
        self.advance(Vec::new())
    }

    pub(crate) fn started(&mut self, child: usize, now: Instant) -> Vec<Order> {
        if self.members[child].state == State::Starting {
            self.members[child].state = State::Up { since: now };
        }
        self.advance(Vec::new())
    }

    /// A child ended. `chance` (0 to 1) spreads the wait before its restart.
    pub(crate) fn ended(
        &mut self,
        child: usize,
        ending: Ending,
        now: Instant,
        chance: f64,
    ) -> Vec<Order> {
        let mut orders = Vec::new();
        match self.members[child].state {
            State::Stopping => self.rest(child, &mut orders),
            State::Starting | State::Up { .. } if self.stopping => self.rest(child, &mut orders),
            State::Starting | State::Up { .. } => {
                self.failed(child, ending, now, chance, &mut orders)
            }
            // It was not running: a child cannot end twice.
            State::Down | State::Waiting { .. } | State::GivenUp { .. } | State::Resting => {}
        }
        self.advance(orders)
    }

    /// Applies the passage of time.
    pub(crate) fn tick(&mut self, now: Instant) -> Vec<Order> {
        for member in &mut self.members {
            match member.state {
                State::Waiting { until } if until <= now => member.state = State::Down,
                State::GivenUp { retry_at } if retry_at <= now => {
                    member.on_probation = true;
                    member.state = State::Down;
                }
                State::Up { .. } => member.forget_failures(now),
                _ => {}
            }
        }
        self.advance(Vec::new())
    }

    /// When [`SiblingGroup::tick`] must be called next.
    pub(crate) fn next_tick(&self) -> Option<Instant> {
        let due = |member: &Member| match member.state {
            State::Waiting { until } => Some(until),
            State::GivenUp { retry_at } => Some(retry_at),
            _ => None,
        };
        self.members.iter().filter_map(due).min()
    }

    /// Stops all children, the last started first.
    pub(crate) fn stop(&mut self) -> Vec<Order> {
        self.stopping = true;
        self.advance(Vec::new())
    }

    fn failed(
        &mut self,
        child: usize,
        ending: Ending,
        now: Instant,
        chance: f64,
        orders: &mut Vec<Order>,
    ) {
        let member = &mut self.members[child];
        let Care { policy, intensity, backoff, .. } = member.care;
        member.forget_failures(now);
        let verdict = if member.on_probation && policy.restarts(ending) {
            Verdict::GiveUp
        } else {
            member.window.decide(policy, intensity, ending, now)
        };
        match verdict {
            Verdict::Rest => self.rest(child, orders),
            Verdict::Restart => {
                member.failures = member.failures.saturating_add(1);
                let wait = backoff.wait(member.failures, chance);
                member.state = State::Waiting { until: now + wait };
                if wait.is_zero() {
                    member.state = State::Down;
                }
                orders.push(Order::Await(child, wait));
            }
            Verdict::GiveUp => {
                member.failures = member.failures.saturating_add(1);
                self.give_up(child, now, orders);
            }
        }
    }

    fn rest(&mut self, child: usize, orders: &mut Vec<Order>) {
        self.members[child].state = State::Resting;
        orders.push(Order::Rest(child));
    }

    fn give_up(&mut self, child: usize, now: Instant, orders: &mut Vec<Order>) {
        orders.push(Order::GiveUp(child));
        match self.on_give_up {
            OnGiveUp::Escalate => {
                self.members[child].state = State::Resting;
                self.failed = Some(child);
                self.stopping = true;
            }
            OnGiveUp::Retry(every) => {
                self.members[child].state = State::GivenUp { retry_at: now + every };
            }
        }
    }

    /// Starts or stops the next children in order.
    fn advance(&mut self, mut orders: Vec<Order>) -> Vec<Order> {
        if self.stopping {
            self.advance_stop(&mut orders);
            return orders;
        }
        for child in 0..self.members.len() {
            if self.members[child].state == State::Down && self.may_start(child) {
                self.members[child].state = State::Starting;
                self.members[child].begun = true;
                orders.push(Order::Start(child));
            }
        }
        orders
    }

    /// A child is first started when those before it were up, or are waiting or given up: a sibling that cannot
    /// start delays no other. A restart waits for no sibling.
    fn may_start(&self, child: usize) -> bool {
        let (before, rest) = self.members.split_at(child);
        let had_its_turn = |member: &Member| !matches!(member.state, State::Down | State::Starting);
        rest[0].begun || before.iter().all(had_its_turn)
    }

    /// One at a time, from the last to the first; then the end.
    fn advance_stop(&mut self, orders: &mut Vec<Order>) {
        for child in (0..self.members.len()).rev() {
            match self.members[child].state {
                State::Starting | State::Up { .. } => {
                    self.members[child].state = State::Stopping;
                    orders.push(Order::Stop(child));
                    return;
                }
                State::Stopping => return,
                State::Resting => {}
                _ => self.rest(child, orders),
            }
        }
        if !self.all_down {
            self.all_down = true;
            orders.push(Order::AllDown(self.failed));
        }
    }
}

#[cfg(test)]
#[path = "sibling_group_tests.rs"]
mod tests;
