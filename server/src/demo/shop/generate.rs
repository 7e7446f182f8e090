//! Fills the shop, day by day and visit by visit.

use jiff::{
    ToSpan,
    civil::{Date, Weekday},
};
use rusqlite::{Connection, Result, params};

use super::{
    Rows,
    ledger::Ledger,
    people::Customer,
    words::{COUNTRIES, PRODUCTS},
};
use crate::demo::random::Random;

/// Days of data.
const DAYS: usize = 365;
/// Visits in the year at scale 1.
const VISITS: f64 = 56_000.0;
/// Latest second of a day at which a visit starts, so that it ends on the same day.
const LAST_START: i64 = 81_000;
/// Visits out of a thousand by hour of the day, UTC.
const HOURS: [usize; 24] =
    [22, 16, 12, 10, 10, 14, 22, 32, 42, 50, 54, 56, 58, 58, 56, 56, 58, 62, 66, 70, 66, 56, 34, 0];

pub(super) fn fill(connection: &Connection, scale: f64, today: Date) -> Result<Rows> {
    let mut random = Random::new(0x7EA_1EAF5);
    let first = today
        .saturating_sub(DAYS.try_into().map(|days: i64| days.days()).expect("a year is few days"));
    let days: Vec<Date> = first.series(1.day()).take(DAYS).collect();
    products(connection, &mut random, first)?;
    let mut shop = Ledger::new(connection, &days)?;
    for _ in 0..(scale * 900.0).round().max(3.0) as usize {
        let before = first.saturating_sub(random.between(1, 900).days());
        let country = random.weighted(COUNTRIES.1);
        shop.customers.push(Customer {
            signed_up: at(&before.to_string(), random.between(0, 86_399)),
            country,
            orders: 0,
            spent_cents: 0,
        });
    }
    for (index, day) in days.iter().enumerate() {
        let visits = visits_on(&mut random, scale, index, *day);
        let mut starts: Vec<i64> = (0..visits).map(|_| start(&mut random)).collect();
        starts.sort_unstable();
        for second in starts {
            shop.visit(&mut random, index, second, matches!(day.month(), 11 | 12))?;
        }
    }
    shop.write_customers(connection, &mut random, first)
}

/// More in winter than in summer, more at weekends, and a business that grows.
fn visits_on(random: &mut Random, scale: f64, index: usize, day: Date) -> usize {
    let season = [1.10, 1.05, 1.00, 0.95, 0.85, 0.75, 0.70, 0.75, 0.90, 1.00, 1.35, 1.60]
        [usize::from(day.month().unsigned_abs()) - 1];
    let weekday =
        if matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) { 1.18 } else { 0.93 };
    let growth = 0.85 + 0.30 * index as f64 / DAYS as f64;
    let noise = 0.85 + 0.30 * random.below(1_000) as f64 / 1_000.0;
    (scale * VISITS / DAYS as f64 * season * weekday * growth * noise).round().max(1.0) as usize
}

fn start(random: &mut Random) -> i64 {
    (random.weighted(&HOURS) as i64 * 3_600 + random.between(0, 3_599)).min(LAST_START)
}

/// RFC 3339 in UTC.
pub(super) fn at(day: &str, second: i64) -> String {
    let mut text = String::with_capacity(20);
    text.push_str(day);
    for (mark, value) in [('T', second / 3_600), (':', second / 60 % 60), (':', second % 60)] {
        text.push(mark);
        text.push(char::from(b'0' + (value / 10) as u8));
        text.push(char::from(b'0' + (value % 10) as u8));
    }
    text.push('Z');
    text
}

/// A number that no double holds exactly: odd, and between 2^60 and 2^62.
pub(super) fn large(random: &mut Random) -> i64 {
    (random.next() >> 2 | 1 << 60 | 1) as i64
}

fn products(connection: &Connection, random: &mut Random, first: Date) -> Result<()> {
    let mut insert = connection.prepare(
        "INSERT INTO products (id, sku, name, category, price_cents, cost_cents, organic, rating, attributes, thumbnail, launched_on, discontinued_on) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )?;
    for (index, (category, name, price, grams, origin, caffeine, organic)) in
        PRODUCTS.iter().enumerate()
    {
        let id = index as i64 + 1;
        let attributes = format!(
            "{{\"origin\":\"{origin}\",\"weight_grams\":{grams},\"caffeine\":\"{caffeine}\"}}"
        );
        let mut picture = b"\x89PNG\r\n\x1a\n".to_vec();
        picture.extend(random.next().to_be_bytes());
        let launched = first.saturating_sub(random.between(30, 1_500).days()).to_string();
        let discontinued = (index % 13 == 5)
            .then(|| first.saturating_add(random.between(200, 360).days()).to_string());
        let rating = (index % 11 != 9).then(|| 3.4 + random.below(16) as f64 / 10.0);
        let thumbnail = (*category != "gifts").then_some(picture);
        let sku = format!("{}-{id:03}", category[..2].to_uppercase());
        insert.execute(params![
            id,
            sku,
            name,
            category,
            price,
            price * random.between(38, 61) / 100,
            organic,
            rating,
            attributes,
            thumbnail,
            launched,
            discontinued
        ])?;
    }
    Ok(())
}
