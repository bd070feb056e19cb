//! A small operator and a small IT department, played with reqwest and josekit against a sandbox in this process.

use std::time::{Duration, Instant, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use josekit::jwk::Jwk;
use josekit::jwk::alg::ec::EcCurve;
use josekit::jws::{self, ES256, JwsHeader};
use reqwest::{Method, RequestBuilder, Response};
use sandbox::{Sandbox, Settings, serve};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

/// A sandbox, and everything that talks to it.
pub struct World {
    pub sandbox: Sandbox,
    pub http: reqwest::Client,
    pub dir: TempDir,
    pub app_key: Jwk,
    pub dpop_key: Jwk,
    pub client_id: String,
}

/// The order of Ann's key as far as Okta's half.
pub struct Enrolled {
    pub user_id: String,
    pub id: String,
    pub key_id: String,
    pub pin_request: String,
    pub credential_request: String,
}

pub fn now() -> i64 {
    i64::try_from(SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs()).unwrap()
}

pub fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub fn random() -> String {
    let mut bytes = [0; 16];
    openssl::rand::rand_bytes(&mut bytes).unwrap();
    b64(bytes)
}

pub fn sign(header: &Value, claims: &Value, key: &Jwk) -> String {
    let header = JwsHeader::from_map(header.as_object().unwrap().clone()).unwrap();
    let signer = ES256.signer_from_jwk(key).unwrap();
    jws::serialize_compact(claims.to_string().as_bytes(), &header, &signer).unwrap()
}

/// The members of the public half.
pub fn public(key: &Jwk) -> Value {
    let members: &Map<String, Value> = key.as_ref();
    ["kty", "crv", "x", "y"].iter().map(|name| ((*name).to_string(), members[*name].clone())).collect()
}

pub async fn start() -> World {
    start_with(|_| {}).await
}

pub async fn start_with(change: impl FnOnce(&mut Settings)) -> World {
    let dir = tempfile::tempdir().unwrap();
    let mut settings = Settings::new(dir.path());
    settings.seed = Some(7);
    change(&mut settings);
    let sandbox = serve(settings).await.unwrap();
    let mut builder = reqwest::Client::builder().no_proxy();
    let ca = std::fs::read(&sandbox.ready.ca).unwrap();
    if !ca.is_empty() {
        builder = builder.add_root_certificate(reqwest::Certificate::from_pem(&ca).unwrap());
    }
    let pem = std::fs::read(sandbox.ready.credentials.join("default/okta-private-key")).unwrap();
    let app_key: Jwk =
        josekit::jwk::alg::ec::EcKeyPair::from_pem(pem, Some(EcCurve::P256)).unwrap().into_jwk();
    let client_id = sandbox.ready.client_id.clone();
    let dpop_key = Jwk::generate_ec_key(EcCurve::P256).unwrap();
    World { http: builder.build().unwrap(), dir, app_key, dpop_key, client_id, sandbox }
}

trait IntoJwk {
    fn into_jwk(self) -> Jwk;
}

impl IntoJwk for josekit::jwk::alg::ec::EcKeyPair {
    fn into_jwk(self) -> Jwk {
        josekit::jwk::KeyPair::to_jwk_key_pair(&self)
    }
}

impl World {
    pub fn okta(&self) -> &str {
        &self.sandbox.ready.okta
    }

    pub fn yubico(&self) -> &str {
        &self.sandbox.ready.yubico
    }

    pub fn assertion_claims(&self) -> Value {
        json!({
            "iss": self.client_id, "sub": self.client_id, "aud": format!("{}/oauth2/v1/token", self.okta()),
            "iat": now(), "exp": now() + 300, "jti": random(),
        })
    }

    pub fn assertion(&self) -> String {
        let header = json!({"alg": "ES256", "kid": self.sandbox.ready.key_id});
        sign(&header, &self.assertion_claims(), &self.app_key)
    }

    pub fn proof(&self, method: &str, url: &str, extra: &Value) -> String {
        let mut claims = json!({"htm": method, "htu": url, "iat": now(), "jti": random()});
        for (name, value) in extra.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let header = json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": public(&self.dpop_key)});
        sign(&header, &claims, &self.dpop_key)
    }

    pub async fn token_with(&self, assertion: &str, proof: Option<&str>) -> Response {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "client_credentials")
            .append_pair("scope", "okta.users.manage okta.users.read okta.groups.read okta.logs.read okta.policies.read okta.authenticators.read")
            .append_pair("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
            .append_pair("client_assertion", assertion)
            .finish();
        let mut request = self
            .http
            .post(format!("{}/oauth2/v1/token", self.okta()))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form);
        if let Some(proof) = proof {
            request = request.header("dpop", proof);
        }
        request.send().await.unwrap()
    }

    /// The dance: a proof, the nonce, the token.
    pub async fn token(&self) -> String {
        let url = format!("{}/oauth2/v1/token", self.okta());
        let first = self.token_with(&self.assertion(), Some(&self.proof("POST", &url, &json!({})))).await;
        assert_eq!(first.status(), 400);
        let nonce = first.headers()["dpop-nonce"].to_str().unwrap().to_string();
        assert_eq!(first.json::<Value>().await.unwrap()["error"], "use_dpop_nonce");
        let proof = self.proof("POST", &url, &json!({"nonce": nonce}));
        let second = self.token_with(&self.assertion(), Some(&proof)).await;
        assert_eq!(second.status(), 200);
        let answer: Value = second.json().await.unwrap();
        assert_eq!(answer["token_type"], "DPoP");
        answer["access_token"].as_str().unwrap().to_string()
    }

    pub fn ath(token: &str) -> Value {
        json!({"ath": b64(openssl::sha::sha256(token.as_bytes()))})
    }

    /// An authorized request to Okta, without body.
    pub fn okta_request(&self, token: &str, method: &str, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.okta());
        let htu = url.split('?').next().unwrap();
        let proof = self.proof(method, htu, &Self::ath(token));
        self.http
            .request(Method::from_bytes(method.as_bytes()).unwrap(), &url)
            .header("authorization", format!("DPoP {token}"))
            .header("dpop", proof)
    }

    pub async fn okta_post(&self, token: &str, path: &str, body: &Value) -> Response {
        self.okta_request(token, "POST", path).json(body).send().await.unwrap()
    }

    pub async fn okta_get(&self, token: &str, path: &str) -> Value {
        let answer = self.okta_request(token, "GET", path).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.unwrap()
    }

    pub async fn control(&self, method: &str, path: &str, body: Option<&Value>) -> Response {
        let url = format!("{}{path}", self.sandbox.ready.control);
        let mut request = self.http.request(Method::from_bytes(method.as_bytes()).unwrap(), url);
        if let Some(body) = body {
            request = request.json(body);
        }
        request.send().await.unwrap()
    }

    pub async fn command(&self, method: &str, path: &str, body: Value) -> Value {
        let answer = self.control(method, path, Some(&body)).await;
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{method} {path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    pub async fn look(&self, path: &str) -> Value {
        self.control("GET", path, None).await.json().await.unwrap()
    }

    pub async fn person(&self, token: &str, login: &str) -> Value {
        let search: String =
            url::form_urlencoded::byte_serialize(format!("profile.login eq \"{login}\"").as_bytes())
                .collect();
        let found = self.okta_get(token, &format!("/api/v1/users?search={search}")).await;
        assert_eq!(found.as_array().unwrap().len(), 1);
        found[0].clone()
    }

    pub async fn keys(&self, name: &str, key_use: &str) -> Vec<Value> {
        let url = format!("{}/.well-known/{name}.jwks", self.yubico());
        let set: Value = self.http.get(url).send().await.unwrap().json().await.unwrap();
        let keys = set["keys"].as_array().unwrap();
        keys.iter()
            .map(|key| {
                json!({"kid": key["kid"], "kty": key["kty"], "crv": key["crv"], "use": key_use, "x": key["x"], "y": key["y"]})
            })
            .collect()
    }

    pub async fn transport_key(&self) -> Value {
        self.keys("yubico-transport-keys", "enc").await[0].clone()
    }

    pub async fn signing_keys(&self) -> Vec<Value> {
        self.keys("yubico-sign", "sig").await
    }

    pub async fn enroll_body(&self, user_id: &str) -> Value {
        json!({"userId": user_id, "fulfillmentProvider": "yubico", "enrollmentRpIds": ["localhost"],
               "yubicoTransportKeyJWK": self.transport_key().await})
    }

    pub async fn enroll(&self, token: &str, login: &str) -> Enrolled {
        let person = self.person(token, login).await;
        let user_id = person["id"].as_str().unwrap().to_string();
        let body = self.enroll_body(&user_id).await;
        let answer = self.okta_post(token, "/webauthn-registration/api/v1/enroll", &body).await;
        assert_eq!(answer.status(), 200);
        let answer: Value = answer.json().await.unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_string();
        assert_eq!(answer["credRequests"].as_array().unwrap().len(), 1);
        Enrolled {
            user_id,
            id: text(&answer["credRequests"][0]["authenticatorEnrollmentId"]),
            key_id: text(&answer["credRequests"][0]["keyId"]),
            pin_request: text(&answer["pinRequestJwe"]),
            credential_request: text(&answer["credRequests"][0]["credRequestJwe"]),
        }
    }

    pub fn order_body(enrolled: &Enrolled) -> Value {
        json!({
            "delivery_type": 1,
            "recipient": {
                "recipient_company": "Example Inc", "recipient_email": "ann.lee@private.example",
                "recipient_firstname": "Ann", "recipient_lastname": "Lee", "recipient_telephone": "+1 617-555-0100",
            },
            "mailing_address": {
                "street_line1": "41 Maple Street Apt 7", "street_line2": "", "city": "Boston", "region": "MA",
                "postal_code": "02108", "country_code_2": "US",
            },
            "shipment_items": [{
                "product_id": 29, "inventory_product_id": 106, "product_quantity": 1, "customization_id": "RXJN83",
                "product_customizations": [{
                    "fido_pin_request": enrolled.pin_request, "fido_credential_requests": [enrolled.credential_request],
                }],
            }],
        })
    }

    pub fn yubico_token(&self) -> String {
        std::fs::read_to_string(self.sandbox.ready.credentials.join("default/yubico-api-token")).unwrap()
    }

    pub fn yubico_request(&self, method: &str, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.yubico());
        self.http
            .request(Method::from_bytes(method.as_bytes()).unwrap(), url)
            .bearer_auth(self.yubico_token())
    }

    pub async fn order(&self, body: &Value) -> String {
        let answer = self.yubico_request("POST", "/v1/fpr/shipments").json(body).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let answer: Value = answer.json().await.unwrap();
        let state = &answer["shipment_state"]["shipment_state_id"];
        assert!(*state == 1 || *state == "5", "{answer}");
        answer["shipment_id"].as_str().unwrap().to_string()
    }

    pub async fn shipment(&self, id: &str) -> Value {
        let answer = self.yubico_request("GET", &format!("/v1/fpr/shipments/{id}")).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.json().await.unwrap()
    }

    /// Enrols Ann, orders her key and has it delivered; the answer is the enrolment, the shipment's id and what Yubico says.
    pub async fn delivered(&self, token: &str) -> (Enrolled, String, Value) {
        let enrolled = self.enroll(token, "ann.lee@example.com").await;
        let id = self.order(&Self::order_body(&enrolled)).await;
        self.command("POST", "/advance", json!({"steps": 4})).await;
        let shipment = self.shipment(&id).await;
        let state = &shipment["shipment_state"]["shipment_state_id"];
        assert!(*state == 104 || *state == "104", "{shipment}");
        (enrolled, id, shipment)
    }

    pub async fn activate_body(&self, enrolled: &Enrolled, shipment: &Value) -> Value {
        let data = &shipment["shipment_items"][0]["product_data"][0];
        json!({
            "userId": enrolled.user_id, "fulfillmentProvider": "yubico", "serial": data["serial_number"],
            "version": data["firmware_version"], "pinResponseJwe": data["fido_pin_response"],
            "credResponses": [{
                "authenticatorEnrollmentId": enrolled.id, "credResponseJwe": data["fido_credential_responses"][0],
            }],
            "yubicoSigningJwks": self.signing_keys().await,
        })
    }

    pub async fn activate(&self, token: &str, body: &Value) -> Response {
        self.okta_post(token, "/webauthn-registration/api/v1/activate", body).await
    }

    pub async fn send_pin(&self, token: &str, enrolled: &Enrolled) -> Response {
        let body = json!({"userId": enrolled.user_id, "fulfillmentProvider": "yubico", "authenticatorEnrollmentId": enrolled.id});
        self.okta_post(token, "/webauthn-registration/api/v1/send-pin", &body).await
    }

    /// Puts parcel and mail where the sign-in program finds them.
    pub async fn hand_over(&self, shipment: &str) -> sandbox::sign_in::SignIn {
        let parcel = self.dir.path().join("parcel.json");
        let mail = self.dir.path().join("mail.json");
        std::fs::write(&parcel, self.look(&format!("/parcels/{shipment}")).await.to_string()).unwrap();
        let outbox = self.look("/outbox").await;
        std::fs::write(&mail, outbox.as_array().unwrap().last().unwrap().to_string()).unwrap();
        sandbox::sign_in::SignIn {
            parcel,
            mail,
            okta: self.okta().to_string(),
            ca: Some(self.sandbox.ready.ca.clone()),
            pin: None,
            rp_id: None,
        }
    }

    /// The road to a key that lies on Ann's desk, with the PIN in her mailbox and she in the office.
    pub async fn ready_to_sign_in(&self) -> sandbox::sign_in::SignIn {
        let token = self.token().await;
        let (enrolled, id, shipment) = self.delivered(&token).await;
        let body = self.activate_body(&enrolled, &shipment).await;
        let answer = self.activate(&token, &body).await;
        assert_eq!(answer.status(), 200, "{:?}", answer.headers().get("x-sandbox-reason"));
        assert_eq!(self.send_pin(&token, &enrolled).await.status(), 204);
        self.command("POST", "/people/ann.lee@example.com/activate", json!({})).await;
        self.hand_over(&id).await
    }
}

/// Waits for a condition, not for time.
pub async fn until<F: Future<Output = bool>>(mut condition: impl FnMut() -> F) {
    let deadline = Instant::now() + Duration::from_secs(90);
    while !condition().await {
        assert!(Instant::now() < deadline, "the condition did not come true");
        tokio::task::yield_now().await;
    }
}
