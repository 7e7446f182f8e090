//! Writes visits and what follows from them.

use jiff::civil::Date;
use rusqlite::{Connection, Result, Statement, params};

use super::{
    Rows,
    generate::{at, large},
    people::{self, Customer},
    visit::{Visit, Visitor},
    words::{
        CHANNELS, COUNTRIES, COUPONS, DEVICES, HOSTILE_REVIEWS, LANDING_PAGES, PRODUCTS,
        RETURN_REASONS, REVIEWS,
    },
};
use crate::demo::random::Random;

/// An order as far as what follows from it needs to know.
struct Placed {
    order: i64,
    session: i64,
    customer: usize,
    day: usize,
    total_cents: i64,
    product: usize,
    cancelled: bool,
}

/// Open statements, and what the shop has to remember between visits.
pub(super) struct Ledger<'c> {
    days: Vec<String>,
    pub(super) customers: Vec<Customer>,
    written: Written,
    sessions: Statement<'c>,
    events: Statement<'c>,
    orders: Statement<'c>,
    items: Statement<'c>,
    returns: Statement<'c>,
    reviews: Statement<'c>,
}

/// How many rows each table has, which is also the last number given out in it.
#[derive(Default)]
struct Written {
    sessions: i64,
    events: i64,
    orders: i64,
    items: i64,
    returns: i64,
    reviews: i64,
}

fn next(count: &mut i64) -> i64 {
    *count += 1;
    *count
}

