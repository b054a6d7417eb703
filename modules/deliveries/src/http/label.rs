//! The label of a parcel: a page of A6 with its address, its order and its waybill as a barcode.

use barcoders::sym::code128::Code128;
use deliveries_api::{Shipment, Status, Waybill};
use deunicode::deunicode_char;
use pdf_writer::{Content, Finish, Name, Pdf, Rect, Ref, Str};

/// A6 in points, and its margin.
const WIDTH: f32 = 297.6;
const HEIGHT: f32 = 419.5;
const MARGIN: f32 = 20.0;

/// The fonts, which every reader of PDF has.
const PLAIN: Name<'static> = Name(b"F1");
const BOLD: Name<'static> = Name(b"F2");
/// How wide a letter of them is on average, as a part of its height; rather too wide.
const LETTER: f32 = 0.56;

/// What switches Code 128 to its set B: letters and digits.
const SET_B: char = '\u{0181}';
/// The height of the bars.
const BARS: f32 = 62.0;

/// Whether a shipment has a label now.
pub(super) fn is_there(shipment: &Shipment) -> bool {
    shipment.waybill.is_some() && shipment.status != Status::Cancelled
}

/// The label as a PDF file; nothing when there is none.
pub(super) fn print(shipment: &Shipment) -> Option<Vec<u8>> {
    let waybill = shipment.waybill.as_ref().filter(|_| is_there(shipment))?;
    let mut page = Page { content: Content::new(), y: HEIGHT - MARGIN };
    page.line(BOLD, 15.0, &shipment.carrier.to_uppercase());
    page.line(PLAIN, 9.0, &shipment.service);
    page.rule();
    page.line(PLAIN, 8.0, "To");
    for (nth, line) in address(shipment).iter().enumerate() {
        page.line(if nth == 0 { BOLD } else { PLAIN }, 14.0, line);
    }
    page.rule();
    if let Some(number) = &shipment.number {
        page.line(PLAIN, 9.0, &format!("Order {number}"));
    }
    page.line(PLAIN, 9.0, &format!("Parcel {}, {}", shipment.seq, shipment.id));
    page.rule();
    page.barcode(waybill)?;
    Some(file(page.content))
}

/// The lines of the address.
fn address(shipment: &Shipment) -> Vec<String> {
    let to = &shipment.ship_to;
    let mut lines = vec![to.recipient.clone(), to.line1.clone()];
    lines.extend(to.line2.clone());
    lines.push(format!("{} {}", to.postal_code, to.city));
    lines.extend(to.region.clone());
    lines.push(to.country.clone());
    lines.extend(to.phone.as_ref().map(|phone| format!("Tel. {phone}")));
    lines
}

/// A page that is written from top to bottom.
struct Page {
    content: Content,
    y: f32,
}

impl Page {
    /// Writes a line, smaller if it would not fit.
    fn line(&mut self, font: Name<'_>, size: f32, text: &str) {
        let text = printable(text);
        let fitting = (WIDTH - 2.0 * MARGIN) / (LETTER * text.len().max(1) as f32);
        self.y -= size * 1.3;
        self.write(font, size.min(fitting), MARGIN, &text);
    }

    fn write(&mut self, font: Name<'_>, size: f32, x: f32, text: &[u8]) {
        let content = &mut self.content;
        content.begin_text().set_font(font, size).next_line(x, self.y).show(Str(text)).end_text();
    }

    /// Draws a line across the page.
    fn rule(&mut self) {
        self.y -= 8.0;
        self.content.rect(MARGIN, self.y, WIDTH - 2.0 * MARGIN, 0.8).fill_nonzero();
        self.y -= 2.0;
    }

    /// Draws the waybill for machines (Code 128), and below it for people.
    fn barcode(&mut self, waybill: &Waybill) -> Option<()> {
        let modules = Code128::new(format!("{SET_B}{waybill}")).ok()?.encode();
        // Ten modules of white on either side are part of the symbol.
        let module = (WIDTH - 2.0 * MARGIN) / (modules.len() as f32 + 20.0);
        let left = MARGIN + 10.0 * module;
        self.y -= BARS + 10.0;
        for (nth, _) in modules.iter().enumerate().filter(|(_, bar)| **bar == 1) {
            self.content.rect(left + nth as f32 * module, self.y, module, BARS);
        }
        self.content.fill_nonzero();
        let text = printable(waybill.as_str());
        let size = 14.0;
        self.y -= size * 1.3;
        let width = LETTER * size * text.len() as f32;
        self.write(BOLD, size, (WIDTH - width) / 2.0, &text);
        Some(())
    }
}

/// The file around a page.
fn file(content: Content) -> Vec<u8> {
    let [catalog, pages, page, plain, bold, stream] = [1, 2, 3, 4, 5, 6].map(Ref::new);
    let mut pdf = Pdf::new();
    pdf.catalog(catalog).pages(pages);
    pdf.pages(pages).kids([page]).count(1);
    let mut sheet = pdf.page(page);
    sheet.media_box(Rect::new(0.0, 0.0, WIDTH, HEIGHT)).parent(pages).contents(stream);
    let mut resources = sheet.resources();
    resources.fonts().pair(PLAIN, plain).pair(BOLD, bold);
    resources.finish();
    sheet.finish();
    for (font, name) in [(plain, b"Helvetica".as_slice()), (bold, b"Helvetica-Bold")] {
        pdf.type1_font(font).base_font(Name(name)).encoding_predefined(Name(b"WinAnsiEncoding"));
    }
    pdf.stream(stream, &content.finish());
    pdf.finish()
}

/// Text in the letters that carriers print (Windows-1252 as far as it is Latin 1); what is written in others
/// is put into Latin ones, as addresses abroad are.
fn printable(text: &str) -> Vec<u8> {
    let letters = |letter: char| match u32::from(letter) {
        code @ (0x20..=0x7e | 0xa0..=0xff) => vec![code as u8],
        _ => deunicode_char(letter).unwrap_or("?").bytes().collect(),
    };
    text.chars().flat_map(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_can_be_printed() {
        assert_eq!(printable("Łódź"), b"L\xf3dz");
        assert_eq!(printable("Weiß & Söhne"), b"Wei\xdf & S\xf6hne");
        assert_eq!(printable("Αθήνα"), b"Athena");
        assert_eq!(
            printable("a\nb\u{fffd}"),
            b"a\nb?".to_vec().into_iter().filter(|it| *it != b'\n').collect::<Vec<_>>()
        );
    }
}
