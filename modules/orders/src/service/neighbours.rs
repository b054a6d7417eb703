//! Says in our words what neighbours said in theirs.

use carts_api::{Requirement, RequirementKind};
use orders_api::Error;

pub(super) fn carts(no: carts_api::Error) -> Error {
    match no {
        carts_api::Error::UnknownCart(cart) => Error::UnknownCart(cart),
        carts_api::Error::Unreachable(cause) => Error::Unreachable(cause),
        surprise => out_of_turn("carts", &surprise),
    }
}

pub(super) fn users(no: users_api::Error) -> Error {
    match no {
        users_api::Error::UnknownAddress(_) | users_api::Error::UnknownUser(_) => {
            Error::UnknownAddress
        }
        users_api::Error::Unreachable(cause) => Error::Unreachable(cause),
        surprise => out_of_turn("users", &surprise),
    }
}

pub(super) fn products(no: products_api::Error) -> Error {
    match no {
        products_api::Error::InsufficientStock(shortages) => Error::InsufficientStock(shortages),
        products_api::Error::NotForSale(variant) => Error::Unmet(vec![Requirement {
            kind: RequirementKind::Unavailable,
            line: None,
            detail: format!("{variant} is not for sale any more: take it out"),
        }]),
        products_api::Error::Unreachable(cause) => Error::Unreachable(cause),
        surprise => out_of_turn("products", &surprise),
    }
}

pub(super) fn deliveries(no: deliveries_api::Error) -> Error {
    match no {
        deliveries_api::Error::Invalid(violations) => {
            let here = |violation: kernel::Violation| kernel::Violation {
                pointer: "/address/country".to_owned(),
                ..violation
            };
            Error::Invalid(violations.into_iter().map(here).collect())
        }
        deliveries_api::Error::Unreachable(cause) => Error::Unreachable(cause),
        surprise => out_of_turn("deliveries", &surprise),
    }
}

fn out_of_turn(neighbour: &'static str, surprise: &dyn std::error::Error) -> Error {
    tracing::error!(neighbour, %surprise, "a neighbour answered out of turn");
    Error::Broken
}
