//! The shop as its users see it, and the house rules that hold it up.

/// Who may depend on whom, and what no source file contains.
mod architecture;
