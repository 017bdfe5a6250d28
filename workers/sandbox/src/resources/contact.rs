//! Addresses and billing details, which several resources echo.

use serde_json::{Value, json};

use crate::wire::error::Answer;
use crate::wire::params::Params;

const ADDRESS: [&str; 6] = ["city", "country", "line1", "line2", "postal_code", "state"];

/// The address in `address[…]`, with every member present.
pub(crate) fn address(params: &Params) -> Answer {
    if params.text("address").is_none() && params.echo("address").is_none() {
        return Ok(Value::Null);
    }
    let given = params.table("address");
    given.allow(&ADDRESS)?;
    let member = |name: &&str| ((*name).to_owned(), json!(given.text(name)));
    Ok(Value::Object(ADDRESS.iter().map(member).collect()))
}

/// The details in `billing_details[…]`, with every member present.
pub(crate) fn billing_details(params: &Params) -> Answer {
    let given = params.table("billing_details");
    given.allow(&["address", "email", "name", "phone", "tax_id"])?;
    let address = match address(&given)? {
        Value::Null => json!({
            "city": null, "country": null, "line1": null,
            "line2": null, "postal_code": null, "state": null,
        }),
        address => address,
    };
    Ok(json!({
        "address": address,
        "email": given.text("email"),
        "name": given.text("name"),
        "phone": given.text("phone"),
        "tax_id": given.text("tax_id"),
    }))
}

/// Who to ship to: echoed as it came.
pub(crate) fn shipping(params: &Params) -> Answer {
    if params.echo("shipping").is_none() {
        return Ok(Value::Null);
    }
    let given = params.table("shipping");
    Ok(json!({
        "address": address(&given)?,
        "carrier": given.text("carrier"),
        "name": given.required("name")?,
        "phone": given.text("phone"),
        "tracking_number": given.text("tracking_number"),
    }))
}
