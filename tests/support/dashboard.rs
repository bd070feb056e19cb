//! The page, asked as a browser asks: with its cookie, from its own origin, and by its forms.

use std::{process::Command, time::Duration};

use kube_test::Announced;
use reqwest::{Response, StatusCode, redirect::Policy};

use super::{plugin::program, scene::Scene, until};

/// Longer than a program needs to start on a busy machine.
const START: Duration = Duration::from_secs(90);

/// A running page, and whoever looks at it.
#[derive(Debug)]
pub struct Dashboard {
    /// Scheme, address and port.
    pub url: String,
    /// What forms come from.
    origin: String,
    host: Option<String>,
    http: reqwest::Client,
    cookie: String,
    bearer: Option<String>,
    _process: Option<Announced>,
}

/// An answer of the page.
#[derive(Debug, Clone)]
pub struct Shown {
    pub status: StatusCode,
    pub location: String,
    pub text: String,
}

impl Shown {
    /// The page, which must be there.
    #[track_caller]
    pub fn fine(self) -> String {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text);
        self.text
    }
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().redirect(Policy::none()).build().unwrap()
}

async fn start(command: Command, log: std::path::PathBuf) -> (Announced, String) {
    let started = tokio::task::spawn_blocking(move || Announced::start(command, &log, START));
    started.await.unwrap().unwrap()
}

impl Scene {
    /// `kubectl yubikey dashboard` as the admin, and the browser that opened its address.
    pub async fn dashboard(&self) -> Dashboard {
        let mut command = Command::new(program("kubectl-yubikey"));
        command.env("KUBECONFIG", self.plane().cluster.kubeconfig_file());
        command.args(["dashboard", "-n", &self.name]);
        let (process, line) =
            start(command, self.plane().dir.join(format!("{}-dashboard.log", self.name))).await;
        let address = line.trim();
        let url = address.split("/enter").next().unwrap().to_owned();
        let http = client();
        let entered = http.get(address).send().await.unwrap();
        let cookie = cookie(&entered);
        assert!(!cookie.is_empty(), "the address brings a cookie");
        Dashboard {
            origin: url.clone(),
            url,
            host: None,
            http,
            cookie,
            bearer: None,
            _process: Some(process),
        }
    }

    /// The page as it runs in the cluster, under a name that a proxy has.
    pub async fn dashboard_for_callers(&self, host: &str) -> Dashboard {
        let arguments =
            ["config", "view", "--raw", "-o", "jsonpath={.clusters[0].cluster.certificate-authority-data}"];
        let authority = self.kubectl().run(&arguments).await.fine();
        let authority = {
            use base64::Engine as _;
            base64::engine::general_purpose::STANDARD.decode(authority.trim()).unwrap()
        };
        let file = self.plane().dir.join(format!("{}-ca.crt", self.name));
        std::fs::write(&file, authority).unwrap();
        let server = self.plane().cluster.kubeconfig().unwrap().server().to_owned();
        let mut command = Command::new(program("yubikey-dashboard"));
        command.args(["--listen", "127.0.0.1:0", "--api-server", &server, "--certificate-authority"]);
        command.arg(&file).args(["--origin", &format!("https://{host}")]);
        let (process, line) = start(command, self.plane().dir.join(format!("{}-page.log", self.name))).await;
        let url = format!("http://{}", line.trim().rsplit(' ').next().unwrap());
        Dashboard {
            url,
            origin: format!("https://{host}"),
            host: Some(host.to_owned()),
            http: client(),
            cookie: String::new(),
            bearer: None,
            _process: Some(process),
        }
    }
}

fn cookie(response: &Response) -> String {
    let set = response.headers().get("set-cookie").map(|value| value.to_str().unwrap());
    set.and_then(|cookie| cookie.split(';').next()).unwrap_or_default().to_owned()
}

impl Dashboard {
    /// The same page with another token, in a browser of its own.
    pub fn of_caller(&self, token: &str) -> Self {
        Self {
            url: self.url.clone(),
            origin: self.origin.clone(),
            host: self.host.clone(),
            http: client(),
            cookie: String::new(),
            bearer: Some(token.to_owned()),
            _process: None,
        }
    }

    /// The same page in a browser that has no cookie.
    pub fn stranger(&self) -> Self {
        Self { bearer: None, ..self.of_caller("") }
    }

    fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        let mut request =
            self.http.request(method, format!("{}{path}", self.url)).header("cookie", &self.cookie);
        if let Some(host) = &self.host {
            request = request.header("host", host);
        }
        if let Some(token) = &self.bearer {
            request = request.bearer_auth(token);
        }
        request
    }

    /// Opens a page.
    pub async fn get(&self, path: &str) -> Shown {
        shown(self.request(reqwest::Method::GET, path).send().await.unwrap()).await
    }

    /// Opens a page and keeps the cookie that it sets.
    pub async fn visit(&mut self, path: &str) -> String {
        let response = self.request(reqwest::Method::GET, path).send().await.unwrap();
        let set = cookie(&response);
        if !set.is_empty() {
            self.cookie = set;
        }
        shown(response).await.fine()
    }

    /// Opens a page again and again until it shows something.
    pub async fn until_shown(&self, path: &str, part: &str) -> String {
        let found = until(async || Some(self.get(path).await.text).filter(|text| text.contains(part))).await;
        found.unwrap_or_else(|| panic!("{path} never shows {part}"))
    }

    /// Sends the form of a page: its hidden fields, and what a person fills in.
    pub async fn send(&self, page: &str, path: &str, filled: &[(&str, &str)]) -> Shown {
        self.send_from(&self.origin, page, path, filled).await
    }

    /// The same from a page of another origin.
    pub async fn send_from(&self, origin: &str, page: &str, path: &str, filled: &[(&str, &str)]) -> Shown {
        let form =
            page.split("<form").find(|form| form.contains(&format!("action=\"{path}"))).unwrap_or_default();
        let mut fields: Vec<(String, String)> = form.split("type=\"hidden\"").skip(1).map(hidden).collect();
        fields.extend(filled.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let body: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.request(reqwest::Method::POST, path).header("origin", origin);
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        shown(request.send().await.unwrap()).await
    }

    /// The stream of changes.
    pub async fn events(&self) -> Response {
        self.request(reqwest::Method::GET, "/events").send().await.unwrap()
    }
}

fn hidden(input: &str) -> (String, String) {
    let of = |name: &str| {
        let rest = input.split_once(&format!("{name}=\"")).map(|(_, rest)| rest).unwrap_or_default();
        rest.split('"').next().unwrap_or_default().replace("&amp;", "&")
    };
    (of("name"), of("value"))
}

async fn shown(response: Response) -> Shown {
    let location = response.headers().get("location").map(|value| value.to_str().unwrap().to_owned());
    Shown {
        status: response.status(),
        location: location.unwrap_or_default(),
        text: response.text().await.unwrap(),
    }
}
