//! What a user may choose about the tables: the table `settings`, one row, that queries read.

use crate::fault::Fault;

/// Thresholds and widths. Each field is a column of `settings`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::Args)]
pub struct Settings {
    /// Width in ranks of the bins in the table rank-width.
    #[arg(long, value_name = "RANKS", default_value_t = Self::default().rank_width,
        value_parser = clap::value_parser!(i64).range(1..=1_000_000_000))]
    pub rank_width: i64,
    /// Number of signallers in a scan from which a cluster of hosts counts as a third party's.
    #[arg(long, value_name = "DOMAINS", default_value_t = Self::default().third_party_from,
        value_parser = clap::value_parser!(i64).range(1..))]
    pub third_party_from: i64,
    /// Number of signallers in a scan up to which a cluster of hosts counts as managed by the domains
    /// themselves.
    #[arg(long, value_name = "DOMAINS", default_value_t = Self::default().self_up_to,
        value_parser = clap::value_parser!(i64).range(0..))]
    pub self_up_to: i64,
    /// Smallest change from one scan to the next, in percent, that counts as a jump.
    #[arg(long, value_name = "PERCENT", default_value_t = Self::default().jump_pct,
        value_parser = clap::value_parser!(i64).range(1..))]
    pub jump_pct: i64,
    /// In the table comparable every pair of scans, not only those that follow one another.
    #[arg(long)]
    pub all_pairs: bool,
    /// Show changes between scans too that were made in ways which cannot be compared, and mark them.
    #[arg(long)]
    pub force: bool,
}

/// How TLS reports are held against scans. Each field is a column of `join_settings`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::Args)]
pub struct Joining {
    /// Days, counted back from the newest report, by which a domain in testing is told safe to enforce.
    #[arg(long = "days", value_name = "DAYS", requires_all = ["reports", "datasets"], default_value_t = Self::default().window_days,
        value_parser = clap::value_parser!(i64).range(1..=36_500))]
    pub window_days: i64,
    /// How many days a scan may be away from the day whose reports it explains.
    #[arg(long = "near", value_name = "DAYS", requires_all = ["reports", "datasets"], default_value_t = Self::default().near_days,
        value_parser = clap::value_parser!(i64).range(0..=36_500))]
    pub near_days: i64,
}

impl Default for Joining {
    fn default() -> Self {
        Self { window_days: 28, near_days: 28 }
    }
}

impl Joining {
    /// Names and values, as the table's columns.
    #[must_use]
    pub const fn columns(&self) -> [(&'static str, i64); 2] {
        [("window_days", self.window_days), ("near_days", self.near_days)]
    }
}

impl Default for Settings {
    /// 50 and 5 are the thresholds of the IMC studies.
    fn default() -> Self {
        Self {
            rank_width: 100_000,
            third_party_from: 50,
            self_up_to: 5,
            jump_pct: 10,
            all_pairs: false,
            force: false,
        }
    }
}

impl Settings {
    /// Refuses thresholds between which a cluster would be both.
    ///
    /// # Errors
    /// They overlap (usage).
    pub fn check(&self) -> Result<(), Fault> {
        if self.self_up_to >= self.third_party_from {
            return Err(Fault::Usage(format!(
                "--self-up-to {} and --third-party-from {} overlap: the first must be the smaller",
                self.self_up_to, self.third_party_from
            )));
        }
        Ok(())
    }

    /// Names and values, as the table's columns.
    #[must_use]
    pub const fn columns(&self) -> [(&'static str, i64); 6] {
        [
            ("rank_width", self.rank_width),
            ("third_party_from", self.third_party_from),
            ("self_up_to", self.self_up_to),
            ("jump_pct", self.jump_pct),
            ("all_pairs", if self.all_pairs { 1 } else { 0 }),
            ("force", if self.force { 1 } else { 0 }),
        ]
    }
}
