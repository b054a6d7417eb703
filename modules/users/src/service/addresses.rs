//! Address books.

use kernel::Version;
use users_api::{AddAddress, Address, ReplaceAddress};

use super::{Service, invalid};
use crate::{domain, store::Outcome};

impl Service {
    pub(super) async fn keep_address(&self, wish: AddAddress) -> Outcome<Address> {
        let entry = domain::entry(&wish.label, &wish.address).map_err(invalid)?;
        let address = Address {
            id: self.ids.next(),
            label: entry.label,
            address: entry.address,
            defaults: wish.defaults,
            version: Version::FIRST,
        };
        self.store.add_address(wish.owner, &address, self.now()).await?;
        Ok(address)
    }

    pub(super) async fn rewrite_address(&self, wish: ReplaceAddress) -> Outcome<Address> {
        let entry = domain::entry(&wish.label, &wish.address).map_err(invalid)?;
        let address = Address {
            id: wish.which.address,
            label: entry.label,
            address: entry.address,
            defaults: wish.defaults,
            version: wish.version.next(),
        };
        let (owner, now) = (wish.which.owner, self.now());
        self.store.replace_address(owner, &address, wish.version, now).await?;
        Ok(address)
    }
}
