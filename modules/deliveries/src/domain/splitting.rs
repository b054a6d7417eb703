//! What is taken out of a parcel, and what is left in it.

use deliveries_api::{Error, Line, Portion, Result};
use kernel::Violation;

/// What is left of `lines`, and what is taken out of them: something, and not everything.
pub(super) fn divide(lines: &[Line], wanted: &[Portion]) -> Result<(Vec<Line>, Vec<Line>)> {
    let mut violations = Vec::new();
    for (nth, portion) in wanted.iter().enumerate() {
        let of = |other: &Portion| other.variant == portion.variant;
        let packed = lines.iter().find(|line| line.variant == portion.variant);
        let wrong = match packed {
            None => ("/variant", "not-in-it", "this is not in the parcel".to_owned()),
            Some(_) if wanted[..nth].iter().any(of) => {
                ("/variant", "twice", "this is named before".to_owned())
            }
            Some(line) if !(1..=line.quantity).contains(&portion.quantity) => {
                let detail = format!("take 1 to {} of it", line.quantity);
                ("/quantity", "out-of-range", detail)
            }
            Some(_) => continue,
        };
        let (field, code, detail) = wrong;
        violations.push(Violation::new(format!("/lines/{nth}{field}"), code, detail));
    }
    if wanted.is_empty() {
        let detail = "name something to take out of the parcel";
        violations.push(Violation::new("/lines", "required", detail));
    }
    if !violations.is_empty() {
        return Err(Error::Invalid(violations));
    }
    let (kept, taken) = portioned(lines, wanted);
    if kept.is_empty() {
        let detail = "leave something in the parcel";
        return Err(Error::Invalid(vec![Violation::new("/lines", "everything", detail)]));
    }
    Ok((kept, taken))
}

/// Both parts, without what there is none of.
fn portioned(lines: &[Line], wanted: &[Portion]) -> (Vec<Line>, Vec<Line>) {
    let taken = |line: &Line| {
        let portion = wanted.iter().find(|portion| portion.variant == line.variant);
        portion.map_or(0, |portion| portion.quantity)
    };
    let part = |quantity: &dyn Fn(&Line) -> u32| {
        let part = lines.iter().map(|line| Line { quantity: quantity(line), ..line.clone() });
        part.filter(|line| line.quantity > 0).collect()
    };
    (part(&|line| line.quantity.saturating_sub(taken(line))), part(&taken))
}

#[cfg(test)]
mod tests {
    use kernel::Ids;
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn lines(quantities: &[u32]) -> Vec<Line> {
        let ids = Ids::system();
        let line = |quantity: &u32| Line {
            variant: ids.next(),
            quantity: *quantity,
            sku: "MUG-1".to_owned(),
            title: "Mug".to_owned(),
        };
        quantities.iter().map(line).collect()
    }

    fn sum(lines: &[Line], of: &Line) -> u32 {
        lines.iter().filter(|line| line.variant == of.variant).map(|line| line.quantity).sum()
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_nothing_is_added(
            parts in vec((1_u32..9, 0_u32..12), 1..5)
        ) {
            let quantities: Vec<_> = parts.iter().map(|(quantity, _)| *quantity).collect();
            let whole = lines(&quantities);
            let wanted = |(line, (_, quantity)): (&Line, &(u32, u32))| {
                Portion { variant: line.variant, quantity: *quantity }
            };
            let wanted: Vec<_> = whole.iter().zip(&parts).map(wanted).filter(|it| it.quantity > 0).collect();
            let within = parts.iter().all(|(has, takes)| takes <= has);
            let some = parts.iter().any(|(_, takes)| *takes > 0);
            let rest = parts.iter().any(|(has, takes)| takes < has);
            match divide(&whole, &wanted) {
                Ok((kept, taken)) => {
                    prop_assert!(within && some && rest);
                    prop_assert!(!kept.is_empty() && !taken.is_empty());
                    for line in &whole {
                        prop_assert_eq!(sum(&kept, line) + sum(&taken, line), line.quantity);
                    }
                }
                Err(_) => prop_assert!(!(within && some && rest)),
            }
        }
    }

    #[test]
    fn what_is_wrong_is_named_where_it_is() {
        let whole = lines(&[2, 1]);
        let of = |nth: usize, quantity| Portion { variant: whole[nth].variant, quantity };
        let stranger = Portion { variant: Ids::system().next(), quantity: 1 };
        for (wanted, pointer) in [
            (vec![], "/lines"),
            (vec![of(0, 2), of(1, 1)], "/lines"),
            (vec![of(1, 1), of(0, 3)], "/lines/1/quantity"),
            (vec![of(0, 0)], "/lines/0/quantity"),
            (vec![of(0, 1), of(0, 1)], "/lines/1/variant"),
            (vec![stranger], "/lines/0/variant"),
        ] {
            match divide(&whole, &wanted) {
                Err(Error::Invalid(violations)) => assert_eq!(violations[0].pointer, pointer),
                other => panic!("{wanted:?}: {other:?}"),
            }
        }
    }
}
