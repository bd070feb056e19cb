//! Tokens, proofs, scopes: everything that is refused before an operation begins.

use josekit::jwk::Jwk;
use josekit::jwk::alg::ec::EcCurve;
use serde_json::{Value, json};

use crate::operator::{World, now, public, random, sign, start, start_with};

async fn error_of(answer: reqwest::Response) -> (u16, Value) {
    (answer.status().as_u16(), answer.json().await.unwrap_or(Value::Null))
}

fn token_url(world: &World) -> String {
    format!("{}/oauth2/v1/token", world.okta())
}

async fn nonce(world: &World) -> String {
    let proof = world.proof("POST", &token_url(world), &json!({}));
    let answer = world.token_with(&world.assertion(), Some(&proof)).await;
    answer.headers()["dpop-nonce"].to_str().unwrap().to_string()
}

#[tokio::test]
async fn a_client_assertion_is_good_once_and_only_for_this_endpoint() {
    let world = start().await;
    let nonce = nonce(&world).await;
    let assertion = world.assertion();
    let proof = || world.proof("POST", &token_url(&world), &json!({"nonce": nonce}));
    assert_eq!(world.token_with(&assertion, Some(&proof())).await.status(), 200);
    let (status, error) = error_of(world.token_with(&assertion, Some(&proof())).await).await;
    assert_eq!((status, error["error"].as_str().unwrap()), (401, "invalid_client"));
    assert!(error["error_description"].as_str().unwrap().contains("client_assertion_already_used"));

    let header = json!({"alg": "ES256", "kid": world.sandbox.ready.key_id});
    let foreign = Jwk::generate_ec_key(EcCurve::P256).unwrap();
    let with = |change: &dyn Fn(&mut Value), key: &Jwk| {
        let mut claims = world.assertion_claims();
        change(&mut claims);
        sign(&header, &claims, key)
    };
    for (why, assertion) in [
        ("audience", with(&|claims| claims["aud"] = json!(world.okta()), &world.app_key)),
        ("too long", with(&|claims| claims["exp"] = json!(now() + 3700), &world.app_key)),
        ("expired", with(&|claims| claims["exp"] = json!(now() - 1), &world.app_key)),
        ("text for exp", with(&|claims| claims["exp"] = json!("soon"), &world.app_key)),
        ("no jti", with(&|claims| claims["jti"] = Value::Null, &world.app_key)),
        ("other subject", with(&|claims| claims["sub"] = json!("somebody"), &world.app_key)),
        (
            "unknown client",
            with(
                &|claims| {
                    claims["sub"] = json!("x");
                    claims["iss"] = json!("x");
                },
                &world.app_key,
            ),
        ),
        ("foreign key", with(&|_| {}, &foreign)),
        (
            "unknown kid",
            sign(&json!({"alg": "ES256", "kid": "other"}), &world.assertion_claims(), &world.app_key),
        ),
    ] {
        let (status, error) = error_of(world.token_with(&assertion, Some(&proof())).await).await;
        assert_eq!((status, error["error"].as_str().unwrap()), (401, "invalid_client"), "{why}");
    }
}

#[tokio::test]
async fn a_bound_app_needs_a_proof_with_a_nonce_by_another_key() {
    let world = start().await;
    let (status, error) = error_of(world.token_with(&world.assertion(), None).await).await;
    assert_eq!((status, error["error"].as_str().unwrap()), (400, "invalid_dpop_proof"));

    let claims = json!({"htm": "POST", "htu": token_url(&world), "iat": now(), "jti": random()});
    let header = json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": public(&world.app_key)});
    let proof = sign(&header, &claims, &world.app_key);
    let (status, error) = error_of(world.token_with(&world.assertion(), Some(&proof)).await).await;
    assert_eq!((status, error["error"].as_str().unwrap()), (400, "invalid_dpop_proof"));

    let proof = world.proof("POST", &token_url(&world), &json!({"nonce": "made-up"}));
    let (status, error) = error_of(world.token_with(&world.assertion(), Some(&proof)).await).await;
    assert_eq!((status, error["error"].as_str().unwrap()), (400, "use_dpop_nonce"));
}

