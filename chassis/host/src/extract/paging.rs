//! Lists in pages: `?limit=20&cursor=…`, with cursors that only we can make.

use std::{
    future::{Ready, ready},
    sync::Arc,
};

use actix_web::{FromRequest, HttpRequest, dev::Payload, web::Data};
use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use kernel::{PageRequest, Violation};
use serde::Deserialize;

use super::path::query;
use crate::Problem;

/// Bytes of the HMAC-SHA-256 that a cursor carries.
const TAG: usize = 16;

/// Makes and reads opaque cursors. A cursor is valid for the list it came from and nowhere else.
///
/// The gateway puts it into the application's data, so that every process with the same key reads the
/// cursors of every other.
#[derive(Clone)]
pub struct Cursors(Arc<hmac::Key>);

impl Cursors {
    /// Signs with `secret`, which all processes share.
    pub fn new(secret: &[u8]) -> Self {
        Self(Arc::new(hmac::Key::new(hmac::HMAC_SHA256, secret)))
    }

    /// The cursor that continues `list` behind the key `after`.
    pub fn seal(&self, list: &str, after: &str) -> String {
        let mut bytes = self.tag(list, after.as_bytes()).as_ref()[..TAG].to_vec();
        bytes.extend_from_slice(after.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The key behind which `cursor` continues `list`; nothing when we did not make it for that list.
    pub fn open(&self, list: &str, cursor: &str) -> Option<String> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (tag, after) = bytes.split_at_checked(TAG)?;
        let expected = self.tag(list, after);
        aws_lc_rs::constant_time::verify_slices_are_equal(tag, &expected.as_ref()[..TAG]).ok()?;
        String::from_utf8(after.to_vec()).ok()
    }

    fn tag(&self, list: &str, after: &[u8]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(list.as_bytes());
        context.update(&[0]);
        context.update(after);
        context.sign()
    }
}

impl std::fmt::Debug for Cursors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cursors(…)")
    }
}

/// Which part of a list is wanted, from `limit` (1 to 100, 20 by default) and `cursor`.
///
/// A cursor that is not ours, or a limit out of range, is a 422. The handler's own [`Query`](crate::Query)
/// type must not deny unknown fields, because it sees `limit` and `cursor` as well.
#[derive(Clone, Debug)]
pub struct Paging {
    /// What to ask the port for.
    pub page: PageRequest,
    list: String,
    cursors: Data<Cursors>,
}

impl Paging {
    /// The cursor of the part behind the key `next`.
    pub fn cursor(&self, next: &str) -> String {
        self.cursors.seal(&self.list, next)
    }

    /// The path of the list.
    pub fn path(&self) -> &str {
        &self.list
    }
}

#[derive(Deserialize)]
struct Wish {
    limit: Option<u32>,
    cursor: Option<String>,
}

impl FromRequest for Paging {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(paging(request))
    }
}

fn paging(request: &HttpRequest) -> Result<Paging, Problem> {
    let wish: Wish = query(request)?;
    let cursors = request.app_data::<Data<Cursors>>().cloned().ok_or_else(|| {
        Problem::of(kernel::Code::Internal, "no Data<Cursors> in the application")
    })?;
    let limit = wish.limit.unwrap_or(PageRequest::DEFAULT_LIMIT);
    if !(1..=PageRequest::MAX_LIMIT).contains(&limit) {
        let detail = format!("limit is 1 to {}", PageRequest::MAX_LIMIT);
        return Err(Problem::invalid(Violation::new("/limit", "out-of-range", detail)));
    }
    let list = request.path().to_owned();
    let after = match wish.cursor {
        None => None,
        Some(cursor) => Some(cursors.open(&list, &cursor).ok_or_else(|| {
            let detail = "the cursor is not one that this list gave out";
            Problem::invalid(Violation::new("/cursor", "invalid-cursor", detail))
        })?),
    };
    Ok(Paging { page: PageRequest { limit, after }, list, cursors })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_opens_for_its_own_list_and_key_only() {
        let cursors = Cursors::new(b"one secret");
        let cursor = cursors.seal("/v1/orders", "2026-01-01|ord_1");
        assert_eq!(cursors.open("/v1/orders", &cursor).as_deref(), Some("2026-01-01|ord_1"));
        assert_eq!(cursors.open("/v1/products", &cursor), None);
        assert_eq!(Cursors::new(b"another").open("/v1/orders", &cursor), None);
        for forged in ["", "AAAA", &cursor[1..], &format!("{cursor}AA")] {
            assert_eq!(cursors.open("/v1/orders", forged), None, "{forged}");
        }
    }
}
