//! One column of one page of runs: values with presence, dense or sparse, whichever is smaller.

/// A set of row numbers, one bit each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bits(Vec<u64>);

impl Bits {
    /// Whether a row is in the set.
    pub fn get(&self, row: u32) -> bool {
        self.0.get(row as usize / 64).is_some_and(|word| word >> (row % 64) & 1 == 1)
    }

    /// Puts a row in or takes it out.
    pub fn set(&mut self, row: u32, on: bool) {
        let at = row as usize / 64;
        if at >= self.0.len() {
            if !on {
                return;
            }
            self.0.resize(at + 1, 0);
        }
        let bit = 1 << (row % 64);
        if on { self.0[at] |= bit } else { self.0[at] &= !bit }
    }

    /// Whether the set has no row.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// The rows of the set, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u32> {
        (0..self.0.len() as u32 * 64).filter(|&row| self.get(row))
    }
}

/// Values of some of the rows of a page.
#[derive(Clone, Debug)]
pub enum Column<T> {
    /// Every row has one.
    Full(Vec<T>),
    /// Most rows have one.
    Gaps {
        /// One for each row; what stands where none is present means nothing.
        values: Vec<T>,
        /// Rows that have one.
        present: Bits,
    },
    /// Few rows have one.
    Sparse {
        /// Rows that have one, ascending.
        rows: Vec<u32>,
        /// Their values.
        values: Vec<T>,
    },
}

impl<T: Copy + Default> Column<T> {
    /// Packs `(row, value)` in ascending rows, each at most once, of a page of `rows` rows.
    pub fn pack(cells: &[(u32, T)], rows: u32) -> Self {
        if cells.len() == rows as usize {
            return Self::Full(cells.iter().map(|cell| cell.1).collect());
        }
        if cells.len() * 2 < rows as usize {
            return Self::Sparse {
                rows: cells.iter().map(|cell| cell.0).collect(),
                values: cells.iter().map(|cell| cell.1).collect(),
            };
        }
        let mut values = vec![T::default(); rows as usize];
        let mut present = Bits::default();
        for &(row, value) in cells {
            values[row as usize] = value;
            present.set(row, true);
        }
        Self::Gaps { values, present }
    }

    /// The value of a row, if it has one.
    pub fn get(&self, row: u32) -> Option<T> {
        match self {
            Self::Full(values) => values.get(row as usize).copied(),
            Self::Gaps { values, present } => values.get(row as usize).copied().filter(|_| present.get(row)),
            Self::Sparse { rows, values } => {
                rows.binary_search(&row).ok().and_then(|at| values.get(at).copied())
            }
        }
    }

    /// Every row that has a value, ascending.
    pub fn for_each(&self, mut each: impl FnMut(u32, T)) {
        match self {
            Self::Full(values) => (0..).zip(values).for_each(|(row, value)| each(row, *value)),
            Self::Gaps { values, present } => {
                for (row, value) in (0..).zip(values).filter(|(row, _)| present.get(*row)) {
                    each(row, *value);
                }
            }
            Self::Sparse { rows, values } => {
                rows.iter().zip(values).for_each(|(row, value)| each(*row, *value));
            }
        }
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        let size = size_of::<T>();
        match self {
            Self::Full(values) => values.capacity() * size,
            Self::Gaps { values, present } => values.capacity() * size + present.0.capacity() * 8,
            Self::Sparse { rows, values } => rows.capacity() * 4 + values.capacity() * size,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presence_survives_whichever_way_it_is_packed() {
        for have in [vec![0, 1, 2, 3], vec![0, 2, 3], vec![3], vec![]] {
            let cells: Vec<(u32, f64)> = have.iter().map(|&row| (row, f64::from(row) + 0.5)).collect();
            let column = Column::pack(&cells, 4);
            for row in 0..5 {
                let expected = have.contains(&row).then(|| f64::from(row) + 0.5);
                assert_eq!(column.get(row), expected, "{have:?} {row}");
            }
            let mut seen = Vec::new();
            column.for_each(|row, value| seen.push((row, value)));
            assert_eq!(seen, cells);
        }
    }

    #[test]
    fn a_nan_is_a_value_and_not_a_gap() {
        let column = Column::pack(&[(0, f64::NAN)], 1);
        assert!(column.get(0).unwrap().is_nan());
    }

    #[test]
    fn bits_hold_any_row() {
        let mut bits = Bits::default();
        bits.set(700, false);
        assert!(bits.is_empty());
        bits.set(3, true);
        bits.set(700, true);
        assert_eq!(bits.iter().collect::<Vec<_>>(), [3, 700]);
        bits.set(3, false);
        assert!(!bits.get(3) && bits.get(700) && !bits.is_empty());
    }
}
