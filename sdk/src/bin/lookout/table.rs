//! Text in columns.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::inert;
use crate::screen::Style;

/// How wide text for people is, in columns of the terminal.
pub(crate) const WIDTH: usize = 80;
/// The widest cell that is shown whole.
const WIDEST: usize = 60;

/// A table for people.
#[derive(Debug, Default)]
pub(crate) struct Table {
    /// Whether each column is aligned to the right.
    right: Vec<bool>,
    header: Vec<String>,
    rows: Vec<Vec<Cell>>,
    whole: bool,
    cut: bool,
}

#[derive(Debug)]
pub(crate) enum Cell {
    Text(String),
    /// Nothing, which is not empty text.
    Null,
}

impl Table {
    pub(crate) fn new(columns: impl IntoIterator<Item = (String, bool)>) -> Self {
        let (header, right) =
            columns.into_iter().map(|(name, right)| (inert::line(&name), right)).unzip();
        Self { right, header, ..Self::default() }
    }

    /// Cuts no cell, however long.
    pub(crate) fn show_whole(&mut self) {
        self.whole = true;
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        let cells = cells.into_iter().map(|cell| match cell {
            Cell::Text(text) => {
                let text = inert::line(&text);
                let (text, cut) = if self.whole { (text, false) } else { shortened(text) };
                self.cut |= cut;
                Cell::Text(text)
            }
            Cell::Null => Cell::Null,
        });
        let cells = cells.collect();
        self.rows.push(cells);
    }

    /// Whether a cell is not shown whole.
    pub(crate) fn is_cut(&self) -> bool {
        self.cut
    }

    pub(crate) fn render(&self, style: Style) -> String {
        let mut widths: Vec<usize> = self.header.iter().map(|name| name.width()).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.text().width());
            }
        }
        let header = self.header.iter().map(|name| (name.as_str(), style.bold(name)));
        let rule: Vec<_> = widths.iter().map(|width| "─".repeat(*width)).collect();
        let rule = rule.iter().map(|line| (line.as_str(), style.dim(line)));
        let mut text = self.line(&widths, header) + &self.line(&widths, rule);
        for row in &self.rows {
            let cells = row.iter().map(|cell| (cell.text(), cell.styled(style)));
            text += &self.line(&widths, cells);
        }
        text
    }

    /// One line; each cell is its text, for its width, and how it is shown.
    fn line<'a>(&self, widths: &[usize], cells: impl Iterator<Item = (&'a str, String)>) -> String {
        let padded = cells.zip(widths).zip(&self.right).map(|(((text, shown), width), right)| {
            let space = " ".repeat(width - text.width());
            if *right { format!("{space}{shown}") } else { format!("{shown}{space}") }
        });
        format!("{}\n", padded.collect::<Vec<_>>().join("  ").trim_end())
    }
}

impl Cell {
    fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Null => "NULL",
        }
    }

    fn styled(&self, style: Style) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Null => style.dim("NULL"),
        }
    }
}

fn shortened(text: String) -> (String, bool) {
    if text.width() <= WIDEST {
        return (text, false);
    }
    let mut width = 0;
    let kept = text.chars().take_while(|character| {
        width += character.width().unwrap_or_default();
        width < WIDEST
    });
    (kept.chain(['…']).collect(), true)
}

/// Breaks text into lines of at most `width` columns, each after `indent` spaces.
pub(crate) fn wrapped(text: &str, width: usize, indent: usize) -> String {
    let space = " ".repeat(indent);
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is a line");
        if line.is_empty() {
            line.push_str(word);
        } else if indent + line.width() + 1 + word.width() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines.iter().map(|line| format!("{space}{line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Cell {
        Cell::Text(text.to_owned())
    }

    #[test]
    fn columns_are_as_wide_as_what_is_shown_in_them() {
        let mut table = Table::new([("país".to_owned(), false), ("n".to_owned(), true)]);
        table.row([text("日本"), text("7")]);
        table.row([Cell::Null, text("-12.50")]);
        let lines = ["país       n", "────  ──────", "日本       7", "NULL  -12.50", ""];
        assert_eq!(table.render(Style::PLAIN), lines.join("\n"));
    }

    #[test]
    fn colours_do_not_move_the_columns() {
        let mut table = Table::new([("a".to_owned(), true), ("b".to_owned(), false)]);
        table.row([Cell::Null, text("x")]);
        let coloured = table.render(Style::COLOURED);
        assert!(coloured.contains("\u{1b}[2mNULL\u{1b}[0m  x\n"), "{coloured:?}");
        let plain =
            coloured.replace("\u{1b}[1m", "").replace("\u{1b}[2m", "").replace("\u{1b}[0m", "");
        assert_eq!(plain, table.render(Style::PLAIN));
    }

    #[test]
    fn a_long_cell_is_cut_and_says_so() {
        let mut table = Table::new([("a".to_owned(), false)]);
        table.row([text(&"é".repeat(60))]);
        assert!(!table.is_cut());
        table.row([text(&"語".repeat(60))]);
        assert!(table.is_cut());
        assert!(table.render(Style::PLAIN).lines().all(|line| line.width() <= WIDEST));
    }
}
