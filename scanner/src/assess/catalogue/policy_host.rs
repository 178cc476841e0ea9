use super::{Finding, table};

const FETCH: Option<&str> = Some("sts-policy-fetch-error");
const WEBPKI: Option<&str> = Some("sts-webpki-invalid");

pub(super) const DNS: &[Finding] = table! { PolicyDns:
    policy_host_name_invalid, Error, "RFC 8461 3.3, RFC 5891 5.4", ["domains.policy_outcome"], FETCH,
        "The policy host's name cannot be used in a URL",
        "Check the domain's A-labels: no sender can fetch a policy from a name whose Punycode is broken.";
    policy_host_nxdomain, Error, "RFC 8461 3.3", ["domains.policy_outcome", "domains.policy_host_dns"], FETCH,
        "The name mta-sts does not exist",
        "Add address records (or a CNAME) for mta-sts under the domain, or remove the record at _mta-sts.";
    policy_host_dangling_cname, Error, "RFC 8461 3.3, 8.2", ["domains.policy_outcome", "domains.policy_cname"], FETCH,
        "The CNAME at mta-sts leads nowhere",
        "Point the CNAME at mta-sts to a host that exists, and make sure that nobody else can register the old target.";
    policy_host_no_address, Error, "RFC 8461 3.3", ["domains.policy_outcome", "domains.policy_host_dns"], FETCH,
        "mta-sts has no address",
        "Add an A or AAAA record for mta-sts under the domain.";
    policy_host_dns_failure, Indeterminate, "RFC 8461 3.3", ["domains.policy_outcome", "domains.policy_host_dns", "domains.policy_attempts"], FETCH,
        "Addresses of mta-sts could not be resolved",
        "Check that the name servers for mta-sts, and for the target of its CNAME, answer.";
    policy_host_forbidden_address, Error, "RFC 6890 2.2", ["domains.policy_outcome", "domains.policy_addrs"], FETCH,
        "mta-sts has only private addresses",
        "Give mta-sts a public address: senders on the Internet cannot reach a private, loopback or link-local one.";
    policy_host_cname_claimable, Warning, "RFC 8461 8.2", ["domains.policy_cname", "domains.policy_outcome", "domains.policy_http_status", "domains.policy_body"], None,
        "The CNAME at mta-sts leads to a name that its service has free",
        "Remove the CNAME at mta-sts, or take the name at the service again: whoever takes it first can serve a policy for the domain.";
};

pub(super) const TCP: &[Finding] = table! { PolicyTcp:
    policy_connect_refused, Error, "RFC 8461 3.3", ["domains.policy_outcome", "domains.policy_addrs"], FETCH,
        "Connection refused",
        "Have an HTTPS server listen on port 443 at every address of mta-sts.";
    policy_connect_timeout, Error, "RFC 8461 3.3", ["domains.policy_outcome", "domains.policy_addrs", "domains.policy_attempts"], FETCH,
        "Connection timed out",
        "Check that the host is up and that no firewall drops port 443.";
    policy_connect_unreachable, Error, "RFC 8461 3.3", ["domains.policy_outcome", "domains.policy_addrs", "domains.policy_attempts"], FETCH,
        "Host unreachable",
        "Check the routing to the addresses of mta-sts.";
    policy_connect_reset, Error, "RFC 8461 3.3", ["domains.policy_outcome", "domains.policy_addrs", "domains.policy_attempts"], FETCH,
        "Connection reset",
        "Check what resets connections to port 443: a firewall, an overloaded server or an address filter.";
};

