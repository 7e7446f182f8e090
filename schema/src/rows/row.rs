//! One row as serde sees it.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, Expected, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::cell::Cell;
use super::error::RowError;
use crate::ResultColumn;
use crate::excerpt::excerpt;

/// How many columns of one name a sentence counts.
const MOST_POSITIONS: usize = 10;

/// The columns, with the names that stand there more than once.
pub(super) struct Names<'a> {
    columns: &'a [ResultColumn],
    repeated: BTreeSet<&'a str>,
}

impl<'a> Names<'a> {
    pub(super) fn of(columns: &'a [ResultColumn]) -> Self {
        let mut counts = BTreeMap::new();
        for column in columns {
            *counts.entry(column.name.as_str()).or_insert(0) += 1;
        }
        let repeated = counts.into_iter().filter(|(_, count)| *count > 1);
        Self { columns, repeated: repeated.map(|(name, _)| name).collect() }
    }

    /// Refuses a name that several columns have.
    fn once(&self, mut wanted: impl Iterator<Item = &'a str>) -> Result<(), RowError> {
        let Some(name) = wanted.find(|name| self.repeated.contains(name)) else { return Ok(()) };
        let positions: Vec<_> = (0..self.columns.len())
            .filter(|index| self.columns[*index].name == name)
            .map(|index| index.to_string())
            .take(MOST_POSITIONS)
            .collect();
        Err(RowError::other(format!(
            "the columns {} are all called `{}`; name them apart in the statement, or read them by position",
            positions.join(" and "),
            excerpt(name)
        )))
    }
}

pub(super) struct Row<'a, 'n> {
    names: &'n Names<'a>,
    cells: &'a [Value],
    next: usize,
}

impl<'a, 'n> Row<'a, 'n> {
    pub(super) fn new(names: &'n Names<'a>, cells: &'a [Value]) -> Result<Self, RowError> {
        if cells.len() != names.columns.len() {
            return Err(RowError::width(cells.len(), names.columns.len()));
        }
        Ok(Self { names, cells, next: 0 })
    }

    /// Reads the cell at `next` and goes on.
    fn read<T>(
        &mut self,
        read: impl FnOnce(Cell<'a>) -> Result<T, RowError>,
    ) -> Result<T, RowError> {
        let position = self.next;
        self.next += 1;
        let column = &self.names.columns[position];
        read(Cell { value: &self.cells[position], column })
            .map_err(|error| error.in_column(position, column))
    }

    /// Reads the only cell.
    fn only<T>(
        mut self,
        wanted: &dyn Expected,
        read: impl FnOnce(Cell<'a>) -> Result<T, RowError>,
    ) -> Result<T, RowError> {
        match self.cells.len() {
            1 => self.read(read),
            count => Err(RowError::mismatch(format!("a row of {count} columns"), wanted)),
        }
    }
}

macro_rules! of_one_column {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, RowError> {
            // The visitor goes to the cell, so what it expects is asked for before.
            let wanted = Wanted::of(&visitor);
            self.only(&wanted, |cell| cell.$method(visitor))
        })*
    };
}

/// What a visitor expects, in its words.
struct Wanted(String);

impl Wanted {
    fn of(visitor: &dyn Expected) -> Self {
        Self(visitor.to_string())
    }
}

impl Expected for Wanted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'a> Deserializer<'a> for Row<'a, '_> {
    type Error = RowError;

    of_one_column! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_f32 deserialize_f64 deserialize_char deserialize_str deserialize_string
        deserialize_bytes deserialize_byte_buf deserialize_identifier
    }

    fn deserialize_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, RowError> {
        self.deserialize_map(visitor)
    }

    fn deserialize_option<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, RowError> {
        match self.cells {
            [_] => self.only(&"an option", |cell| cell.deserialize_option(visitor)),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_unit<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, RowError> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'a>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, RowError> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'a>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, RowError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, RowError> {
        visitor.visit_seq(self)
    }

    fn deserialize_tuple<V: Visitor<'a>>(
        self,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, RowError> {
        match self.cells.len() {
            count if count == length => visitor.visit_seq(self),
            count => Err(RowError::mismatch(
                format!("a row of {count} columns"),
                &visitor as &dyn Expected,
            )),
        }
    }

    fn deserialize_tuple_struct<V: Visitor<'a>>(
        self,
        _: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, RowError> {
        self.deserialize_tuple(length, visitor)
    }

    fn deserialize_map<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, RowError> {
        self.names.once(self.names.columns.iter().map(|column| column.name.as_str()))?;
        visitor.visit_map(self)
    }

    fn deserialize_struct<V: Visitor<'a>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, RowError> {
        self.names.once(fields.iter().copied())?;
        visitor.visit_map(self)
    }

    fn deserialize_enum<V: Visitor<'a>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, RowError> {
        let wanted = Wanted::of(&visitor);
        self.only(&wanted, |cell| cell.deserialize_enum(name, variants, visitor))
    }

    fn deserialize_ignored_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, RowError> {
        visitor.visit_unit()
    }
}

impl<'a> SeqAccess<'a> for Row<'a, '_> {
    type Error = RowError;

    fn next_element_seed<T: DeserializeSeed<'a>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, RowError> {
        match self.next == self.cells.len() {
            true => Ok(None),
            false => self.read(|cell| seed.deserialize(cell)).map(Some),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.cells.len() - self.next)
    }
}

impl<'a> MapAccess<'a> for Row<'a, '_> {
    type Error = RowError;

    fn next_key_seed<K: DeserializeSeed<'a>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, RowError> {
        match self.names.columns.get(self.next) {
            None => Ok(None),
            Some(column) => seed.deserialize(BorrowedStrDeserializer::new(&column.name)).map(Some),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'a>>(&mut self, seed: V) -> Result<V::Value, RowError> {
        self.read(|cell| seed.deserialize(cell))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.cells.len() - self.next)
    }
}
