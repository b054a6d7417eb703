//! Writing lists of products.

use kernel::Money;
use products_api::{NewProduct, NewVariant, ProductStatus};

use super::{Format, csv::COLUMNS, json::Line};

/// What a file begins with.
pub fn head(format: Format) -> String {
    match format {
        Format::Csv => format!("{}\n", COLUMNS.join(",")),
        Format::Ndjson => String::new(),
    }
}

/// One product, as it stands in a file.
///
/// # Errors
/// When it cannot be written down.
pub fn line(format: Format, product: &NewProduct) -> std::io::Result<String> {
    match format {
        Format::Ndjson => Ok(format!("{}\n", serde_json::to_string(&Line::from(product))?)),
        Format::Csv => {
            let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
            match &product.variants[..] {
                [] => writer.write_record(row(product, None, true))?,
                variants => {
                    for (index, variant) in variants.iter().enumerate() {
                        writer.write_record(row(product, Some(variant), index == 0))?;
                    }
                }
            }
            let bytes = writer.into_inner().map_err(|cause| cause.into_error())?;
            String::from_utf8(bytes).map_err(std::io::Error::other)
        }
    }
}

/// One row; what is told of the product stands in the first.
fn row(product: &NewProduct, variant: Option<&NewVariant>, first: bool) -> [String; 17] {
    let told = |text: String| if first { text } else { String::new() };
    let pair = |name: &str, value: &str| format!("{}={}", escaped(name), escaped(value));
    let attributes = product.attributes.iter().map(|it| pair(&it.name, &it.value));
    let of = |part: &dyn Fn(&NewVariant) -> String| variant.map(part).unwrap_or_default();
    let options =
        |variant: &NewVariant| joined(variant.options.iter().map(|it| pair(&it.name, &it.value)));
    let status = match product.status {
        ProductStatus::Draft => "draft",
        ProductStatus::Active => "active",
        ProductStatus::Archived => "archived",
    };
    [
        product.slug.clone(),
        told(product.title.clone()),
        told(product.description.clone()),
        told(status.to_owned()),
        told(joined(product.categories.iter().map(|it| escaped(it)))),
        told(joined(attributes)),
        told(joined(product.media.iter().map(|it| escaped(it)))),
        of(&|variant| variant.sku.clone()),
        of(&options),
        of(&|variant| amount(variant.price)),
        of(&|variant| variant.price.currency.code().to_owned()),
        of(&|variant| variant.compare_at.map(amount).unwrap_or_default()),
        of(&|variant| variant.weight_g.to_string()),
        of(&|variant| variant.barcode.clone().unwrap_or_default()),
        of(&|variant| variant.track_stock.to_string()),
        of(&|variant| variant.for_sale.to_string()),
        of(&|variant| variant.on_hand.to_string()),
    ]
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join("|")
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('|', "\\|")
}

/// An amount with a point: `19.90`.
fn amount(money: Money) -> String {
    let digits = money.exponent() as usize;
    let text = format!("{:0>width$}", money.minor, width = digits + 1);
    match text.split_at(text.len() - digits) {
        (whole, "") => whole.to_owned(),
        (whole, part) => format!("{whole}.{part}"),
    }
}