pub(super) const TLS: &[Finding] = table! { PolicyTls:
    policy_tls_name, Error, "RFC 8461 3.3", ["domains.policy_cert_faults"], WEBPKI,
        "The certificate does not name the policy host",
        "Get a certificate that names mta-sts under the domain as a DNS subject alternative name.";
    policy_tls_expired, Error, "RFC 8461 3.3", ["domains.policy_cert_faults"], WEBPKI,
        "The certificate has expired",
        "Renew the certificate of mta-sts and make sure that renewal is automatic.";
    policy_tls_not_yet_valid, Error, "RFC 8461 3.3", ["domains.policy_cert_faults"], WEBPKI,
        "The certificate is not valid yet",
        "Install a certificate that is already valid.";
    policy_tls_self_signed, Error, "RFC 8461 3.3", ["domains.policy_cert_faults"], WEBPKI,
        "The certificate is self-signed",
        "Get a certificate from a certificate authority that mail senders trust.";
    policy_tls_untrusted, Error, "RFC 8461 3.3", ["domains.policy_cert_faults"], WEBPKI,
        "No path to a trusted root",
        "Use a certificate from a public certificate authority, and serve its intermediate certificates.";
    policy_tls_chain_incomplete, Error, "RFC 8461 3.3, RFC 8446 4.4.2", ["domains.policy_cert_faults", "domains.policy_certificate_sha256", "certificates.der"], WEBPKI,
        "An intermediate certificate is missing",
        "Serve the intermediate certificates with the certificate of mta-sts.";
    policy_tls_certificate_other, Error, "RFC 8461 3.3, RFC 5280 6", ["domains.policy_cert_faults"], WEBPKI,
        "The certificate is not usable for a server",
        "Get a certificate that is well formed and meant for TLS servers.";
    policy_tls_cert_limit, Indeterminate, "RFC 5280 6.1", ["domains.policy_cert_faults", "domains.policy_certificate_sha256", "domains.policy_chain_sha256"], WEBPKI,
        "The scanner cannot check the certificate's path",
        "No action is needed if senders fetch the policy: the path holds what the scanner's library does not read, such as a critical certificate policy or more than six issuers.";
    policy_tls_weak_key, Warning, "RFC 9325 4.5", ["domains.policy_cert_differs", "certificates.key_bits"], None,
        "The certificate has an RSA key of less than 2048 bits",
        "Get a certificate for an RSA key of 2048 bits or an ECDSA key: some senders refuse a smaller one.";
    policy_tls_alert, Error, "RFC 8461 3.3, RFC 8446 6", ["domains.policy_outcome", "domains.policy_alert"], FETCH,
        "The server ends the handshake with an alert",
        "Read the web server's log for the reason; most often the server is not configured for the name mta-sts under the domain.";
    policy_tls_protocol, Error, "RFC 8461 3.3, RFC 8996", ["domains.policy_outcome"], FETCH,
        "The server speaks no TLS, or only obsolete versions",
        "Enable TLS 1.2 or newer on the server at port 443.";
    policy_tls_client_limit, Indeterminate, "RFC 8461 3.3", ["domains.policy_outcome"], FETCH,
        "No cipher suite or group in common with the scanner, or more than 64 KiB of certificates",
        "Offer an AEAD cipher suite with ephemeral key exchange, and send only the certificates of the chain: as it is, senders with a modern TLS library cannot connect.";
    policy_tls_no_protocol, Error, "RFC 8461 3.3, RFC 7301 3.2", ["domains.policy_outcome", "domains.policy_alert"], FETCH,
        "The server speaks neither HTTP/1.1 nor HTTP/2",
        "Have the server on port 443 of mta-sts take the application protocol http/1.1.";
    policy_tls_large_hello, Info, "RFC 8446 4.1.2", ["domains.policy_attempts"], None,
        "The server answers only a small ClientHello",
        "Update the server or the middlebox in front of it: it fails on a ClientHello with a post-quantum key share.";
    policy_tls_renewal_late, Warning, "guidance: renew while a third of the validity is left", ["domains.policy_cert_faults", "domains.policy_at", "certificates.not_before", "certificates.not_after"], None,
        "The certificate has less than a sixth of its validity left",
        "Check that renewal of the policy host's certificate works: programs that renew by themselves would have done it by now.";
    policy_tls_timeout, Error, "RFC 8461 3.3", ["domains.policy_outcome", "domains.policy_attempts"], FETCH,
        "TLS handshake timed out",
        "Check that the server on port 443 of mta-sts speaks TLS.";
    policy_tls_closed, Error, "RFC 8461 3.3", ["domains.policy_outcome", "domains.policy_attempts"], FETCH,
        "Connection closed during the TLS handshake",
        "Check the web server's log: it closes connections for mta-sts before the TLS handshake is complete.";
};

pub(super) const HTTP: &[Finding] = table! { PolicyHttp:
    policy_http_status, Error, "RFC 8461 3.3", ["domains.policy_http_status"], FETCH,
        "HTTP status is not 200",
        "Serve the policy at /.well-known/mta-sts.txt with status 200.";
    policy_redirect, Error, "RFC 8461 3.3", ["domains.policy_http_status", "domains.policy_redirect_to"], FETCH,
        "HTTP redirect",
        "Serve the policy itself at mta-sts: senders must not follow redirects.";
    policy_http_malformed, Error, "RFC 8461 3.3, RFC 9112", ["domains.policy_outcome"], FETCH,
        "The answer is not HTTP",
        "Have a web server answer on port 443 of mta-sts.";
    policy_http_incomplete, Error, "RFC 9112 9.8", ["domains.policy_outcome"], FETCH,
        "The policy ends with a connection that TLS did not close",
        "Serve the policy with a Content-Length, or have the server close TLS in order: as it is, a strict sender cannot tell whether the text is whole.";
    policy_timeout, Error, "RFC 8461 3.3", ["domains.policy_outcome", "domains.policy_attempts"], FETCH,
        "The policy did not arrive in time",
        "Serve the policy as a static file: senders wait at most a minute.";
    policy_too_large, Error, "RFC 8461 3.3", ["domains.policy_outcome", "domains.policy_bytes"], FETCH,
        "The answer is larger than 64 KiB",
        "Serve nothing but the policy: senders stop reading at 64 KiB.";
    policy_content_type, Warning, "RFC 8461 3.2", ["domains.policy_content_type", "domains.policy_http_status"], None,
        "Content-Type is not text/plain",
        "Serve the policy as text/plain: a sender may check the type.";
};
