//! What people do in the shop, and what they see when it goes wrong.
//!
//! Each journey is told once and played in every world ([`crate::worlds`]). Many are played in one shop at
//! the same time, so a journey gives its goods and its people names of their own ([`Stage::own`]), and looks
//! only at what is its own. Everything it asks and hears is compared with its transcript in
//! `tests/it/transcripts`, which is the same for all worlds.

mod accounts;
mod cards;
mod carts;
mod catalogue;
mod coverage;
mod deliveries;
mod documents;
mod history;
mod idempotency;
mod keeping;
mod lateness;
mod mail;
mod money;
mod operations;
mod orders;
mod people;
mod performance;
mod problems;
mod purchase;
mod restarts;
mod sagas;
mod staff;
mod stock;
mod strangers;
mod stripe;

use futures::future::LocalBoxFuture;

use crate::world::Stage;

pub(crate) use performance::said;

/// A story that is told in every world.
#[derive(Clone, Copy)]
pub(crate) struct Journey {
    /// File and function.
    pub(crate) name: &'static str,
    /// Where it is told.
    pub(crate) shop: Shop,
    /// Plays it; whoever does not see what is expected panics.
    pub(crate) play: for<'a> fn(&'a Stage) -> LocalBoxFuture<'a, ()>,
}

/// What a shop must be like for a journey.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Shop {
    /// What it is told before it starts.
    pub(crate) settings: &'static [&'static str],
    /// Whether nobody else may be in it, because it is stopped.
    pub(crate) alone: bool,
}

impl Shop {
    /// As it comes.
    const PLAIN: Self = Self::with(&[]);

    const fn with(settings: &'static [&'static str]) -> Self {
        Self { settings, alone: false }
    }

    const fn alone_with(settings: &'static [&'static str]) -> Self {
        Self { settings, alone: true }
    }
}

/// The list of all journeys, by file and by the shop they need.
macro_rules! journeys {
    ($($file:ident in $shop:expr => { $($journey:ident),+ $(,)? })+) => {
        /// Every journey.
        pub(crate) const ALL: &[Journey] = &[$($(Journey {
            name: concat!(stringify!($file), "/", stringify!($journey)),
            shop: $shop,
            play: {
                fn play(stage: &Stage) -> LocalBoxFuture<'_, ()> {
                    Box::pin($file::$journey(stage))
                }
                play
            },
        },)+)+];
    };
}

