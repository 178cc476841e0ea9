//! Whether port 25 is open from here, found out at the operator's own mail server: that of the contact
//! address.

use crate::admission::Admission;
use crate::dns::Lookup;
use crate::fault::LocalFault;
use crate::plan::ScanPlan;
use std::net::SocketAddr;

/// Mail servers that are tried, and addresses of each.
const SERVERS: usize = 3;
const ADDRESSES: usize = 2;

/// Whether the operator's own mail server was reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reached {
    /// It answered: this address.
    Yes(SocketAddr),
    /// None of these did.
    No(String),
    /// There was none to be tried, for this reason.
    Unknown(String),
}

/// Connects to the operator's own mail server. An answer of any kind, a refusal included, shows that the port
/// is not blocked on the way. Nothing is said.
///
/// # Errors
/// This machine cannot connect to anything.
pub async fn own_mail_server(
    plan: &ScanPlan,
    lookup: &Lookup<'_>,
    admission: &Admission,
) -> Result<Reached, LocalFault> {
    let own = plan.identity.contact.as_deref().and_then(|contact| contact.rsplit_once('@'));
    let Some((_, domain)) = own else {
        return Ok(Reached::Unknown(
            "not checked: no contact is given whose mail server could be tried".to_owned(),
        ));
    };
    let Ok(mut hosts) = lookup.mx(domain).await else {
        return Ok(Reached::Unknown(format!(
            "not checked: the MX records of {domain} could not be resolved"
        )));
    };
    if hosts.is_empty() {
        hosts.push(domain.to_owned());
    }
    hosts.retain(|host| !admission.excludes(host));
    let mut tried = Vec::new();
    for host in hosts.into_iter().take(SERVERS) {
        let Ok(addresses) = lookup.addresses(&host).await else { continue };
        for addr in addresses.into_iter().filter(|addr| admission.address(*addr).is_ok()).take(ADDRESSES) {
            let server = SocketAddr::new(addr, plan.smtp_port);
            let connect = tokio::net::TcpStream::connect(server);
            match tokio::time::timeout(plan.deadlines.dns, connect).await {
                Ok(Ok(_)) => return Ok(Reached::Yes(server)),
                Ok(Err(e)) if e.kind() == std::io::ErrorKind::ConnectionRefused => {
                    return Ok(Reached::Yes(server));
                }
                Ok(Err(e)) => {
                    LocalFault::of_io("connect to your own mail server", &e).map_or(Ok(()), Err)?;
                }
                Err(_) => {}
            }
            tried.push(server.to_string());
        }
    }
    Ok(if tried.is_empty() {
        Reached::Unknown(format!("not checked: {domain} has no mail server that may be contacted"))
    } else {
        Reached::No(tried.join(", "))
    })
}
