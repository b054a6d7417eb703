//! Secrets on their way: in to be checked, or out to the person they are for.

use serde::{Deserialize, Serialize};

macro_rules! secret {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// It is serialised to reach whom it is for, and never printed.
        #[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Wraps the plain text.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The plain text.
            pub fn expose(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    };
}

secret! {
    /// What somebody typed to prove who they are.
    Password
}

secret! {
    /// Opaque and single use: whoever has it can do the one thing it was made for, until it ends.
    OneTimeToken
}

secret! {
    /// Opaque and single use: whoever has it can continue one session.
    RefreshToken
}
