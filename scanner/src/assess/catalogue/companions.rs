use super::{Finding, table};

pub(super) const COMPANIONS: &[Finding] = table! { Companions:
    tlsrpt_dns_failure, Indeterminate, "RFC 8460 3", ["domains.tlsrpt_dns", "domains.attempts"], None,
        "No usable answer for _smtp._tls",
        "Check that every name server of the zone answers TXT queries for _smtp._tls.";
    tlsrpt_absent, Info, "RFC 8460 3", ["domains.tlsrpt_txt"], None,
        "No TLSRPT record",
        "Publish a TLSRPT record: without one, nobody reports failed deliveries to the domain.";
    tlsrpt_multiple, Error, "RFC 8460 3", ["domains.tlsrpt_txt"], None,
        "Several TLSRPT records",
        "Publish exactly one TXT record that begins with v=TLSRPTv1; at _smtp._tls: several count as none.";
    tlsrpt_invalid, Error, "RFC 8460 3", ["domains.tlsrpt_txt"], None,
        "TLSRPT record does not follow the grammar",
        "Remove everything that is not name=value between semicolons, and white space at the end.";
    tlsrpt_rua_missing, Error, "RFC 8460 3", ["domains.tlsrpt_txt"], None,
        "TLSRPT record without a report address",
        "Add rua= with a mailto: or https: address.";
    tlsrpt_rua_invalid, Error, "RFC 8460 3", ["domains.tlsrpt_txt"], None,
        "TLSRPT record with an invalid report address",
        "Write each report address as mailto: with a mail address, or as https:, and percent-encode commas, semicolons and exclamation marks.";
    tlsrpt_escaped, Error, "RFC 8460 3", ["domains.tlsrpt_txt"], None,
        "Quotes or backslashes in the TLSRPT record",
        "Take the quotes and backslashes out of the record's text: they belong to zone files and forms, and what was published has them in it.";
    tlsrpt_rua_domain_missing, Error, "RFC 8460 3, 7", ["domains.tlsrpt_rua_dns"], None,
        "Reports go to a host that does not exist",
        "Correct the host in the report address, or register it: as it is, reports are lost, and go to whoever registers the name.";
    tlsrpt_rua_no_mx, Warning, "RFC 8460 3, RFC 5321 5.1", ["domains.tlsrpt_rua_dns"], None,
        "Reports are mailed to a host that takes no mail",
        "Give a report address at a host that takes mail: as it is, reports by mail are lost.";
    dmarc_dns_failure, Indeterminate, "RFC 9989 4.10", ["domains.dmarc_dns", "domains.attempts"], None,
        "No usable answer for _dmarc",
        "Check that every name server of the zone, and of those above it, answers TXT queries for _dmarc.";
    dmarc_absent, Info, "RFC 9989 4.10.1", ["domains.dmarc_txt"], None,
        "No DMARC record",
        "Publish a DMARC record: without one, receivers are told neither what to do with mail that others send in the domain's name, nor whom to report it to.";
    dmarc_multiple, Error, "RFC 9989 4.10", ["domains.dmarc_txt"], None,
        "Several DMARC records",
        "Publish exactly one TXT record that begins with v=DMARC1 at _dmarc: several count as none.";
    dmarc_invalid, Error, "RFC 9989 4.8", ["domains.dmarc_txt"], None,
        "DMARC record does not follow the grammar",
        "Begin with v=DMARC1, then write name=value between semicolons, each name once: p, sp and np are none, quarantine or reject, and rua and ruf lists of mailto: addresses. Without a valid p and an address in rua, receivers apply no DMARC.";
    dmarc_policy_none, Info, "RFC 9989 4.7", ["domains.dmarc_policy"], None,
        "The DMARC policy is none",
        "No action is needed while reports are being read; later publish quarantine or reject, so that receivers act on mail that fails.";
    dane_valid, Info, "RFC 7672 2.2", ["mx_hosts.tlsa", "mx_hosts.tlsa_ad", "mx_hosts.host_ad", "mx_hosts.cname_ad", "domains.mx_ad", "certificates.der"], None,
        "DANE works",
        "No action is needed; keep the TLSA records in step with the certificate.";
    dane_invalid, Error, "RFC 7672 2.2", ["mx_hosts.tlsa", "mx_hosts.tlsa_ad", "mx_hosts.host_ad", "mx_hosts.cname_ad", "domains.mx_ad", "certificates.der"], Some("tlsa-invalid"),
        "No TLSA record matches the certificate, or there is no TLS",
        "Publish a TLSA record for the certificate in use, and for the next one before each key change; make sure that the host offers STARTTLS.";
    dane_insecure, Info, "RFC 7672 2.2", ["mx_hosts.tlsa", "mx_hosts.tlsa_ad", "mx_hosts.host_ad", "mx_hosts.cname_ad"], None,
        "TLSA records without DNSSEC",
        "Sign the zones of the domain and of its MX hosts: without DNSSEC the TLSA records have no effect.";
    dane_mx_insecure, Info, "RFC 7672 2.2.1", ["mx_hosts.tlsa", "mx_hosts.tlsa_ad", "mx_hosts.host_ad", "mx_hosts.cname_ad", "domains.mx_ad"], None,
        "TLSA records behind an MX set without DNSSEC",
        "Sign the domain's own zone: until then some senders use the TLSA records (Postfix does) and others do not, and whoever forges the MX set has the mail.";
    dane_unusable, Warning, "RFC 7672 3.1", ["mx_hosts.tlsa"], Some("tlsa-invalid"),
        "TLSA records that no sender can use",
        "Publish TLSA records with usage 3 or 2 and a defined matching type.";
    dane_bogus, Indeterminate, "RFC 7672 2.1", ["mx_hosts.tlsa_dns", "mx_hosts.tlsa_ede", "mx_hosts.host_ad"], Some("dnssec-invalid"),
        "TLSA records could not be resolved although the zone is signed",
        "Check the signatures of the MX host's zone and that its name servers answer TLSA queries: senders that use DANE hold mail back.";
    dane_ta_public_ca, Warning, "RFC 7671 5.2", ["mx_hosts.tlsa", "mx_hosts.tlsa_ad", "mx_hosts.host_ad", "domains.mx_ad", "mx_hosts.cert_faults", "certificates.der"], None,
        "A TLSA record pins an issuing authority of the public",
        "Publish usage 3 for the MX host's own key: a public authority issues from another certificate one day, without telling you.";
};

