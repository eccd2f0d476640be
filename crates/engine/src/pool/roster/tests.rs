//! The rule, kept in every situation.

use std::sync::Arc;
use std::time::Duration;

use super::{Roster, Summons, Taken, Work};
use crate::pool::job::Lane;
use crate::pool::pace::{Pace, Run};
use crate::pool::seat::Seat;

struct Task {
    name: u32,
    lane: Lane,
    pace: Arc<Pace>,
}

impl Work for Task {
    fn lane(&self) -> Lane {
        self.lane
    }

    fn pace(&self) -> &Arc<Pace> {
        &self.pace
    }
}

fn quick() -> Arc<Pace> {
    let pace = Pace::default();
    let run = Run {
        wall: Duration::ZERO,
        blocked: false,
    };
    (0..100).for_each(|_| pace.ran(run));
    Arc::new(pace)
}

fn push(roster: &mut Roster<Task>, names: std::ops::Range<u32>, lane: Lane, pace: &Arc<Pace>) {
    for name in names {
        let pace = Arc::clone(pace);
        assert!(roster.push(Task { name, lane, pace }).is_ok());
    }
}

fn seat(summons: Option<Summons>) -> Arc<Seat> {
    match summons.expect("somebody is called") {
        Summons::Wake(seat) | Summons::Start(seat) => seat,
    }
}

fn take(roster: &mut Roster<Task>, seat: &Arc<Seat>) -> Taken<Task> {
    roster.take(seat).expect("a job is due")
}

#[test]
fn one_worker_takes_all_quick_jobs() {
    let mut roster = Roster::new(40);
    push(&mut roster, 0..50, Lane::Normal, &quick());
    let worker = seat(roster.summon());
    assert!(roster.summon().is_none());
    for name in 0..50 {
        let taken = take(&mut roster, &worker);
        assert_eq!(taken.job.name, name);
        assert!(taken.quick && taken.successor.is_none());
        assert!(roster.summon().is_none());
        roster.finish(&worker);
    }
    assert!(roster.take(&worker).is_none());
    assert_eq!(
        (roster.threads(), roster.idle(), roster.queued()),
        (1, 1, 0)
    );
}

#[test]
fn each_job_that_may_block_calls_a_successor_up_to_the_limit() {
    let mut roster = Roster::new(3);
    push(&mut roster, 0..5, Lane::Normal, &Arc::default());
    let first = seat(roster.summon());
    let second = seat(take(&mut roster, &first).successor);
    assert!(roster.summon().is_none(), "one is coming already");
    let third = seat(take(&mut roster, &second).successor);
    assert!(take(&mut roster, &third).successor.is_none());
    assert!(roster.load() == (3, 3) && roster.summon().is_none());
    roster.finish(&second);
    assert_eq!(take(&mut roster, &second).job.name, 3);
    roster.set_limit(4);
    assert_eq!(seat(roster.summon()).number, 4);
}

#[test]
fn exits_pass_a_full_lane_and_wait_their_turn_otherwise() {
    let mut roster = Roster::new(1);
    push(&mut roster, 0..2, Lane::Normal, &Arc::default());
    push(&mut roster, 2..4, Lane::Exit, &Arc::default());
    let first = seat(roster.summon());
    let taken = take(&mut roster, &first);
    assert_eq!(taken.job.name, 0);
    let second = seat(taken.successor);
    let taken = take(&mut roster, &second);
    assert_eq!(taken.job.name, 2);
    assert!(taken.successor.is_none());
    roster.finish(&first);
    assert_eq!(take(&mut roster, &first).job.name, 1);
}

