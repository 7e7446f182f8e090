//! One visit to the shop: what a person does, step by step, until they leave or buy.

use super::words::{PRODUCTS, SEARCHES};
use crate::demo::random::Random;

/// One event of a visit.
pub(super) struct Event {
    pub(super) name: &'static str,
    /// Seconds since the start of the visit.
    pub(super) after: i64,
    /// Index of the product.
    pub(super) product: Option<usize>,
    pub(super) value_cents: Option<i64>,
    pub(super) properties: Option<String>,
}

/// Who visits, as far as it changes what they do.
pub(super) struct Visitor {
    pub(super) known: bool,
    pub(super) mobile: bool,
    pub(super) from_email: bool,
    /// The last weeks of the year, when people buy presents.
    pub(super) festive: bool,
}

/// A visit as it went.
pub(super) struct Visit {
    pub(super) events: Vec<Event>,
    /// Product index and quantity.
    pub(super) cart: Vec<(usize, i64)>,
    pub(super) coupon: bool,
    pub(super) ordered: bool,
    pub(super) became_known: bool,
}

impl Visit {
    /// Plays one visit. The shares are those of a middling web shop: one visit in ten ends in an order.
    pub(super) fn play(random: &mut Random, visitor: &Visitor, landing: &str) -> Self {
        let mut visit = Self {
            events: Vec::with_capacity(8),
            cart: Vec::new(),
            coupon: false,
            ordered: false,
            became_known: false,
        };
        let referred = random.chance(500);
        visit.push(
            random,
            "page",
            None,
            Some(format!("{{\"path\":\"{landing}\",\"referrer_known\":{referred}}}")),
        );
        if random.chance(if visitor.mobile { 360 } else { 280 }) {
            return visit;
        }
        if visitor.known && random.chance(450) {
            visit.push(random, "signed_in", None, None);
        }
        visit.browse(random);
        let buying = 300
            + 170 * usize::from(visitor.known)
            + 70 * usize::from(visitor.from_email)
            + 80 * usize::from(visitor.festive);
        if random.chance(if visitor.mobile { buying * 8 / 10 } else { buying }) {
            visit.fill_cart(random);
            visit.check_out(random, visitor);
        }
        if random.chance(20) {
            visit.push(
                random,
                "newsletter_subscribed",
                None,
                Some("{\"list\":\"weekly-leaf\"}".to_owned()),
            );
        }
        if random.chance(15) {
            visit.push(random, "support_chat_opened", None, None);
        }
        visit
    }

    pub(super) fn duration(&self) -> i64 {
        self.events.last().map_or(0, |event| event.after)
    }

    pub(super) fn subtotal(&self) -> i64 {
        self.cart.iter().map(|(product, quantity)| PRODUCTS[*product].2 * quantity).sum()
    }

    fn browse(&mut self, random: &mut Random) {
        for _ in 0..=random.below(3) {
            if random.chance(250) {
                let query = random.pick(SEARCHES);
                let results = random.below(18);
                self.push(
                    random,
                    "product_searched",
                    None,
                    Some(format!("{{\"query\":\"{query}\",\"results\":{results}}}")),
                );
            } else {
                let category = PRODUCTS[random.below(PRODUCTS.len())].0;
                self.push(
                    random,
                    "product_list_viewed",
                    None,
                    Some(format!("{{\"category\":\"{category}\"}}")),
                );
            }
            for _ in 0..random.below(3) {
                let product = favourite(random);
                self.push(random, "product_viewed", Some(product), None);
                if random.chance(40) {
                    self.push(random, "wishlist_product_added", Some(product), None);
                }
            }
        }
    }

    fn fill_cart(&mut self, random: &mut Random) {
        for _ in 0..=random.weighted(&[60, 28, 12]) {
            let product = favourite(random);
            let quantity = 1 + random.weighted(&[80, 15, 5]) as i64;
            if self.cart.iter().all(|(there, _)| *there != product) {
                self.cart.push((product, quantity));
                self.push(
                    random,
                    "product_added",
                    Some(product),
                    Some(format!("{{\"quantity\":{quantity}}}")),
                );
            }
        }
        if self.cart.len() > 1 && random.chance(150) {
            let (product, _) = self.cart.remove(0);
            self.push(random, "product_removed", Some(product), None);
        }
    }

    fn check_out(&mut self, random: &mut Random, visitor: &Visitor) {
        let share =
            |normal: usize| if visitor.known { normal + (1_000 - normal) / 2 } else { normal };
        for (step, goes_on) in [
            ("cart_viewed", share(850)),
            ("checkout_started", share(620)),
            ("shipping_info_entered", share(780)),
        ] {
            if !random.chance(goes_on) {
                return;
            }
            let value = self.subtotal();
            self.push(random, step, None, None).value_cents = Some(value);
        }
        if !visitor.known {
            self.became_known = true;
            self.push(random, "identify", None, Some("{\"form\":\"checkout\"}".to_owned()));
        }
        if random.chance(200) {
            self.coupon = true;
            self.push(random, "coupon_applied", None, None);
        }
        if !random.chance(share(860)) {
            return;
        }
        let method = *random.pick(&["card", "card", "card", "paypal", "apple_pay"]);
        self.push(
            random,
            "payment_info_entered",
            None,
            Some(format!("{{\"method\":\"{method}\"}}")),
        );
        if random.chance(share(920)) {
            self.ordered = true;
            self.push(random, "order_completed", None, None);
        }
    }

    fn push(
        &mut self,
        random: &mut Random,
        name: &'static str,
        product: Option<usize>,
        properties: Option<String>,
    ) -> &mut Event {
        let pause = if self.events.is_empty() { 0 } else { random.between(4, 95) };
        let after = self.duration() + pause;
        self.events.push(Event { name, after, product, value_cents: None, properties });
        self.events.last_mut().expect("an event was pushed on the line before")
    }
}

/// A product, the first of each category more often than the last.
fn favourite(random: &mut Random) -> usize {
    random.below(PRODUCTS.len()).min(random.below(PRODUCTS.len() * 2))
}
