//! Proxies and their exceptions that are refused, and one that is taken.

use crate::{helm::template, refusals::refuses};

const URL: &str = "give a URL with scheme, host and port";
const MATCHES_NOTHING: &str = "which matches no host";

mod refuses {
    use super::{URL, refuses};

    refused! {
        a_proxy_twice: "{proxy: {https: \"http://p:3128\"}, env: [{name: HTTPS_PROXY, value: \"http://q:3128\"}]}" =>
            "env sets HTTPS_PROXY and so does proxy.https: keep one of them";
        a_password_where_everybody_reads_it: "proxy: {https: \"http://me:secret@p:3128\"}" =>
            "set HTTPS_PROXY in env with valueFrom.secretKeyRef";
        a_proxy_without_a_scheme: "proxy: {https: \"p:3128\"}" => URL;
        a_port_that_is_none: "proxy: {https: \"http://p:65536\"}" => "give one from 1 to 65535";
        exceptions_without_a_proxy: "proxy: {noProxy: a.example.com}" => "proxy.noProxy has no effect without a proxy";
    }
}

mod refuses_the_proxy {
    use super::{URL, refuses};

    macro_rules! proxies {
        ($($name:ident: $url:expr;)+) => { refused! { $(
            $name: concat!("proxy: {https: \"", $url, "\"}") => URL;
        )+ } };
    }

    proxies! {
        of_another_scheme: "ftp://p:21";
        of_a_port_alone: "http://3128";
        with_a_line_end: "http://p:3128\\n";
        with_half_a_bracket: "http://[::1:3128";
        with_a_space: "http://p q:3128";
        with_apostrophes: "'http://p:3128'";
        with_a_path: "http://p:3128/x";
        with_a_letter_that_no_host_has: "http://pröxy:3128";
        with_a_colon_and_no_port: "http://p:";
        with_two_schemes: "http://http://p:1";
    }
}

mod refuses_the_exception {
    use super::{MATCHES_NOTHING, refuses};

    macro_rules! exceptions {
        ($($name:ident: $entry:expr;)+) => { refused! { $(
            $name: concat!("proxy: {https: \"http://p:1\", noProxy: \"b.example.com, ", $entry, "\"}") =>
                MATCHES_NOTHING;
        )+ } };
    }

    exceptions! {
        with_a_scheme: "https://a.example.com";
        with_a_path: "a.example.com/x";
        with_a_port: "a.example.com:443";
        with_a_star_and_a_name: "*.example.com";
        with_a_star_and_nothing: "*.";
        with_apostrophes: "'a.example.com'";
        of_a_net_too_small: "10.0.0.0/33";
        of_an_ipv6_net_too_small: "fd00::/129";
        of_half_an_address: "10.0";
        with_a_semicolon: "a;b";
    }
}

#[tokio::test]
async fn takes_a_proxy_by_its_ipv6_address() {
    let exceptions = "proxy.noProxy=10.0.0.0/8\\, [::1]\\,fd00::/8\\,.svc\\,acme.okta.com";
    let proxy = "proxy.https=http://[2001:db8::1]:3128";
    template(&["--set-string", proxy, "--set-string", exceptions], "").await.ok().unwrap();
}
