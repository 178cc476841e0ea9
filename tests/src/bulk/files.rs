//! What goes with the world: the list, the root's hints, the registries' zone files.

use super::Bulk;
use super::addresses::{SERVERS_OF_REGISTRY, TLDS, of_registry};
use super::answer::registry_server;
use super::domain::Defect;
use anyhow::{Context, Result};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::net::Ipv4Addr;
use std::path::Path;

/// Writes `list.txt`, `root.hints`, and with zones `zones/TLD.zone`, each of which has the delegations of its
/// domains that are in the list and registered, as registries give them out.
///
/// # Errors
/// Where a file cannot be written.
pub fn write(bulk: &Bulk, dir: &Path, with_zones: bool) -> Result<()> {
    std::fs::create_dir_all(dir.join("zones"))?;
    let create = |name: &str| -> Result<BufWriter<File>> {
        let path = dir.join(name);
        Ok(BufWriter::new(File::create(&path).with_context(|| format!("writing {}", path.display()))?))
    };
    let mut hints = create("root.hints")?;
    for n in 0..SERVERS_OF_REGISTRY {
        let name = registry_server(None, char::from(b'a' + n));
        writeln!(hints, ". 3600000 NS {name}.\n{name}. 3600000 A {}", of_registry(None, n))?;
    }
    hints.flush()?;
    let mut zones = Vec::new();
    if with_zones {
        for tld in TLDS {
            let mut zone = create(&format!("zones/{tld}.zone"))?;
            writeln!(zone, "{tld}. 900 IN SOA a.nic-{tld}. hostmaster.{tld}. 1 1800 900 604800 86400")?;
            zones.push((zone, BTreeSet::<String>::new()));
        }
    }
    let mut list = create("list.txt")?;
    for number in 0..bulk.domains {
        let domain = bulk.domain(number);
        let name = bulk.name(&domain);
        writeln!(list, "{name}")?;
        if let Some((zone, glue)) = zones.get_mut(usize::from(domain.tld))
            && domain.defect != Defect::Unregistered
        {
            for (server, addr) in bulk.delegation(&domain) {
                writeln!(zone, "{name}. 172800 IN NS {server}.")?;
                glue.extend(addr.and_then(|addr| as_glue(&server, addr)));
            }
        }
    }
    list.flush()?;
    for (mut zone, glue) in zones {
        for line in glue {
            writeln!(zone, "{line}")?;
        }
        zone.flush()?;
    }
    Ok(())
}

/// The line of an address. A registry's file has each host once, below the names of all domains.
fn as_glue(server: &str, addr: Ipv4Addr) -> Option<String> {
    (!server.is_empty()).then(|| format!("{server}. 172800 IN A {addr}"))
}
