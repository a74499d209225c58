//! Numbers that look random and are the same on every machine.

/// A linear congruential generator.
pub(super) struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }

    /// Cuts `body` into pieces of up to 60 bytes.
    pub fn pieces<'a>(&mut self, body: &'a [u8]) -> Vec<&'a [u8]> {
        let (mut rest, mut pieces) = (body, Vec::new());
        while !rest.is_empty() {
            let (piece, tail) = rest.split_at(1 + self.below(rest.len().min(60)));
            pieces.push(piece);
            rest = tail;
        }
        pieces
    }
}
