//! Entity tags, of versions and of contents.

use actix_web::{
    App,
    http::{
        Method, StatusCode,
        header::{ETAG, IF_NONE_MATCH},
    },
    test::{TestRequest, call_service, init_service},
    web,
};
use host::Answer;
use kernel::Version;

async fn versioned() -> Answer<&'static str> {
    Answer::ok("a note").version(Version(7))
}

async fn list() -> Answer<[u8; 2]> {
    Answer::ok([1, 2])
}

#[actix_web::test]
async fn what_is_known_already_is_not_sent_again() {
    let app = App::new()
        .route("/note", web::get().to(versioned))
        .route("/note", web::head().to(versioned));
    let app = init_service(app.route("/notes", web::get().to(list))).await;
    for path in ["/note", "/notes"] {
        let fresh = call_service(&app, TestRequest::get().uri(path).to_request()).await;
        let tag = fresh.headers().get(ETAG).expect("an entity tag").to_str().unwrap().to_owned();
        assert_eq!(fresh.status(), StatusCode::OK, "{path}");
        for known in [tag.clone(), "*".to_owned(), format!("\"other\", W/{tag}")] {
            let request =
                TestRequest::get().uri(path).insert_header((IF_NONE_MATCH, known.as_str()));
            let same = call_service(&app, request.to_request()).await;
            assert_eq!(same.status(), StatusCode::NOT_MODIFIED, "{path} {known}");
            assert_eq!(same.headers().get(ETAG).unwrap().to_str().unwrap(), tag, "{path} {known}");
        }
        let request = TestRequest::get().uri(path).insert_header((IF_NONE_MATCH, "\"other\""));
        let changed = call_service(&app, request.to_request()).await;
        assert_eq!(changed.status(), StatusCode::OK, "{path}");
    }
    let head = TestRequest::default().method(Method::HEAD).uri("/note").to_request();
    assert_eq!(call_service(&app, head).await.headers().get(ETAG).unwrap(), "\"7\"");
}