#[test]
fn a_job_that_is_seen_twice_is_not_quick() {
    let mut roster = Roster::new(40);
    let pace = quick();
    push(&mut roster, 0..3, Lane::Normal, &pace);
    let first = seat(roster.summon());
    assert!(take(&mut roster, &first).quick);
    assert!(matches!(roster.watch(), (false, None)));
    let (stalled, summons) = roster.watch();
    assert!(stalled && !pace.is_quick());
    let second = seat(summons);
    // Nobody else while that one has not come, and those behind are not trusted either.
    assert!(matches!(roster.watch(), (false, None)));
    let taken = take(&mut roster, &second);
    assert!(!taken.quick && taken.successor.is_some());
    roster.finish(&first);
    assert_eq!(take(&mut roster, &first).job.name, 2);
}

#[test]
fn who_rests_with_jobs_due_is_called_again() {
    let mut roster = Roster::new(40);
    push(&mut roster, 0..2, Lane::Normal, &quick());
    let worker = seat(roster.summon());
    take(&mut roster, &worker);
    roster.finish(&worker);
    roster.rest(&worker);
    assert!(matches!(roster.summon(), Some(Summons::Wake(seat)) if seat.number == 1));
}

#[test]
fn those_who_waited_in_vain_leave_down_to_the_floor() {
    let mut roster = Roster::new(40);
    push(&mut roster, 0..3, Lane::Normal, &Arc::default());
    let first = seat(roster.summon());
    let second = seat(take(&mut roster, &first).successor);
    let third = seat(take(&mut roster, &second).successor);
    take(&mut roster, &third);
    for worker in [&first, &second, &third] {
        assert!(!roster.leave(worker, 0), "it works");
        roster.finish(worker);
        assert!(roster.take(worker).is_none());
    }
    assert!(roster.leave(&first, 2));
    assert!(!roster.leave(&second, 2));
    assert_eq!((roster.threads(), roster.idle()), (2, 2));
    push(&mut roster, 3..4, Lane::Normal, &Arc::default());
    assert_eq!(seat(roster.summon()).number, 3, "the one that waited least");
    assert!(!roster.leave(&third, 0), "it was called");
}

#[test]
fn with_no_thread_at_all_the_jobs_are_handed_back() {
    let mut roster = Roster::new(40);
    push(&mut roster, 0..3, Lane::Normal, &Arc::default());
    let first = seat(roster.summon());
    assert_eq!(roster.fail_start(first.number).len(), 3);
    push(&mut roster, 3..6, Lane::Normal, &Arc::default());
    let first = seat(roster.summon());
    let second = seat(take(&mut roster, &first).successor);
    assert!(roster.fail_start(second.number).is_empty());
    roster.finish(&first);
    assert_eq!(take(&mut roster, &first).job.name, 4);
}

#[test]
fn a_closed_roster_takes_nothing_and_lets_everybody_go() {
    let mut roster = Roster::new(40);
    push(&mut roster, 0..2, Lane::Normal, &Arc::default());
    let first = seat(roster.summon());
    take(&mut roster, &first);
    let (refused, waiting) = roster.close();
    assert_eq!((refused.len(), waiting.len()), (1, 0));
    let (lane, pace) = (Lane::Normal, Arc::default());
    assert!(
        roster
            .push(Task {
                name: 9,
                lane,
                pace
            })
            .is_err()
    );
    roster.finish(&first);
    assert!(roster.take(&first).is_none() && roster.leave(&first, 2));
    assert_eq!(roster.threads(), 1, "the successor that was called");
}

#[test]
fn those_who_are_there_do_the_work_of_threads_that_cannot_be_started() {
    let mut roster = Roster::new(5);
    push(&mut roster, 0..3, Lane::Normal, &Arc::default());
    let first = seat(roster.summon());
    let second = seat(take(&mut roster, &first).successor);
    roster.expect(&second);
    assert_eq!(roster.arriving(), [second.number]);
    assert!(roster.fail_start(second.number).is_empty());
    assert!(roster.arriving().is_empty() && roster.threads() == 1);
    assert!(
        roster.summon().is_none(),
        "threads are not started for a while"
    );
    roster.finish(&first);
    assert_eq!(take(&mut roster, &first).job.name, 1);
    roster.set_starts(true);
    assert_eq!(seat(roster.summon()).number, second.number);
}
