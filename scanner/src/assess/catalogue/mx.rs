use super::{Finding, table};

const STARTTLS: Option<&str> = Some("starttls-not-supported");
const FAILURE: Option<&str> = Some("validation-failure");
const UNTRUSTED: Option<&str> = Some("certificate-not-trusted");

pub(super) const MX: &[Finding] = table! { Mx:
    mx_none, Info, "RFC 5321 5.1", ["domains.mx_kind"], None,
        "No MX and no address",
        "No action is needed for a domain without mail; MTA-STS serves no purpose there.";
    mx_null, Info, "RFC 7505 3", ["domains.mx_kind"], None,
        "Null MX",
        "No action is needed for a domain without mail; MTA-STS serves no purpose there.";
    mx_null_beside_others, Warning, "RFC 7505 3", ["domains.mx"], None,
        "Null MX beside other MX records",
        "Remove the null MX, or the others if the domain takes no mail.";
    mx_implicit, Info, "RFC 5321 5.1", ["domains.mx_kind"], None,
        "No MX: mail goes to the domain's own address",
        "Publish an MX record that says where the mail goes.";
    mx_dns_failure, Indeterminate, "RFC 5321 5.1", ["domains.mx_dns", "domains.mx_kind", "domains.attempts", "mx_hosts.host_dns"], None,
        "The MX set or its hosts' addresses could not be resolved",
        "Check that the name servers of the domain and of its MX hosts answer.";
    mx_unresolvable, Error, "RFC 5321 5.1", ["mx_hosts.host_dns", "mx_hosts.smtp_outcome"], None,
        "An MX host has no address",
        "Add address records for the MX host, or remove it from the MX set.";
    mx_is_address, Error, "RFC 1035 3.3.9, RFC 5321 5.1", ["domains.mx"], FAILURE,
        "An MX record holds an address",
        "Name a host in the MX record: an address there is read as a name and matches no policy.";
    mx_below_invalid, Warning, "RFC 6761 6.4", ["domains.mx"], None,
        "An MX record names a host below invalid, which never exists",
        "Remove the MX record below invalid: it proved to a provider that the domain is yours, and no mail ever goes there.";
    mx_name_invalid, Warning, "RFC 5321 2.3.5, 4.1.2", ["domains.mx"], None,
        "An MX host's name is not a valid host name",
        "Use only letters, digits and hyphens in the MX host's name: no certificate or policy can reliably name any other.";
    mx_is_cname, Warning, "RFC 5321 5.1, RFC 2181 10.3", ["mx_hosts.host_cname"], None,
        "An MX host is an alias",
        "Name the host itself in the MX record, not a CNAME.";
    mx_forbidden_address, Error, "RFC 6890 2.2", ["mx_hosts.smtp_outcome"], None,
        "An MX host has a private address among its addresses",
        "Give the MX host a public address: senders on the Internet cannot reach a private, loopback or link-local one.";
};

