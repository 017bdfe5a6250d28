//! A subscription to tell stories about: verbs that make things happen, and the books of it all.

use chrono::{DateTime, Duration, Utc};

use super::books::Books;
use super::revenue::Revenue;
use crate::calendar::{Anchor, Interval, Period};
use crate::currency::Currency;
use crate::decline::Decline;
use crate::dunning::DunningPolicy;
use crate::ids::{
    CustomerId, InvoiceId, PaymentId, PaymentMethodId, PendingItemId, PlanId, PriceId,
    SubscriptionId,
};
use crate::lifecycle::{
    Access, Action, CancelWhen, Context, Effect, Event, Item, LineKind, Method, Notice,
    NoticesSent, PendingItem, Refused, Start, State, Status, Subscription, UnusedTime, access,
    agenda, decide, start,
};
use crate::network::Network;

pub(super) fn at(text: &str) -> DateTime<Utc> {
    let text = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
    text.parse().unwrap()
}

/// When random histories begin.
pub(super) const FIRST_DAY: &str = "2026-01-31T12:00:00Z";

pub(super) fn days(days: i64) -> Duration {
    Duration::days(days)
}

pub(super) fn method(name: &str, network: Network) -> Method {
    Method {
        id: PaymentMethodId::derived(name),
        card: PaymentMethodId::derived(name),
        network,
        expires_at: None,
        blocked: None,
        not_before: None,
        recent_attempts: vec![],
    }
}

pub(super) fn item(unit_amount_minor: i64) -> Item {
    Item {
        price: PriceId::derived("price"),
        plan: PlanId::derived("plan"),
        description: "Professional".to_owned(),
        quantity: 1,
        unit_amount_minor,
        setup_fee_minor: 0,
    }
}

/// What a story begins with, to be varied.
pub(super) fn terms() -> Subscription {
    let started_at = at("2026-01-01");
    Subscription {
        id: SubscriptionId::derived("story"),
        customer: CustomerId::derived("story"),
        plan: PlanId::derived("plan"),
        state: State::Active,
        cycle: Anchor::at(started_at, chrono_tz::UTC).every(Interval::MONTH),
        currency: Currency::USD,
        items: vec![item(49_00)],
        started_at,
        period: Period { index: 0, start: started_at, end: started_at },
        cancel_requested_at: None,
        notices: NoticesSent::default(),
        parked: None,
        invoices: vec![],
        methods: vec![method("first", Network::Visa)],
        pending: vec![],
        balance_minor: 0,
    }
}

pub(super) struct World {
    pub(super) subscription: Subscription,
    pub(super) policy: DunningPolicy,
    pub(super) downgrade: Option<Vec<Item>>,
    pub(super) now: DateTime<Utc>,
    pub(super) books: Books,
    /// How often something was used beyond a limit.
    used: u32,
    pub(super) revenue: Revenue,
    /// Whatever was heard, to be heard again.
    pub(super) heard: Vec<Event>,
    pub(super) letters: Vec<(DateTime<Utc>, Notice)>,
    /// Each of them, with the state that it was written from.
    pub(super) written: Vec<Written>,
}

/// An email, and the state that it was written from.
#[derive(Debug, Clone)]
pub(super) struct Written {
    pub(super) at: DateTime<Utc>,
    pub(super) notice: Notice,
    pub(super) state: Subscription,
}

impl World {
    pub(super) fn new(terms: Subscription, how: Start, policy: DunningPolicy) -> Self {
        // Random beginnings may lie ahead of this.
        let now = terms.started_at.min(at(FIRST_DAY));
        Self::heard_of(terms, how, policy, now)
    }

