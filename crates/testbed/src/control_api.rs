//! The sandbox's control API: what it plays, what it was asked, and how it misbehaves.

use serde_json::Value;

use crate::setup::Fault;

/// The control API of one sandbox, on loopback.
#[derive(Debug, Clone)]
pub struct ControlApi {
    url: String,
    http: reqwest::Client,
}

impl ControlApi {
    /// The one behind this URL, without a proxy.
    ///
    /// # Errors
    /// The TLS library cannot be set up.
    pub fn at(url: &str) -> Result<Self, Fault> {
        Ok(Self { url: url.to_owned(), http: reqwest::Client::builder().no_proxy().build()? })
    }

    /// The answer to a GET.
    ///
    /// # Errors
    /// The sandbox refuses, or does not answer.
    pub async fn get(&self, path: &str) -> Result<Value, Fault> {
        self.call(self.http.get(self.at_path(path))).await
    }

    /// The answer to a POST.
    ///
    /// # Errors
    /// The sandbox refuses, or does not answer.
    pub async fn post(&self, path: &str, body: Value) -> Result<Value, Fault> {
        self.call(self.http.post(self.at_path(path)).body(body.to_string())).await
    }

    /// The answer to a DELETE.
    ///
    /// # Errors
    /// The sandbox refuses, or does not answer.
    pub async fn delete(&self, path: &str) -> Result<Value, Fault> {
        self.call(self.http.delete(self.at_path(path))).await
    }

    fn at_path(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    async fn call(&self, request: reqwest::RequestBuilder) -> Result<Value, Fault> {
        let answer = request.send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        if !status.is_success() {
            return Err(format!("the sandbox answers {status}: {text}").into());
        }
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }
}
