use kernel::{Command, Message, Never};
use serde::{Deserialize, Serialize};

/// May be refused.
#[derive(Serialize, Deserialize)]
pub struct Ask;

/// Cannot be refused.
#[derive(Serialize, Deserialize)]
pub struct Tell;

impl Message for Ask {
    const CHANNEL: &'static str = "neighbour";
    const TYPE: &'static str = "ask";
    fn key(&self) -> String {
        String::new()
    }
}

impl Message for Tell {
    const CHANNEL: &'static str = "neighbour";
    const TYPE: &'static str = "tell";
    fn key(&self) -> String {
        String::new()
    }
}

impl Command for Ask {
    type Reply = ();
    type Refusal = String;
}

impl Command for Tell {
    type Reply = ();
    type Refusal = Never;
}
