"""Stripe's own Python library against the sandbox. Run by ./run, which sets SANDBOX."""

import json
import os
import urllib.request

import stripe

BASE = os.environ["SANDBOX"]
KEY = "sk_test_python"
client = stripe.StripeClient(KEY, base_addresses={"api": BASE}, max_network_retries=0)
patient = stripe.StripeClient(KEY, base_addresses={"api": BASE}, max_network_retries=2)
v1 = client.v1


def control(method, path, body=None):
    request = urllib.request.Request(
        f"{BASE}/_sandbox/{path}?key={KEY}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"content-type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def refused(kind, call):
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"expected {kind.__name__}")


def customer_with(method):
    customer = v1.customers.create({"email": "ann@example.com", "name": "Ann"})
    attached = v1.payment_methods.attach(method, {"customer": customer.id})
    return customer, attached


def pay(customer, method, options=None, **more):
    intent = v1.payment_intents.create(
        {"amount": 4900, "currency": "usd", "customer": customer.id, "metadata": {"invoice": "inv_1"}}
    )
    return v1.payment_intents.confirm(
        intent.id, {"payment_method": method.id, "off_session": True, **more}, options
    )


def customers_are_created_changed_listed_and_deleted():
    customer = v1.customers.create(
        {
            "email": "ann@example.com",
            "name": "Ann",
            "address": {"line1": "1 Main St", "country": "US"},
            "metadata": {"a": "1", "b": "2"},
            "preferred_locales": ["de", "en"],
        }
    )
    assert customer.address.line1 == "1 Main St" and customer.address.city is None
    assert customer.preferred_locales == ["de", "en"]
    changed = v1.customers.update(customer.id, {"name": "", "metadata": {"a": "", "c": "3"}})
    assert changed.name is None and changed.metadata.to_dict() == {"b": "2", "c": "3"}
    assert v1.customers.list({"email": "ann@example.com"}).data[0].id == customer.id
    assert v1.customers.delete(customer.id).deleted
    assert v1.customers.retrieve(customer.id).deleted
    missing = refused(stripe.InvalidRequestError, lambda: v1.customers.retrieve("cus_none"))
    assert (missing.http_status, missing.code, missing.param) == (404, "resource_missing", "id")


def payment_methods_are_attached_listed_updated_and_detached():
    customer, method = customer_with("pm_card_visa")
    assert method.id != "pm_card_visa" and method.customer == customer.id
    assert (method.type, method.card.brand, method.card.last4) == ("card", "visa", "4242")
    made = v1.payment_methods.create(
        {
            "type": "card",
            "card": {"number": "5555555555554444", "exp_month": 8, "exp_year": 2040, "cvc": "314"},
            "billing_details": {"name": "Ann", "address": {"postal_code": "94107"}},
        }
    )
    v1.payment_methods.attach(made.id, {"customer": customer.id})
    brands = [it.card.brand for it in v1.customers.payment_methods.list(customer.id).data]
    assert brands == ["mastercard", "visa"], brands
    both = v1.payment_methods.list({"customer": customer.id, "type": "card"})
    assert len(both.data) == 2 and not both.has_more
    default = {"invoice_settings": {"default_payment_method": made.id}}
    changed = v1.customers.update(customer.id, {**default, "expand": ["invoice_settings.default_payment_method"]})
    assert changed.invoice_settings.default_payment_method.card.last4 == "4444"
    later = v1.payment_methods.update(made.id, {"card": {"exp_month": 9, "exp_year": 2041}})
    assert (later.card.exp_month, later.card.exp_year) == (9, 2041)
    assert v1.payment_methods.detach(made.id).customer is None
    refused(stripe.InvalidRequestError, lambda: v1.payment_methods.attach(made.id, {"customer": customer.id}))
    declined = refused(
        stripe.CardError,
        lambda: v1.payment_methods.attach("pm_card_visa_chargeDeclinedLostCard", {"customer": customer.id}),
    )
    assert declined.error.decline_code == "lost_card"


def setup_intents_prepare_a_card_for_later():
    customer = v1.customers.create()
    setup = v1.setup_intents.create(
        {"customer": customer.id, "payment_method": "pm_card_visa", "usage": "off_session"}
    )
    assert setup.status == "requires_confirmation" and setup.client_secret
    done = v1.setup_intents.confirm(setup.id, {"return_url": "https://example.com", "expand": ["payment_method"]})
    assert done.status == "succeeded" and done.payment_method.customer == customer.id
    assert pay(customer, done.payment_method).status == "succeeded"
    open_one = v1.setup_intents.create({"customer": customer.id})
    assert v1.setup_intents.cancel(open_one.id).status == "canceled"
    assert len(v1.setup_intents.list({"customer": customer.id}).data) == 2


def payments_succeed_with_their_charge():
    customer, method = customer_with("pm_card_visa")
    paid = pay(customer, method, expand=["latest_charge.customer", "payment_method"])
    assert paid.status == "succeeded" and paid.amount_received == 4900
    charge = paid.latest_charge
    assert charge.paid and charge.captured and charge.outcome.type == "authorized"
    assert charge.customer.email == "ann@example.com"
    assert charge.payment_method_details.card.last4 == "4242"
    assert paid.metadata["invoice"] == "inv_1"
    read = v1.charges.retrieve(charge.id, {"expand": ["payment_intent"]})
    assert read.payment_intent.id == paid.id
    again = refused(stripe.InvalidRequestError, lambda: v1.payment_intents.confirm(paid.id))
    assert again.code == "payment_intent_unexpected_state"
    assert again.error.payment_intent.status == "succeeded"


