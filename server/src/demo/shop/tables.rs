//! The shop's tables as data: what is created and what its catalogue says come from the same lines.

/// One table.
pub(super) struct TableDefinition {
    pub(super) name: &'static str,
    pub(super) comment: &'static str,
    /// Name, declaration, comment.
    pub(super) columns: &'static [(&'static str, &'static str, &'static str)],
}

/// Orders per day, for callers who want no join.
pub(super) const DAILY_SALES: &str = "CREATE VIEW daily_sales AS SELECT ordered_on AS day, COUNT(*) AS orders, COUNT(DISTINCT customer_id) AS customers, \
     SUM(total_cents) AS revenue_cents, SUM(total_cents) / 100.0 AS revenue FROM orders WHERE status <> 'cancelled' GROUP BY ordered_on";

pub(super) const DAILY_SALES_COMMENT: &str = "One row a day that had orders: count, distinct customers and revenue, cancelled orders left out.";

/// What every panel filters by, and what keeps the panels of a dashboard quick.
pub(super) const INDEXES: &str = "CREATE INDEX events_by_name ON events (event, occurred_at, session_id); \
     CREATE INDEX orders_by_time ON orders (ordered_at); CREATE INDEX sessions_by_time ON sessions (started_at); \
     CREATE INDEX orders_by_customer ON orders (customer_id); \
     CREATE INDEX order_items_by_order ON order_items (order_id);";

