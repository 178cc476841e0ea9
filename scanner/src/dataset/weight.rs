//! How much memory a row's texts take: what the other side chose the length of, and nothing else.

use crate::evidence::rows::{CertificateRow, DomainRow, HostRow, PolicyEvidence};

fn text(text: Option<&String>) -> usize {
    text.map_or(0, String::len)
}

fn texts(list: Option<&Vec<String>>) -> usize {
    list.into_iter().flatten().map(String::len).sum()
}

/// Bytes of a row of `domains`.
pub(super) fn of_domain(row: &DomainRow) -> usize {
    let PolicyEvidence { redirect_to, content_type, body, mx, tls, .. } = &row.policy;
    let records =
        texts(row.sts_txt.as_ref()) + texts(row.tlsrpt_txt.as_ref()) + texts(row.tlsrpt_rua.as_ref());
    let names = row.mx.iter().flatten().map(|mx| mx.host.len()).sum::<usize>() + texts(row.ns.as_ref());
    let head = text(redirect_to.as_ref()) + text(content_type.as_ref()) + texts(tls.chain_sha256.as_ref());
    records + names + head + body.as_ref().map_or(0, Vec::len) + texts(mx.as_ref())
}

/// Bytes of a row of `mx_hosts`.
pub(super) fn of_host(row: &HostRow) -> usize {
    let smtp = &row.smtp;
    let replies = text(smtp.text.as_ref()) + text(smtp.banner.as_ref()) + texts(smtp.ehlo.as_ref());
    replies + texts(smtp.tls.chain_sha256.as_ref()) + texts(row.tlsa.as_ref())
}

/// Bytes of a row of `certificates`: its texts are taken out of the certificate.
pub(super) fn of_certificate(row: &CertificateRow) -> usize {
    2 * row.der.len()
}
