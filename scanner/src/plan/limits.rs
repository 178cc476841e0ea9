//! Limits of our own machine that nobody sets: each says how it was chosen.

use std::time::Duration;

/// Rows of a part: about 10 MB of evidence, few enough that a crash loses little.
pub const PART_ROWS: u64 = 131_072;

/// A part is committed after this long even where it is small: a crash loses, and contacts again, a minute at most. At the
/// default rates a minute fills a part.
pub const PART_AGE: Duration = Duration::from_secs(60);

/// Names of the list that are shuffled together.
pub const ORDER_WINDOW: usize = 65_536;

/// Entries handed to a DNS worker at once: one wake-up for many names.
pub const ENTRY_BATCH: usize = 256;

/// Final rows that may wait for the writer; at 100,000 a second the writer's pause takes an eighth of it.
pub const EVIDENCE_QUEUE: usize = 4_096;

/// How long the writer lets rows gather before it looks again. Without it every row wakes a thread: in a profile
/// some 9 % of the samples were such wake-ups and the switches that follow.
pub const EVIDENCE_PAUSE: Duration = Duration::from_millis(5);

/// Domains that may wait for their policy host, and MX hosts for their turn, before the list reader stops.
pub const CONTACT_BACKLOG: usize = 20_000;

/// Faults of this machine after which a scan stops rather than leave out one name after another.
pub const LOCAL_FAULTS: u64 = 1_000;

/// SMTP connects after which their success is judged: a network that blocks port 25 answers none.
pub const SMTP_TRIAL: u64 = 500;

/// The least share of them that must succeed, percent.
pub const SMTP_TRIAL_PERCENT: u64 = 20;

/// Longest policy that is taken (findings.md: over 64 KiB is policy_too_large).
pub const POLICY_BYTES: usize = 65_536;

/// Header fields of a policy host's answer; one more is policy_http_malformed. hyper keeps 417,792 bytes of a head at most besides.
pub const POLICY_HEADERS: usize = 100;

/// Bytes of a header field (Location, Content-Type) that are kept, before they are escaped.
pub const HEADER_BYTES: usize = 4_096;

/// Bytes of rows that become a record batch, however few the rows: policies of 64 KiB would else gather by the thousand.
pub const BATCH_BYTES: usize = 4 << 20;

/// Bytes of a part that are encoded and not yet written: then the row group is closed. Rows without policies fill a part before that.
pub const GROUP_BYTES: usize = 32 << 20;

/// Names that the lists after the first may hold together: 16 bytes of memory each.
pub const LISTED_NAMES: usize = 200_000_000;

/// How long an MX host has to answer QUIT: the evidence is already had.
pub const QUIT_PATIENCE: Duration = Duration::from_secs(3);

/// Connections to one address of an MX host in a scan, both looks and further tries together (design: three at most).
pub const HOST_CONTACTS: usize = 3;

/// A target that says "too much" again and again is contacted at this share of its rate, and no slower.
pub const SLOWEST_SHARE: u32 = 16;

/// Calm time after which a slowed target is slowed half as much: from the slowest share back to the whole in four minutes. What is known
/// of a target that was not slowed is kept as long.
pub const RECOVERY: Duration = Duration::from_secs(60);

/// Connections in a row that an address resets or closes, after it has answered, that say "too much"; and complaints in a row of a
/// provider's hosts that slow the provider.
pub const COMPLAINTS_IN_A_ROW: u32 = 3;

/// Targets whose answers are remembered; beyond that only what rates, bounds and complaints need is kept. 100 to 200 bytes each.
pub const REMEMBERED_TARGETS: usize = 16_384;

/// How often exclusion files are looked at while a scan runs.
pub const EXCLUSIONS_LOOK: Duration = Duration::from_secs(2);
