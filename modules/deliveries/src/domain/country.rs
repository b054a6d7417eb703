//! Countries and the zones they are in.

use crate::settings::Zone;

/// Where parcels start.
const HOME: &str = "DE";

/// The member states of the European Union but the one where parcels start.
const EUROPEAN_UNION: &str =
    "AT BE BG CY CZ DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK";

/// The zone of a country; nothing when there is no such country.
pub(crate) fn zone(country: &str) -> Option<Zone> {
    match country {
        HOME => Some(Zone::Domestic),
        _ if EUROPEAN_UNION.split(' ').any(|code| code == country) => Some(Zone::EuropeanUnion),
        _ if kernel::is_country(country) => Some(Zone::World),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_country_is_in_one_zone() {
        assert_eq!(EUROPEAN_UNION.split(' ').count(), 26);
        assert!(EUROPEAN_UNION.split(' ').all(kernel::is_country));
        for (country, expected) in [
            ("DE", Some(Zone::Domestic)),
            ("FR", Some(Zone::EuropeanUnion)),
            ("CH", Some(Zone::World)),
            ("XX", None),
            ("de", None),
            ("", None),
            ("A", None),
        ] {
            assert_eq!(zone(country), expected, "{country}");
        }
    }
}