journeys! {
    purchase in Shop::PLAIN => {
        a_stranger_signs_up_fills_a_cart_pays_and_gets_a_waybill,
        an_order_goes_to_an_address_from_the_address_book,
        what_a_customer_agreed_to_pay_is_what_an_order_costs_or_there_is_none,
        nothing_is_sold_that_cannot_be_brought_there,
        an_empty_cart_is_not_an_order,
    }
    accounts in Shop::PLAIN => {
        whoever_signs_up_sees_what_the_shop_knows_about_them,
        an_address_book_keeps_its_order,
        the_keys_that_verify_tokens_are_public,
    }
    people in Shop::PLAIN => {
        a_profile_is_changed_by_whoever_has_read_it,
        a_book_has_one_default_and_forgets_what_is_removed,
        a_log_in_goes_on_until_it_is_ended,
        a_password_is_changed_by_who_knows_it_and_forgotten_by_mail,
        whoever_wants_it_is_forgotten,
        staff_find_promote_and_lock_people,
    }
    catalogue in Shop::PLAIN => {
        a_list_is_read_to_its_end_page_by_page,
        goods_are_found_by_words_and_lie_on_shelves_below_shelves,
        two_products_cannot_share_a_name,
    }
    keeping in Shop::PLAIN => {
        a_draft_goes_on_sale_changes_and_leaves_the_shelves,
        a_draft_that_nobody_needs_is_deleted,
        a_shelf_is_moved_with_what_lies_below_it,
        a_list_is_imported_and_the_same_list_again_changes_nothing,
        goods_are_narrowed_by_what_they_are_like,
        the_books_tell_what_became_of_stock,
    }
    carts in Shop::PLAIN => {
        a_cart_is_filled_changed_and_emptied,
        a_cart_says_what_stands_between_it_and_an_order,
        what_was_archived_meanwhile_cannot_be_ordered,
        a_price_that_changed_under_a_cart_is_accepted_before_it_is_paid,
        what_delivery_costs_is_what_all_carriers_say,
    }
    carts in carts::WITHOUT_COURIER => {
        a_carrier_that_is_dead_is_named_and_hides_nobody_else,
    }
    staff in Shop::PLAIN => {
        a_movement_is_booked_once_however_often_it_is_sent,
        staff_see_what_an_order_holds,
    }
    cards in Shop::PLAIN => {
        a_declined_card_leaves_the_order_payable_and_another_one_completes_it,
        a_payment_that_needs_the_customer_goes_on_when_the_customer_has_acted,
        a_payment_fails_when_too_many_cards_were_declined,
    }
    cards in cards::SILENT => {
        a_charge_whose_answer_is_lost_is_neither_lost_nor_repeated,
        the_number_of_a_card_is_nowhere_in_the_log,
    }
    deliveries in deliveries::PLAYED => {
        a_parcel_is_sent_followed_and_delivered,
        a_parcel_that_staff_call_off_is_not_sent,
        an_order_is_sent_in_two_parcels_and_delivered_with_the_last,
        a_parcel_that_nobody_takes_comes_back,
        a_parcel_that_is_lost_may_be_found,
    }
    orders in Shop::PLAIN => {
        whoever_prefers_to_wait_is_told_how_it_ended,
        the_way_of_an_order_is_told_as_it_happens,
        staff_find_orders_look_into_them_and_cancel_them,
        a_guest_buys_without_an_account_and_finds_the_order_again,
        what_a_guest_has_put_aside_is_there_after_logging_in,
    }
    money in Shop::PLAIN => {
        money_is_given_back_in_parts_and_never_more_than_was_taken,
    }
    money in money::MANUAL => {
        what_is_set_aside_is_taken_or_let_go_by_the_staff,
        what_a_bank_tells_is_taken_once_and_only_from_the_bank,
    }
    stock in Shop::PLAIN => {
        cancelling_a_pending_order_frees_its_stock,
        cancelling_a_completed_order_gives_everything_back,
        a_cancellation_is_under_way_until_everything_is_given_back,
        too_little_stock_is_a_conflict_that_names_the_lines,
        fifty_buyers_at_once_get_the_last_five_and_no_more,
    }
    stock in stock::HASTY => {
        an_order_that_is_not_paid_in_time_expires_and_frees_its_stock,
    }
    lateness in lateness::FORGETFUL => {
        what_is_paid_late_is_held_again_if_it_is_still_there,
        what_is_paid_late_and_sold_out_is_given_back,
    }
    stripe in stripe::STRIPE => {
        stripe_is_asked_once_for_an_order_and_gives_money_back,
        a_bank_that_has_seen_the_customer_tells_it_in_any_order,
        a_charge_whose_answer_is_lost_is_told_by_webhook,
        a_webhook_is_answered_before_stripe_is_asked,
    }
    idempotency in Shop::PLAIN => {
        the_same_key_twice_is_one_order_and_the_second_answer_says_so,
        the_same_key_for_another_request_is_refused,
        an_order_without_a_key_is_refused,
        the_keys_of_two_customers_have_nothing_to_do_with_each_other,
        ten_requests_at_once_under_one_key_are_one_order,
    }
    strangers in Shop::PLAIN => {
        what_belongs_to_another_customer_is_not_found,
        an_address_book_is_its_owners_business,
        a_customer_is_not_staff,
    }
    problems in Shop::PLAIN => {
        what_is_not_there_is_a_problem,
        a_method_that_is_not_offered_is_a_problem_that_names_those_that_are,
        who_is_not_logged_in_is_told_how_to,
        a_wrong_password_and_an_unknown_account_look_the_same,
        a_body_that_cannot_be_read_is_a_problem,
        a_body_that_breaks_rules_is_told_which_and_where,
        a_second_account_for_an_address_is_refused,
        whoever_guesses_passwords_is_told_to_wait,
    }
    documents in Shop::PLAIN => {
        the_document_of_the_api_names_every_route_that_answers,
        the_page_about_the_api_needs_nothing_from_elsewhere,
        the_numbers_count_calls_statements_and_requests,
        probes_tell_how_the_process_is,
        a_trace_that_begins_outside_goes_on_inside,
        a_tag_spares_reading_the_same_again,
    }
    history in Shop::PLAIN => {
        whoever_has_bought_nothing_sees_nothing,
        a_timeline_tells_what_became_of_an_order,
        a_list_knows_what_its_reader_knows,
    }
    mail in Shop::PLAIN => {
        whoever_orders_is_written_to_and_staff_can_see_it,
    }
    sagas in Shop::PLAIN => {
        a_saga_that_stands_still_is_looked_into_and_sent_on,
        sagas_are_the_business_of_staff,
    }
    operations in Shop::PLAIN => {
        a_poisoned_message_is_found_mended_tried_again_and_applied,
        a_message_that_is_given_up_lets_those_behind_it_go_on,
        what_could_not_be_handled_is_the_business_of_staff,
        the_command_line_does_the_same_while_the_shop_is_open,
    }
    mail in deliveries::PLAYED => {
        whoever_is_sent_something_hears_of_every_step,
    }
    restarts in restarts::SLOW => {
        an_order_placed_just_before_the_stop_is_completed_after_the_next_start,
        a_stop_lets_what_is_under_way_finish,
    }
}
