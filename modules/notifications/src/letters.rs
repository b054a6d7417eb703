//! Mails as they are read: a subject, a text, and the same in HTML, from the templates of their kind.

use minijinja::{Environment, UndefinedBehavior, context, syntax::SyntaxConfig, value::Serde};

use crate::domain::Content;

macro_rules! templates {
    ($($kind:literal),+ $(,)?) => {
        /// Every template there is, by name.
        const TEMPLATES: &[(&str, &str)] = &[
            ("layout.html", include_str!("../templates/layout.html")),
            ("items.html", include_str!("../templates/items.html")),
            ("items.txt", include_str!("../templates/items.txt")),
            $(
                (concat!($kind, ".txt"), include_str!(concat!("../templates/", $kind, ".txt"))),
                (concat!($kind, ".html"), include_str!(concat!("../templates/", $kind, ".html"))),
            )+
        ];
    };
}

templates!(
    "order-placed",
    "order-paid",
    "order-shipped",
    "order-delivered",
    "order-refunded",
    "order-cancelled",
    "order-rejected",
    "order-expired",
    "email-verification",
    "password-reset",
);

/// What stands where a secret is not shown.
const HIDDEN: &str = "…";

/// Writes letters.
pub(crate) struct Letters {
    templates: Environment<'static>,
    shop: String,
}

/// What a letter may say beside its content.
#[derive(Clone, Debug, Default)]
pub(crate) struct Particulars {
    pub(crate) name: Option<String>,
    pub(crate) number: Option<String>,
    /// Hidden when there is none.
    pub(crate) secret: Option<String>,
}

/// A letter as it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
}

impl Letters {
    /// Letters in the name of `shop`.
    ///
    /// # Errors
    /// When a template is no template.
    pub(crate) fn new(shop: &str) -> Result<Self, minijinja::Error> {
        let mut templates = Environment::new();
        templates.set_undefined_behavior(UndefinedBehavior::Strict);
        templates
            .set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
        templates.add_filter("minute", |instant: String| minute(&instant));
        for (name, source) in TEMPLATES {
            templates.add_template(name, source)?;
        }
        Ok(Self { templates, shop: shop.to_owned() })
    }

    /// Writes one.
    ///
    /// # Errors
    /// When a template asks for what is not there.
    pub(crate) fn write(
        &self,
        content: &Content,
        particulars: &Particulars,
    ) -> Result<Written, minijinja::Error> {
        let Particulars { name, number, secret } = particulars;
        let facts = context! {
            shop => self.shop.as_str(),
            name => name.as_deref(),
            number => number.as_deref().unwrap_or(HIDDEN),
            secret => secret.as_deref().unwrap_or(HIDDEN),
            ..Serde(content)
        };
        let render = |format: &str| {
            let template = format!("{}.{format}", content.kind());
            self.templates.get_template(&template)?.render(&facts)
        };
        let (text, html) = (render("txt")?, render("html")?);
        // The first line of the text is the subject, a blank line follows.
        let (subject, text) = text.split_once("\n\n").unwrap_or((&text, ""));
        let subject = subject.split_whitespace().collect::<Vec<_>>().join(" ");
        Ok(Written { subject, text: format!("{}\n", text.trim()), html })
    }
}

/// An instant to the minute, as people write it: `2026-01-31 12:00 UTC`.
fn minute(rfc3339: &str) -> String {
    match rfc3339.split_once('T') {
        Some((day, time)) => format!("{day} {} UTC", time.get(..5).unwrap_or(time)),
        None => rfc3339.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use kernel::Timestamp;

    use super::*;
    use crate::domain::Item;

    fn every_content() -> Vec<Content> {
        let items =
            vec![Item { title: "Tea <pot>".into(), quantity: 2, price: "19.99 EUR".into() }];
        let (total, shipping) = ("44.88 EUR".to_owned(), "4.90 EUR".to_owned());
        let expires_at = Timestamp::from_micros(1_767_225_600_000_000);
        let reason = "changed <my> mind".to_owned();
        vec![
            Content::OrderPlaced {
                items: items.clone(),
                shipping,
                total: total.clone(),
                expires_at,
            },
            Content::OrderPaid { items, total: total.clone() },
            Content::OrderShipped { carrier: "post".into(), waybill: "RX473124829DE".into() },
            Content::OrderDelivered {},
            Content::OrderRefunded { amount: total },
            Content::OrderCancelled { reason: reason.clone() },
            Content::OrderRejected { reason },
            Content::OrderExpired {},
            Content::EmailVerification { expires_at },
            Content::PasswordReset { expires_at },
        ]
    }

    #[test]
    fn every_kind_has_a_subject_a_text_and_the_same_in_html() {
        let letters = Letters::new("The Shop").unwrap();
        let particulars = Particulars {
            name: Some("Ada <3".into()),
            number: Some("4711-0815-39X".into()),
            secret: Some("a-token".into()),
        };
        for content in every_content() {
            let Written { subject, text, html } = letters.write(&content, &particulars).unwrap();
            let kind = content.kind();
            assert!(!subject.is_empty() && subject.len() < 80, "{kind}: {subject:?}");
            assert!(text.contains("Ada <3") && text.contains("The Shop"), "{kind}: {text}");
            assert!(html.contains("Ada &lt;3") && !html.contains("<my>"), "{kind}: {html}");
            let secret = matches!(
                content,
                Content::EmailVerification { .. } | Content::PasswordReset { .. }
            );
            for said in [&text, &html] {
                assert_eq!(said.contains("a-token"), secret, "{kind}: {said}");
                assert_eq!(said.contains("4711-0815-39X"), !secret, "{kind}: {said}");
            }
        }
    }

    #[test]
    fn a_secret_that_is_not_given_is_not_shown_and_a_stranger_is_greeted_without_a_name() {
        let letters = Letters::new("The Shop").unwrap();
        for content in every_content() {
            let written = letters.write(&content, &Particulars::default()).unwrap();
            assert!(written.text.starts_with("Hello,\n"), "{}", written.text);
        }
    }

    #[test]
    fn an_instant_is_written_to_the_minute() {
        assert_eq!(minute("2026-01-01T00:05:59.5Z"), "2026-01-01 00:05 UTC");
    }
}