    /// As [`Self::new`], where the beginning is heard of at `now`.
    pub(super) fn heard_of(
        terms: Subscription,
        how: Start,
        policy: DunningPolicy,
        now: DateTime<Utc>,
    ) -> Self {
        let context = Context { policy: &policy, now, downgrade: None };
        let decision = start(terms.clone(), how, context).unwrap();
        let mut world = Self {
            books: Books::opened(&terms),
            used: 0,
            revenue: Revenue::none(),
            subscription: decision.after,
            policy,
            downgrade: Some(vec![item(0)]),
            now,
            heard: vec![],
            letters: vec![],
            written: vec![],
        };
        world.note(&decision.effects);
        world
    }

    /// An active subscription whose first month is paid.
    pub(super) fn active() -> Self {
        let mut world = Self::new(terms(), Start::Service, DunningPolicy::default());
        world.succeed();
        world.letters.clear();
        world
    }

    /// The renewal of February was declined.
    pub(super) fn past_due() -> Self {
        Self::past_due_under(DunningPolicy::default(), terms())
    }

    /// The renewal of February was declined, under this policy.
    pub(super) fn past_due_under(policy: DunningPolicy, terms: Subscription) -> Self {
        let mut world = Self::new(terms, Start::Service, policy);
        world.succeed();
        world.run_to(at("2026-02-01"));
        world.decline("insufficient_funds");
        world.letters.clear();
        world
    }

    /// Every rung was declined, too.
    pub(super) fn in_grace(policy: DunningPolicy) -> Self {
        let mut world = Self::past_due_under(policy, terms());
        while world.status() == Status::PastDue {
            let (_, at) = world.next().unwrap();
            world.run_to(at);
            world.decline("insufficient_funds");
        }
        world.letters.clear();
        world
    }

    fn note(&mut self, effects: &[Effect]) {
        for effect in effects {
            self.books.note(effect, self.now);
            if let Effect::Notify(notice) = effect {
                self.letters.push((self.now, notice.clone()));
                let (at, state) = (self.now, self.subscription.clone());
                self.written.push(Written { at, notice: notice.clone(), state });
            }
        }
        self.books.agree_with(&self.subscription);
        self.revenue.note(&self.subscription, effects, self.now);
    }

    /// Something happens. Hearing it again at once must change nothing.
    pub(super) fn hear(&mut self, event: Event) -> Result<Vec<Effect>, Refused> {
        let context =
            Context { policy: &self.policy, now: self.now, downgrade: self.downgrade.as_deref() };
        let decision = decide(&self.subscription, &event, context)?;
        assert_eq!(Ok(&decision), decide(&self.subscription, &event, context).as_ref());
        if let Ok(again) = decide(&decision.after, &event, context) {
            let remarks = again.effects.iter().all(|effect| matches!(effect, Effect::Remark(_)));
            assert!(remarks, "{event:?} again: {:?}", again.effects);
            assert_eq!(again.after, decision.after, "{event:?} again");
        }
        if decision.effects.is_empty() {
            assert_eq!(decision.after, self.subscription, "{event:?} says nothing of a change");
        }
        self.subscription = decision.after;
        if let Some(case) = self.subscription.state.case() {
            let rungs = self.policy.rungs.len();
            assert!(case.next_rung <= rungs && usize::try_from(case.attempts).unwrap() <= rungs);
        }
        self.heard.push(event);
        self.note(&decision.effects);
        Ok(decision.effects)
    }

    pub(super) fn tell(&mut self, event: Event) -> Vec<Effect> {
        self.hear(event).unwrap()
    }

    pub(super) fn next(&self) -> Option<(Action, DateTime<Utc>)> {
        agenda(&self.subscription, &self.policy)
    }

    /// A worker comes by and does one thing that is due, if anything is.
    pub(super) fn work_once(&mut self) -> bool {
        match self.next().filter(|(_, at)| *at <= self.now) {
            Some((action, at)) => {
                self.tell(Event::Due { action, at });
                true
            }
            None => false,
        }
    }

    /// A worker does all that is due. It has an end.
    pub(super) fn work(&mut self) {
        let steps = (0..200).take_while(|_| self.work_once()).count();
        assert!(steps < 200, "no end of work: {:?}", self.next());
    }