def declines_are_card_errors_with_codes_and_advice():
    customer, method = customer_with("pm_sbx_mastercard__insufficient_funds@24__lost_card__ok")
    first = refused(stripe.CardError, lambda: pay(customer, method))
    assert (first.http_status, first.code) == (402, "card_declined")
    assert first.error.decline_code == "insufficient_funds"
    assert first.error.network_advice_code == "24"
    assert first.error.advice_code == "try_again_later"
    intent = first.error.payment_intent
    assert intent.status == "requires_payment_method"
    assert intent.last_payment_error.decline_code == "insufficient_funds"
    second = refused(
        stripe.CardError,
        lambda: v1.payment_intents.confirm(intent.id, {"payment_method": method.id, "off_session": True}),
    )
    assert second.error.decline_code == "lost_card" and second.error.advice_code == "do_not_try_again"
    third = v1.payment_intents.confirm(intent.id, {"payment_method": method.id, "off_session": True})
    assert third.status == "succeeded"
    charges = v1.charges.list({"payment_intent": intent.id}).data
    assert [charge.status for charge in charges] == ["succeeded", "failed", "failed"]
    assert charges[1].outcome.reason == "lost_card"
    customer, method = customer_with("pm_card_authenticationRequired")
    needed = refused(stripe.CardError, lambda: pay(customer, method))
    assert needed.code == "authentication_required"


def one_key_charges_once():
    customer, method = customer_with("pm_card_visa")
    before = control("GET", "ledger")["totals"].get("usd", 0)
    params = {
        "amount": 500,
        "currency": "usd",
        "customer": customer.id,
        "payment_method": method.id,
        "confirm": True,
        "off_session": True,
    }
    options = {"idempotency_key": "key-1"}
    one = v1.payment_intents.create(params, options)
    two = v1.payment_intents.create(params, options)
    assert one.id == two.id
    assert two.last_response.headers["Idempotent-Replayed"] == "true"
    assert one.last_response.request_id != two.last_response.request_id
    other = refused(
        stripe.IdempotencyError, lambda: v1.payment_intents.create({**params, "amount": 600}, options)
    )
    assert other.http_status == 400
    assert control("GET", "ledger")["totals"]["usd"] == before + 500


def a_lost_answer_is_retried_by_the_library_without_a_second_charge():
    customer, method = customer_with("pm_card_visa")
    for action in ("drop_after", "drop_before"):
        control("POST", "faults", {"method": "POST", "path": "/v1/payment_intents$", "count": 1, "action": action})
        before = control("GET", "ledger")["totals"].get("usd", 0)
        paid = patient.v1.payment_intents.create(
            {
                "amount": 700,
                "currency": "usd",
                "customer": customer.id,
                "payment_method": method.id,
                "confirm": True,
                "off_session": True,
            }
        )
        assert paid.status == "succeeded"
        assert control("GET", "ledger")["totals"]["usd"] == before + 700
        control("DELETE", "faults")


def errors_have_their_classes():
    control("POST", "faults", {"path": "/v1/customers", "count": 1, "action": "rate_limit", "per_second": 0})
    limited = refused(stripe.RateLimitError, lambda: v1.customers.list())
    assert limited.headers["Stripe-Rate-Limited-Reason"] == "endpoint-rate"
    control("DELETE", "faults")
    control("POST", "faults", {"path": "/v1/customers", "count": 1, "action": "html502"})
    refused(stripe.APIError, lambda: v1.customers.list())
    control("DELETE", "faults")
    stranger = stripe.StripeClient("sk_live_x", base_addresses={"api": BASE}, max_network_retries=0)
    refused(stripe.AuthenticationError, lambda: stranger.v1.customers.list())
    unknown = refused(stripe.InvalidRequestError, lambda: v1.customers.create({"colour": "red"}))
    assert (unknown.code, unknown.param) == ("parameter_unknown", "colour")


def pages_are_walked_automatically():
    customer = v1.customers.create()
    for number in range(25):
        v1.payment_intents.create(
            {"amount": 100 + number, "currency": "eur", "customer": customer.id}
        )
    page = v1.payment_intents.list({"customer": customer.id, "limit": 10})
    amounts = [intent.amount for intent in page.auto_paging_iter()]
    assert amounts == list(range(124, 99, -1)), amounts


def payments_are_canceled_and_captured():
    intent = v1.payment_intents.create({"amount": 900, "currency": "usd"})
    gone = v1.payment_intents.cancel(intent.id, {"cancellation_reason": "abandoned"})
    assert (gone.status, gone.cancellation_reason) == ("canceled", "abandoned")
    held = v1.payment_intents.create(
        {
            "amount": 900,
            "currency": "usd",
            "capture_method": "manual",
            "payment_method": "pm_card_visa",
            "payment_method_types": ["card"],
            "confirm": True,
        }
    )
    assert held.status == "requires_capture"
    captured = v1.payment_intents.capture(held.id, {"amount_to_capture": 400})
    assert (captured.status, captured.amount_received) == ("succeeded", 400)


CHECKS = [
    customers_are_created_changed_listed_and_deleted,
    payment_methods_are_attached_listed_updated_and_detached,
    setup_intents_prepare_a_card_for_later,
    payments_succeed_with_their_charge,
    declines_are_card_errors_with_codes_and_advice,
    one_key_charges_once,
    a_lost_answer_is_retried_by_the_library_without_a_second_charge,
    errors_have_their_classes,
    pages_are_walked_automatically,
    payments_are_canceled_and_captured,
]

for check in CHECKS:
    check()
    print("ok", check.__name__.replace("_", " "))
print(f"stripe-python {stripe.VERSION}: {len(CHECKS)} checks passed")
