//! One value of a row as serde sees it, read as the type of its column and what is wanted say.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::value::{BorrowedStrDeserializer, SeqDeserializer};
use serde::de::{Deserializer, Expected, Visitor};
use serde_json::{Number, Value};

use super::error::{RowError, described};
use crate::excerpt::excerpt;
use crate::{NormalizedType, ResultColumn};

/// Up to where every whole number is a double.
const MOST_WHOLE: f64 = 9_007_199_254_740_992.0;

pub(super) struct Cell<'a> {
    pub(super) value: &'a Value,
    pub(super) column: &'a ResultColumn,
}

impl<'a> Cell<'a> {
    fn mismatch(&self, wanted: &dyn Expected) -> RowError {
        RowError::mismatch(described(self.value), wanted)
    }

    /// The text of a number that JSON could not hold as one.
    fn digits(&self) -> Option<&'a str> {
        let may_be_number = matches!(
            self.column.normalized_type,
            NormalizedType::Integer
                | NormalizedType::Decimal
                | NormalizedType::Float
                | NormalizedType::Other
                | NormalizedType::Unknown(_)
        );
        self.value.as_str().filter(|_| may_be_number)
    }

    fn whole<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, RowError> {
        let is_number = self.value.is_number() || self.digits().is_some();
        let Some(number) = whole(self.value).filter(|_| is_number) else {
            return Err(self.mismatch(&visitor));
        };
        if let Ok(number) = i64::try_from(number) {
            visitor.visit_i64(number)
        } else if let Ok(number) = u64::try_from(number) {
            visitor.visit_u64(number)
        } else {
            // A type that is too narrow says so without the number, which is known here.
            let wrong = self.mismatch(&visitor);
            visitor.visit_i128::<RowError>(number).map_err(|_| wrong)
        }
    }

    /// Reads a float whose mantissa has that many bits; a decimal is rounded to it, a whole number is not.
    fn float<V: Visitor<'a>>(self, bits: u32, visitor: V) -> Result<V::Value, RowError> {
        let number = match self.value {
            Value::Number(number) => number.as_f64(),
            _ => self.digits().and_then(|digits| digits.parse().ok()),
        };
        let keeps = match &self.column.normalized_type {
            NormalizedType::Decimal | NormalizedType::Float => true,
            NormalizedType::Integer if self.value.is_string() => {
                whole(self.value).is_some_and(|whole| fits_float(whole, bits))
            }
            _ => whole(self.value).is_none_or(|whole| fits_float(whole, bits)),
        };
        // The infinity that a column holds has no digits.
        let has_digits = self.value.is_number()
            || self.value.as_str().is_some_and(|text| text.contains(|c: char| c.is_ascii_digit()));
        let is_too_large = |number: f64| match bits {
            f32::MANTISSA_DIGITS => (number as f32).is_infinite(),
            _ => number.is_infinite(),
        };
        match number {
            Some(number) if keeps && !(has_digits && is_too_large(number)) => {
                visitor.visit_f64(number)
            }
            _ => Err(self.mismatch(&visitor)),
        }
    }

    fn text<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, RowError> {
        match self.value {
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Number(number) => visitor.visit_string(number.to_string()),
            _ => Err(self.mismatch(&visitor)),
        }
    }

    /// The bytes of a binary value.
    fn bytes(&self) -> Option<Vec<u8>> {
        let text = self.value.as_str()?;
        let is_binary = self.column.normalized_type == NormalizedType::Binary;
        STANDARD.decode(text).ok().filter(|_| is_binary)
    }

    /// Reads what has parts, which arrives as JSON text.
    fn parts<V: Visitor<'a>>(
        self,
        visitor: V,
        read: impl FnOnce(
            &mut serde_json::Deserializer<serde_json::de::StrRead<'a>>,
            V,
        ) -> Result<V::Value, serde_json::Error>,
    ) -> Result<V::Value, RowError> {
        let Value::String(text) = self.value else { return Err(self.mismatch(&visitor)) };
        if !text.trim_start().starts_with(['[', '{']) {
            return Err(self.mismatch(&visitor));
        }
        let mut json = serde_json::Deserializer::from_str(text);
        read(&mut json, visitor).and_then(|read| json.end().map(|()| read)).map_err(|error| {
            RowError::other(format!("the JSON text `{}` cannot be read: {error}", excerpt(text)))
        })
    }
}

macro_rules! as_ {
    ($read:ident: $($method:ident)*) => {
        $(fn $method<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, RowError> {
            self.$read(visitor)
        })*
    };
}

