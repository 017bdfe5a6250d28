//! Stories told against real parts: PostgreSQL, the provider over HTTP, an SMTP server, and worker
//! processes that are killed.

mod affiliates;
mod api_keys;
mod authorities;
mod bursts;
mod business_days;
mod cards;
mod charges;
mod cli;
mod clocks;
mod content_access;
mod corrected;
mod crashes;
mod crashes_elsewhere;
mod crashes_of_figures;
mod denied;
mod disputes;
mod doors;
mod emails;
mod explained;
mod final_invoices;
mod from_empty;
mod health;
mod held_open;
mod in_circles;
mod insight;
mod installations;
mod letters;
mod logs;
mod lost_replies;
mod memberships;
mod migrating;
mod mrr;
mod offered;
mod orders;
mod own_clocks;
mod own_database;
mod owners;
mod paid_elsewhere;
mod planted;
mod poolers;
mod privileges;
mod processes;
mod races;
mod random_worlds;
mod refunds;
mod refused;
mod report;
mod restarts;
mod restored;
mod retention;
mod scheduled;
mod sessions;
mod severed;
mod sign_ups;
mod simulated;
mod skew;
mod smtp;
mod snapshot_late;
mod snapshot_months;
mod snapshot_parts;
mod snapshots;
mod snapshots_of_lives;
mod sold;
mod standby;
mod standstill;
mod stories;
mod tidy;
mod unsubscribe;
mod usage;
mod usage_closings;
mod usage_periods;
mod wallets;
mod wallets_in_time;
mod what_was_before;
mod zombies;

use perennial_tests::World;

/// The worker under test.
const EXECUTABLE: &str = env!("CARGO_BIN_EXE_perennial-under-test");

/// Where a charge is made at the provider.
const CONFIRM: &str = "/v1/payment_intents/*/confirm";

/// A world that begins on 31 January 2026, at noon.
async fn world() -> World {
    World::at("2026-01-31T12:00:00Z", EXECUTABLE).await
}
