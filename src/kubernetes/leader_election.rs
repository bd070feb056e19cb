//! Leader election: one process of several acts, the others watch and are ready.
//!
//! A `Lease` of the cluster names the leader. Every write of it is guarded by the resourceVersion it was read at, and a
//! leader that cannot renew stops acting before its time is over, so two leaders at once are short of a stopped clock.
//! What keeps keys from being ordered twice is not this lease but the guarded mark of each effect; the lease keeps
//! replicas from working against each other.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures::Stream;
use k8s_openapi::{
    api::coordination::v1::{Lease, LeaseSpec},
    apimachinery::pkg::apis::meta::v1::MicroTime,
};
use kube::{
    Api, Client, ResourceExt,
    api::{ObjectMeta, Patch, PatchParams, PostParams},
};
use serde_json::json;
use system::clock;
use tokio::{sync::watch, time::Instant};

/// Where and how the lease is held.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Namespace of the lease.
    pub namespace: String,
    /// Name of the lease.
    pub name: String,
    /// Name of this process, unique among the replicas.
    pub identity: String,
    /// How long a leader that is not heard of any more keeps the lease; whole seconds, at least 1.
    pub duration: Duration,
}

impl Settings {
    /// A leader that could not renew for this long stops acting.
    fn deadline(&self) -> Duration {
        self.duration * 2 / 3
    }

    /// Time between tries to renew.
    fn period(&self) -> Duration {
        self.duration / 5
    }

    /// Longest wait of one call; the next one takes another connection.
    #[must_use]
    pub fn call(&self) -> Duration {
        self.period().max(Duration::from_millis(500))
    }

    /// Longest time of one try, which is a read and a write.
    fn round(&self) -> Duration {
        self.call() * 2
    }

    /// Time between looks of a standby: a lease that was let go is not left lying, however long it lasts.
    fn glance(&self) -> Duration {
        self.period().min(Duration::from_secs(1))
    }
}

/// Whether this process may act. Cheap to ask; the answer ends by itself when the lease is not renewed.
#[derive(Debug, Clone)]
pub struct Leadership {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    start: Instant,
    /// Milliseconds after `start` until which this process leads; `u64::MAX`: always.
    until: AtomicU64,
    gained: watch::Sender<u64>,
}

impl Leadership {
    fn new(until: u64) -> Self {
        let gained = watch::channel(0).0;
        Self { shared: Arc::new(Shared { start: Instant::now(), until: AtomicU64::new(until), gained }) }
    }

    /// Without a lease: this process always acts.
    #[must_use]
    pub fn always() -> Self {
        Self::new(u64::MAX)
    }

    /// Another process acts.
    #[cfg(test)]
    pub(crate) fn never() -> Self {
        Self::new(0)
    }

    /// May this process act now?
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.millis(Instant::now()) < self.shared.until.load(Ordering::Acquire)
    }

    /// Yields each time this process becomes the leader.
    pub fn gained(&self) -> impl Stream<Item = ()> + use<> {
        futures::stream::unfold(self.shared.gained.subscribe(), |mut gained| async move {
            gained.changed().await.ok()?;
            Some(((), gained))
        })
    }

    fn millis(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.shared.start).as_millis()).unwrap_or(u64::MAX - 1)
    }

    fn hold_until(&self, at: Instant) {
        let led = self.is_held();
        self.shared.until.store(self.millis(at), Ordering::Release);
        if !led {
            tracing::info!("this process leads");
            self.shared.gained.send_modify(|n| *n += 1);
        }
    }

    fn give_up(&self) {
        if self.is_held() {
            tracing::info!("this process does not lead any more");
        }
        self.shared.until.store(0, Ordering::Release);
    }
}

/// Takes part in the election.
#[derive(Debug)]
pub struct Elector {
    api: Api<Lease>,
    settings: Settings,
    leadership: Leadership,
    /// The holder's last renewal as we saw it, and when we first saw it, by our own clock: clocks of two nodes are
    /// never compared.
    seen: Option<(Option<String>, Instant)>,
}

/// What became of one try.
enum Round {
    /// We hold it since this moment.
    Held(Instant),
    /// Somebody else does.
    Standby,
}

impl Elector {
    /// A standby. The client's calls wait for [`Settings::call`].
    #[must_use]
    pub fn new(client: Client, settings: Settings) -> Self {
        let api = Api::namespaced(client, &settings.namespace);
        Self { api, settings, leadership: Leadership::new(0), seen: None }
    }

    /// The answer that passes ask for.
    #[must_use]
    pub fn leadership(&self) -> Leadership {
        self.leadership.clone()
    }

