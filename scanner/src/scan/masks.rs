//! Whether a device in front of this scanner masks STARTTLS for all hosts.

use crate::admission::network;
use crate::evidence::SmtpOutcome;
use crate::evidence::rows::HostRow;
use std::collections::HashSet;
use std::net::IpAddr;

/// Networks whose MX hosts answered EHLO, after which it is judged whether a device of ours masks STARTTLS.
pub(super) const MASK_TRIAL: usize = 100;

/// What is known of masks over STARTTLS. A firewall in front of a server masks it for that server; one in
/// front of the scanner does for all.
#[derive(Default)]
pub(super) struct Masks {
    /// Networks of which an address answered EHLO; a /24 or /48 counts once.
    networks: HashSet<IpAddr>,
    /// How many of them did so with STARTTLS masked.
    masked: usize,
}

impl Masks {
    /// Notes an answer to EHLO; gives how many are masked where that is the last of the trial and most are.
    fn note(&mut self, network: IpAddr, is_masked: bool) -> Option<usize> {
        if self.is_over() || !self.networks.insert(network) {
            return None;
        }
        self.masked += usize::from(is_masked);
        (self.is_over() && self.masked * 2 > MASK_TRIAL).then_some(self.masked)
    }

    fn is_over(&self) -> bool {
        self.networks.len() >= MASK_TRIAL
    }

    /// Notes what an address showed; gives what [`Masks::note`] does.
    pub(super) fn note_row(&mut self, row: &HostRow) -> Option<usize> {
        let addr = row.addr.filter(|_| row.smtp.ehlo.is_some())?;
        self.note(network(addr), is_masked(row))
    }
}

fn is_masked(row: &HostRow) -> bool {
    row.smtp.outcome == Some(SmtpOutcome::Masked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    /// What so many networks come to of which so many are masked.
    fn noted(masked: usize, of: usize) -> Vec<usize> {
        let mut masks = Masks::default();
        let halts = (0..of).filter_map(|number| {
            let network = IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(number).ok()? << 8));
            masks.note(network, number < masked)
        });
        halts.collect()
    }

    #[test]
    fn most_of_a_hundred_networks_masked_are_a_device_of_ours_and_half_of_them_are_not() {
        assert_eq!(noted(51, 100), [51]);
        assert_eq!(noted(100, 100), [100]);
        assert!(noted(50, 100).is_empty());
        assert!(noted(99, 99).is_empty());
        // What comes after the trial decides nothing.
        assert!(noted(0, 300).is_empty());
    }

    #[test]
    fn a_network_counts_once() {
        let mut masks = Masks::default();
        assert!((0..1_000).all(|_| masks.note(Ipv4Addr::LOCALHOST.into(), true).is_none()));
        assert_eq!(masks.masked, 1);
    }
}
