//! What the vendors' documents leave open, each a switch of its own, and profiles that set all of them at once.

use serde::{Deserialize, Serialize};

/// Which way everything is set that the documents leave open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// As most readers would guess.
    #[default]
    Default,
    /// Against the caller wherever a guess is possible.
    Strict,
}

/// What an item of an order shows as `product_data` before its key is programmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum NoProductData {
    Absent,
    Null,
    Empty,
}

/// What `POST /v1/validate-address` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum AddressVerdicts {
    /// A verdict with 200, good or bad.
    Always,
    /// 400 for a bad address, 200 without a body for a good one.
    RefusalsOnly,
}

/// What the facts leave open, switchable: `POST /settings`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "switches, each on its own")]
pub(crate) struct Behaviour {
    /// `GET /v1/shipments_exact` lists pre-registered orders.
    pub list_prereg_orders: bool,
    /// `GET /v1/shipments_exact/{id}` knows pre-registered orders, with their tracking.
    pub exact_knows_prereg: bool,
    /// `DELETE /v1/shipments_exact/{id}` cancels pre-registered orders.
    pub exact_deletes_prereg: bool,
    /// `GET /v1/fpr/shipments/{id}` shows recipient, address and time of creation.
    pub prereg_shows_recipient: bool,
    /// Answer to a DELETE after the nightly run has locked the order.
    pub locked_delete_status: u16,
    /// The pre-registration feature is on in the Okta orgs.
    pub preregistration_enabled: bool,
    /// Requests an app or token may make in a window; the rest is answered 429.
    pub okta_requests_a_minute: u32,
    /// Length of such a window. Okta's are a minute long.
    pub okta_window_seconds: u32,
    /// Each bucket of paths has a limit of its own, and Okta's headers tell that one's.
    pub okta_buckets: bool,
    /// Calls an Okta org answers at the same time; one more is answered 429 with a limit of 0. 0: any number.
    pub okta_concurrent_requests: u32,
    /// Activation works after mark-error.
    pub activate_after_mark_error: bool,
    /// A new enrolment shows in the list only after this many milliseconds.
    pub enrollment_list_lag_ms: i64,
    /// Enrolments a page of a person's list, with `Link` to the next. 0: all in one.
    pub enrollments_a_page: usize,
    /// How long an enrolment's challenge lives.
    pub challenge_minutes: i64,
    /// Status of an enrolment that waits for its key.
    pub pending_status: String,
    /// An enrolment whose challenge has expired is listed as EXPIRED.
    pub shows_expired: bool,
    /// Who may be enrolled: statuses of people. Empty: all but SUSPENDED and DEPROVISIONED.
    pub enrollable_statuses: Vec<String>,
    /// An enrolment may name no RP id but the authenticator's, or the org's host where none is set.
    pub rp_id_of_authenticator: bool,
    /// Activation compares serial and version with what the key's responses say.
    pub activation_compares_key: bool,
    /// send-pin refuses people who lack an address that the mail goes to.
    pub send_pin_needs_addresses: bool,
    /// `lifecycle/activate` shows in the person's status only after this many milliseconds.
    pub lifecycle_lag_ms: i64,
    /// What was made or changed in the directory shows in a `search` only after this many milliseconds.
    pub search_lag_ms: i64,
    /// The list of a person's factors leaves pre-registered keys out.
    pub factors_hide_preregistered: bool,
    /// State of an order that was just placed.
    pub first_state: i64,
    /// States are text: `"103"`.
    pub state_ids_as_text: bool,
    /// `product_data` of a key that is not programmed yet.
    pub no_product_data: NoProductData,
    /// How long the responses can be read after programming, in seconds. 0: for ever.
    pub responses_seconds: i64,
    /// Entries a page of inventory, products, countries and `shipments_exact` at the most, whatever `limit` says.
    pub yubico_page: usize,
    /// These lists tell `total_count`.
    pub list_totals: bool,
    /// A new order shows in `GET /v1/shipments_exact` only after this many milliseconds.
    pub order_list_lag_ms: i64,
    /// An order that was cancelled is shown for this many milliseconds more.
    pub cancellation_lag_ms: i64,
    /// An order without `delivery_type` is refused.
    pub delivery_type_required: bool,
    /// Limits of an order's texts count UTF-8 bytes instead of characters.
    pub lengths_in_bytes: bool,
    /// An order that arrives while another of the organization is placed is refused with this status. 0: it is not.
    pub concurrent_order_status: u16,
    /// How addresses are judged before an order.
    pub address_verdicts: AddressVerdicts,
    /// Yubico's errors are pages of HTML, and so are faults of 5xx that say nothing of their body.
    pub html_errors: bool,
    /// Okta sends its rate-limit headers twice, several links in one header, and other spellings of media types.
    pub odd_headers: bool,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            list_prereg_orders: true,
            exact_knows_prereg: true,
            exact_deletes_prereg: true,
            prereg_shows_recipient: true,
            locked_delete_status: 409,
            preregistration_enabled: true,
            okta_requests_a_minute: 600,
            okta_window_seconds: 60,
            okta_buckets: false,
            okta_concurrent_requests: 0,
            activate_after_mark_error: false,
            enrollment_list_lag_ms: 0,
            enrollments_a_page: 0,
            challenge_minutes: 60 * 24 * 60,
            pending_status: "FULFILLMENT_PENDING".into(),
            shows_expired: false,
            enrollable_statuses: Vec::new(),
            rp_id_of_authenticator: false,
            activation_compares_key: false,
            send_pin_needs_addresses: false,
            lifecycle_lag_ms: 0,
            search_lag_ms: 0,
            factors_hide_preregistered: true,
            first_state: 1,
            state_ids_as_text: false,
            no_product_data: NoProductData::Absent,
            responses_seconds: 0,
            yubico_page: 100,
            list_totals: true,
            order_list_lag_ms: 0,
            cancellation_lag_ms: 0,
            delivery_type_required: false,
            lengths_in_bytes: false,
            concurrent_order_status: 0,
            address_verdicts: AddressVerdicts::Always,
            html_errors: false,
            odd_headers: false,
        }
    }
}

