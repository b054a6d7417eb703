//! What probes are told over the life of a process.

use actix_web::{
    App,
    test::{TestRequest, call_service, init_service},
};
use host::Health;

#[actix_web::test]
async fn a_process_is_ready_between_its_start_and_its_drain_while_its_parts_work() {
    let health = Health::new();
    let routes = health.routes();
    assert!(routes.check().is_ok());
    let app = init_service(App::new().configure(|app| routes.configure(app))).await;
    let status = async |path: &str| {
        let request = TestRequest::get().uri(path).to_request();
        call_service(&app, request).await.status().as_u16()
    };
    let all = async || [status("/livez").await, status("/startupz").await, status("/readyz").await];
    assert_eq!(all().await, [200, 503, 503]);
    health.started();
    assert_eq!(all().await, [200, 200, 200]);
    health.check("database", async || Err("gone".to_owned()));
    assert_eq!(all().await, [200, 200, 503]);
    health.drain();
    assert_eq!(all().await, [200, 200, 503]);
    assert!(health.is_draining());
}