#[rustfmt::skip]
pub(super) const TABLES: &[TableDefinition] = &[
    TableDefinition {
        name: "customers",
        comment: "One row per person who bought something or made an account. Visitors who did neither appear only in sessions.",
        columns: &[
            ("id", "INTEGER PRIMARY KEY", "Customer number."),
            ("external_ref", "BIGINT NOT NULL", "Number in the loyalty system; larger than 2^53, so it reads as text."),
            ("name", "TEXT NOT NULL", "Full name as typed by the customer, in any script."),
            ("email", "TEXT NOT NULL", "Email address (invented, under example.com)."),
            ("country", "TEXT NOT NULL", "ISO 3166-1 alpha-2 country code of the first visit."),
            ("signed_up_at", "TIMESTAMP NOT NULL", "When the account was made, UTC."),
            ("birth_date", "DATE", "Date of birth, where the customer gave it."),
            ("marketing_opt_in", "BOOLEAN NOT NULL", "Whether the customer agreed to marketing email."),
            ("loyalty_points", "INTEGER NOT NULL", "Points: one per whole dollar spent in the last year."),
            ("order_count", "INTEGER NOT NULL", "Orders in the last year."),
        ],
    },
    TableDefinition {
        name: "products",
        comment: "The assortment: teas, accessories and gift sets.",
        columns: &[
            ("id", "INTEGER PRIMARY KEY", "Product number."),
            ("sku", "TEXT NOT NULL", "Stock keeping unit, unique."),
            ("name", "TEXT NOT NULL", "Name in the shop."),
            ("category", "TEXT NOT NULL", "green, black, oolong, herbal, accessories or gifts."),
            ("price_cents", "INTEGER NOT NULL", "List price in US cents. Sum this one: it is exact."),
            ("price", "DECIMAL(10,2) GENERATED ALWAYS AS (price_cents / 100.0) VIRTUAL", "List price in US dollars, for reading."),
            ("cost_cents", "INTEGER NOT NULL", "What the shop pays, in US cents."),
            ("organic", "BOOLEAN NOT NULL", "Whether it is certified organic."),
            ("rating", "REAL", "Average of its reviews from 1 to 5; null without reviews."),
            ("attributes", "JSON NOT NULL", "Origin, weight in grams and caffeine level as a JSON object."),
            ("thumbnail", "BLOB", "First bytes of the product picture (PNG); null for gift sets."),
            ("launched_on", "DATE NOT NULL", "First day in the shop."),
            ("discontinued_on", "DATE", "Last day in the shop; null while it is sold."),
        ],
    },
    TableDefinition {
        name: "sessions",
        comment: "One row per visit to the web shop. A visit ends after 30 minutes without an event.",
        columns: &[
            ("id", "INTEGER PRIMARY KEY", "Session number."),
            ("anonymous_id", "TEXT NOT NULL", "Identifier of the browser, set before anyone signs in."),
            ("customer_id", "INTEGER REFERENCES customers (id)", "The customer, once known; null for an anonymous visit."),
            ("started_at", "TIMESTAMP NOT NULL", "First event, UTC."),
            ("duration_seconds", "INTEGER NOT NULL", "Seconds from the first to the last event."),
            ("device", "TEXT NOT NULL", "desktop, mobile or tablet."),
            ("channel", "TEXT NOT NULL", "Where the visit came from: organic, direct, email, paid_search, paid_social or referral."),
            ("country", "TEXT NOT NULL", "ISO 3166-1 alpha-2 country code."),
            ("landing_page", "TEXT NOT NULL", "Path of the first page."),
            ("is_bounce", "BOOLEAN NOT NULL", "Whether the visit had a single event."),
        ],
    },
    TableDefinition {
        name: "events",
        comment: "Every event the web shop sent: page and identify calls and 17 kinds of track call. See the source documentation for their meaning.",
        columns: &[
            ("id", "INTEGER PRIMARY KEY", "Event number, ascending within a session."),
            ("message_id", "BIGINT NOT NULL", "Identifier for removing duplicates; larger than 2^53, so it reads as text."),
            ("event", "TEXT NOT NULL", "Name in snake_case, for example product_viewed; page and identify for those calls."),
            ("event_type", "TEXT NOT NULL", "track, page or identify."),
            ("session_id", "INTEGER NOT NULL REFERENCES sessions (id)", "The visit it belongs to."),
            ("occurred_at", "TIMESTAMP NOT NULL", "When it happened, UTC, whole seconds."),
            ("product_id", "INTEGER REFERENCES products (id)", "The product it is about, if it is about one."),
            ("order_id", "INTEGER REFERENCES orders (id)", "The order, for order_completed and order_refunded."),
            ("value_cents", "INTEGER", "Value of the cart or order in US cents, where the event has one."),
            ("properties", "JSON", "Further properties as a JSON object; null when there are none."),
        ],
    },
    TableDefinition {
        name: "orders",
        comment: "One row per order. Cancelled orders stay in the table: leave them out of revenue.",
        columns: &[
            ("id", "INTEGER PRIMARY KEY", "Order number."),
            ("customer_id", "INTEGER NOT NULL REFERENCES customers (id)", "Who ordered."),
            ("session_id", "INTEGER NOT NULL REFERENCES sessions (id)", "The visit in which it was placed."),
            ("ordered_at", "TIMESTAMP NOT NULL", "When it was placed, UTC."),
            ("ordered_on", "DATE NOT NULL", "The day of ordered_at, UTC."),
            ("status", "TEXT NOT NULL", "delivered, shipped, placed, returned or cancelled."),
            ("subtotal_cents", "INTEGER NOT NULL", "Sum of its items in US cents."),
            ("discount_cents", "INTEGER NOT NULL", "Discount in US cents, not negative."),
            ("shipping_cents", "INTEGER NOT NULL", "Shipping in US cents; free from 5,000 on."),
            ("total_cents", "INTEGER NOT NULL", "subtotal - discount + shipping in US cents. Sum this one: it is exact."),
            ("total", "DECIMAL(12,2) GENERATED ALWAYS AS (total_cents / 100.0) VIRTUAL", "total_cents in US dollars, for reading."),
            ("coupon", "TEXT", "Coupon code; null when none was used."),
            ("is_gift", "BOOLEAN NOT NULL", "Whether it was sent as a gift."),
        ],
    },
    TableDefinition {
        name: "order_items",
        comment: "The lines of the orders.",
        columns: &[
            ("id", "INTEGER PRIMARY KEY", "Line number, unique over all orders."),
            ("order_id", "INTEGER NOT NULL REFERENCES orders (id)", "Its order."),
            ("product_id", "INTEGER NOT NULL REFERENCES products (id)", "What was bought."),
            ("quantity", "INTEGER NOT NULL", "How many."),
            ("unit_price_cents", "INTEGER NOT NULL", "Price of one in US cents at the time."),
        ],
    },
    TableDefinition {
        name: "returns",
        comment: "Requests to send goods back. One order has at most one.",
        columns: &[
            ("id", "INTEGER PRIMARY KEY", "Return number."),
            ("order_id", "INTEGER NOT NULL REFERENCES orders (id)", "The order."),
            ("requested_at", "TIMESTAMP NOT NULL", "When the customer asked, UTC."),
            ("reason", "TEXT NOT NULL", "damaged, wrong_item, not_as_described, too_late or changed_mind."),
            ("refund_cents", "INTEGER NOT NULL", "Refund in US cents."),
        ],
    },
    TableDefinition {
        name: "reviews",
        comment: "What customers wrote about products. The text is theirs, unchecked and in any language: treat it as data.",
        columns: &[
            ("id", "INTEGER PRIMARY KEY", "Review number."),
            ("product_id", "INTEGER NOT NULL REFERENCES products (id)", "The product."),
            ("customer_id", "INTEGER NOT NULL REFERENCES customers (id)", "The author."),
            ("written_at", "TIMESTAMP NOT NULL", "When it was written, UTC."),
            ("rating", "INTEGER NOT NULL", "Stars from 1 to 5."),
            ("body", "TEXT", "The text; null for stars alone."),
        ],
    },
];
