//! The opening hours of the desk.

use std::collections::BTreeSet;

use hsc_config::HoursSettings;
use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

/// The opening hours.
#[derive(Debug, Clone)]
pub struct Hours {
    zone: TimeZone,
    /// By weekday from Monday; all empty means always open.
    week: [Vec<TimeSpan>; 7],
    closed: BTreeSet<Date>,
}

/// A range of a day; `until` none is the end of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct TimeSpan {
    from: Time,
    until: Option<Time>,
}

/// Why opening hours are invalid, with a remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidHours {
    /// There is no such time zone.
    #[error(
        "'{0}' is no time zone; write one of the IANA list, such as Europe/Berlin, into desk.hours.time_zone"
    )]
    Zone(String),
    /// The text is not a list of time ranges.
    #[error(
        "'{0}' are no hours; write 09:00-17:00, several with commas between them, into the days of desk.hours"
    )]
    Span(String),
    /// The text is not a date.
    #[error("'{0}' is no day; write it as 2026-12-25 into desk.hours.closed_days")]
    Day(String),
}

impl Hours {
    /// Always open.
    pub fn always() -> Self {
        Self { zone: TimeZone::UTC, week: Default::default(), closed: BTreeSet::new() }
    }

    /// In a time zone: the hours of each weekday from Monday, and closed days.
    ///
    /// # Errors
    /// The invalid part.
    pub fn new<'a>(
        zone: &str,
        week: [&str; 7],
        closed: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, InvalidHours> {
        let mut hours = Self::always();
        hours.zone = TimeZone::get(zone).map_err(|_| InvalidHours::Zone(zone.to_owned()))?;
        for (day, text) in hours.week.iter_mut().zip(week) {
            let spans = text.split(',').map(str::trim).filter(|span| !span.is_empty());
            *day = spans.map(span).collect::<Result<_, _>>()?;
        }
        for day in closed {
            let date = day.trim().parse().map_err(|_| InvalidHours::Day(day.to_owned()))?;
            hours.closed.insert(date);
        }
        Ok(hours)
    }

    /// From the settings.
    ///
    /// # Errors
    /// The invalid part.
    pub fn of(settings: &HoursSettings) -> Result<Self, InvalidHours> {
        let HoursSettings {
            monday, tuesday, wednesday, thursday, friday, saturday, sunday, ..
        } = settings;
        let week = [monday, tuesday, wednesday, thursday, friday, saturday, sunday];
        let closed = settings.closed_days.iter().map(String::as_str);
        Self::new(&settings.time_zone, week.map(String::as_str), closed)
    }

    /// True if the desk is open at this moment.
    pub fn is_open_at(&self, at: Timestamp) -> bool {
        let there = at.to_zoned_datetime(self.zone.clone());
        if self.closed.contains(&there.date()) {
            return false;
        }
        if self.week.iter().all(Vec::is_empty) {
            return true;
        }
        let day = usize::try_from(there.weekday().to_monday_zero_offset()).unwrap_or_default();
        let time = there.time();
        let has =
            |span: &TimeSpan| span.from <= time && span.until.is_none_or(|until| time < until);
        self.week[day].iter().any(has)
    }

    /// True if the desk is open now.
    pub fn is_open_now(&self) -> bool {
        self.is_open_at(Timestamp::now())
    }
}

fn span(text: &str) -> Result<TimeSpan, InvalidHours> {
    let bad = || InvalidHours::Span(text.to_owned());
    let (from, until) = text.split_once('-').ok_or_else(bad)?;
    let time = |text: &str| Time::strptime("%H:%M", text.trim()).map_err(|_| bad());
    let from = time(from)?;
    let until = match until.trim() {
        "24:00" => None,
        until => Some(time(until)?),
    };
    if until.is_some_and(|until| until <= from) {
        return Err(bad());
    }
    Ok(TimeSpan { from, until })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a moment")
    }

    fn berlin() -> Hours {
        let office = "09:00-12:00, 13:00-17:00";
        let week = [office, office, office, office, "09:00-12:00", "", "22:00-24:00"];
        Hours::new("Europe/Berlin", week, ["2026-12-25"]).expect("hours")
    }

    #[test]
    fn the_desk_is_open_in_its_hours_in_its_time_zone() {
        for (moment, open) in [
            ("2026-11-25T08:00:00Z", true), // Wednesday, 9:00
            ("2026-11-25T07:59:59Z", false),
            ("2026-11-25T11:00:00Z", false), // 12:00, the break begins
            ("2026-11-25T12:00:00Z", true),
            ("2026-11-25T16:00:00Z", false),
            ("2026-11-28T10:00:00Z", false), // Saturday
            ("2026-11-29T22:59:59Z", true),  // Sunday, up to midnight
            ("2026-11-29T23:00:00Z", false), // Monday, 0:00
            ("2026-12-25T09:00:00Z", false), // a Friday that is closed
            ("2026-07-01T07:00:00Z", true),  // in summer 9:00 comes an hour earlier
        ] {
            assert_eq!(berlin().is_open_at(at(moment)), open, "{moment}");
        }
    }

    #[test]
    fn without_hours_the_desk_is_always_open_except_on_closed_days() {
        assert!(Hours::always().is_open_at(at("2026-11-28T03:00:00Z")));
        let hours = Hours::new("UTC", [""; 7], ["2026-11-28"]).unwrap();
        assert!(!hours.is_open_at(at("2026-11-28T03:00:00Z")));
        assert!(hours.is_open_at(at("2026-11-29T03:00:00Z")));
    }

    #[test]
    fn invalid_hours_are_refused_with_the_reason() {
        let of = |zone, monday, closed: &'static str| {
            let week = [monday, "", "", "", "", "", ""];
            Hours::new(zone, week, (!closed.is_empty()).then_some(closed)).map(drop)
        };
        assert_eq!(of("Mars/North", "", ""), Err(InvalidHours::Zone("Mars/North".to_owned())));
        for monday in ["9", "9:00", "17:00-09:00", "09:00-09:00", "09:00-25:00", "a-b"] {
            assert_eq!(
                of("UTC", monday, ""),
                Err(InvalidHours::Span(monday.to_owned())),
                "{monday}"
            );
        }
        assert_eq!(of("UTC", "", "tomorrow"), Err(InvalidHours::Day("tomorrow".to_owned())));
    }
}