pub(super) const LIFE_CYCLE: &[Finding] = table! { LifeCycle:
    id_changed_policy_same, Info, "RFC 8461 3.1, 8.1", ["domains.sts_id", "domains.policy_sha256", "domains.sts_at", "domains.policy_at"], None,
        "The id changed, the policy did not",
        "No action is needed; senders fetched the same policy again.";
    policy_changed_id_same, Info, "RFC 8461 3.1, 8.1", ["domains.sts_id", "domains.policy_sha256", "domains.sts_at", "domains.policy_at"], None,
        "The policy changed, the id did not",
        "Change the id with every change of the policy: otherwise senders that hold the old policy do not notice.";
    removed_without_none, Info, "RFC 8461 8.3", ["domains.sts_record", "domains.policy_mode", "domains.policy_max_age_s"], None,
        "MTA-STS removed without mode none",
        "Before removing MTA-STS, publish mode none for as long as the last max_age.";
    removal_not_observed, Info, "RFC 8461 8.3", ["domains.sts_record", "domains.policy_mode", "domains.policy_max_age_s"], None,
        "MTA-STS removed between scans too far apart to see how",
        "No action is needed; the scans were further apart than the last max_age.";
    enforce_withdrawn, Info, "RFC 8461 5", ["domains.policy_mode"], None,
        "The mode changed from enforce to testing or none",
        "No action is needed if this was intended; otherwise check why the mode changed.";
    broke, Info, "RFC 8461 5", ["assessments.verdict_strict"], None,
        "Worked in the previous scan, does not work now",
        "See the later scan's findings for what changed.";
    repaired, Info, "RFC 8461 5", ["assessments.verdict_strict"], None,
        "Did not work in the previous scan, works now",
        "No action is needed; the fault is gone.";
    first_seen_broken, Info, "RFC 8461 5", ["assessments.verdict_strict"], None,
        "A new MTA-STS deployment that does not work",
        "See that scan's findings for what is wrong.";
};
