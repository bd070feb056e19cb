//! The fields of a recipient and an address, with their limits.

/// One field of recipient or address at `YubiEnterprise`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Field {
    /// `recipient_firstname`
    FirstName,
    /// `recipient_lastname`
    LastName,
    /// `recipient_company`
    Company,
    /// `recipient_email`
    Email,
    /// `recipient_telephone`
    Phone,
    /// `street_line1`
    AddressLine1,
    /// `street_line2`
    AddressLine2,
    /// `city`
    City,
    /// `region`
    Region,
    /// `postal_code`
    PostalCode,
    /// `country_code_2`
    CountryCode,
}

impl Field {
    /// All of them, in the order in which a person reads an address label.
    pub const ALL: [Self; 11] = [
        Self::FirstName,
        Self::LastName,
        Self::Company,
        Self::Email,
        Self::Phone,
        Self::AddressLine1,
        Self::AddressLine2,
        Self::City,
        Self::Region,
        Self::PostalCode,
        Self::CountryCode,
    ];

    /// Its name in `spec.recipient`, `spec.address` and the connection's `recipientMapping`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::FirstName => "firstName",
            Self::LastName => "lastName",
            Self::Company => "company",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::AddressLine1 => "addressLine1",
            Self::AddressLine2 => "addressLine2",
            Self::City => "city",
            Self::Region => "region",
            Self::PostalCode => "postalCode",
            Self::CountryCode => "countryCode",
        }
    }

    /// The Okta profile attribute it comes from unless the connection maps another one. Okta has one
    /// street line and none for an apartment.
    #[must_use]
    pub const fn default_attribute(self) -> Option<&'static str> {
        match self {
            Self::FirstName => Some("firstName"),
            Self::LastName => Some("lastName"),
            Self::Company => Some("organization"),
            Self::Email => Some("email"),
            Self::Phone => Some("primaryPhone"),
            Self::AddressLine1 => Some("streetAddress"),
            Self::AddressLine2 => None,
            Self::City => Some("city"),
            Self::Region => Some("state"),
            Self::PostalCode => Some("zipCode"),
            Self::CountryCode => Some("countryCode"),
        }
    }

    /// The words of Okta's own dialog ("Delivery details missing from user profile").
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::FirstName => "First name",
            Self::LastName => "Last name",
            Self::Company => "Organization",
            Self::Email => "Email",
            Self::Phone => "Primary phone number",
            Self::AddressLine1 => "Street address",
            Self::AddressLine2 => "Second address line",
            Self::City => "City",
            Self::Region => "State",
            Self::PostalCode => "Zip Code",
            Self::CountryCode => "Country Code",
        }
    }

    /// Longest value in characters (Yubico's guide for `ServiceNow` of 2024; the postal code by its older text).
    #[must_use]
    pub const fn limit(self) -> usize {
        match self {
            Self::FirstName => 15,
            Self::LastName | Self::Company | Self::PostalCode => 20,
            Self::Email => 80,
            Self::Phone => 40,
            Self::AddressLine1 | Self::AddressLine2 | Self::City => 60,
            Self::Region => 50,
            Self::CountryCode => 2,
        }
    }

    pub(super) const fn required(self) -> bool {
        !matches!(self, Self::AddressLine2 | Self::Region)
    }
}
