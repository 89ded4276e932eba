//! Coming of age: when a guardian's decisions about a record end and the patient's own begin (D-07).

use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::clock::Timestamp;

/// How the hospital counts.
#[derive(Clone, Debug)]
pub struct Majority {
    /// Where a day begins at midnight.
    pub zone: TimeZone,
    /// Of age from this birthday on, in years.
    pub age: u8,
    /// How long before that birthday the family is told, in months.
    pub notice: u8,
}

impl Default for Majority {
    fn default() -> Self {
        Self { zone: TimeZone::UTC, age: 18, notice: 6 }
    }
}

impl Majority {
    /// The birthday itself. Who was born on 29 February comes of age on 1 March where the year has no such day: a birthday is
    /// not over before it has come. `None` beyond the calendar.
    pub fn birthday(&self, birth: Date) -> Option<Date> {
        let year = birth.year().checked_add(i16::from(self.age))?;
        Date::new(year, birth.month(), birth.day()).or_else(|_| Date::new(year, 3, 1)).ok()
    }

    /// The moment at which the patient comes of age: the first of that day at the hospital. `None` beyond the calendar.
    pub fn adult_at(&self, birth: Date) -> Option<Timestamp> {
        self.start_of(self.birthday(birth)?)
    }

    /// From when on the family is told.
    pub fn announce_at(&self, adult_at: Timestamp) -> Timestamp {
        let day = self.zone.to_datetime(adult_at.to_jiff()).date();
        let day = day.checked_sub(i64::from(self.notice).months()).unwrap_or(day);
        self.start_of(day).unwrap_or(adult_at)
    }

    /// The first moment of a day at the hospital.
    pub fn start_of(&self, day: Date) -> Option<Timestamp> {
        let start = self.zone.to_timestamp(day.at(0, 0, 0, 0)).ok()?;
        Some(Timestamp::from_millis(start.as_millisecond()))
    }

    /// The moment after a day at the hospital: until when something holds that holds through `day`.
    pub fn end_of(&self, day: Date) -> Option<Timestamp> {
        self.start_of(day.tomorrow().ok()?)
    }
}

/// The earliest day that a FHIR `date` may mean: `2008-05-09`, `2008-05` or `2008`. `None` for anything else.
pub fn earliest(birth_date: &str) -> Option<Date> {
    let mut parts = birth_date.split('-');
    let year = parts.next().filter(|year| year.len() == 4)?.parse().ok()?;
    let mut next =
        || parts.next().map_or(Some(1), |part| if part.len() == 2 { part.parse().ok() } else { None });
    let (month, day) = (next()?, next()?);
    Date::new(year, month, day).ok().filter(|_| parts.next().is_none())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn of(zone: &str) -> Majority {
        Majority { zone: TimeZone::get(zone).unwrap(), ..Majority::default() }
    }

    #[test]
    fn d07_a_patient_comes_of_age_at_midnight_in_the_hospitals_time_zone() {
        let at = |zone: &str| of(zone).adult_at(date(2008, 11, 25)).unwrap().to_string();
        assert_eq!(at("UTC"), "2026-11-25T00:00:00Z");
        assert_eq!(at("America/Los_Angeles"), "2026-11-25T08:00:00Z");
        assert_eq!(at("Pacific/Auckland"), "2026-11-24T11:00:00Z");
        // A day that begins at one o'clock: there is no midnight when the clocks go forward in Beirut.
        assert_eq!(
            of("Asia/Beirut").adult_at(date(2005, 3, 26)).unwrap().to_string(),
            "2023-03-25T22:00:00Z"
        );
    }

    #[test]
    fn d07_a_leap_day_is_reached_on_the_first_of_march() {
        let majority = Majority::default();
        assert_eq!(majority.birthday(date(2008, 2, 29)), Some(date(2026, 3, 1)));
        assert_eq!(
            Majority { age: 20, ..majority.clone() }.birthday(date(2008, 2, 29)),
            Some(date(2028, 2, 29))
        );
        assert_eq!(majority.birthday(date(9990, 1, 1)), None);
        assert_eq!(
            majority.announce_at(majority.adult_at(date(2008, 8, 31)).unwrap()).to_string(),
            "2026-02-28T00:00:00Z"
        );
    }

    #[test]
    fn a_birth_date_that_is_not_given_to_the_day_is_taken_at_its_earliest() {
        assert_eq!(earliest("2008-05-09"), Some(date(2008, 5, 9)));
        assert_eq!(earliest("2008-05"), Some(date(2008, 5, 1)));
        assert_eq!(earliest("2008"), Some(date(2008, 1, 1)));
        for wrong in ["", "08", "2008-5", "2008-13", "2008-02-30", "2008-05-09-1", "2008-05-09T00:00"] {
            assert_eq!(earliest(wrong), None, "{wrong}");
        }
    }
}