impl Behaviour {
    /// All switches as a profile has them.
    pub fn of(profile: Profile) -> Self {
        match profile {
            Profile::Default => Self::default(),
            Profile::Strict => Self::strict(),
        }
    }

    /// Lags are short enough for a test and long enough to be noticed by whoever reads at once.
    fn strict() -> Self {
        Self {
            list_prereg_orders: false,
            exact_knows_prereg: false,
            prereg_shows_recipient: false,
            // As if the order were not known: a caller must not take that for cancelled.
            locked_delete_status: 404,
            okta_buckets: true,
            okta_concurrent_requests: 8,
            enrollment_list_lag_ms: 1500,
            enrollments_a_page: 1,
            challenge_minutes: 24 * 60,
            pending_status: "PENDING_ACTIVATION".into(),
            shows_expired: true,
            enrollable_statuses: ["STAGED", "PROVISIONED", "ACTIVE"].map(String::from).to_vec(),
            rp_id_of_authenticator: true,
            activation_compares_key: true,
            send_pin_needs_addresses: true,
            lifecycle_lag_ms: 1500,
            search_lag_ms: 1500,
            factors_hide_preregistered: false,
            first_state: 5,
            state_ids_as_text: true,
            no_product_data: NoProductData::Null,
            responses_seconds: 60,
            yubico_page: 2,
            list_totals: false,
            order_list_lag_ms: 1500,
            cancellation_lag_ms: 1500,
            delivery_type_required: true,
            lengths_in_bytes: true,
            concurrent_order_status: 409,
            address_verdicts: AddressVerdicts::RefusalsOnly,
            html_errors: true,
            odd_headers: true,
            ..Self::default()
        }
    }
}
