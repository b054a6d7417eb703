//! `rialto edges …` as it is typed.

use clap::Subcommand;

use super::messages::By;

/// Shows what processes know about the neighbours they call, and gives them other numbers while they run.
#[derive(Debug, Subcommand)]
pub enum Edges {
    /// Lists every edge of every running process; exits with 1 when one of them did not answer
    List {
        /// A JSON object a line, with all numbers
        #[arg(long)]
        json: bool,
    },
    /// Gives an edge other numbers, in all processes where it begins, until they end
    Tune {
        /// The edge: "carts -> products"
        edge: String,
        /// The numbers that change, as in a configuration: 'patience = "1s"'
        numbers: String,
        /// Who says so
        #[command(flatten)]
        by: By,
    },
}
