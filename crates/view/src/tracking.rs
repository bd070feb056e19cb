//! Where a carrier shows a parcel. Only carriers whose address is known get a link: a number sent to the wrong site
//! tells it something and shows nothing.

/// Address of the carrier's page about a parcel. `None`: unknown carrier, or a number with other signs than letters,
/// digits and hyphens.
#[must_use]
pub fn link(carrier: &str, number: &str) -> Option<String> {
    let plain = |sign: char| sign.is_ascii_alphanumeric() || sign == '-';
    if number.is_empty() || !number.chars().all(plain) {
        return None;
    }
    let first = carrier.split(|sign: char| !sign.is_ascii_alphanumeric()).next().unwrap_or_default();
    let page = match first.to_ascii_lowercase().as_str() {
        "ups" => "https://www.ups.com/track?tracknum=",
        "fedex" => "https://www.fedex.com/fedextrack/?trknbr=",
        "dhl" => "https://www.dhl.com/global-en/home/tracking.html?tracking-id=",
        "usps" => "https://tools.usps.com/go/TrackConfirmAction?tLabels=",
        "dpd" => "https://tracking.dpd.de/parcelstatus?query=",
        _ => return None,
    };
    Some(format!("{page}{number}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_carrier_has_a_page_and_nothing_else_is_made_a_link() {
        for (carrier, host) in [
            ("UPS", "www.ups.com"),
            ("ups ground", "www.ups.com"),
            ("FedEx", "www.fedex.com"),
            ("FEDEX_INTERNATIONAL", "www.fedex.com"),
            ("DHL Express", "www.dhl.com"),
            ("USPS", "tools.usps.com"),
            ("DPD", "tracking.dpd.de"),
        ] {
            let link = link(carrier, "1Z999-AA").unwrap();
            assert!(link.starts_with(&format!("https://{host}/")) && link.ends_with("=1Z999-AA"), "{link}");
        }
        for (carrier, number) in [
            ("Pigeon", "1"),
            ("", "1"),
            ("UPS", ""),
            ("UPS", "1&x=2"),
            ("UPS", "a b"),
            ("UPS", "\"><script>"),
            ("javascript:alert", "1"),
        ] {
            assert_eq!(link(carrier, number), None, "{carrier} {number}");
        }
    }
}
