//! E-mail addresses.

/// The longest e-mail address that can be delivered to (RFC 5321, 4.5.3.1.3), in bytes.
const EMAIL_MAX: usize = 254;
const LOCAL_PART_MAX: usize = 64;
const LABEL_MAX: usize = 63;

/// An e-mail address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Email {
    /// As it was given, without the space around it.
    pub(crate) given: String,
    /// In lower case: two addresses with one key are the same.
    pub(crate) key: String,
}

impl Email {
    /// Reads what can be an e-mail address; whether it is somebody's only a message to it can tell.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let given = text.trim();
        let (local, domain) = given.rsplit_once('@')?;
        let visible = |letter: char| !letter.is_whitespace() && !letter.is_control();
        let fits = given.len() <= EMAIL_MAX && (1..=LOCAL_PART_MAX).contains(&local.len());
        let plain = local.chars().all(|letter| visible(letter) && letter != '@');
        if fits && plain && domain.split('.').all(is_label) {
            return Some(Self { given: given.to_owned(), key: given.to_lowercase() });
        }
        None
    }
}

/// Whether `text` can stand between the dots of a host name, in any script.
fn is_label(text: &str) -> bool {
    let letters = |letter: char| letter.is_alphanumeric() || letter == '-';
    (1..=LABEL_MAX).contains(&text.len())
        && text.chars().all(letters)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_email_address_is_kept_as_given_and_compared_in_lower_case() {
        let email = Email::parse(" Ada.L@Example.COM ").unwrap();
        assert_eq!(email.given, "Ada.L@Example.COM");
        assert_eq!(email.key, "ada.l@example.com");
    }

    #[test]
    fn text_that_cannot_be_delivered_to_is_no_email_address() {
        let long = format!("{}@example.com", "a".repeat(65));
        for text in [
            "",
            "ada",
            "@example.com",
            "ada@",
            "a b@example.com",
            "a@b@c.de",
            "ada@-x.de",
            "ada@x..de",
            &long,
        ] {
            assert_eq!(Email::parse(text), None, "{text:?}");
        }
    }
}
