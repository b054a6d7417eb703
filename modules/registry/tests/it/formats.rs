//! JSON and XML, as clients in other languages write and read them.

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::world::{PASSWORD, World, instance};

const XML: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<instance>
  <instanceId>one</instanceId>
  <hostName>shop.internal</hostName>
  <app>shop</app>
  <ipAddr>127.0.0.1</ipAddr>
  <vipAddress>fish &amp; chips</vipAddress>
  <status>STARTING</status>
  <port enabled="true">8081</port>
  <securePort enabled="false">443</securePort>
  <dataCenterInfo class="com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo"><name>MyOwn</name></dataCenterInfo>
  <leaseInfo><renewalIntervalInSecs>5</renewalIntervalInSecs><durationInSecs>15</durationInSecs></leaseInfo>
  <metadata><zone>a</zone></metadata>
</instance>"#;

#[actix_web::test]
async fn whoever_registers_in_xml_is_read_in_json() {
    let world = World::open().await;
    let request = world.ask(Method::POST, "/eureka/apps/SHOP/").header("content-type", "text/xml");
    let answer = request.body(XML).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NO_CONTENT, "{:?}", answer.text().await);
    let shown = world.read("/eureka/apps/SHOP/one").await;
    let shown = &shown["instance"];
    assert_eq!(shown["port"], json!({ "$": 8081, "@enabled": "true" }));
    assert_eq!(shown["securePort"], json!({ "$": 443, "@enabled": "false" }));
    assert_eq!(shown["vipAddress"], "fish & chips");
    assert_eq!(shown["app"], "SHOP");
    assert_eq!(shown["status"], "STARTING");
    assert_eq!(shown["leaseInfo"]["durationInSecs"], 15);
    assert_eq!(shown["metadata"], json!({ "zone": "a" }));
}

#[actix_web::test]
async fn whoever_does_not_accept_json_reads_xml() {
    let world = World::open().await;
    assert_eq!(
        world.xml("/eureka/apps").await,
        "<applications><apps__hashcode></apps__hashcode><versions__delta>1</versions__delta></applications>"
    );
    let mut said = instance("one");
    said["metadata"] = json!({ "zone": "<a>", "not a name": "left out", "weight": 3 });
    world.registered(&said).await;
    let text = world.xml("/eureka/apps/").await;
    let pieces = [
        "<versions__delta>2</versions__delta>",
        "<apps__hashcode>UP_1_</apps__hashcode>",
        "<name>SHOP</name></application>",
        "<instanceId>one</instanceId>",
        r#"<port enabled="true">8081</port>"#,
        "<metadata><weight>3</weight><zone>&lt;a&gt;</zone></metadata>",
        "<lastDirtyTimestamp>1000</lastDirtyTimestamp>",
        r#"<dataCenterInfo class="com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo">"#,
    ];
    for piece in pieces {
        assert!(text.contains(piece), "{piece} in {text}");
    }
    assert!(!text.contains("left out"), "{text}");
    assert!(world.xml("/eureka/apps/SHOP").await.starts_with("<application><instance>"));
    assert!(world.xml("/eureka/instances/one").await.starts_with("<instance><"));
    let any = world.anonymous(Method::GET, "/eureka/apps").header("accept", "*/*");
    let any = any.basic_auth("shop", Some(PASSWORD)).send().await.unwrap();
    assert!(any.text().await.unwrap().starts_with("<applications>"));
}

#[actix_web::test]
async fn numbers_may_be_text_and_a_port_only_a_number() {
    let world = World::open().await;
    let mut said = instance("one");
    said["port"] = json!({ "$": "8081", "@enabled": true });
    said["securePort"] = json!(8443);
    said["leaseInfo"] = json!({ "durationInSecs": "20" });
    said["lastDirtyTimestamp"] = json!(77);
    said["countryId"] = json!("2");
    said["metadata"] = json!({ "@class": "java.util.Collections$EmptyMap" });
    world.registered(&said).await;
    let shown = world.read("/eureka/v2/instances/one").await;
    let shown = &shown["instance"];
    assert_eq!(shown["port"], json!({ "$": 8081, "@enabled": "true" }));
    assert_eq!(shown["securePort"], json!({ "$": 8443, "@enabled": "false" }));
    assert_eq!(shown["leaseInfo"]["durationInSecs"], 20);
    assert_eq!(shown["lastDirtyTimestamp"], "77");
    assert_eq!(shown["countryId"], 2);
    assert_eq!(shown["metadata"], json!({}));
}

#[actix_web::test]
async fn whoever_does_not_say_its_id_is_called_by_its_host() {
    let world = World::open().await;
    let mut said = instance("one");
    said.as_object_mut().unwrap().remove("instanceId");
    world.registered(&said).await;
    assert!(world.is_listed("SHOP", "shop.internal").await);
    said["dataCenterInfo"] = json!({
        "@class": "com.netflix.appinfo.AmazonInfo",
        "name": "Amazon",
        "metadata": { "instance-id": "i-1" },
    });
    world.registered(&said).await;
    assert!(world.is_listed("SHOP", "i-1").await);
}
