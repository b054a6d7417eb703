//! One message on its way to one subscriber.

use std::sync::Arc;

use kernel::{Command, Message};

use crate::{
    Envelope, Failure, ReplyAddress,
    envelope::{JSON, Verdict},
};

/// What a handler can know about the message beside its content.
#[derive(Clone, Debug)]
pub struct Delivery {
    envelope: Arc<Envelope>,
    subscriber: &'static str,
    attempt: u32,
}

impl Delivery {
    pub(crate) fn new(envelope: Arc<Envelope>, subscriber: &'static str, attempt: u32) -> Self {
        Self { envelope, subscriber, attempt }
    }

    /// The message with its headers.
    pub fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// The group on whose behalf it is handled.
    pub fn subscriber(&self) -> &'static str {
        self.subscriber
    }

    /// Counts the tries, from 1.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Where the answer to this command goes; nothing for a one-way notification. Can be stored, and
    /// answered in a later transaction.
    pub fn reply_address(&self) -> Option<ReplyAddress> {
        self.envelope.reply_address()
    }

    /// Reads the payload as an `M`.
    ///
    /// # Errors
    ///
    /// [`Failure::Permanent`] when it is something else.
    pub fn message<M: Message>(&self) -> Result<M, Failure> {
        self.of_type(M::TYPE, M::VERSION)?;
        self.payload()
    }

    /// Reads the payload as the answer to a `C`.
    ///
    /// # Errors
    ///
    /// [`Failure::Permanent`] when it is something else.
    pub fn answer<C: Command>(&self) -> Result<Result<C::Reply, C::Refusal>, Failure> {
        self.of_type(C::TYPE, C::VERSION)?;
        Ok(match self.payload()? {
            Verdict::Done(reply) => Ok(reply),
            Verdict::Refused(refusal) => Err(refusal),
        })
    }

    fn of_type(&self, name: &str, version: u16) -> Result<(), Failure> {
        let Envelope { type_name, version: found, .. } = &*self.envelope;
        if type_name != name || *found != version {
            return Err(Failure::Permanent(format!(
                "{type_name} version {found} came where {name} version {version} is understood"
            )));
        }
        Ok(())
    }

    fn payload<T: serde::de::DeserializeOwned>(&self) -> Result<T, Failure> {
        if self.envelope.content_type != JSON {
            let content = &self.envelope.content_type;
            return Err(Failure::Permanent(format!("{content} cannot be read")));
        }
        serde_json::from_str(self.envelope.payload.get()).map_err(Failure::permanent)
    }
}