#[tokio::test]
async fn a_wrong_proof_is_refused_in_the_header_without_a_body() {
    let world = start().await;
    let token = world.token().await;
    let url = format!("{}/api/v1/users", world.okta());
    let ath = World::ath(&token);
    let with = |name: &str, value: Value| {
        let mut claims = ath.clone();
        claims[name] = value;
        world.proof("GET", &url, &claims)
    };
    let used = with("iat", json!(now()));
    let private = sign(
        &json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": world.dpop_key}),
        &json!({"htm": "GET", "htu": url, "iat": now(), "jti": random(), "ath": ath["ath"]}),
        &world.dpop_key,
    );
    let send = async |proof: &str| {
        let request =
            world.http.get(&url).header("authorization", format!("DPoP {token}")).header("dpop", proof);
        request.send().await.unwrap()
    };
    assert_eq!(send(&used).await.status(), 200);
    for (why, proof) in [
        ("reused", used),
        ("another method", with("htm", json!("POST"))),
        ("another URL", with("htu", json!(format!("{url}/x")))),
        ("a query in the URL", with("htu", json!(format!("{url}?limit=1")))),
        ("another host", with("htu", json!("https://example.okta.com/api/v1/users"))),
        ("from the future", with("iat", json!(now() + 30))),
        ("too old", with("iat", json!(now() - 301))),
        ("for another token", with("ath", json!("AAAA"))),
        ("with a private key", private),
        ("not a JWT", "x".into()),
    ] {
        let answer = send(&proof).await;
        assert_eq!(answer.status(), 400, "{why}");
        let header = answer.headers()["www-authenticate"].to_str().unwrap().to_string();
        assert!(
            header.starts_with("DPoP ") && header.contains("error=\"invalid_dpop_proof\""),
            "{why}: {header}"
        );
        assert_eq!(answer.text().await.unwrap(), "");
    }
    let twice = world
        .http
        .get(&url)
        .header("authorization", format!("DPoP {token}"))
        .header("dpop", with("iat", json!(now())))
        .header("dpop", with("iat", json!(now())));
    assert_eq!(twice.send().await.unwrap().status(), 400);
    let bearer = world.http.get(&url).bearer_auth(&token).send().await.unwrap();
    assert_eq!(error_of(bearer).await.1["errorCode"], "E0000011");
}

#[tokio::test]
async fn a_login_in_the_path_never_matches_the_proof() {
    let world = start().await;
    let token = world.token().await;
    let id = world.person(&token, "ann.lee@example.com").await["id"].clone();
    let by_id = format!("/api/v1/users/{}", id.as_str().unwrap());
    assert_eq!(world.okta_get(&token, &by_id).await["profile"]["login"], "ann.lee@example.com");
    let answer =
        world.okta_request(&token, "GET", "/api/v1/users/ann.lee%40example.com").send().await.unwrap();
    assert_eq!(answer.status(), 400);
}

#[tokio::test]
async fn scope_role_and_expiry_are_three_different_refusals() {
    let world = start().await;
    let token = world.token().await;
    let (status, error) =
        error_of(world.okta_request(&token, "GET", "/api/v1/domains").send().await.unwrap()).await;
    assert_eq!((status, error["errorCode"].as_str().unwrap()), (403, "E0000006"));
    world.command("POST", &format!("/apps/{}", world.client_id), json!({"role": false})).await;
    let answer = world.okta_request(&token, "GET", "/api/v1/users").send().await.unwrap();
    assert_eq!(answer.status(), 403);
    world.command("POST", "/tokens/expire", json!({})).await;
    let (status, error) =
        error_of(world.okta_request(&token, "GET", "/api/v1/users").send().await.unwrap()).await;
    assert_eq!((status, error["errorCode"].as_str().unwrap()), (401, "E0000011"));
    assert_eq!(error["errorCauses"], json!([]));
}

#[tokio::test]
async fn an_api_token_works_and_headers_tell_the_limits() {
    let world = start_with(|settings| settings.plain_http = true).await;
    let token = world.command("POST", "/okta", json!({"newApiToken": true})).await["apiToken"].clone();
    let url = format!("{}/api/v1/users", world.okta());
    let ssws = format!("SSWS {}", token.as_str().unwrap());
    let answer = world.http.get(&url).header("authorization", &ssws).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    for header in
        ["x-okta-request-id", "x-rate-limit-limit", "x-rate-limit-remaining", "x-rate-limit-reset", "date"]
    {
        assert!(answer.headers().contains_key(header), "{header}");
    }
    world.command("POST", "/settings", json!({"oktaRequestsAMinute": 0})).await;
    let answer = world.http.get(&url).header("authorization", &ssws).send().await.unwrap();
    let (status, error) = error_of(answer).await;
    assert_eq!((status, error["errorCode"].as_str().unwrap()), (429, "E0000047"));
}
