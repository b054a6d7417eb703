//! What staff may do: roles, and the permissions each of them is a set of.

use serde::{Deserialize, Serialize};

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)+) => {
        /// One thing that not everybody may do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Permission {
            $($(#[$doc])* #[serde(rename = $text)] $name,)+
        }

        impl Permission {
            /// Every permission there is.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The permission as people write it: `noun:verb`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }
        }
    };
}

permissions! {
    /// Reads any user.
    UserRead = "user:read";
    /// Gives and takes roles.
    UserRoles = "user:roles";
    /// Locks and unlocks accounts.
    UserLock = "user:lock";
    /// Creates and changes products, variants and categories.
    ProductWrite = "product:write";
    /// Reads stock levels, movements and reservations.
    StockRead = "stock:read";
    /// Books stock movements.
    StockAdjust = "stock:adjust";
    /// Reads any order.
    OrderRead = "order:read";
    /// Cancels any order that can be cancelled.
    OrderCancel = "order:cancel";
    /// Reads any payment and its ledger.
    PaymentRead = "payment:read";
    /// Captures and voids authorized payments.
    PaymentCapture = "payment:capture";
    /// Gives money back.
    PaymentRefund = "payment:refund";
    /// Reads any shipment.
    DeliveryRead = "delivery:read";
    /// Dispatches and cancels shipments, prints labels.
    DeliveryDispatch = "delivery:dispatch";
    /// Reads what mail was sent to whom.
    MailRead = "mail:read";
    /// Sees what modules could not handle, without what it says.
    OperationsRead = "operations:read";
    /// Decides about it: has it tried again, changes it, gives it up.
    OperationsMend = "operations:mend";
}

impl std::fmt::Display for Permission {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What somebody is in the shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Buys things.
    Customer,
    /// Answers customers.
    Support,
    /// Keeps the catalogue.
    Catalogue,
    /// Keeps the shelves and sends parcels.
    Warehouse,
    /// Keeps the money.
    Finance,
    /// May do everything.
    Admin,
}

impl Role {
    /// Every role there is.
    pub const ALL: &[Self] = &[
        Self::Customer,
        Self::Support,
        Self::Catalogue,
        Self::Warehouse,
        Self::Finance,
        Self::Admin,
    ];

    /// The role as tokens and databases write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Support => "support",
            Self::Catalogue => "catalogue",
            Self::Warehouse => "warehouse",
            Self::Finance => "finance",
            Self::Admin => "admin",
        }
    }

    /// What this role may do.
    pub const fn permissions(self) -> &'static [Permission] {
        use Permission::{
            DeliveryDispatch, DeliveryRead, MailRead, OperationsRead, OrderCancel, OrderRead,
            PaymentCapture, PaymentRead, PaymentRefund, ProductWrite, StockAdjust, StockRead,
            UserRead,
        };
        match self {
            Self::Customer => &[],
            Self::Support => &[
                UserRead,
                OrderRead,
                OrderCancel,
                PaymentRead,
                DeliveryRead,
                MailRead,
                OperationsRead,
            ],
            Self::Catalogue => &[ProductWrite, StockRead],
            Self::Warehouse => &[StockRead, StockAdjust, OrderRead, DeliveryRead, DeliveryDispatch],
            Self::Finance => &[OrderRead, PaymentRead, PaymentCapture, PaymentRefund],
            Self::Admin => Permission::ALL,
        }
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a role; roles are customer, support, catalogue, warehouse, finance, admin")]
pub struct UnknownRole(String);

impl std::str::FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let role = Self::ALL.iter().find(|role| role.as_str() == text);
        role.copied().ok_or_else(|| UnknownRole(text.chars().take(64).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_reads_back_what_it_shows() {
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(*role));
            assert_eq!(serde_json::to_value(role).unwrap(), role.as_str());
        }
        assert!("root".parse::<Role>().is_err());
    }

    #[test]
    fn a_customer_has_no_staff_permission_and_an_admin_all() {
        assert!(Role::Customer.permissions().is_empty());
        assert_eq!(Role::Admin.permissions(), Permission::ALL);
    }
}