    /// Punctual work until `until`, the outcomes of attempts left open.
    pub(super) fn run_to(&mut self, until: DateTime<Utc>) {
        while let Some((_, at)) = self.next().filter(|(_, at)| *at <= until) {
            self.now = self.now.max(at);
            self.work_once();
        }
        self.now = until;
    }

    /// Nobody works until `at`; then all is done.
    pub(super) fn sleep_to(&mut self, at: DateTime<Utc>) {
        self.now = at;
        self.work();
    }

    /// Usage beyond a limit was priced.
    pub(super) fn use_beyond(&mut self, amount_minor: i64) {
        self.used += 1;
        self.subscription.pending.push(PendingItem {
            id: PendingItemId::derived(&self.used.to_string()),
            kind: LineKind::Overage,
            description: "beyond the limit".to_owned(),
            quantity: 1,
            amount_minor,
            used_in: self.subscription.period.start..self.subscription.period.end,
        });
        self.bill_what_is_left();
    }

    /// As the sweep does.
    pub(super) fn bill_what_is_left(&mut self) {
        if self.status().is_final() && !self.subscription.pending.is_empty() {
            self.tell(Event::UsageLeft);
        }
    }

    pub(super) fn in_flight(&self) -> Option<(InvoiceId, PaymentId)> {
        let mut invoices = self.subscription.invoices.iter();
        invoices.find_map(|invoice| invoice.in_flight.map(|payment| (invoice.id, payment)))
    }

    pub(super) fn succeed(&mut self) {
        let (invoice, payment) = self.in_flight().expect("an attempt is under way");
        let amount_minor = self.books.charged(payment).amount_minor;
        self.tell(Event::PaymentSucceeded { payment, invoice, amount_minor });
    }

    pub(super) fn decline(&mut self, code: &str) {
        self.decline_with(Decline::new(code, Network::Visa));
    }

    pub(super) fn decline_with(&mut self, decline: Decline) {
        let (invoice, payment) = self.in_flight().expect("an attempt is under way");
        let charge = self.books.charged(payment);
        let (method, at) = (charge.method, charge.at);
        let (verdict, code) = (decline.classify(), decline.code);
        self.tell(Event::PaymentDeclined { payment, invoice, method, verdict, code, at });
    }

    pub(super) fn reject(&mut self) {
        let (invoice, payment) = self.in_flight().expect("an attempt is under way");
        self.tell(Event::PaymentRejected { payment, invoice, reason: "no such intent".to_owned() });
    }

    /// The customer paid this invoice at the provider.
    pub(super) fn find(&mut self, invoice: InvoiceId, amount_minor: i64) {
        let payment = PaymentId::derived(&format!("{invoice}/found"));
        self.tell(Event::PaymentFound { payment, invoice, amount_minor });
    }

    pub(super) fn give_up_asking(&mut self) {
        let (invoice, payment) = self.in_flight().expect("an attempt is under way");
        self.tell(Event::PaymentUnresolved { payment, invoice });
    }

    /// A new method, to be tried first from now on.
    pub(super) fn attach(&mut self, name: &str) {
        self.subscription.methods.insert(0, method(name, Network::Visa));
        self.tell(Event::PaymentMethodAttached { method: PaymentMethodId::derived(name) });
    }

    pub(super) fn cancel_at_period_end(&mut self) {
        self.tell(Event::CancelRequested { when: CancelWhen::AtPeriodEnd });
    }

    pub(super) fn cancel_now(&mut self, unused: UnusedTime) {
        self.tell(Event::CancelRequested { when: CancelWhen::Now(unused) });
    }

    pub(super) fn status(&self) -> Status {
        self.subscription.state.status()
    }

    pub(super) fn access(&self) -> Access {
        access(&self.subscription, &self.policy, self.now)
    }

    /// The letters since the last call.
    pub(super) fn mails(&mut self) -> Vec<&'static str> {
        self.letters.drain(..).map(|(_, notice)| notice.template()).collect()
    }
}
