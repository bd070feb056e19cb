//! Tests from outside: a real API server, the operator as a process, the sandbox as both vendors.
//!
//! Needs what `make build` makes. `CLUSTER=current` uses the cluster of KUBECONFIG for the ordinary ones.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    reason = "a failing test should stop, and names of tests are sentences"
)]

#[path = "../support/mod.rs"]
mod support;

mod activation;
mod adoption;
mod blame;
mod bounds;
mod claims;
mod clusters;
mod command_line;
mod connections;
mod dashboard;
mod decisions;
mod decisions_orphaned;
mod definitions;
mod definitions_old;
mod deletion;
mod election;
mod expiry;
mod first_use;
mod follow_by_list;
mod gateways;
mod gitops;
mod gitops_examples;
mod held;
mod hris;
mod install;
mod kustomize;
mod lagging_list;
mod leaks;
mod limits;
mod logs;
mod memory;
mod metrics;
mod migration;
mod migration_template;
mod namespaces;
mod network;
mod one_key;
mod one_person;
mod open_orders;
mod platforms;
mod plugin;
mod plugin_audit;
mod plugin_completion;
mod plugin_orders;
mod plugin_vendors;
mod poison;
mod precedence;
mod preflight;
mod probe;
mod process;
mod proxies;
mod rebuild;
mod recipient;
mod replaced;
mod restart;
mod restore;
mod rights;
mod road;
mod role_pages;
mod rollout_console;
mod rollout_controls;
mod rollout_deleted;
mod rollout_groups;
mod rollout_tables;
mod rollout_users;
mod rotation;
mod rules;
mod said_once;
mod show_login;
mod silence;
mod sources;
mod states;
mod stock;
mod suspend;
mod template;
mod trust;
mod tutorial;
mod undecodable;
mod uninstall;
mod upgrade;