pub(super) const SMTP: &[Finding] = table! { Smtp:
    smtp_connect_refused, Error, "RFC 5321 4.5.4.1", ["mx_hosts.smtp_outcome"], None,
        "Connection refused",
        "Have a mail server listen on port 25 at every address of the MX host.";
    smtp_connect_timeout, Indeterminate, "RFC 5321 4.5.4.1", ["mx_hosts.smtp_outcome", "mx_hosts.attempts"], None,
        "Connection timed out",
        "Check that the host is up and that no firewall drops port 25.";
    smtp_connect_unreachable, Indeterminate, "RFC 5321 4.5.4.1", ["mx_hosts.smtp_outcome", "mx_hosts.attempts"], None,
        "Host unreachable",
        "Check the routing to the addresses of the MX host.";
    smtp_connect_reset, Indeterminate, "RFC 5321 4.5.4.1", ["mx_hosts.smtp_outcome", "mx_hosts.attempts"], None,
        "Connection reset",
        "Check what resets connections to port 25: a firewall, an overloaded server or an address filter.";
    smtp_banner_timeout, Indeterminate, "RFC 5321 3.1, 4.5.3.2.1", ["mx_hosts.smtp_outcome", "mx_hosts.attempts"], None,
        "No greeting in time",
        "Check why the mail server sends no greeting; a tarpit may delay unknown clients on purpose.";
    smtp_rejected_4xx, Indeterminate, "RFC 5321 3.1", ["mx_hosts.smtp_outcome", "mx_hosts.smtp_code", "mx_hosts.smtp_text"], None,
        "Greeted with a temporary refusal",
        "No action is needed if the scanner was refused on purpose; otherwise check the server's log.";
    smtp_rejected_5xx, Indeterminate, "RFC 5321 3.1", ["mx_hosts.smtp_outcome", "mx_hosts.smtp_code", "mx_hosts.smtp_text"], None,
        "Greeted with a permanent refusal",
        "No action is needed if the scanner was refused on purpose; otherwise check the server's log.";
    smtp_closed, Indeterminate, "RFC 5321 3.8", ["mx_hosts.smtp_outcome", "mx_hosts.smtp_phase", "mx_hosts.attempts"], None,
        "Connection closed before STARTTLS",
        "Check the mail server's log: it closes the connection or stops answering before STARTTLS.";
    smtp_protocol, Indeterminate, "RFC 5321 4.2", ["mx_hosts.smtp_outcome"], None,
        "The answer is not SMTP",
        "Check what listens on port 25 of the MX host.";
    smtp_answer_injection, Error, "RFC 3207 4.2", ["mx_hosts.smtp_outcome"], FAILURE,
        "Plaintext data after the reply to STARTTLS",
        "Update the mail server, and the proxy before it if there is one: an attacker could pass such text off as an answer under TLS.";
    smtp_limited, Indeterminate, "RFC 5321 3.8", ["mx_hosts.smtp_outcome", "mx_hosts.attempts"], None,
        "The server asked the scanner to slow down",
        "No action is needed; the server said that it gets too many connections, or ended them (421, another 4xx whose text mentions a rate, or repeated resets).";
    starttls_not_offered, Error, "RFC 3207 4, RFC 8461 4", ["mx_hosts.smtp_outcome", "mx_hosts.ehlo", "mx_hosts.attempts"], STARTTLS,
        "STARTTLS is not offered",
        "Turn on STARTTLS, and make sure that no middlebox strips it from the EHLO reply.";
    starttls_masked, Error, "RFC 3207 4, RFC 8461 4", ["mx_hosts.smtp_outcome", "mx_hosts.ehlo", "mx_hosts.banner"], STARTTLS,
        "A device in front of the server masks STARTTLS",
        "Let STARTTLS through the firewall: on a Cisco ASA, set allow-tls in the ESMTP inspection, or turn off SMTP inspection.";
    starttls_refused, Error, "RFC 3207 4", ["mx_hosts.smtp_outcome", "mx_hosts.smtp_code", "mx_hosts.attempts"], STARTTLS,
        "STARTTLS is offered and refused",
        "Check the mail server's certificate and key files: it offers STARTTLS but cannot do it.";
};

