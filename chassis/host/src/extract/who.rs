//! Whoever asks, as the gateway has verified it.

use std::{
    future::{Ready, ready},
    str::FromStr,
};

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload};
use identity::{Permission, Principal};
use kernel::Code;

use crate::Problem;

/// The verified principal, or nobody.
#[derive(Clone, Debug, Default)]
pub struct Who(pub Option<Principal>);

impl Who {
    /// The logged-in user.
    ///
    /// # Errors
    /// 401 when nobody is logged in.
    pub fn customer(&self) -> Result<&Principal, Problem> {
        let missing = || Problem::of(Code::Unauthenticated, "log in and send the access token");
        self.0.as_ref().ok_or_else(missing)
    }

    /// The id of the logged-in user or of the guest, where the route is for both.
    ///
    /// # Errors
    /// 401 when nobody is there.
    pub fn user<I: FromStr>(&self) -> Result<I, Problem> {
        let foreign = |_| Problem::of(Code::Unauthenticated, "the token speaks for no user");
        self.customer()?.subject.parse().map_err(foreign)
    }

    /// The logged-in user, if one of the roles includes `permission`.
    ///
    /// # Errors
    /// 401 when nobody is logged in, 403 when the user may not.
    pub fn with(&self, permission: Permission) -> Result<&Principal, Problem> {
        let principal = self.customer()?;
        if principal.may(permission) {
            return Ok(principal);
        }
        Err(Problem::of(Code::Forbidden, format!("the permission {permission} is needed")))
    }

    /// Whether somebody with `permission` is logged in.
    pub fn may(&self, permission: Permission) -> bool {
        self.0.as_ref().is_some_and(|principal| principal.may(permission))
    }
}

impl FromRequest for Who {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(request.extensions().get::<Principal>().cloned())))
    }
}
