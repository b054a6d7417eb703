//! Cuts texts into the words that are searched by, so that both databases see the same ones.
//!
//! A word is lower case without accents and signs, made of letters and digits only; a sign of a script that
//! has no spaces is a word of its own. A search finds what contains words that begin with all of its own.

use std::collections::BTreeSet;

use products_api::Product;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Counts the ways words were ever cut: what is stored of another one is cut again.
pub(crate) const EDITION: i64 = 1;
/// The longest word, in characters; what comes after is left out.
const LONGEST: usize = 40;

/// The words of `text` in their order.
pub(crate) fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut length = 0;
    let lower = text.chars().flat_map(char::to_lowercase).nfkd();
    for sign in lower.filter(|sign| !is_combining_mark(*sign)).flat_map(char::to_lowercase) {
        if !sign.is_alphanumeric() || stands_alone(sign) {
            end(&mut words, &mut word);
            length = 0;
        }
        if stands_alone(sign) {
            words.push(sign.into());
        } else if sign.is_alphanumeric() && length < LONGEST {
            match spelled(sign) {
                Some(letters) => word.push_str(letters),
                None => word.push(sign),
            }
            length += 1;
        }
    }
    end(&mut words, &mut word);
    words
}

fn end(words: &mut Vec<String>, word: &mut String) {
    if !word.is_empty() {
        words.push(std::mem::take(word));
    }
}

/// Letters that people spell with others, and that no table of accents takes apart.
fn spelled(sign: char) -> Option<&'static str> {
    Some(match sign {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'đ' | 'ð' => "d",
        'ł' => "l",
        'þ' => "th",
        'ı' => "i",
        'ς' => "σ",
        _ => return None,
    })
}

/// Signs of scripts that are written without spaces.
fn stands_alone(sign: char) -> bool {
    matches!(sign, '\u{3041}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3ffff}')
}

/// What a product is found by.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Index {
    /// The words of the title in their order, each after a space.
    pub(crate) title: String,
    /// All words, each once.
    pub(crate) words: String,
}

/// What `product` is found by: title, description, attributes, and what its variants are called.
pub(crate) fn index(product: &Product) -> Index {
    let attributes = product.attributes.iter().map(|it| it.value.as_str());
    let variants = product.variants.iter().flat_map(|variant| {
        let options = variant.options.iter().map(|option| option.value.as_str());
        options.chain([variant.sku.as_str()]).chain(variant.barcode.as_deref())
    });
    let texts = [product.title.as_str(), product.description.as_str()].into_iter();
    let all: BTreeSet<String> = texts.chain(attributes).chain(variants).flat_map(words).collect();
    let title = words(&product.title).into_iter().map(|word| format!(" {word}")).collect();
    Index { title, words: all.into_iter().collect::<Vec<_>>().join(" ") }
}

/// What `title` is sorted by.
pub(crate) fn sort_key(title: &str) -> String {
    words(title).join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_neither_accents_nor_signs_nor_capitals() {
        let cut = |text| words(text).join("|");
        assert_eq!(cut("Crème  brûlée-SET, 100%"), "creme|brulee|set|100");
        assert_eq!(cut("Große ÆRØ Łódź ÎÏ"), "grosse|aero|lodz|ii");
        assert_eq!(cut("ﬁn ﬃ x² Ⅳ"), "fin|ffi|x2|iv");
        assert_eq!(cut("日本の tea"), "日|本|の|tea");
        assert_eq!(cut(" '\\:*&|!()\" "), "");
        assert_eq!(words(&"a".repeat(100))[0].len(), LONGEST);
    }
}