pub(super) const TLS: &[Finding] = table! { MxTls:
    mx_tls_protocol, Error, "RFC 8461 7.2, RFC 8996", ["mx_hosts.smtp_outcome"], FAILURE,
        "The server speaks no TLS after STARTTLS, or only obsolete versions",
        "Enable TLS 1.2 or newer on the mail server.";
    mx_tls_client_limit, Indeterminate, "RFC 8461 4", ["mx_hosts.smtp_outcome"], FAILURE,
        "No cipher suite or group in common with the scanner, or more than 64 KiB of certificates",
        "Offer an AEAD cipher suite with ephemeral key exchange, and send only the certificates of the chain: as it is, senders with a modern TLS library cannot connect.";
    mx_tls_large_hello, Info, "RFC 8446 4.1.2", ["mx_hosts.attempts"], None,
        "The server answers only a small ClientHello",
        "Update the server or the middlebox in front of it: it fails on a ClientHello with a post-quantum key share.";
    mx_tls_alert, Error, "RFC 8446 6", ["mx_hosts.smtp_outcome", "mx_hosts.tls_alert"], FAILURE,
        "The server ends TLS with an alert",
        "Check the mail server's log for why it ends TLS during the handshake or right after it.";
    mx_tls_timeout, Indeterminate, "RFC 8461 4", ["mx_hosts.smtp_outcome", "mx_hosts.attempts"], FAILURE,
        "TLS handshake timed out",
        "Check the mail server's load and log: its TLS handshake does not finish.";
    mx_tls_closed, Indeterminate, "RFC 8461 4", ["mx_hosts.smtp_outcome", "mx_hosts.attempts"], FAILURE,
        "Connection closed during the TLS handshake",
        "Check the mail server's log: it closes the connection before the TLS handshake is complete.";
    mx_client_certificate, Error, "RFC 8446 6.2, RFC 8461 4.2", ["mx_hosts.tls_alert", "mx_hosts.quit_code", "mx_hosts.quit_text"], FAILURE,
        "The server demands a certificate of its client",
        "Do not require client certificates on port 25: senders on the Internet have none, so nobody delivers.";
    mx_requiretls, Info, "RFC 8689 2", ["mx_hosts.requiretls"], None,
        "The server announces REQUIRETLS",
        "No action is needed: the server can promise to pass mail on over TLS only.";
    mx_cert_name, Error, "RFC 8461 4.2", ["mx_hosts.cert_faults"], Some("certificate-host-mismatch"),
        "The certificate does not name the MX host",
        "Get a certificate that names the MX host as a DNS subject alternative name.";
    mx_cert_expired, Error, "RFC 8461 4.2", ["mx_hosts.cert_faults"], Some("certificate-expired"),
        "The certificate has expired",
        "Renew the certificate of the MX host and make sure that renewal is automatic.";
    mx_cert_not_yet_valid, Error, "RFC 8461 4.2", ["mx_hosts.cert_faults"], FAILURE,
        "The certificate is not valid yet",
        "Install a certificate that is already valid.";
    mx_cert_self_signed, Error, "RFC 8461 4.2", ["mx_hosts.cert_faults"], UNTRUSTED,
        "The certificate is self-signed",
        "Get a certificate from a certificate authority that mail senders trust.";
    mx_cert_untrusted, Error, "RFC 8461 4.2", ["mx_hosts.cert_faults"], UNTRUSTED,
        "No path to a trusted root",
        "Use a certificate from a public certificate authority, and send its intermediate certificates.";
    mx_cert_chain_incomplete, Error, "RFC 8461 4.2, RFC 8446 4.4.2", ["mx_hosts.cert_faults", "mx_hosts.certificate_sha256", "certificates.der"], UNTRUSTED,
        "An intermediate certificate is missing",
        "Send the intermediate certificates with the certificate of the MX host.";
    mx_cert_other, Error, "RFC 8461 4.2, RFC 5280 6", ["mx_hosts.cert_faults"], FAILURE,
        "The certificate is not usable for a server",
        "Get a certificate that is well formed and meant for TLS servers.";
    mx_cert_client_limit, Indeterminate, "RFC 5280 6.1", ["mx_hosts.cert_faults", "mx_hosts.certificate_sha256", "mx_hosts.chain_sha256"], UNTRUSTED,
        "The scanner cannot check the certificate's path",
        "No action is needed if senders deliver: the path holds what the scanner's library does not read, such as a critical certificate policy or more than six issuers.";
    mx_cert_all_invalid, Error, "RFC 8461 4.2", ["domains.mx", "mx_hosts.cert_outcome"], FAILURE,
        "Every observed MX host has an invalid certificate",
        "Fix the MX hosts' certificates: in mode enforce no strict sender delivers, and in every other mode this is what would happen under it.";
    mx_cert_some_invalid, Error, "RFC 8461 4.2", ["domains.mx", "mx_hosts.cert_outcome"], FAILURE,
        "Some MX hosts or addresses have an invalid certificate",
        "Fix the certificates of the MX hosts that fail: strict senders skip those hosts.";
    mx_cert_weak_key, Warning, "RFC 9325 4.5", ["mx_hosts.cert_differs", "certificates.key_bits"], None,
        "The certificate has an RSA key of less than 2048 bits",
        "Get a certificate for an RSA key of 2048 bits or an ECDSA key: some senders refuse a smaller one.";
    mx_cert_senders_differ, Warning, "guidance: docs/senders.md", ["mx_hosts.cert_differs", "mx_hosts.cert_faults"], None,
        "Some senders take the certificate and others do not",
        "Have a certificate issued, and its chain sent, as every sender takes it; the column cert_differs says what stands in the way.";
    mx_cert_renewal_late, Warning, "guidance: renew while a third of the validity is left", ["mx_hosts.cert_faults", "mx_hosts.probed_at", "certificates.not_before", "certificates.not_after"], None,
        "The certificate has less than a sixth of its validity left",
        "Check that renewal of the MX host's certificate works: programs that renew by themselves would have done it by now.";
};

pub(super) const MISMATCH: &[Finding] = table! { Mismatch:
    mx_mismatch_all, Error, "RFC 8461 4.1", ["domains.mx", "domains.policy_mx", "domains.policy_usable"], FAILURE,
        "The policy matches no MX host",
        "List the hosts of the MX set in the policy: it names only other hosts, so a strict sender delivers nothing.";
    mx_mismatch_some, Error, "RFC 8461 4.1", ["domains.mx", "domains.policy_mx", "domains.policy_usable"], FAILURE,
        "The policy does not match every MX host",
        "Add the missing MX hosts to the policy, or remove them from the MX set.";
    pattern_unused, Warning, "RFC 8461 4.1", ["domains.mx", "domains.policy_mx", "domains.policy_usable"], None,
        "A pattern matches no MX host",
        "Remove the pattern unless you plan to add an MX host that it matches.";
    policy_pattern_domain_missing, Error, "RFC 8461 4.1", ["domains.pattern_dns", "domains.mx", "domains.policy_mx"], None,
        "A pattern that matches no MX host is of a domain that does not exist",
        "Remove the pattern: whoever registers its domain has a host that the policy lets mail through to.";
};
