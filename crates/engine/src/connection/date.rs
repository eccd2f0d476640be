//! The header lines every answer begins with, the date among them.

use rustix::time::{ClockId, clock_gettime};

const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// The server's own header lines, made anew when the second changes.
pub(super) struct DefaultLines {
    /// What does not change: `server` and what the operator configured.
    fixed: Vec<u8>,
    dated: bool,
    second: i64,
    lines: Vec<u8>,
}

impl DefaultLines {
    pub(super) fn new(fixed: Vec<u8>, dated: bool) -> Self {
        Self {
            lines: fixed.clone(),
            fixed,
            dated,
            second: -1,
        }
    }

    /// The lines as of now.
    pub(super) fn get(&mut self) -> &[u8] {
        if self.dated {
            // The coarse clock costs a few nanoseconds and no system call.
            let now = clock_gettime(ClockId::RealtimeCoarse).tv_sec;
            if now != self.second {
                self.renew(now);
            }
        }
        &self.lines
    }

    fn renew(&mut self, now: i64) {
        self.second = now;
        self.lines.clear();
        self.lines.extend_from_slice(b"date: ");
        self.lines.extend_from_slice(http_date(now).as_bytes());
        self.lines.extend_from_slice(b"\r\n");
        self.lines.extend_from_slice(&self.fixed);
    }
}

/// A point in time as HTTP spells it (RFC 9110, section 5.6.7).
fn http_date(seconds: i64) -> String {
    let days = seconds.div_euclid(86_400);
    let time = seconds.rem_euclid(86_400);
    let (year, month, day) = civil(days);
    let name = usize::try_from(days.rem_euclid(7))
        .ok()
        .and_then(|day| DAYS.get(day));
    format!(
        "{}, {day:02} {} {year:04} {:02}:{:02}:{:02} GMT",
        name.unwrap_or(&""),
        month_name(month),
        time / 3_600,
        time / 60 % 60,
        time % 60
    )
}

/// The short English name of a month, of which the first is 1.
pub(super) fn month_name(month: i64) -> &'static str {
    let name = usize::try_from(month - 1)
        .ok()
        .and_then(|month| MONTHS.get(month));
    name.unwrap_or(&"")
}

/// Year, month and day of a day counted from 1970-01-01, in the Gregorian calendar.
pub(super) fn civil(days: i64) -> (i64, i64, i64) {
    // Years begin in March here, so that the leap day is the last of the year.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_spelled_as_the_standard_says() {
        assert_eq!(http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(http_date(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(http_date(951_782_400), "Tue, 29 Feb 2000 00:00:00 GMT");
        assert_eq!(http_date(1_735_689_599), "Tue, 31 Dec 2024 23:59:59 GMT");
    }

    #[test]
    fn the_configured_lines_follow_the_date() {
        let mut lines = DefaultLines::new(b"server: jebi\r\n".to_vec(), true);
        let text = String::from_utf8(lines.get().to_vec()).unwrap();
        assert!(
            text.starts_with("date: ") && text.ends_with(" GMT\r\nserver: jebi\r\n"),
            "{text}"
        );
        let mut bare = DefaultLines::new(Vec::new(), false);
        assert_eq!(bare.get(), b"");
    }
}
