//! Which paths are looked at: those that every reader understands alike.
//!
//! **Invariant:** a path is refused, never repaired, so the string that is authorised is the string that
//! came in, and no later decoding can make another path of it.

/// Why a path is not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ambiguous(pub(crate) &'static str);

/// Accepts a path that can be read in one way only.
pub(crate) fn check(path: &str) -> Result<(), Ambiguous> {
    if !path.starts_with('/') {
        return Err(Ambiguous("a path begins with a slash"));
    }
    let decoded = decoded(path.as_bytes())?;
    for segment in decoded[1..].split('/') {
        let name = segment.split(';').next().unwrap_or_default();
        if name == "." || name == ".." {
            return Err(Ambiguous("dot segments are not resolved here"));
        }
    }
    if decoded.contains("//") {
        return Err(Ambiguous("empty segments are not resolved here"));
    }
    Ok(())
}

/// The path with its escapes resolved once.
fn decoded(path: &[u8]) -> Result<String, Ambiguous> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.iter().copied();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let hex = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
        let (Some(high), Some(low)) = (hex(rest.next()), hex(rest.next())) else {
            return Err(Ambiguous("a percent sign needs two hexadecimal digits"));
        };
        match u8::try_from(high * 16 + low) {
            Ok(b'/' | b'\\') => return Err(Ambiguous("slashes are not escaped here")),
            Ok(b'%') => return Err(Ambiguous("nothing is escaped twice here")),
            Ok(byte) => bytes.push(byte),
            Err(_) => return Err(Ambiguous("a percent sign needs two hexadecimal digits")),
        }
    }
    if bytes.iter().any(|byte| byte.is_ascii_control() || *byte == b'\\') {
        return Err(Ambiguous("control characters and backslashes have no place in a path"));
    }
    String::from_utf8(bytes).map_err(|_| Ambiguous("a path is UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_path_is_looked_at() {
        for path in
            ["/", "/v1/orders", "/v1/products/caf%C3%A9", "/a;b", "/v1/a%20b", "/a/", "/..."]
        {
            assert_eq!(check(path), Ok(()), "{path}");
        }
    }

    #[test]
    fn a_path_that_could_be_read_in_two_ways_is_not() {
        let ambiguous = [
            "",
            "*",
            "v1",
            "//",
            "/v1//orders",
            "/v1/../admin",
            "/./v1",
            "/v1/..",
            "/v1/..;/admin",
            "/v1/..;x=y/admin",
            "/v1/%2e%2e/admin",
            "/v1/.%2E/admin",
            "/v1/.;/x",
            "/a%2fb",
            "/a%2Fb",
            "/a%5cb",
            "/a\\b",
            "/a%00b",
            "/a%252fb",
            "/a%25b",
            "/a%",
            "/a%2",
            "/a%zz",
            "/a%ff",
            "/a%0d%0a",
            "/a%7f",
        ];
        for path in ambiguous {
            assert!(check(path).is_err(), "{path}");
        }
    }
}
