//! `order.placed`

use perennial_core::ids::{CustomerId, OrderId};
use serde::Deserialize;
use sqlx::PgConnection;

use super::{BY, Trouble};
use crate::context::Cx;
use crate::orders::{self, Kind, PlaceError, Wish};
use crate::store::events::EventRow;

#[derive(Debug, Deserialize)]
pub(super) struct OrderPlaced {
    package: String,
    quantity: Option<i64>,
    currency: Option<String>,
    // Ordering only; the event's customer is authoritative.
    #[serde(rename = "customer")]
    _customer: uuid::Uuid,
}

pub(super) async fn placed(
    conn: &mut PgConnection,
    cx: &Cx,
    customer: CustomerId,
    event: &EventRow,
    data: OrderPlaced,
) -> Result<(), Trouble> {
    let id = OrderId(event.subject);
    let wish = Wish {
        id,
        customer,
        kind: Kind::Purchase,
        package: &data.package,
        currency: data.currency.as_deref().unwrap_or("USD"),
        quantity: data.quantity.unwrap_or(1),
        key: &format!("purchase/{id}"),
    };
    Ok(orders::place(conn, cx.payments.name(), &wish, BY).await?)
}

impl From<PlaceError> for Trouble {
    fn from(error: PlaceError) -> Self {
        match error {
            PlaceError::Database(error) => Self::Database(error),
            refused => Self::refused(refused),
        }
    }
}
