//! A connection at fault: the process stays up, says it once, lets that connection's shipments wait and the others go
//! on, and heals without a restart.

use std::{
    io::{Read, Write},
    net::TcpListener,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::support::{
    NOBODY,
    mount::Mount,
    sandbox::Sandbox,
    scene::{Scene, scene},
    shipment::Handle,
};

/// The documentation promises 30 s, on a machine that has nothing else to do. What only the ten minutes' look at a
/// connection would find is found out all the same.
const SAID_WITHIN: Duration = Duration::from_secs(150);

/// The connection that is at fault, beside the scene's own that is not.
struct Faulty<'a> {
    scene: &'a Scene,
    handle: Handle,
    mount: Mount,
}

impl<'a> Faulty<'a> {
    /// Mounts credentials, lets `damage` at them and at the spec, and declares the connection.
    async fn declared(scene: &'a Scene, damage: impl FnOnce(&Mount, &mut Value)) -> Self {
        let name = format!("{}-b", scene.name);
        let mount = scene.mount_for(&name, &scene.sandbox.credentials("default"));
        let mut spec = scene.connection_spec();
        damage(&mount, &mut spec);
        let handle = scene.connect(&name, spec).await;
        Self { scene, handle, mount }
    }

    /// It is said in time, in one Event however often it is found, and its shipment waits while another goes on.
    async fn is_said(&self, reason: &str, says: &str) -> Handle {
        let began = Instant::now();
        let login = self.scene.person("kim", "ACTIVE").await;
        let here = json!({"connectionRef": {"name": self.handle.name}});
        let waiting = self.scene.ship_with("kim", &login, here).await;
        let told = self.handle.until_reason(reason).await;
        assert!(began.elapsed() < SAID_WITHIN, "it took {:?}", began.elapsed());
        assert_eq!((told.is("Ready"), told.is("Stalled")), ("False", "True"));
        assert!(told.message().contains(says), "{says} in: {}", told.message());
        let shipment = waiting.until_reason(reason).await;
        assert_eq!(shipment.is("Ready"), "False");
        assert!(shipment.message().contains(&self.handle.name), "{}", shipment.message());
        self.handle.look_now().await;
        let events = self.scene.events("default", &self.handle.name).await;
        let about = events.iter().filter(|(known, _)| known == reason).count();
        assert_eq!(about, 1, "one Event: {events:#?}");
        let other = self.scene.person("lou", "ACTIVE").await;
        self.scene.ship("lou", &other).await.until_ordered().await;
        assert_eq!(
            self.scene.sandbox.orders().await.len(),
            1,
            "only the other connection's shipment is ordered"
        );
        waiting
    }

    /// After it was mended nobody restarts anything.
    async fn heals(&self, waiting: &Handle) {
        self.handle.until("usable again", |object| object.is("Ready") == "True").await;
        waiting.until_ordered().await;
        self.mount.remove();
    }
}

#[tokio::test]
async fn a_missing_credentials_directory_names_the_file_that_is_looked_for() {
    scene("nodir")
        .play(async |scene| {
            let faulty = Faulty::declared(scene, |mount, _| mount.remove()).await;
            let waiting = faulty.is_said("CredentialsMissing", "okta-private-key").await;
            let told = faulty.handle.get().await;
            let dir = faulty.mount.dir().to_owned();
            let entry = format!("{{name: {}, existingSecret: ", faulty.handle.name);
            for word in
                [dir.join("okta-private-key").to_str().unwrap(), &entry, "the chart's value connections"]
            {
                assert!(told.message().contains(word), "{word} in: {}", told.message());
            }
            let mount = Mount::copy(&scene.sandbox.credentials("default"), &dir);
            faulty.heals(&waiting).await;
            mount.remove();
        })
        .await;
}

#[tokio::test]
async fn a_private_key_that_is_none_names_the_file_and_what_belongs_there() {
    scene("badkey")
        .play(async |scene| {
            let faulty =
                Faulty::declared(scene, |mount, _| mount.set("okta-private-key", b"not a key")).await;
            let waiting = faulty.is_said("CredentialsInvalid", "PEM").await;
            faulty.mount.copy_file(&scene.sandbox.credentials("default"), "okta-private-key");
            faulty.heals(&waiting).await;
        })
        .await;
}

