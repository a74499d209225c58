//! CSV and TSV as tables of bounded size.

/// A table's first rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// The first line.
    pub header: Vec<String>,
    /// The lines after it. Rows may be shorter than the header, never longer.
    pub rows: Vec<Vec<String>>,
    /// Columns whose cells are numbers: aligned right.
    pub numeric: Vec<bool>,
    /// There are more rows or columns, or longer cells, than are kept.
    pub cut: bool,
}

/// Rows that are kept.
const ROWS: usize = 50_000;
/// Columns that are kept.
const COLUMNS: usize = 300;
/// Cells that are kept.
const CELLS: usize = 1_000_000;
/// Bytes of a cell that are kept.
const CELL: usize = 500;

impl Table {
    /// Reads a table as far as it goes; `None` if it has no header. What is not UTF-8 becomes `�`.
    pub(super) fn read(bytes: &[u8], delimiter: u8) -> Option<Self> {
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .flexible(true)
            .has_headers(false)
            .from_reader(bytes);
        let mut table = Self::default();
        let mut record = csv::ByteRecord::new();
        let mut cells = 0;
        // Reading from memory fails at nothing but a malformed end, where the table ends.
        while reader.read_byte_record(&mut record).unwrap_or(false) {
            if table.header.is_empty() {
                table.header = table.cells(&record, COLUMNS);
                continue;
            }
            if table.rows.len() >= ROWS || cells >= CELLS {
                table.cut = true;
                break;
            }
            let row = table.cells(&record, table.header.len());
            cells += row.len();
            table.rows.push(row);
        }
        table.numeric = (0..table.header.len()).map(|column| table.is_numeric(column)).collect();
        (!table.header.is_empty()).then_some(table)
    }

    fn cells(&mut self, record: &csv::ByteRecord, most: usize) -> Vec<String> {
        self.cut |= record.len() > most;
        record.iter().take(most).map(|cell| self.cell(cell)).collect()
    }

    fn cell(&mut self, cell: &[u8]) -> String {
        let text = String::from_utf8_lossy(cell);
        if text.len() <= CELL {
            return text.into_owned();
        }
        self.cut = true;
        format!("{}…", &text[..text.floor_char_boundary(CELL)])
    }

    fn is_numeric(&self, column: usize) -> bool {
        let mut cells =
            self.rows.iter().take(200).filter_map(|row| row.get(column)).filter(|c| !c.is_empty()).peekable();
        cells.peek().is_some() && cells.all(|cell| cell.trim().parse::<f64>().is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_ragged_rows_are_read() {
        let table = Table::read(b"name,value\n\"a, \"\"b\"\"\",1\nc\nd,NaN,extra\n", b',').unwrap();
        assert_eq!(table.header, ["name", "value"]);
        assert_eq!(table.rows, [vec!["a, \"b\"", "1"], vec!["c"], vec!["d", "NaN"]]);
        assert_eq!(table.numeric, [false, true]);
        assert!(table.cut);
        assert_eq!(Table::read(b"", b','), None);
        assert!(Table::read(b"a\tb\n1\t\xff\n", b'\t').is_some());
    }

    #[test]
    fn size_is_bounded() {
        let wide = vec!["x"; 5_000].join(",");
        let table = Table::read(wide.as_bytes(), b',').unwrap();
        assert_eq!((table.header.len(), table.cut), (COLUMNS, true));
        let long = format!("a\n{}", "1\n".repeat(ROWS + 5));
        let table = Table::read(long.as_bytes(), b',').unwrap();
        assert_eq!((table.rows.len(), table.cut), (ROWS, true));
        let big = format!("a\n{}", "ü".repeat(10_000));
        let table = Table::read(big.as_bytes(), b',').unwrap();
        assert!(table.rows[0][0].len() <= CELL + 3 && table.cut);
    }
}
