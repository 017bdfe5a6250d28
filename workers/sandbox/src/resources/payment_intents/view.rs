//! How a payment intent looks on the wire.

use serde_json::{Value, json};

use super::{PaymentIntent, Status};

impl PaymentIntent {
    pub(crate) fn view(&self) -> Value {
        let automatic = self
            .automatic
            .map(|redirects| json!({ "allow_redirects": redirects, "enabled": true }));
        let next_action = self.action_url.as_ref().map(|url| {
            json!({
                "redirect_to_url": { "return_url": self.return_url, "url": url },
                "type": "redirect_to_url",
            })
        });
        let processing = (self.status == Status::Processing)
            .then(|| json!({ "card": { "customer_notification": null }, "type": "card" }));
        json!({
            "id": self.id,
            "object": "payment_intent",
            "amount": self.amount,
            "amount_capturable": self.amount_capturable,
            "amount_details": { "tip": {} },
            "amount_received": self.amount_received,
            "application": null,
            "application_fee_amount": null,
            "automatic_payment_methods": automatic,
            "canceled_at": self.canceled_at.map(|at| at.timestamp()),
            "cancellation_reason": self.cancellation_reason,
            "capture_method": self.capture_method,
            "client_secret": self.client_secret,
            "confirmation_method": self.confirmation_method,
            "created": self.created.timestamp(),
            "currency": self.currency,
            "customer": self.customer,
            "customer_account": null,
            "description": self.description,
            "excluded_payment_method_types": null,
            "last_payment_error": self.last_payment_error,
            "latest_charge": self.latest_charge,
            "livemode": false,
            "metadata": self.metadata,
            "next_action": next_action,
            "on_behalf_of": null,
            "payment_method": self.payment_method,
            "payment_method_configuration_details": null,
            "payment_method_options": { "card": {
                "installments": null,
                "mandate_options": null,
                "network": null,
                "request_three_d_secure": "automatic",
            } },
            "payment_method_types": self.payment_method_types,
            "processing": processing,
            "receipt_email": self.receipt_email,
            "review": null,
            "setup_future_usage": self.setup_future_usage,
            "shipping": self.shipping,
            "source": null,
            "statement_descriptor": self.statement_descriptor,
            "statement_descriptor_suffix": self.statement_descriptor_suffix,
            "status": self.status.name(),
            "transfer_data": null,
            "transfer_group": self.transfer_group,
        })
    }
}