impl<'a> Deserializer<'a> for Cell<'a> {
    type Error = RowError;

    as_!(whole: deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128);
    as_!(whole: deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128);
    as_!(text: deserialize_char deserialize_str deserialize_string deserialize_identifier);

    fn deserialize_f32<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, RowError> {
        self.float(f32::MANTISSA_DIGITS, visitor)
    }

    fn deserialize_f64<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, RowError> {
        self.float(f64::MANTISSA_DIGITS, visitor)
    }

    fn deserialize_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, RowError> {
        match self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(number) => visit_number(number, visitor),
            Value::String(text) if self.column.normalized_type == NormalizedType::Integer => {
                match (text.parse(), text.parse()) {
                    (Ok(number), _) => visitor.visit_i64(number),
                    (_, Ok(number)) => visitor.visit_u64(number),
                    _ => visitor.visit_borrowed_str(text),
                }
            }
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Array(_) | Value::Object(_) => self
                .value
                .deserialize_any(visitor)
                .map_err(|error| RowError::other(error.to_string())),
        }
    }

    fn deserialize_bool<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, RowError> {
        match (self.value, self.value.as_i64()) {
            (Value::Bool(value), _) => visitor.visit_bool(*value),
            (_, Some(number @ (0 | 1))) => visitor.visit_bool(number == 1),
            _ => Err(self.mismatch(&visitor)),
        }
    }

    fn deserialize_option<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, RowError> {
        match self.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_unit<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, RowError> {
        match self.value {
            Value::Null => visitor.visit_unit(),
            _ => Err(self.mismatch(&visitor)),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'a>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, RowError> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'a>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, RowError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_bytes<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, RowError> {
        self.deserialize_byte_buf(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, RowError> {
        match self.bytes() {
            Some(bytes) => visitor.visit_byte_buf(bytes),
            None => Err(self.mismatch(&visitor)),
        }
    }

    fn deserialize_seq<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, RowError> {
        match self.bytes() {
            Some(bytes) => visitor.visit_seq(SeqDeserializer::new(bytes.into_iter())),
            None => self.parts(visitor, |json, visitor| json.deserialize_seq(visitor)),
        }
    }

    fn deserialize_tuple<V: Visitor<'a>>(
        self,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, RowError> {
        self.parts(visitor, |json, visitor| json.deserialize_tuple(length, visitor))
    }

    fn deserialize_tuple_struct<V: Visitor<'a>>(
        self,
        name: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, RowError> {
        self.parts(visitor, |json, visitor| json.deserialize_tuple_struct(name, length, visitor))
    }

    fn deserialize_map<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, RowError> {
        self.parts(visitor, |json, visitor| json.deserialize_map(visitor))
    }

    fn deserialize_struct<V: Visitor<'a>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, RowError> {
        self.parts(visitor, |json, visitor| json.deserialize_struct(name, fields, visitor))
    }

    fn deserialize_enum<V: Visitor<'a>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, RowError> {
        match self.value {
            Value::String(text) if !text.starts_with('{') => {
                visitor.visit_enum(BorrowedStrDeserializer::new(text))
            }
            _ => {
                self.parts(visitor, |json, visitor| json.deserialize_enum(name, variants, visitor))
            }
        }
    }

    fn deserialize_ignored_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, RowError> {
        visitor.visit_unit()
    }
}

/// A whole number, however it is written: as a number or as text, with zeros behind the point or nothing.
pub(crate) fn whole(value: &Value) -> Option<i128> {
    if let Value::Number(number) = value {
        return match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(number), ..) => Some(number.into()),
            (_, Some(number), _) => Some(number.into()),
            (.., Some(number)) if number.fract() == 0.0 && number.abs() <= MOST_WHOLE => {
                Some(number as i128)
            }
            _ => None,
        };
    }
    let digits = value.as_str()?;
    match digits.split_once('.') {
        Some((whole, fraction)) if fraction.bytes().all(|digit| digit == b'0') => whole,
        _ => digits,
    }
    .parse()
    .ok()
}

/// Whether a float whose mantissa has that many bits is this number, and not one beside it.
pub(crate) fn fits_float(whole: i128, bits: u32) -> bool {
    let magnitude = whole.unsigned_abs();
    magnitude == 0 || u128::BITS - magnitude.leading_zeros() - magnitude.trailing_zeros() <= bits
}

fn visit_number<'a, V: Visitor<'a>>(number: &Number, visitor: V) -> Result<V::Value, RowError> {
    if let Some(number) = number.as_i64() {
        visitor.visit_i64(number)
    } else if let Some(number) = number.as_u64() {
        visitor.visit_u64(number)
    } else {
        visitor.visit_f64(number.as_f64().unwrap_or(f64::NAN))
    }
}
