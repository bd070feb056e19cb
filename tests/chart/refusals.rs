//! Values that are refused, with the sentence that says why.

use crate::helm::{assert_fails, template};

/// The chart refuses these lines of a values.yaml, in these words.
pub async fn refuses(values: &str, sentence: &str) {
    assert_fails(&template(&["--values", "-"], values).await, sentence);
}

/// A test for each: the values, and what is said of them.
macro_rules! refused {
    ($($name:ident: $values:expr => $sentence:expr;)+) => { $(
        #[tokio::test]
        async fn $name() {
            refuses($values, $sentence).await;
        }
    )+ };
}

mod refuses {
    use super::refuses;

    refused! {
        a_misspelt_value: "replica: 1" => "additional properties 'replica' not allowed";
        a_misspelt_value_deep_inside: "resources: {limits: {memroy: 1Gi}}" =>
            "at '/resources/limits': additional properties 'memroy' not allowed";
        more_replicas_than_can_be_of_use: "replicas: 6" => "at '/replicas': maximum: got 6, want 5";
        a_number_in_words: "leaseSeconds: 15s" => "at '/leaseSeconds': got string, want integer";
        a_port_of_roots: "port: 80" => "at '/port': minimum: got 80, want 1,024";
        an_unknown_log_format: "log: {format: xml}" => "at '/log/format': value must be one of 'text', 'json'";
        a_connection_without_a_secret: "connections: [{name: default}]" => "connections[0] has no existingSecret";
        a_secret_beside_files_that_come_by_other_means:
            "connections: [{name: a, existingSecret: s, externalCredentials: true}]" => "keep one of them";
        to_be_switched_off_by_itself: "enabled: false" => "condition: yubikey-shipment-operator.enabled";
        to_switch_the_definitions_off_without_effect: "yubikey-shipment-operator-crds: {enabled: false}" =>
            "set crds.install to false";
        an_argument_that_a_value_sets: "extraArgs: [\"--listen=0.0.0.0:1\"]" =>
            "extraArgs sets --listen, which comes from port";
        a_volume_with_a_name_of_its_own: "extraVolumes: [{name: config, emptyDir: {}}]" =>
            "extraVolumes has \"config\"";
        a_mount_of_no_volume: "extraVolumeMounts: [{name: x, mountPath: /x}]" => "add the volume there";
        a_container_with_a_name_of_its_own: "extraContainers: [{name: operator, image: x}]" =>
            "a container is named \"operator\"";
        a_common_label_that_it_selects_by: "commonLabels: {app.kubernetes.io/instance: x}" =>
            "commonLabels sets app.kubernetes.io/instance";
        a_budget_of_both_kinds: "podDisruptionBudget: {minAvailable: 1, maxUnavailable: 1}" => "keep one of them";
        a_budget_that_blocks_every_drain: "{replicas: 2, podDisruptionBudget: {minAvailable: 2}}" =>
            "would block every drain";
        a_budget_in_words: "podDisruptionBudget: {minAvailable: half}" => "give a number or a percentage";
        a_second_mark_of_the_stock_beside_that_of_the_connection:
            "metrics: {prometheusRule: {thresholds: {lowStock: 5}}}" => "additional properties 'lowStock' not allowed";
        thresholds_that_hide_the_warning: "metrics: {prometheusRule: {thresholds: {credentialDays: 5}}}" =>
            "give the warning more days";
        a_timeout_without_a_unit: "metrics: {serviceMonitor: {scrapeTimeout: \"10\"}}" =>
            "metrics.serviceMonitor.scrapeTimeout is";
        two_worlds_one_after_the_other: "{sandbox: {enabled: true}, strategy: {type: RollingUpdate}}" =>
            "leave strategy empty";
        a_connection_name_that_is_no_directory: "connections: [{name: ../x, existingSecret: s}]" =>
            "give the metadata.name of the YubiKeyConnection";
        a_connection_twice: "connections: [{name: a, existingSecret: s}, {name: a, existingSecret: t}]" =>
            "give each connection one entry";
        a_secret_of_another_namespace: "connections: [{name: a, existingSecret: other/s}]" =>
            "give the name of a Secret in the namespace yubikey-shipments, without the namespace";
        half_a_connection: "connections: [{name: a, existingSecret: s, spec: {okta: {}, yubico: {}}}]" =>
            "connections[0].spec has no allowedNamespaces";
        a_pattern_for_namespaces: "watchNamespaces: [\"team-*\"]" => "patterns and selectors are not understood";
        a_pattern_for_namespaces_of_lists: "rollouts: {listNamespaces: [\"*\"]}" =>
            "give names of namespaces; patterns and selectors are not understood";
        a_namespace_twice: "watchNamespaces: [a, a]" => "watchNamespaces names a namespace twice";
        the_sandbox_beside_a_real_connection:
            "{sandbox: {enabled: true}, connections: [{name: a, existingSecret: s}]}" =>
            "the sandbox is refused beside real connections";
        two_worlds: "{sandbox: {enabled: true}, replicas: 2}" =>
            "set replicas to 1, because each pod would have a world of its own";
        two_servers_on_one_port: "{sandbox: {enabled: true, ports: {okta: 8080}}}" => "give four different numbers";
        a_variable_that_a_value_sets: "env: [{name: RUST_LOG, value: debug}]" =>
            "env sets RUST_LOG, which comes from log.level: use that value instead";
        a_value_of_both_kinds: "env: [{name: A, value: b, valueFrom: {secretKeyRef: {name: s, key: k}}}]" =>
            "at '/env/0'";
        a_digest_that_is_none: "image: {digest: \"sha256:abc\"}" => "give sha256: and 64 hexadecimal digits";
        a_tag_in_the_repository: "image: {repository: \"r.example.com/x:1\"}" => "the tag goes to image.tag";
        a_name_where_addresses_are_needed: "networkPolicy: {vendors: {cidrs: [acme.okta.com]}}" =>
            "a NetworkPolicy does not understand names";
        an_interval_without_a_unit: "metrics: {serviceMonitor: {interval: \"30\"}}" =>
            "give a duration such as 30s or 1m";
        labels_that_the_deployment_selects_by: "podLabels: {app.kubernetes.io/name: x}" =>
            "the Deployment finds its pods by such labels";
        to_guess_a_service_account: "serviceAccount: {create: false}" =>
            "serviceAccount.name must name an existing ServiceAccount";
        a_value_of_the_definitions_chart: "yubikey-shipment-operator-crds: {x: 1}" =>
            "additional properties 'x' not allowed";
        a_page_without_an_address: "dashboard: {enabled: true}" => "dashboard.origins is empty";
        a_page_in_a_namespace_that_is_none:
            "dashboard: {enabled: true, origins: [https://a.example], namespace: Team_A}" => "dashboard.namespace is";
    }
}

mod refuses_as_the_pages_origin {
    use super::refuses;

    macro_rules! origins {
        ($($name:ident: $origin:expr;)+) => { refused! { $(
            $name: concat!("dashboard: {enabled: true, origins: ['", $origin, "']}") => "give scheme and host";
        )+ } };
    }

    origins! {
        a_name_without_a_scheme: "yubikeys.example.com";
        a_slash_at_the_end: "https://yubikeys.example.com/";
        a_path: "https://a.example/path";
        another_scheme: "ftp://a.example";
        a_space: "https://a b";
        any: "*";
    }
}
