//! tonic: a unary gRPC call over one HTTP/2 connection.
//!
//! Bare: no interceptor, no token, no deadline. Both sides keep their own generated types, which the
//! shelf holds ready-made, so nothing is converted from or to the domain's.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::Result;
use tonic::transport::{Endpoint, Server, server::TcpIncoming};
use tonic::{Request, Response, Status};

use self::generated::catalogue_client::CatalogueClient;
use self::generated::catalogue_server::{Catalogue, CatalogueServer};
use self::generated::{Money, OptionValue, Variant, VariantsReply, VariantsRequest};
use crate::goods::Shelf;
use crate::measure::Contestant;
use crate::server;

pub(crate) const NAME: &str = "tonic unary, protobuf";

mod generated {
    tonic::include_proto!("catalogue");
}

struct Service(HashMap<String, Variant>);

#[tonic::async_trait]
impl Catalogue for Service {
    async fn variants(
        &self,
        request: Request<VariantsRequest>,
    ) -> Result<Response<VariantsReply>, Status> {
        let ids = request.into_inner().ids;
        let variants = ids.iter().filter_map(|id| self.0.get(id)).cloned().collect();
        Ok(Response::new(VariantsReply { variants }))
    }
}

pub(crate) async fn contestant(shelf: &Shelf) -> Result<Contestant> {
    let wish = shelf.wish();
    let variants = shelf.find(&wish).into_iter().map(represent);
    let service = Service(variants.map(|variant| (variant.id.clone(), variant)).collect());
    let address = server::start("tonic", move |listener| async move {
        let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
        let router = Server::builder().add_service(CatalogueServer::new(service));
        Ok(router.serve_with_incoming(incoming).await?)
    })?;
    let endpoint = Endpoint::from_shared(format!("http://{address}"))?.tcp_nodelay(true);
    let client = CatalogueClient::new(endpoint.connect().await?);
    let ids: Arc<[String]> = wish.iter().map(ToString::to_string).collect();
    Ok(Contestant::new(NAME, move || {
        let (mut client, ids) = (client.clone(), ids.to_vec());
        async move { Ok(client.variants(VariantsRequest { ids }).await?.into_inner().variants.len()) }
    }))
}

fn represent(variant: products_api::Variant) -> Variant {
    let money = |money: kernel::Money| Money {
        minor: money.minor,
        currency: money.currency.code().to_owned(),
    };
    let option =
        |option: products_api::OptionValue| OptionValue { name: option.name, value: option.value };
    Variant {
        id: variant.id.to_string(),
        product: variant.product.to_string(),
        sku: variant.sku,
        title: variant.title,
        options: variant.options.into_iter().map(option).collect(),
        price: Some(money(variant.price)),
        compare_at: variant.compare_at.map(money),
        weight_g: variant.weight_g,
        available: variant.available,
        for_sale: variant.for_sale,
    }
}
