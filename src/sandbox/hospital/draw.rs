//! Seeded choices. One stream per purpose and patient, so that a patient does not depend on how many others there are.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// What a stream of choices is for. Streams of different purposes are independent.
#[derive(Clone, Copy, Debug)]
pub enum Stream {
    /// Who lives together, and where.
    Household = 1,
    /// Who a child is.
    Person = 2,
    /// What happened to a child.
    Chart = 3,
}

/// A source of choices that depends on seed, stream and index alone.
pub struct Draw(ChaCha8Rng);

impl Draw {
    /// The stream `stream` of number `index` under `seed`.
    pub fn new(seed: u64, stream: Stream, index: u64) -> Self {
        let mut key = [0_u8; 32];
        let parts = [seed, stream as u64, index];
        for (slot, part) in key.chunks_exact_mut(8).zip(parts) {
            slot.copy_from_slice(&part.to_le_bytes());
        }
        Self(ChaCha8Rng::from_seed(key))
    }

    /// A number in `0..limit`; 0 when `limit` is 0.
    pub fn below(&mut self, limit: u32) -> u32 {
        let wide = u64::from(self.0.next_u32()) * u64::from(limit);
        u32::try_from(wide >> 32).unwrap_or(0)
    }

    /// A number in `low..=high`.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        let width = u32::try_from(high.saturating_sub(low).saturating_add(1)).unwrap_or(0);
        low + i64::from(self.below(width))
    }

    /// True `percent` times in a hundred.
    pub fn chance(&mut self, percent: u32) -> bool {
        self.below(100) < percent
    }

    /// One of `items`, which must not be empty.
    #[expect(clippy::indexing_slicing, reason = "below(n) is less than n, and the tables are not empty")]
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        let at = self.below(u32::try_from(items.len()).unwrap_or(u32::MAX));
        &items[at as usize]
    }

    /// A number in `0.0..1.0`.
    pub fn unit(&mut self) -> f64 {
        f64::from(self.0.next_u32()) / 4_294_967_296.0
    }

    /// A bell-shaped number around 0 with a standard deviation of about 1, never beyond 3.5.
    pub fn bell(&mut self) -> f64 {
        let sum: f64 = (0..4).map(|_| self.unit()).sum();
        (sum - 2.0) * 1.732
    }
}
