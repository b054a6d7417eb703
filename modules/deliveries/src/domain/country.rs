//! Countries and the zones they are in.

use crate::settings::Zone;

/// Every country there is (ISO 3166-1 alpha-2, officially assigned), in order.
const COUNTRIES: &str = "\
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS \
    BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE \
    EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM \
    HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC \
    LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA \
    NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW \
    SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO \
    TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

/// Where parcels start.
const HOME: &str = "DE";

/// The member states of the European Union but the one where parcels start.
const EUROPEAN_UNION: &str =
    "AT BE BG CY CZ DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK";

/// The zone of a country; nothing when there is no such country.
pub(crate) fn zone(country: &str) -> Option<Zone> {
    let listed = |list: &str| list.split(' ').any(|code| code == country);
    match country {
        HOME => Some(Zone::Domestic),
        _ if listed(EUROPEAN_UNION) => Some(Zone::EuropeanUnion),
        _ if listed(COUNTRIES) => Some(Zone::World),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_country_is_in_one_zone() {
        assert_eq!(COUNTRIES.split(' ').count(), 249);
        assert_eq!(EUROPEAN_UNION.split(' ').count(), 26);
        assert!(EUROPEAN_UNION.split(' ').all(|code| COUNTRIES.contains(code)));
        assert!(COUNTRIES.split(' ').is_sorted());
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
