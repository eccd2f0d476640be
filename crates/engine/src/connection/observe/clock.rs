//! Points in time as logs write them.

use rustix::time::{ClockId, clock_gettime};

use super::super::date::{civil, month_name};

/// The present second in the forms of a log, written when it changes.
#[derive(Default)]
pub(super) struct Clock {
    /// Local time is so many seconds ahead of UTC.
    offset: i64,
    second: Option<i64>,
    /// `21/Nov/2026:15:04:05 +0100`
    pub(super) local: String,
    /// `2026-11-21T15:04:05+01:00`
    pub(super) iso: String,
}

/// Seconds and milliseconds since 1970.
pub(super) fn now() -> (i64, i64) {
    let now = clock_gettime(ClockId::RealtimeCoarse);
    (now.tv_sec, now.tv_nsec / 1_000_000)
}

impl Clock {
    pub(super) fn set_offset(&mut self, offset: i64) {
        self.offset = offset;
        self.second = None;
    }

    /// Brings the texts up to `second`.
    pub(super) fn advance(&mut self, second: i64) {
        if self.second == Some(second) {
            return;
        }
        self.second = Some(second);
        let local = second + self.offset;
        let (year, month, day) = civil(local.div_euclid(86_400));
        let time = local.rem_euclid(86_400);
        let (hours, minutes, seconds) = (time / 3_600, time / 60 % 60, time % 60);
        let sign = if self.offset < 0 { '-' } else { '+' };
        let ahead = self.offset.abs() / 60;
        let (zone_hours, zone_minutes) = (ahead / 60, ahead % 60);
        let name = month_name(month);
        self.local = format!(
            "{day:02}/{name}/{year:04}:{hours:02}:{minutes:02}:{seconds:02} \
             {sign}{zone_hours:02}{zone_minutes:02}"
        );
        self.iso = format!(
            "{year:04}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}\
             {sign}{zone_hours:02}:{zone_minutes:02}"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_time_carries_its_zone() {
        let mut clock = Clock::default();
        clock.advance(784_111_777);
        assert_eq!(clock.local, "06/Nov/1994:08:49:37 +0000");
        clock.set_offset(-12_600);
        clock.advance(784_111_777);
        assert_eq!(clock.local, "06/Nov/1994:05:19:37 -0330");
        clock.set_offset(57_600);
        clock.advance(784_111_777);
        assert_eq!(clock.iso, "1994-11-07T00:49:37+16:00");
    }
}
