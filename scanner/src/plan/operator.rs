//! A scan of the Internet must say who runs it; one of a laboratory need not.

use super::{Identity, Origin, PlanError, Resolvers, ScanPlan, Typed};

/// What is missing of an operator's identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// The mail address.
    Contact,
    /// The page.
    InfoUrl,
}

impl Missing {
    /// The flag that gives it.
    #[must_use]
    pub const fn flag(self) -> &'static str {
        match self {
            Self::Contact => "--contact",
            Self::InfoUrl => "--info-url",
        }
    }

    /// The setting: `section.key`.
    #[must_use]
    pub const fn setting(self) -> &'static str {
        match self {
            Self::Contact => "identity.contact",
            Self::InfoUrl => "identity.info_url",
        }
    }

    /// What is to be typed, with an example.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Contact => "mail address for people who want to reach you (such as scan@example.org)",
            Self::InfoUrl => "page that explains the scan (such as https://scan.example.org/)",
        }
    }
}

impl Identity {
    /// What is missing of it.
    #[must_use]
    pub fn missing(&self) -> Vec<Missing> {
        let contact = self.contact.is_none().then_some(Missing::Contact);
        contact.into_iter().chain(self.info_url.is_none().then_some(Missing::InfoUrl)).collect()
    }
}

impl ScanPlan {
    /// Whether nothing but this machine and private networks is meant: private addresses are allowed, and
    /// every resolver is on loopback. Such a scan may go without an identity; then no public address is
    /// contacted ([`Self::spares_the_public`]).
    #[must_use]
    pub fn is_of_laboratory(&self) -> bool {
        self.allow_private
            && match &self.resolvers {
                Resolvers::None => self.authority_port != 53,
                Resolvers::System => false,
                Resolvers::These(these) => these.iter().all(|resolver| resolver.ip().is_loopback()),
            }
    }

    /// Takes what somebody typed when asked.
    ///
    /// # Errors
    /// It is none.
    pub fn answer(&mut self, missing: Missing, text: &str) -> Result<(), PlanError> {
        let values = vec![text.trim().to_owned()];
        self.apply(Typed { key: missing.setting().to_owned(), values, origin: Origin::Flag })
    }

    /// What must still be said before a scan may begin.
    #[must_use]
    pub fn missing_identity(&self) -> Vec<Missing> {
        if self.is_of_laboratory() { Vec::new() } else { self.identity.missing() }
    }

    /// Whether no public address is contacted, because nobody there could learn who it is.
    #[must_use]
    pub fn spares_the_public(&self) -> bool {
        self.is_of_laboratory() && !self.identity.missing().is_empty()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
    use super::*;

    fn plan(settings: &[(&str, &str)]) -> ScanPlan {
        let typed = settings.iter().map(|(key, value)| Typed {
            key: (*key).to_owned(),
            values: vec![(*value).to_owned()],
            origin: Origin::Flag,
        });
        ScanPlan::build(Vec::new(), None, typed.collect()).unwrap()
    }

    #[test]
    fn who_scans_the_internet_must_say_who_it_is() {
        assert_eq!(plan(&[]).missing_identity(), [Missing::Contact, Missing::InfoUrl]);
        let known = [("identity.contact", "a@example.org"), ("identity.info_url", "https://example.org/")];
        assert_eq!(plan(&known).missing_identity(), []);
        assert_eq!(plan(&known[..1]).missing_identity(), [Missing::InfoUrl]);
    }

    #[test]
    fn a_laboratory_need_not_and_then_contacts_nobody_else() {
        let lab = [("targets.allow_private", "true"), ("dns.resolvers", "127.0.0.1:5353")];
        assert!(plan(&lab).missing_identity().is_empty() && plan(&lab).spares_the_public());
        // A resolver elsewhere is no laboratory, nor is one without leave for private addresses.
        assert!(!plan(&lab[..1]).missing_identity().is_empty());
        assert!(!plan(&lab[1..]).missing_identity().is_empty());
        assert!(!plan(&[]).spares_the_public());
    }
}
