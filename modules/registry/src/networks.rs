//! Where an instance may be.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// Where the metadata services of clouds are that are not link-local: Alibaba's, Oracle's, Amazon's over IPv6.
const METADATA: [IpAddr; 3] = [
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
];

/// The networks an operator allows.
#[derive(Debug)]
pub(crate) struct Networks(Vec<IpNet>);

/// Why nothing is sent to an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Forbidden {
    /// No service is ever there: this host's own network, its cloud's metadata, everybody, nobody.
    Never,
    /// The operator did not allow it.
    Foreign,
}

impl Networks {
    pub(crate) fn of(allowed: Vec<IpNet>) -> Self {
        Self(allowed)
    }

    /// The address as it is listed.
    pub(crate) fn admit(&self, address: IpAddr) -> Result<IpAddr, Forbidden> {
        let address = address.to_canonical();
        if is_never_right(address) {
            return Err(Forbidden::Never);
        }
        match self.0.iter().any(|network| network.contains(&address)) {
            true => Ok(address),
            false => Err(Forbidden::Foreign),
        }
    }
}

/// Whether no service is to be reached at `address`, whatever is allowed.
fn is_never_right(address: IpAddr) -> bool {
    let is_local_to_link = match address {
        IpAddr::V4(address) => address.is_link_local() || address.is_broadcast(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    };
    let is_nobody = address.is_unspecified() || address.is_multicast();
    is_local_to_link || is_nobody || METADATA.contains(&address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn link_local_and_metadata_addresses_are_never_right_and_others_only_where_allowed() {
        let all = Networks::of(vec!["0.0.0.0/0".parse().unwrap(), "::/0".parse().unwrap()]);
        let never = [
            "169.254.169.254",
            "::ffff:169.254.169.254",
            "fe80::1",
            "fd00:ec2::254",
            "100.100.100.200",
            "0.0.0.0",
            "::",
            "224.0.0.1",
            "255.255.255.255",
        ];
        for address in never {
            assert_eq!(all.admit(address.parse().unwrap()), Err(Forbidden::Never), "{address}");
        }
        let home = Networks::of(vec!["10.0.0.0/8".parse().unwrap()]);
        assert_eq!(home.admit("8.8.8.8".parse().unwrap()), Err(Forbidden::Foreign));
        let mapped = home.admit("::ffff:10.1.2.3".parse().unwrap());
        assert_eq!(mapped, Ok("10.1.2.3".parse().unwrap()));
    }
}
