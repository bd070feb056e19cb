//! The HRIS: another door, another certificate authority, one strict question.

use serde_json::{Value, json};

use crate::operator::{World, start};

struct Hris {
    http: reqwest::Client,
    url: String,
    token: String,
}

fn hris(world: &World) -> Hris {
    let dir = &world.sandbox.ready.hris_credentials;
    let ca = reqwest::Certificate::from_pem(&std::fs::read(dir.join("hris-ca.crt")).unwrap()).unwrap();
    Hris {
        http: reqwest::Client::builder().no_proxy().add_root_certificate(ca).build().unwrap(),
        url: world.sandbox.ready.hris.clone(),
        token: std::fs::read_to_string(dir.join("hris-token")).unwrap(),
    }
}

impl Hris {
    async fn ask(&self, token: &str, query: &str, question: &Value) -> (u16, Value) {
        let request = self.http.post(format!("{}{query}", self.url)).bearer_auth(token).json(question);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }
}

#[tokio::test]
async fn it_answers_what_it_was_given_and_nothing_to_who_asks_wrongly() {
    let world = start().await;
    let hris = hris(&world);
    let token = world.token().await;
    let ann = world.person(&token, "ann.lee@example.com").await["id"].clone();
    let question = json!({"userId": ann, "login": "ann.lee@example.com"});
    assert_eq!(hris.ask(&hris.token, "", &question).await, (200, json!({})));
    let record = json!({"addressLine1": "1 Secret Street", "city": null});
    world.command("POST", "/hris/ann.lee@example.com", record.clone()).await;
    assert_eq!(hris.ask(&hris.token, "", &question).await, (200, record));
    let wrong = [
        ("another", "", question.clone(), 401),
        (hris.token.as_str(), "?login=ann.lee@example.com", question.clone(), 400),
        (&hris.token, "", json!({"user": ann}), 400),
        (&hris.token, "", json!({"userId": ann, "login": "bob.ray@example.com"}), 404),
        (&hris.token, "", json!({"userId": "00uNobody"}), 404),
    ];
    for (token, query, question, status) in wrong {
        assert_eq!(hris.ask(token, query, &question).await.0, status, "{query} {question}");
    }
    world.command("POST", "/hris/ann.lee@example.com", Value::Null).await;
    assert_eq!(hris.ask(&hris.token, "", &question).await.0, 404);

    let secrets = world.look("/secrets").await.to_string();
    assert!(secrets.contains("1 Secret Street") && secrets.contains(&hris.token));
    let journal = world.look("/journal").await;
    let asked = journal.as_array().unwrap().iter().filter(|call| call["operation"] == "GetRecipient");
    assert!(asked.clone().all(|call| call["api"] == "hris"));
    assert_eq!(asked.count(), 8);
}

#[tokio::test]
async fn the_vendors_authority_does_not_speak_for_it() {
    let world = start().await;
    let hris = hris(&world);
    let refused =
        world.http.post(&hris.url).bearer_auth(&hris.token).json(&json!({"userId": "x"})).send().await;
    assert!(refused.unwrap_err().is_connect());
}
