//! Kubernetes operator for pre-registered `YubiKey` shipments.