impl<'c> Ledger<'c> {
    pub(super) fn new(connection: &'c Connection, days: &[Date]) -> Result<Self> {
        Ok(Self {
            days: days.iter().map(ToString::to_string).collect(),
            customers: Vec::new(),
            written: Written::default(),
            sessions: connection.prepare("INSERT INTO sessions VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")?,
            events: connection.prepare("INSERT INTO events VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")?,
            orders: connection.prepare(
                "INSERT INTO orders (id, customer_id, session_id, ordered_at, ordered_on, status, subtotal_cents, discount_cents, shipping_cents, \
                 total_cents, coupon, is_gift) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            )?,
            items: connection.prepare("INSERT INTO order_items VALUES (?1, ?2, ?3, ?4, ?5)")?,
            returns: connection.prepare("INSERT INTO returns VALUES (?1, ?2, ?3, ?4, ?5)")?,
            reviews: connection.prepare("INSERT INTO reviews VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?,
        })
    }

    pub(super) fn visit(
        &mut self,
        random: &mut Random,
        day: usize,
        second: i64,
        festive: bool,
    ) -> Result<()> {
        // People who came recently come again more often than those of long ago.
        let returning = random.chance(330).then(|| {
            self.customers.len()
                - 1
                - random.below(self.customers.len()).min(random.below(self.customers.len()))
        });
        let (device, channel) = (random.weighted(DEVICES.1), random.weighted(CHANNELS.1));
        let country = returning.map_or_else(
            || random.weighted(COUNTRIES.1),
            |customer| self.customers[customer].country,
        );
        let landing = random.pick(LANDING_PAGES);
        let visitor = Visitor {
            known: returning.is_some(),
            mobile: device == 0,
            from_email: channel == 2,
            festive,
        };
        let visit = Visit::play(random, &visitor, landing);
        let started = at(&self.days[day], second);
        let customer = if visit.became_known {
            self.customers.push(Customer {
                signed_up: at(&self.days[day], second + visit.duration()),
                country,
                orders: 0,
                spent_cents: 0,
            });
            Some(self.customers.len() - 1)
        } else {
            returning
        };
        let session = next(&mut self.written.sessions);
        let order = visit.ordered.then(|| next(&mut self.written.orders));
        let customer_id = customer.map(|customer| customer as i64 + 1);
        self.sessions.execute(params![
            session,
            format!("anon-{:016x}", random.next()),
            customer_id,
            started,
            visit.duration(),
            DEVICES.0[device],
            CHANNELS.0[channel],
            COUNTRIES.0[country],
            landing,
            visit.events.len() == 1
        ])?;
        let placed = match (order, customer) {
            (Some(order), Some(customer)) => {
                Some(self.order(random, &visit, order, session, customer, day, second)?)
            }
            _ => None,
        };
        for event in &visit.events {
            let ours = event.name == "order_completed";
            // Some windows are closed before the confirmation page, as the documents say.
            if ours && random.chance(3) {
                continue;
            }
            let value = if ours {
                placed.as_ref().map(|placed| placed.total_cents)
            } else {
                event.value_cents
            };
            let number = next(&mut self.written.events);
            self.events.execute(params![
                number,
                large(random),
                event.name,
                event_type(event.name),
                session,
                at(&self.days[day], second + event.after),
                event.product.map(|product| product as i64 + 1),
                order.filter(|_| ours),
                value,
                event.properties
            ])?;
        }
        placed.map_or(Ok(()), |placed| self.aftermath(random, &placed))
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "an order is where everything about a visit meets, and this is its only caller"
    )]
    fn order(
        &mut self,
        random: &mut Random,
        visit: &Visit,
        order: i64,
        session: i64,
        customer: usize,
        day: usize,
        second: i64,
    ) -> Result<Placed> {
        let subtotal = visit.subtotal();
        let coupon = visit.coupon.then(|| *random.pick(COUPONS));
        let discount = coupon.map_or(0, |_| subtotal * random.between(8, 15) / 100);
        let shipping = if subtotal >= 5_000 { 0 } else { 595 };
        let total_cents = subtotal - discount + shipping;
        let age = self.days.len() - day;
        let status = match age {
            _ if random.chance(30) => "cancelled",
            0..=2 => "placed",
            3..=6 => "shipped",
            _ => "delivered",
        };
        self.orders.execute(params![
            order,
            customer as i64 + 1,
            session,
            at(&self.days[day], second + visit.duration()),
            self.days[day],
            status,
            subtotal,
            discount,
            shipping,
            total_cents,
            coupon,
            random.chance(110)
        ])?;
        for (product, quantity) in &visit.cart {
            self.items.execute(params![
                next(&mut self.written.items),
                order,
                *product as i64 + 1,
                quantity,
                PRODUCTS[*product].2
            ])?;
        }
        let buyer = &mut self.customers[customer];
        buyer.orders += 1;
        buyer.spent_cents += total_cents;
        Ok(Placed {
            order,
            session,
            customer,
            day,
            total_cents,
            product: visit.cart.first().map_or(0, |(product, _)| *product),
            cancelled: status == "cancelled",
        })
    }

    /// What happens to an order days later: some come back, some are reviewed. The backend sends these events, under the visit of the order.
    fn aftermath(&mut self, random: &mut Random, placed: &Placed) -> Result<()> {
        let returned_on = placed.day + random.between(7, 24) as usize;
        if random.chance(70) && !placed.cancelled && returned_on < self.days.len() {
            let when = at(&self.days[returned_on], random.between(0, 86_399));
            let reason = RETURN_REASONS.0[random.weighted(RETURN_REASONS.1)];
            let number = next(&mut self.written.returns);
            self.returns.execute(params![
                number,
                placed.order,
                when,
                reason,
                placed.total_cents
            ])?;
            let properties = format!("{{\"reason\":\"{reason}\"}}");
            self.later(
                random,
                "order_refunded",
                placed,
                &when,
                Some(placed.total_cents),
                &properties,
            )?;
        }
        let reviewed_on = placed.day + random.between(4, 20) as usize;
        // The first three orders are always reviewed, so that even the smallest shop has text that someone wrote.
        if (random.chance(180) || placed.order <= 3) && reviewed_on < self.days.len() {
            let when = at(&self.days[reviewed_on], random.between(0, 86_399));
            let number = next(&mut self.written.reviews);
            let rating = 1 + random.weighted(&[4, 5, 12, 31, 48]) as i64;
            let hostile = (number % 5 == 2)
                .then(|| HOSTILE_REVIEWS[(number / 5) as usize % HOSTILE_REVIEWS.len()]);
            let body = hostile.or_else(|| random.chance(800).then(|| *random.pick(REVIEWS)));
            self.reviews.execute(params![
                number,
                placed.product as i64 + 1,
                placed.customer as i64 + 1,
                when,
                rating,
                body
            ])?;
            self.later(
                random,
                "review_submitted",
                placed,
                &when,
                None,
                &format!("{{\"rating\":{rating}}}"),
            )?;
        }
        Ok(())
    }

    fn later(
        &mut self,
        random: &mut Random,
        name: &str,
        placed: &Placed,
        when: &str,
        value: Option<i64>,
        properties: &str,
    ) -> Result<()> {
        let order = value.map(|_| placed.order);
        let product = if value.is_none() { Some(placed.product as i64 + 1) } else { None };
        let number = next(&mut self.written.events);
        self.events.execute(params![
            number,
            large(random),
            name,
            event_type(name),
            placed.session,
            when,
            product,
            order,
            value,
            properties
        ])?;
        Ok(())
    }

    /// Customers come last, when it is known what they bought.
    pub(super) fn write_customers(
        self,
        connection: &Connection,
        random: &mut Random,
        first: Date,
    ) -> Result<Rows> {
        connection.execute_batch(
            "UPDATE orders SET status = 'returned' WHERE id IN (SELECT order_id FROM returns)",
        )?;
        people::write(connection, random, first, &self.customers)?;
        let Written { sessions, events, orders, items, returns, reviews } = self.written;
        let counts = [
            ("customers", self.customers.len() as i64),
            ("products", PRODUCTS.len() as i64),
            ("sessions", sessions),
            ("events", events),
            ("orders", orders),
            ("order_items", items),
            ("returns", returns),
            ("reviews", reviews),
        ];
        Ok(counts.into_iter().map(|(table, count)| (table, count.unsigned_abs())).collect())
    }
}

fn event_type(name: &str) -> &str {
    match name {
        "page" | "identify" => name,
        _ => "track",
    }
}
