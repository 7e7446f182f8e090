//! Exact decimals: as written, and as many digits as a column needs.

use std::sync::Arc;

use arrow_array::{ArrayRef, Decimal128Array, Decimal256Array};
use arrow_buffer::i256;
use serde_json::Value;

use crate::rows::RowError;

/// The most digits that Arrow's wider decimal holds.
const MOST_DIGITS: usize = 76;

/// A decimal number as it is written, without zeros that say nothing.
pub(super) struct Decimal {
    negative: bool,
    whole: String,
    fraction: String,
}

pub(super) fn read(value: &Value) -> Option<Decimal> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        value => value.as_str()?.to_owned(),
    };
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.as_str()),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits =
        [whole, fraction].iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    let has_any = !(whole.is_empty() && fraction.is_empty());
    (all_digits && has_any).then(|| Decimal {
        negative,
        whole: whole.trim_start_matches('0').to_owned(),
        fraction: fraction.to_owned(),
    })
}

/// The precision and the scale of a column: those that its type names, more where a value needs it.
pub(super) fn size<'a>(
    own_type: &str,
    numbers: impl Iterator<Item = &'a Decimal>,
) -> (usize, usize) {
    let declared = declared(own_type);
    let (mut whole, mut places) = declared.unwrap_or_default();
    for number in numbers {
        whole = whole.max(number.whole.len());
        places = places.max(number.fraction.len());
    }
    let precision = match declared {
        Some(_) => (whole + places).max(1),
        None => (whole + places).max(38),
    };
    (precision, places)
}

/// `NUMERIC(12,2)` as the digits before and behind the point.
fn declared(own_type: &str) -> Option<(usize, usize)> {
    let inside = own_type.split_once('(')?.1.split_once(')')?.0;
    let (precision, scale) = inside.split_once(',').unwrap_or((inside, "0"));
    let (precision, scale): (usize, usize) =
        (precision.trim().parse().ok()?, scale.trim().parse().ok()?);
    (precision <= MOST_DIGITS).then_some(())?;
    Some((precision.checked_sub(scale)?, scale))
}

pub(super) fn array(
    numbers: &[Option<Decimal>],
    precision: usize,
    scale: usize,
) -> Result<ArrayRef, RowError> {
    let too_long = || {
        RowError::mismatch(
            format!("numbers of {precision} digits, {scale} of them behind the point"),
            format_args!("at most {MOST_DIGITS} digits"),
        )
    };
    let (Ok(digits), Ok(places)) = (u8::try_from(precision), i8::try_from(scale)) else {
        return Err(too_long());
    };
    let unscaled = |number: &Decimal| {
        let sign = if number.negative { "-" } else { "" };
        let zeros = "0".repeat(scale - number.fraction.len());
        let digits = format!("{}{}{zeros}", number.whole, number.fraction);
        if digits.is_empty() { "0".to_owned() } else { format!("{sign}{digits}") }
    };
    let unscaled = numbers.iter().map(|number| number.as_ref().map(unscaled));
    let array: Result<ArrayRef, _> = match precision {
        ..=38 => {
            let numbers = unscaled.map(|text| text.map(|text| text.parse::<i128>()).transpose());
            let numbers = numbers.collect::<Result<Vec<_>, _>>().map_err(|_| too_long())?;
            Decimal128Array::from(numbers)
                .with_precision_and_scale(digits, places)
                .map(|array| Arc::new(array) as ArrayRef)
        }
        39..=MOST_DIGITS => {
            let numbers = unscaled.map(|text| match text {
                Some(text) => i256::from_string(&text).map(Some).ok_or_else(too_long),
                None => Ok(None),
            });
            Decimal256Array::from(numbers.collect::<Result<Vec<_>, _>>()?)
                .with_precision_and_scale(digits, places)
                .map(|array| Arc::new(array) as ArrayRef)
        }
        _ => return Err(too_long()),
    };
    array.map_err(|error| RowError::other(error.to_string()))
}
