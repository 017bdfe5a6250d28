// Stripe's own Node library against the sandbox. Run by ./run, which sets SANDBOX and NODE_MODULES.
import assert from 'node:assert/strict';
import {createRequire} from 'node:module';

const require = createRequire(`${process.env.NODE_MODULES}/`);
const {default: Stripe = require('stripe')} = require('stripe');

const base = new URL(process.env.SANDBOX);
const key = 'sk_test_node';
const settings = {host: base.hostname, port: base.port, protocol: 'http', telemetry: false};
const stripe = new Stripe(key, {...settings, maxNetworkRetries: 0});
const patient = new Stripe(key, {...settings, maxNetworkRetries: 2});

async function control(method, path, body) {
  const answer = await fetch(new URL(`/_sandbox/${path}?key=${key}`, base), {
    method,
    headers: {'content-type': 'application/json'},
    body: body && JSON.stringify(body),
  });
  return answer.json();
}

async function customerWith(method) {
  const customer = await stripe.customers.create({email: 'ann@example.com'});
  const attached = await stripe.paymentMethods.attach(method, {customer: customer.id});
  return {customer: customer.id, method: attached.id};
}

async function pay({customer, method}, more = {}) {
  const intent = await stripe.paymentIntents.create({amount: 4900, currency: 'usd', customer});
  return stripe.paymentIntents.confirm(intent.id, {payment_method: method, off_session: true, ...more});
}

const checks = {
  async 'customers are created, changed and deleted'() {
    const customer = await stripe.customers.create({name: 'Ann', metadata: {a: '1'}});
    assert.equal(customer.invoice_settings.default_payment_method, null);
    const changed = await stripe.customers.update(customer.id, {metadata: {a: '', b: '2'}});
    assert.deepEqual(changed.metadata, {b: '2'});
    assert.equal((await stripe.customers.del(customer.id)).deleted, true);
    await assert.rejects(stripe.customers.retrieve('cus_none'), {
      type: 'StripeInvalidRequestError',
      code: 'resource_missing',
      statusCode: 404,
    });
  },

  async 'setup intents prepare a card for later'() {
    const customer = await stripe.customers.create();
    const setup = await stripe.setupIntents.create({
      customer: customer.id,
      payment_method: 'pm_card_visa',
      confirm: true,
      return_url: 'https://example.com',
    });
    assert.equal(setup.status, 'succeeded');
    const paid = await pay({customer: customer.id, method: setup.payment_method});
    assert.equal(paid.status, 'succeeded');
  },

  async 'payments succeed with their charge'() {
    const paid = await pay(await customerWith('pm_card_amex'), {expand: ['latest_charge', 'customer']});
    assert.equal(paid.status, 'succeeded');
    assert.equal(paid.latest_charge.payment_method_details.card.brand, 'amex');
    assert.equal(paid.customer.email, 'ann@example.com');
    assert.equal((await stripe.charges.retrieve(paid.latest_charge.id)).paid, true);
  },

  async 'declines are card errors with codes and advice'() {
    const who = await customerWith('pm_sbx_mastercard__do_not_honor@03__ok');
    const error = await pay(who).then(() => assert.fail('not declined'), (error) => error);
    assert.equal(error.type, 'StripeCardError');
    assert.equal(error.statusCode, 402);
    assert.equal(error.decline_code, 'do_not_honor');
    assert.equal(error.raw.network_advice_code, '03');
    assert.equal(error.payment_intent.status, 'requires_payment_method');
    const confirm = {payment_method: who.method, off_session: true};
    const paid = await stripe.paymentIntents.confirm(error.payment_intent.id, confirm);
    assert.equal(paid.status, 'succeeded');
    await assert.rejects(stripe.paymentIntents.confirm(paid.id), {code: 'payment_intent_unexpected_state'});
  },

  async 'one key charges once'() {
    const {customer, method} = await customerWith('pm_card_visa');
    const params = {
      amount: 500, currency: 'usd', customer, payment_method: method, confirm: true, off_session: true,
    };
    const options = {idempotencyKey: 'key-1'};
    const one = await stripe.paymentIntents.create(params, options);
    const two = await stripe.paymentIntents.create(params, options);
    assert.equal(one.id, two.id);
    assert.equal(two.lastResponse.headers['idempotent-replayed'], 'true');
    await assert.rejects(stripe.paymentIntents.create({...params, amount: 600}, options), {
      type: 'StripeIdempotencyError',
    });
  },

  async 'a lost answer is retried by the library without a second charge'() {
    const who = await customerWith('pm_sbx_visa__lostreply__ok');
    const intent = await stripe.paymentIntents.create({amount: 700, currency: 'usd', customer: who.customer});
    const before = await control('GET', 'ledger');
    const paid = await patient.paymentIntents.confirm(intent.id, {payment_method: who.method, off_session: true});
    assert.equal(paid.status, 'succeeded');
    const after = await control('GET', 'ledger');
    assert.equal(after.attempts - before.attempts, 1);
    assert.equal(after.totals.usd - before.totals.usd, 700);
  },

  async 'errors have their classes'() {
    await control('POST', 'faults', {path: '/v1/customers', count: 1, action: 'rate_limit', per_second: 0});
    await assert.rejects(stripe.customers.list(), {type: 'StripeRateLimitError'});
    await control('DELETE', 'faults');
    await control('POST', 'faults', {path: '/v1/customers', count: 1, action: 'status', status: 500});
    await assert.rejects(stripe.customers.list(), {type: 'StripeAPIError'});
    await control('DELETE', 'faults');
    const stranger = new Stripe('sk_live_x', {...settings, maxNetworkRetries: 0});
    await assert.rejects(stranger.customers.list(), {type: 'StripeAuthenticationError'});
  },

  async 'pages are walked automatically'() {
    const customer = await stripe.customers.create();
    for (let amount = 100; amount < 123; amount += 1) {
      await stripe.paymentIntents.create({amount, currency: 'eur', customer: customer.id});
    }
    const amounts = [];
    for await (const intent of stripe.paymentIntents.list({customer: customer.id, limit: 5})) {
      amounts.push(intent.amount);
    }
    assert.deepEqual(amounts, Array.from({length: 23}, (_, n) => 122 - n));
  },
};

for (const [name, check] of Object.entries(checks)) {
  await check();
  console.log('ok', name);
}
console.log(`stripe-node ${Stripe.PACKAGE_VERSION}: ${Object.keys(checks).length} checks passed`);