#[tokio::test]
async fn a_private_key_that_okta_does_not_know_is_told_and_a_swapped_secret_heals_it() {
    scene("wrongkey")
        .play(async |scene| {
            let stranger = Sandbox::start().await;
            let foreign = stranger.credentials("default");
            let faulty =
                Faulty::declared(scene, |mount, _| mount.copy_file(&foreign, "okta-private-key")).await;
            let waiting = faulty.is_said("OktaUnauthorized", "okta").await;
            faulty.mount.copy_file(&scene.sandbox.credentials("default"), "okta-private-key");
            faulty.heals(&waiting).await;
        })
        .await;
}

#[tokio::test]
async fn an_expired_token_of_yubienterprise_is_told_and_a_swapped_secret_heals_it() {
    scene("expired")
        .play(async |scene| {
            // Only the old token expires: the scene's own connection gets a new one first.
            let faulty = Faulty::declared(scene, |_, _| {}).await;
            faulty.handle.until_reason("Succeeded").await;
            scene.sandbox.post("/tokens/expire", json!({"okta": false, "yubico": true})).await;
            let token = scene.sandbox.post("/tokens/yubico", json!({})).await;
            let token = token["token"].as_str().unwrap().as_bytes();
            scene.mount.set("yubico-api-token", token);
            scene.connection().look_now().await;
            faulty.handle.look_now().await;
            let waiting = faulty.is_said("YubicoUnauthorized", "yubico-api-token").await;
            faulty.mount.set("yubico-api-token", token);
            faulty.heals(&waiting).await;
        })
        .await;
}

#[tokio::test]
async fn an_address_where_nobody_listens_is_told() {
    scene("nobody")
        .play(async |scene| {
            let nowhere = format!("https://localhost:{NOBODY}");
            let faulty = Faulty::declared(scene, |_, spec| spec["okta"]["orgUrl"] = json!(nowhere)).await;
            let waiting = faulty.is_said("Unreachable", &nowhere).await;
            faulty.handle.change(json!({"okta": {"orgUrl": scene.sandbox.says("okta")}})).await;
            faulty.heals(&waiting).await;
        })
        .await;
}

#[tokio::test]
async fn an_address_that_speaks_something_else_is_told() {
    scene("smtp")
        .play(async |scene| {
            let mail = Babbler::start();
            let faulty = Faulty::declared(scene, |_, spec| spec["okta"]["orgUrl"] = json!(mail.url())).await;
            let reason = faulty.handle.until("a fault", |object| object.is("Ready") == "False").await;
            let known = ["Unreachable", "WrongAddress", "UntrustedCertificate"];
            assert!(known.contains(&reason.reason()), "{}", reason.reason());
            let waiting = faulty.is_said(reason.reason(), &mail.url()).await;
            faulty.handle.change(json!({"okta": {"orgUrl": scene.sandbox.says("okta")}})).await;
            faulty.heals(&waiting).await;
        })
        .await;
}

#[tokio::test]
async fn an_untrusted_certificate_is_told_and_the_ca_in_the_secret_heals_it() {
    scene("noca")
        .play(async |scene| {
            let without_ca = |mount: &Mount, _: &mut Value| {
                let files = mount.files().into_iter().filter(|(name, _)| name != "ca.crt");
                mount.swap(&files.collect::<Vec<_>>());
            };
            let faulty = Faulty::declared(scene, without_ca).await;
            let waiting = faulty.is_said("UntrustedCertificate", "ca.crt").await;
            faulty.mount.copy_file(&scene.sandbox.credentials("default"), "ca.crt");
            faulty.heals(&waiting).await;
        })
        .await;
}

/// Greets like a mail server and understands nothing.
struct Babbler {
    port: u16,
}

impl Babbler {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for mut caller in listener.incoming().flatten() {
                let _ = caller.write_all(b"220 mail.example ESMTP\r\n");
                let _ = caller.read(&mut [0; 1024]);
            }
        });
        Self { port }
    }

    fn url(&self) -> String {
        format!("https://localhost:{}", self.port)
    }
}
