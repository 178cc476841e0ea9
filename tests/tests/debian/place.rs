//! A place of a test: a folder, ports, a zone, certificates, and a scan of what stands there.

use crate::pki::Pki;
use crate::server::free_port;
use crate::sts_scan;
use crate::tables::Dataset;
use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// Everything that one test has for itself.
pub(crate) struct Place {
    dir: TempDir,
    /// Certificates.
    pub(crate) pki: Pki,
    /// Port of the policy hosts.
    pub(crate) https: u16,
    /// Port of the MX hosts.
    pub(crate) smtp: u16,
    /// The records of `example`, in master file form.
    pub(crate) zone: String,
}

impl Place {
    /// An empty one.
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        // Servers give up root: what they read and write must be reachable.
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let pki = Pki::new(dir.path());
        let zone = "$ORIGIN example.\n$TTL 300\n\
            @ IN SOA ns hostmaster 1 3600 600 86400 60\n@ IN NS ns\nns IN A 127.0.0.1\n";
        Self { dir, pki, https: free_port(), smtp: free_port(), zone: zone.to_owned() }
    }

    /// The folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a file and gives its path.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// Adds lines to the zone.
    pub(crate) fn records(&mut self, lines: &str) {
        self.zone.push_str(lines);
        self.zone.push('\n');
    }

    /// Adds `NAME.example` with both records, a policy host at an address, and MX hosts `HOST.example` at
    /// theirs.
    pub(crate) fn signaller(&mut self, name: &str, policy: &str, hosts: &[(&str, &str)]) {
        self.records(&format!(
            "_mta-sts.{name} TXT \"v=STSv1; id=20260101T000000;\"\n\
             _smtp._tls.{name} TXT \"v=TLSRPTv1; rua=mailto:tls@{name}.example\"\n\
             mta-sts.{name} A {policy}"
        ));
        for ((host, addr), turn) in hosts.iter().zip(1..) {
            self.records(&format!("{name} MX {}0 {host}\n{host} A {addr}", turn));
        }
    }

    /// Scans domains, those without a dot of `example`, through a resolver. `more` goes into `scan.toml`, one
    /// `section.key = value` a line.
    pub(crate) fn scan(&self, resolver: SocketAddr, names: &[&str], more: &[&str]) -> Dataset {
        let mut list = String::new();
        for name in names {
            let zone = if name.contains('.') { "" } else { ".example" };
            let _ = writeln!(list, "{name}{zone}");
        }
        let list = self.file("list.txt", list);
        let settings = self.file("scan.toml", self.settings(resolver, more));
        let dataset = self.path("dataset");
        scan(&list, &settings, &dataset);
        let read = Dataset::read(&dataset);
        // One place may be scanned more than once.
        fs::remove_dir_all(&dataset).unwrap();
        read
    }

    fn settings(&self, resolver: SocketAddr, more: &[&str]) -> String {
        let trust = self.pki.trust();
        let mut settings = format!(
            "dns.resolvers = [\"{resolver}\"]\npolicy_host.port = {}\nsmtp.port = {}\ntls.trust = \"{}\"\n\
             targets.allow_private = true\nidentity.ehlo_name = \"scanner.example\"\n\
             pace.per_target_rate = 1000\npace.per_network_rate = 1000\npace.per_provider_rate = 1000\npace.per_network_in_flight = 100\npace.smtp_rate = 1000\npace.https_rate = 1000\npace.dns_rate = 10000\n\
             scan.second_look = \"1s\"\n\
             deadlines.dns = \"5s\"\ndeadlines.policy = \"10s\"\ndeadlines.smtp = \"30s\"\ndeadlines.banner = \"20s\"\n",
            self.https,
            self.smtp,
            trust.display(),
        );
        for line in more {
            let _ = writeln!(settings, "{line}");
        }
        settings
    }
}

fn scan(list: &Path, settings: &Path, dataset: &Path) {
    let output = Command::new(sts_scan())
        .arg("scan")
        .arg(list)
        .arg("--config")
        .arg(settings)
        .arg("-o")
        .arg(dataset)
        .output()
        .unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}\n{}", said(&output.stdout), said(&output.stderr));
}