    /// Takes part until `stop` resolves. The lease stays held then: what is under way is finished first, see
    /// [`Elector::release`].
    pub async fn run(&mut self, stop: impl Future<Output = ()> + Send) {
        tokio::pin!(stop);
        loop {
            self.round().await;
            let leads = self.leadership.is_held();
            let pause = if leads { self.settings.period() } else { self.settings.glance() };
            tokio::select! {
                () = &mut stop => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn round(&mut self) {
        match tokio::time::timeout(self.settings.round(), self.attempt()).await {
            Ok(Ok(Round::Held(since))) => self.leadership.hold_until(since + self.settings.deadline()),
            Ok(Ok(Round::Standby)) => self.leadership.give_up(),
            // The answer of `is_held` ends by itself if this goes on.
            Ok(Err(error)) => tracing::warn!(%error, "the lease could not be read or written"),
            Err(_) => tracing::warn!("the API server did not answer about the lease in time"),
        }
    }

    async fn attempt(&mut self) -> Result<Round, kube::Error> {
        let asked = Instant::now();
        let Some(lease) = self.api.get_opt(&self.settings.name).await? else {
            return self.create(asked).await;
        };
        let spec = lease.spec.clone().unwrap_or_default();
        let holder = spec.holder_identity.clone().unwrap_or_default();
        if holder == self.settings.identity {
            return self.write(&lease, &spec, asked).await;
        }
        if holder.is_empty() || self.has_expired(&lease, &spec, asked) {
            return self.write(&lease, &spec, asked).await;
        }
        Ok(Round::Standby)
    }

    /// Expired if its version has not changed for its whole duration, by our own clock.
    fn has_expired(&mut self, lease: &Lease, spec: &LeaseSpec, now: Instant) -> bool {
        let version = lease.resource_version();
        let since = match &self.seen {
            Some((known, since)) if *known == version => *since,
            _ => now,
        };
        self.seen = Some((version, since));
        let seconds = u64::try_from(spec.lease_duration_seconds.unwrap_or_default()).unwrap_or_default();
        now.duration_since(since) >= Duration::from_secs(seconds)
    }

    fn seconds(&self) -> i32 {
        i32::try_from(self.settings.duration.as_secs().max(1)).unwrap_or(i32::MAX)
    }

    async fn create(&self, asked: Instant) -> Result<Round, kube::Error> {
        let now = MicroTime(clock::now());
        let lease = Lease {
            metadata: ObjectMeta { name: Some(self.settings.name.clone()), ..ObjectMeta::default() },
            spec: Some(LeaseSpec {
                holder_identity: Some(self.settings.identity.clone()),
                lease_duration_seconds: Some(self.seconds()),
                acquire_time: Some(now.clone()),
                renew_time: Some(now),
                lease_transitions: Some(0),
                ..LeaseSpec::default()
            }),
        };
        match self.api.create(&PostParams::default(), &lease).await {
            Ok(_) => Ok(Round::Held(asked)),
            Err(kube::Error::Api(status)) if status.is_already_exists() => Ok(Round::Standby),
            Err(error) => Err(error),
        }
    }

    /// Renews or takes over, guarded by the version that the decision was made on.
    async fn write(&self, lease: &Lease, spec: &LeaseSpec, asked: Instant) -> Result<Round, kube::Error> {
        let now = MicroTime(clock::now());
        let ours = spec.holder_identity.as_deref() == Some(self.settings.identity.as_str());
        let acquired = if ours { spec.acquire_time.clone() } else { Some(now.clone()) };
        let transitions = spec.lease_transitions.unwrap_or_default() + i32::from(!ours);
        let patch = json!({
            "metadata": {"resourceVersion": lease.resource_version()},
            "spec": {
                "holderIdentity": self.settings.identity,
                "leaseDurationSeconds": self.seconds(),
                "acquireTime": acquired,
                "renewTime": now,
                "leaseTransitions": transitions,
            },
        });
        match self.api.patch(&self.settings.name, &PatchParams::default(), &Patch::Merge(patch)).await {
            Ok(_) => Ok(Round::Held(asked)),
            Err(kube::Error::Api(status)) if status.is_conflict() => Ok(Round::Standby),
            Err(error) => Err(error),
        }
    }

    /// Lets go of the lease, so that a standby takes over at once. To be called when nothing is under way any more.
    pub async fn release(&self) {
        let held = self.leadership.is_held();
        self.leadership.give_up();
        if !held {
            return;
        }
        let Ok(Some(lease)) = self.api.get_opt(&self.settings.name).await else { return };
        let holder = lease.spec.as_ref().and_then(|s| s.holder_identity.as_deref());
        if holder != Some(self.settings.identity.as_str()) {
            return;
        }
        let patch = json!({
            "metadata": {"resourceVersion": lease.resource_version()},
            "spec": {"holderIdentity": "", "renewTime": MicroTime(clock::now())},
        });
        let params = PatchParams::default();
        match self.api.patch(&self.settings.name, &params, &Patch::Merge(patch)).await {
            Ok(_) => tracing::info!("the lease is released"),
            Err(error) => tracing::warn!(%error, "the lease could not be released; it runs out by itself"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn leadership_ends_by_itself_when_it_is_not_renewed() {
        let leadership = Leadership::new(0);
        assert!(!leadership.is_held());
        leadership.hold_until(Instant::now() + Duration::from_secs(10));
        assert!(leadership.is_held());
        tokio::time::advance(Duration::from_secs(11)).await;
        assert!(!leadership.is_held());
    }

    #[tokio::test(start_paused = true)]
    async fn a_process_without_a_lease_always_leads() {
        let leadership = Leadership::always();
        tokio::time::advance(Duration::from_secs(1_000_000)).await;
        assert!(leadership.is_held());
    }

    #[test]
    fn a_leader_stops_before_a_standby_may_take_over() {
        for seconds in 1..60 {
            let duration = Duration::from_secs(seconds);
            let settings =
                Settings { namespace: "n".into(), name: "l".into(), identity: "a".into(), duration };
            // Even a write that the API server took at the end of its time limit.
            assert!(settings.deadline() < duration);
            assert!(settings.deadline() > 2 * settings.period(), "one failed renewal does not end it");
            assert!(settings.glance() <= Duration::from_secs(1), "a lease that was let go is taken soon");
        }
    }
}
