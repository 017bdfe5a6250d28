//! A wallet that runs low buys by itself: one order at a time, of as many packages as are missing
//! (one charge, not many), and so many packages in a month at most.

use chrono::{DateTime, Utc};
use perennial_core::ids::{CustomerId, OrderId};
use sqlx::PgConnection;

use super::place::{Kind, PlaceError, Wish, place};
use crate::store::customers;
use crate::store::orders::{self, OrderRow};
use crate::store::wallets::{self, TopUpRow};

/// Places an order if the balance is too low and nothing stands in the way.
pub(crate) async fn top_up(
    conn: &mut PgConnection,
    provider: &'static str,
    customer: CustomerId,
    unit: &str,
    by: &'static str,
) -> Result<(), PlaceError> {
    // The customer before the wallet: the order in which everybody locks them.
    if customers::lock(&mut *conn, customer.0).await?.is_none() {
        return Ok(());
    }
    let Some(wallet) = wallets::lock_top_up(&mut *conn, customer.0, unit).await? else {
        return Ok(());
    };
    if wallet.wanted {
        buy(&mut *conn, provider, customer, unit, &wallet, by).await?;
    }
    Ok(wallets::tend(conn, &[customer.0], &[unit.to_owned()]).await?)
}

async fn buy(
    conn: &mut PgConnection,
    provider: &'static str,
    customer: CustomerId,
    unit: &str,
    wallet: &TopUpRow,
    by: &'static str,
) -> Result<(), PlaceError> {
    let allowed = i64::from(wallet.per_month_max) - wallet.bought_this_month;
    if allowed <= 0 {
        let until = Some(wallet.next_month);
        return Ok(wallets::hold_top_ups(conn, customer.0, unit, until).await?);
    }
    let offer = orders::offer(&mut *conn, customer.0, unit, Some(&wallet.package)).await?;
    let Some(offer) = offer else {
        // It is sold no more: that is for its owner to change.
        return Ok(wallets::hold_top_ups(conn, customer.0, unit, None).await?);
    };
    let key = format!("top_up/{customer}/{unit}/{}/{}", wallet.month, wallet.placed_this_month + 1);
    let wish = Wish {
        id: OrderId::derived(&key),
        customer,
        kind: Kind::TopUp,
        package: &offer.package,
        currency: &offer.currency,
        quantity: packages(wallet.missing, offer.tokens).min(allowed),
        key: &key,
    };
    // Until it is settled, or a method is attached, there is no other.
    wallets::hold_top_ups(&mut *conn, customer.0, unit, None).await?;
    place(conn, provider, &wish, by).await
}

/// How many packages of so many tokens make up for what is missing.
fn packages(missing: i64, tokens: i64) -> i64 {
    let whole = missing.max(1) / tokens.max(1);
    whole + i64::from(missing.max(1) % tokens.max(1) > 0)
}

/// After a top-up has ended: when there may be another, or only once a method is attached.
pub(super) async fn allow(
    conn: &mut PgConnection,
    order: &OrderRow,
    from: Option<DateTime<Utc>>,
) -> sqlx::Result<()> {
    wallets::hold_top_ups(&mut *conn, order.customer_id, &order.unit, from).await?;
    wallets::tend(conn, &[order.customer_id], std::slice::from_ref(&order.unit)).await
}

#[cfg(test)]
mod tests {
    use super::packages;

    #[test]
    fn as_many_packages_are_bought_as_are_missing() {
        let cases = [(1, 100, 1), (100, 100, 1), (101, 100, 2), (5_000, 100, 50), (0, 100, 1)];
        for (missing, tokens, wanted) in cases {
            assert_eq!(packages(missing, tokens), wanted, "{missing} of {tokens}");
        }
    }
}
