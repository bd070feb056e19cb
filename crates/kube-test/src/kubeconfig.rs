//! Kubeconfigs with one cluster and one user.

use std::{fs, io::Write as _, path::Path};

use kube::{Client, Config, config::KubeConfigOptions};
use serde_json::{Value, json};

use crate::{Error, Result, User};

/// A kubeconfig: one server, one user, and everything is in it, so that it means the same wherever it lies.
#[derive(Clone)]
pub struct Kubeconfig {
    cluster: Value,
    user: Value,
}

impl Kubeconfig {
    /// The current context of a file.
    ///
    /// # Errors
    /// [`Error::Kubeconfig`] if it cannot be read, or has no current context.
    pub fn read(path: &Path) -> Result<Self> {
        let wrong = |source| Error::Kubeconfig { what: path.display().to_string(), source };
        let file = kube::config::Kubeconfig::read_from(path).map_err(|error| wrong(error.into()))?;
        let file = serde_json::to_value(file).map_err(|error| wrong(error.into()))?;
        current(&file).ok_or_else(|| wrong("it has no current context".into()))
    }

    /// The same with a bearer token, and no other credentials.
    #[must_use]
    pub fn with_token(mut self, token: &str) -> Self {
        self.user = json!({"token": token});
        self
    }

    /// The same, impersonating a user.
    #[must_use]
    pub fn as_user(mut self, user: &User) -> Self {
        self.user["as"] = json!(user.name());
        if !user.groups().is_empty() {
            self.user["as-groups"] = json!(user.groups());
        }
        self
    }

    /// The same with another URL of the API server: that of a proxy, say.
    #[must_use]
    pub fn with_server(mut self, url: &str) -> Self {
        self.cluster["server"] = json!(url);
        self
    }

    /// The URL of the API server.
    #[must_use]
    pub fn server(&self) -> &str {
        self.cluster["server"].as_str().unwrap_or_default()
    }

    /// Writes it as a file that only its owner may read. A file that is there is replaced at once, so that nobody reads
    /// half of one.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn write(&self, path: &Path) -> Result<()> {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let write = || {
            fs::create_dir_all(parent)?;
            let mut file = tempfile::NamedTempFile::new_in(parent)?;
            file.write_all(self.document().to_string().as_bytes())?;
            file.persist(path)?;
            Ok(())
        };
        write().map_err(Error::io(format!("writing {}", path.display())))
    }

    /// A client with these credentials. Make one in each test: it belongs to the runtime in which it is made.
    ///
    /// # Errors
    /// [`Error::Kubeconfig`] if it is not usable, and [`Error::Api`] if no client can be made of it.
    pub async fn client(&self) -> Result<Client> {
        let wrong = |source| Error::Kubeconfig { what: format!("for {}", self.server()), source };
        let file: kube::config::Kubeconfig =
            serde_json::from_value(self.document()).map_err(|error| wrong(error.into()))?;
        let config = Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await;
        let config = config.map_err(|error| wrong(error.into()))?;
        Client::try_from(config).map_err(Error::api("making a client"))
    }

    fn document(&self) -> Value {
        json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "kube-test",
            "clusters": [{"name": "kube-test", "cluster": self.cluster}],
            "users": [{"name": "kube-test", "user": self.user}],
            "contexts": [{"name": "kube-test", "context": {"cluster": "kube-test", "user": "kube-test"}}],
        })
    }
}

/// Credentials are nothing for a test's output.
impl std::fmt::Debug for Kubeconfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kubeconfig").field("server", &self.server()).finish_non_exhaustive()
    }
}

fn current(file: &Value) -> Option<Kubeconfig> {
    let named = |list: &str, name: &Value| file[list].as_array()?.iter().find(|entry| entry["name"] == *name);
    let context = &named("contexts", &file["current-context"])?["context"];
    Some(Kubeconfig {
        cluster: named("clusters", &context["cluster"])?["cluster"].clone(),
        user: named("users", &context["user"])?["user"].clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Kubeconfig {
        Kubeconfig { cluster: json!({"server": "https://127.0.0.1:6443"}), user: json!({"token": "secret"}) }
    }

    #[test]
    fn it_is_read_as_it_was_written() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/kubeconfig");
        let user = User::new("kim").in_group("team");
        example().as_user(&user).with_server("https://127.0.0.1:7443").write(&path).unwrap();
        let read = Kubeconfig::read(&path).unwrap();
        assert_eq!(read.server(), "https://127.0.0.1:7443");
        assert_eq!(read.user["as-groups"], json!(["team"]));
        assert_eq!(read.user["token"], "secret");
    }

    #[test]
    fn it_is_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("kubeconfig");
        example().write(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn its_credentials_are_not_printed() {
        assert!(!format!("{:?}", example()).contains("secret"));
    }

    #[test]
    fn one_without_a_current_context_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("kubeconfig");
        fs::write(&path, r#"{"apiVersion": "v1", "kind": "Config"}"#).unwrap();
        let error = Kubeconfig::read(&path).unwrap_err();
        assert!(format!("{error:?}").contains("no current context"), "{error:?}");
    }
}
