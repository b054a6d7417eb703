//! `rialto`: the shop in one binary.

fn main() {}
