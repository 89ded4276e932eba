//! Typical size and vital signs by age, close to the WHO and CDC medians.

/// Ages of the tables below, in months.
static MONTHS: [f64; 26] = [
    0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 9.0, 12.0, 18.0, 24.0, 36.0, 48.0, 60.0, 72.0, 84.0, 96.0, 108.0, 120.0,
    132.0, 144.0, 156.0, 168.0, 180.0, 192.0, 204.0, 216.0,
];
static BOY_KG: [f64; 26] = [
    3.4, 4.5, 5.6, 6.4, 7.0, 7.9, 8.9, 9.6, 10.9, 12.2, 14.3, 16.3, 18.5, 20.8, 23.1, 25.6, 28.6, 32.1, 36.1,
    40.7, 45.8, 51.2, 56.5, 61.1, 64.7, 67.3,
];
static GIRL_KG: [f64; 26] = [
    3.3, 4.2, 5.1, 5.8, 6.4, 7.3, 8.2, 8.9, 10.2, 11.5, 13.9, 15.9, 18.0, 20.3, 22.9, 25.8, 29.1, 33.1, 37.4,
    41.8, 46.0, 49.5, 52.1, 53.9, 55.1, 56.2,
];
static BOY_CM: [f64; 26] = [
    49.9, 54.7, 58.4, 61.4, 63.9, 67.6, 72.0, 75.7, 82.3, 87.1, 96.1, 102.3, 109.0, 115.5, 121.9, 128.0,
    133.3, 138.4, 143.5, 149.1, 156.2, 163.8, 170.1, 173.6, 175.5, 176.2,
];
static GIRL_CM: [f64; 26] = [
    49.1, 53.7, 57.1, 59.8, 62.1, 65.7, 70.1, 74.0, 80.7, 85.7, 95.1, 101.6, 108.0, 115.0, 121.5, 127.6,
    132.9, 138.2, 144.5, 151.2, 157.1, 160.5, 161.9, 162.5, 162.9, 163.1,
];
static HEAD_CM: [f64; 26] = [
    34.2, 36.9, 38.7, 40.0, 41.1, 42.7, 44.4, 45.5, 46.8, 47.7, 49.1, 50.0, 50.6, 51.0, 51.4, 51.8, 52.1,
    52.4, 52.8, 53.2, 53.7, 54.2, 54.6, 54.9, 55.1, 55.2,
];
static HEART_RATE: [f64; 26] = [
    140.0, 148.0, 145.0, 142.0, 140.0, 136.0, 130.0, 125.0, 118.0, 112.0, 106.0, 102.0, 98.0, 95.0, 92.0,
    89.0, 87.0, 85.0, 83.0, 81.0, 79.0, 77.0, 76.0, 75.0, 74.0, 73.0,
];
static BREATHS: [f64; 26] = [
    44.0, 42.0, 40.0, 39.0, 38.0, 36.0, 34.0, 32.0, 29.0, 27.0, 25.0, 24.0, 23.0, 22.0, 21.0, 21.0, 20.0,
    20.0, 19.0, 19.0, 18.0, 18.0, 17.0, 17.0, 16.0, 16.0,
];
static SYSTOLIC: [f64; 26] = [
    70.0, 76.0, 80.0, 83.0, 85.0, 88.0, 90.0, 91.0, 92.0, 93.0, 95.0, 97.0, 98.0, 100.0, 101.0, 103.0, 104.0,
    106.0, 108.0, 110.0, 112.0, 114.0, 116.0, 117.0, 118.0, 119.0,
];

/// What is typical at an age.
#[derive(Clone, Copy, Debug)]
pub struct Typical {
    /// Kilograms.
    pub weight: f64,
    /// Centimetres.
    pub height: f64,
    /// Head circumference in centimetres.
    pub head: f64,
    /// Beats a minute.
    pub heart_rate: f64,
    /// Breaths a minute.
    pub breaths: f64,
    /// mmHg.
    pub systolic: f64,
    /// mmHg.
    pub diastolic: f64,
}

/// What is typical for a girl or boy of `days`, `z` standard deviations from the median in size.
pub fn typical(girl: bool, days: f64, z: f64) -> Typical {
    let months = days / 30.4375;
    let (kg, cm) = if girl { (&GIRL_KG, &GIRL_CM) } else { (&BOY_KG, &BOY_CM) };
    let systolic = at(&SYSTOLIC, months);
    Typical {
        weight: at(kg, months) * (z * 0.125).exp(),
        height: at(cm, months) * (1.0 + z * 0.038),
        head: at(&HEAD_CM, months) * (1.0 + z * 0.025),
        heart_rate: at(&HEART_RATE, months),
        breaths: at(&BREATHS, months),
        systolic,
        diastolic: systolic * 0.6,
    }
}

/// Straight-line interpolation between the table's ages.
fn at(table: &[f64; 26], months: f64) -> f64 {
    let pairs = MONTHS.iter().zip(table);
    let mut before = (0.0, table.first().copied().unwrap_or_default());
    for (age, value) in pairs {
        if months <= *age {
            let width = age - before.0;
            let share = if width > 0.0 { (months - before.0) / width } else { 0.0 };
            return before.1 + (value - before.1) * share;
        }
        before = (*age, *value);
    }
    before.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_grow() {
        let mut last = 0.0;
        for days in (0..6570).step_by(90) {
            let now = typical(true, f64::from(days), 0.0);
            assert!(now.weight > last, "at {days} days");
            last = now.weight;
        }
        let newborn = typical(false, 0.0, 0.0);
        assert!((newborn.weight - 3.4).abs() < 0.01 && newborn.heart_rate > 120.0);
    }
}
