//! tarpc: Rust types on both sides of one TCP connection, as bincode or as JSON.

use std::sync::Arc;

use anyhow::Result;
use futures::StreamExt;
use products_api::{Variant, VariantId};
use tarpc::client;
use tarpc::context::Context;
use tarpc::serde_transport::tcp;
use tarpc::server::{BaseChannel, Channel};
use tarpc::tokio_serde::formats::{Bincode, Json};
use tokio::net::TcpListener;

use crate::goods::Shelf;
use crate::measure::Contestant;
use crate::server;

#[tarpc::service]
trait Catalogue {
    async fn variants(ids: Vec<VariantId>) -> Vec<Variant>;
}

impl Catalogue for Shelf {
    async fn variants(self, _: Context, ids: Vec<VariantId>) -> Vec<Variant> {
        self.find(&ids)
    }
}

/// A macro, because the codecs share no name for "sends these, receives those".
macro_rules! contestant {
    ($name:literal, $shelf:expr, $codec:ident) => {{
        let (shelf, wish): (Shelf, Arc<[VariantId]>) = ($shelf.clone(), $shelf.wish().into());
        let address = server::start($name, move |listener: TcpListener| async move {
            let mut connections = tcp::listen_on(listener, $codec::default).await?;
            while let Some(connection) = connections.next().await {
                let connection = connection?;
                connection.get_ref().set_nodelay(true)?;
                let requests =
                    BaseChannel::with_defaults(connection).execute(shelf.clone().serve());
                tokio::spawn(requests.for_each(|answer| async { drop(tokio::spawn(answer)) }));
            }
            Ok(())
        })?;
        let connection = tcp::connect(address, $codec::default).await?;
        connection.get_ref().set_nodelay(true)?;
        let client = CatalogueClient::new(client::Config::default(), connection).spawn();
        Contestant::new($name, move || {
            let (client, ids) = (client.clone(), wish.to_vec());
            async move { Ok(client.variants(tarpc::context::current(), ids).await?.len()) }
        })
    }};
}

pub(crate) async fn bincode(shelf: &Shelf) -> Result<Contestant> {
    Ok(contestant!("tarpc over TCP, bincode", shelf, Bincode))
}

pub(crate) async fn json(shelf: &Shelf) -> Result<Contestant> {
    Ok(contestant!("tarpc over TCP, JSON", shelf, Json))
}
