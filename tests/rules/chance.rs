//! Chance that can be played again: SplitMix64 (Steele, Lea and Flood, 2014). Every step of a world draws
//! from numbers of its own, so that a step can be left out without changing what the others do.

/// A source of numbers that depends on its seed and the step alone.
pub struct Chance {
    seed: u64,
    state: u64,
}

impl Chance {
    pub const fn new(seed: u64) -> Self {
        Self { seed, state: seed }
    }

    /// Begins a step: what it draws depends on its number, and not on the steps before it.
    pub const fn begin_step(&mut self, step: usize) {
        self.state = self.seed;
        let scattered = self.next().wrapping_add(step as u64 + 1);
        self.state = scattered.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    pub const fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub const fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// A number of a range, both ends included.
    pub const fn between(&mut self, least: i64, most: i64) -> i64 {
        least + self.below((most - least + 1) as u64) as i64
    }

    /// True once in `n` times.
    pub const fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// One of these.
    pub fn of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len() as u64) as usize]
    }
}
