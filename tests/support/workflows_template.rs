//! Okta's Workflows template `yubico_fido_preregistration`, played flow by flow as it is published: what it leaves at the
//! vendors and in its table *Shipment records*. Nothing of the operator is used for it.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::scene::Scene;

/// Of the template's look-up: the new `Status` of a row, and whether Okta is told of an error.
fn outcome(state: Option<u32>) -> (&'static str, bool) {
    match state {
        Some(1 | 2 | 6..=9) => ("ongoing", true),
        Some(3..=5 | 12 | 100..=102 | 1025 | 2000) => ("ongoing", false),
        Some(103 | 104) => ("completed", false),
        _ => ("error", true),
    }
}

/// A row of the table *Shipment records*.
#[derive(Debug, Clone)]
pub struct Row {
    pub shipment: String,
    pub user: String,
    pub enrollment: String,
    key: String,
    pub status: String,
}

/// The template in one org, with what its connections know.
pub struct Template<'a> {
    scene: &'a Scene,
    http: reqwest::Client,
    okta_token: String,
    yubico_token: String,
    pub rows: Vec<Row>,
}

impl<'a> Template<'a> {
    pub async fn installed(scene: &'a Scene) -> Self {
        let credentials = scene.sandbox.credentials("default");
        let read = |name: &str| std::fs::read_to_string(credentials.join(name)).unwrap();
        let ca = reqwest::Certificate::from_pem(read("ca.crt").as_bytes()).unwrap();
        let http = reqwest::Client::builder().no_proxy().tls_certs_merge([ca]).build().unwrap();
        let org = scene.sandbox.post("/okta", json!({"newApiToken": true})).await;
        Self {
            scene,
            http,
            okta_token: org["apiToken"].as_str().unwrap().to_owned(),
            yubico_token: read("yubico-api-token").trim().to_owned(),
            rows: Vec::new(),
        }
    }

    async fn okta(&self, path: &str, body: Option<Value>) -> Value {
        let url = format!("{}{path}", self.scene.sandbox.says("okta"));
        let request = match body {
            Some(body) => {
                self.http.post(url).header("content-type", "application/json").body(body.to_string())
            }
            None => self.http.post(url).header("content-length", "0"),
        };
        let answer =
            request.header("authorization", format!("SSWS {}", self.okta_token)).send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    async fn at_yubico(&self, request: reqwest::RequestBuilder) -> Option<Value> {
        let answer = request.bearer_auth(&self.yubico_token).send().await.unwrap();
        let is_fine = answer.status().is_success();
        let text = answer.text().await.unwrap();
        is_fine.then(|| serde_json::from_str(&text).unwrap())
    }

    fn yubico(&self, path: &str) -> String {
        format!("{}{path}", self.scene.sandbox.says("yubico"))
    }

    /// *Create shipment*: enrols first, cuts the names to 10, 15 and 15 letters, sends no second line, and writes the row
    /// once the order is there. False: the order was refused; the enrolment is marked errored and no row tells of it.
    pub async fn create_shipment(&mut self, login: &str) -> bool {
        let user = self.scene.sandbox.get(&format!("/people/{login}")).await;
        let id = user["id"].as_str().unwrap().to_owned();
        let keys =
            self.http.get(self.yubico("/.well-known/yubico-transport-keys.jwks")).send().await.unwrap();
        let keys: Value = serde_json::from_str(&keys.text().await.unwrap()).unwrap();
        let mut key = json!({"use": "enc"});
        for member in ["crv", "x", "y", "kid", "kty"] {
            key[member] = keys["keys"][0][member].clone();
        }
        let enrolled = self
            .okta(
                "/webauthn-registration/api/v1/enroll",
                Some(json!({
                    "userId": id, "fulfillmentProvider": "yubico", "enrollmentRpIds": ["localhost"],
                    "yubicoTransportKeyJWK": key,
                })),
            )
            .await;
        let credential = &enrolled["credRequests"][0];
        let enrollment = credential["authenticatorEnrollmentId"].as_str().unwrap().to_owned();
        let order = order(&user, &enrolled["pinRequestJwe"], &credential["credRequestJwe"]);
        let request = self
            .http
            .post(self.yubico("/v1/fpr/shipments"))
            .header("content-type", "application/json")
            .body(order.to_string());
        let Some(made) = self.at_yubico(request).await else {
            self.mark_error(&id, &enrollment).await;
            return false;
        };
        self.rows.push(Row {
            shipment: made["shipment_id"].as_str().unwrap().to_owned(),
            user: id,
            enrollment,
            key: credential["keyId"].as_str().unwrap().to_owned(),
            status: "ongoing".to_owned(),
        });
        true
    }

    async fn mark_error(&self, user: &str, enrollment: &str) {
        let path = format!("/webauthn-registration/api/v1/users/{user}/enrollments/{enrollment}/mark-error");
        self.okta(&path, None).await;
    }

    /// *Process shipments*, the flow of 04:00: looks at every row that is `ongoing`, and never again at another one.
    pub async fn process_shipments(&mut self) {
        for number in 0..self.rows.len() {
            let row = self.rows[number].clone();
            if row.status != "ongoing" {
                continue;
            }
            let path = self.yubico(&format!("/v1/fpr/shipments/{}", row.shipment));
            let shown = self.at_yubico(self.http.get(path)).await;
            let state = shown.and_then(|shown| shown["shipment_state"]["shipment_state_id"].as_u64());
            let (status, is_marked) = outcome(state.and_then(|state| u32::try_from(state).ok()));
            if is_marked {
                self.mark_error(&row.user, &row.enrollment).await;
            }
            if status == "completed" {
                // Activated and the PIN mailed: what that does at Okta, the sandbox does by command.
                let path = format!("/enrollments/{}", row.enrollment);
                self.scene.sandbox.post(&path, json!({"status": "ACTIVE"})).await;
            }
            status.clone_into(&mut self.rows[number].status);
        }
    }

    /// The table as it is exported.
    pub fn table(&self) -> String {
        let mut text = "Shipment ID,User ID,Factor ID - Key ID map,Status\n".to_owned();
        for row in &self.rows {
            let map = json!([{"authenticatorEnrollmentId": row.enrollment, "kid": row.key}]).to_string();
            let map = map.replace('"', "\"\"");
            writeln!(text, "{},{},\"{map}\",{}", row.shipment, row.user, row.status).unwrap();
        }
        text
    }
}

/// The body of *Create Shipment Request*, from the profile as it is.
fn order(user: &Value, pin: &Value, credential: &Value) -> Value {
    let profile = &user["profile"];
    let text = |name: &str| profile[name].as_str().unwrap_or_default().to_owned();
    let segment = |name: &str, units: usize| {
        String::from_utf16_lossy(&text(name).encode_utf16().take(units).collect::<Vec<_>>())
    };
    let email = if user["status"] == "STAGED" { "secondEmail" } else { "email" };
    json!({
        "delivery_type": 1,
        "recipient": {
            "recipient_company": segment("organization", 15), "recipient_email": text(email),
            "recipient_firstname": segment("firstName", 10), "recipient_lastname": segment("lastName", 15),
            "recipient_telephone": text("primaryPhone"),
        },
        "mailing_address": {
            "street_line1": text("streetAddress"), "city": text("city"), "region": text("state"),
            "postal_code": text("zipCode"), "country_code_2": text("countryCode"),
        },
        "shipment_items": [{
            "product_id": 29, "inventory_product_id": 106, "product_quantity": 1, "customization_id": "RXJN83",
            "product_customizations": [{"fido_pin_request": pin, "fido_credential_requests": [credential]}],
        }],
    })
}
