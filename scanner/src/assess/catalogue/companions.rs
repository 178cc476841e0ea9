use super::{Finding, table};

pub(super) const COMPANIONS: &[Finding] = table! { Companions:
    tlsrpt_dns_failure, Indeterminate, "RFC 8460 3", ["domains.tlsrpt_dns", "domains.attempts"], None,
        "No usable answer at _smtp._tls",
        "Check that every name server of the zone answers TXT questions for _smtp._tls.";
    tlsrpt_absent, Info, "RFC 8460 3", ["domains.tlsrpt_txt"], None,
        "No TLSRPT record",
        "Publish a TLSRPT record: without one nobody tells the domain which deliveries fail.";
    tlsrpt_multiple, Error, "RFC 8460 3", ["domains.tlsrpt_txt"], None,
        "Several TLSRPT records",
        "Publish exactly one TXT record that begins with v=TLSRPTv1; at _smtp._tls: several count as none.";
    tlsrpt_invalid, Error, "RFC 8460 3", ["domains.tlsrpt_txt"], None,
        "TLSRPT record outside the grammar",
        "Remove what is not name=value between semicolons, and white space at the end.";
    tlsrpt_rua_missing, Error, "RFC 8460 3", ["domains.tlsrpt_txt"], None,
        "TLSRPT record without report address",
        "Add rua= with a mailto: or https: address.";
    tlsrpt_rua_invalid, Error, "RFC 8460 3", ["domains.tlsrpt_txt"], None,
        "TLSRPT record with an invalid report address",
        "Write each report address as mailto: with a mail address, or https:, and encode commas, semicolons and exclamation marks.";
    dane_valid, Info, "RFC 7672 2.2", ["mx_hosts.tlsa", "mx_hosts.tlsa_ad", "mx_hosts.host_ad", "domains.mx_ad", "certificates.der"], None,
        "DANE works",
        "Nothing has to be done; keep the TLSA records in step with the certificate.";
    dane_invalid, Error, "RFC 7672 2.2", ["mx_hosts.tlsa", "mx_hosts.tlsa_ad", "mx_hosts.host_ad", "domains.mx_ad", "certificates.der"], Some("tlsa-invalid"),
        "No TLSA record matches the certificate, or there is no TLS",
        "Publish a TLSA record for the certificate in use, before each change of the key, and let the host offer STARTTLS.";
    dane_insecure, Info, "RFC 7672 2.2.1", ["mx_hosts.tlsa_ad", "mx_hosts.host_ad", "domains.mx_ad"], None,
        "TLSA records without DNSSEC",
        "Sign the zones of the domain and of its MX hosts: without DNSSEC the TLSA records have no effect.";
    dane_unusable, Warning, "RFC 7672 3.1", ["mx_hosts.tlsa"], Some("tlsa-invalid"),
        "TLSA records that no sender can use",
        "Publish TLSA records of usage 3 or 2 with a matching type that is defined.";
    dane_bogus, Indeterminate, "RFC 7672 2.1", ["mx_hosts.tlsa_dns", "mx_hosts.host_ad"], Some("dnssec-invalid"),
        "TLSA records could not be had though the zone is signed",
        "Check the signatures of the MX host's zone and that its name servers answer TLSA questions: senders with DANE hold mail back.";
};

pub(super) const LIFE_CYCLE: &[Finding] = table! { LifeCycle:
    id_changed_policy_same, Info, "RFC 8461 3.1, 8.1", ["domains.sts_id", "domains.policy_sha256", "domains.sts_at", "domains.policy_at"], None,
        "The id changed, the policy did not",
        "Nothing has to be done; senders fetched the same policy again.";
    policy_changed_id_same, Info, "RFC 8461 3.1, 8.1", ["domains.sts_id", "domains.policy_sha256", "domains.sts_at", "domains.policy_at"], None,
        "The policy changed, the id did not",
        "Change the id with every change of the policy: senders that hold the old one do not notice.";
    removed_without_none, Info, "RFC 8461 8.3", ["domains.sts_record", "domains.policy_mode", "domains.policy_max_age_s"], None,
        "MTA-STS removed without mode none",
        "Before removing MTA-STS publish mode none for as long as the last max_age.";
    removal_not_observed, Info, "RFC 8461 8.3", ["domains.sts_record", "domains.policy_mode", "domains.policy_max_age_s"], None,
        "MTA-STS removed in a gap too long to see how",
        "Nothing has to be done; the scans were further apart than the last max_age.";
    enforce_withdrawn, Info, "RFC 8461 5", ["domains.policy_mode"], None,
        "Enforce given up",
        "Nothing has to be done if it was meant; otherwise check why the mode changed.";
    broke, Info, "RFC 8461 5", ["assessments.verdict_strict"], None,
        "Worked in the scan before, does not now",
        "Look at the findings of the later scan for what changed.";
    repaired, Info, "RFC 8461 5", ["assessments.verdict_strict"], None,
        "Did not work in the scan before, does now",
        "Nothing has to be done; the fault is gone.";
    first_seen_broken, Info, "RFC 8461 5", ["assessments.verdict_strict"], None,
        "Broken when first seen",
        "Look at the findings of that scan for what is wrong.";
};
