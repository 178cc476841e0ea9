//! The states of a name, by the words of a few of its columns, as the view `population` has them.

use super::Columns;
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::Int32Type;

/// The columns that decide the states.
pub(super) const DECIDING: Columns<'static> =
    Columns { words: &["mx_kind", "mx_dns", "sts_record"], others: &["sts_signals"] };

/// A state, as `population` has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    InD1,
    InD2,
    InD3,
    MayD1,
    MxUnknown,
    MayD3,
    Signals,
    Adopts,
    Undecided,
}

/// All states, in the order of their bits, with the names of their columns.
pub(super) const STATES: [(State, &str); 9] = [
    (State::InD1, "in_d1"),
    (State::InD2, "in_d2"),
    (State::InD3, "in_d3"),
    (State::MayD1, "may_d1"),
    (State::MxUnknown, "mx_unknown"),
    (State::MayD3, "may_d3"),
    (State::Signals, "signals"),
    (State::Adopts, "adopts"),
    (State::Undecided, "undecided"),
];

/// The states that a name is in, a bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct States(u16);

/// How many bits they have.
pub(super) const BITS: u32 = 9;

const KINDS: Words<'static> =
    Words { column: "mx_kind", groups: &[&["explicit"], &["implicit"], &["null", "none"]] };
const ANSWERS: Words<'static> =
    Words { column: "mx_dns", groups: &[&["NOERROR"], &["NODATA"], &["NXDOMAIN"]] };
const RECORDS: Words<'static> =
    Words { column: "sts_record", groups: &[&["valid"], &["absent", "invalid", "multiple"]] };

/// How many classes there are: numbers of which each deciding column is a digit.
pub(super) const CLASSES: u16 = KINDS.digits() * ANSWERS.digits() * RECORDS.digits() * 2;

/// The class of each row; `None` where a deciding column is of another type than it must be.
pub(super) fn classes(batch: &RecordBatch) -> Option<Vec<u16>> {
    let mut classes = vec![0; batch.num_rows()];
    let mut step = 1;
    for words in [KINDS, ANSWERS, RECORDS] {
        words.add(batch, step, &mut classes)?;
        step *= words.digits();
    }
    add_flag(batch, "sts_signals", step, &mut classes)?;
    Some(classes)
}

/// Whether names of a class do not exist.
pub(super) const fn is_nxdomain(class: u16) -> bool {
    class / KINDS.digits() % ANSWERS.digits() == 2
}

/// The states of each class.
pub(super) fn of_classes() -> Vec<States> {
    (0..CLASSES).map(States::of).collect()
}

impl States {
    /// The states of a class; what lies above all classes is not looked at.
    pub(super) fn of(class: u16) -> Self {
        let (kind, rest) = (class % KINDS.digits(), class / KINDS.digits());
        let (answer, rest) = (rest % ANSWERS.digits(), rest / ANSWERS.digits());
        let (record, signals) = (rest % RECORDS.digits(), rest / RECORDS.digits() % 2 == 1);
        let (explicit, implicit) = (kind == 0, kind == 1);
        let (noerror, nodata, nxdomain) = (answer == 0, answer == 1, answer == 2);
        let mx_unknown = kind == KINDS.unknown();
        let failed = answer == ANSWERS.unknown();
        // A word that this version does not know decides nothing.
        let unknown = record == RECORDS.unknown();
        let is = |state: State| match state {
            State::InD1 => explicit,
            State::InD2 => explicit || implicit,
            State::InD3 => noerror || nodata,
            State::MayD1 => mx_unknown && (noerror || failed),
            State::MxUnknown => mx_unknown,
            State::MayD3 => failed,
            State::Signals => signals && !unknown,
            State::Adopts => record == 0,
            State::Undecided => unknown || record == RECORDS.null() && !nxdomain,
        };
        Self(
            STATES
                .iter()
                .filter(|(state, _)| is(*state))
                .fold(0, |bits, (state, _)| bits | 1 << *state as u16),
        )
    }

    /// What [`States::bits`] gave.
    pub(super) const fn of_bits(bits: u16) -> Self {
        Self(bits)
    }

    /// A number below 2 to the [`BITS`].
    pub(super) const fn bits(self) -> u16 {
        self.0
    }

    /// Whether the name is in a state.
    pub(super) const fn has(self, state: State) -> bool {
        self.0 >> state as u16 & 1 == 1
    }
}

/// Words of a column in groups. A word of the first group is the digit 0, and so on; any word in no group is
/// the digit after the last, null the one after that.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words<'w> {
    pub(super) column: &'w str,
    pub(super) groups: &'w [&'w [&'w str]],
}

impl Words<'_> {
    /// How many digits there are.
    #[allow(clippy::cast_possible_truncation, reason = "a column has some ten words")]
    pub(super) const fn digits(&self) -> u16 {
        self.groups.len() as u16 + 2
    }

    /// The digit of a word that is in no group.
    const fn unknown(&self) -> u16 {
        self.digits() - 2
    }

    /// The digit of null.
    pub(super) const fn null(&self) -> u16 {
        self.digits() - 1
    }

    /// Adds the digit of each row, times `step`, to its class. A column that is not there is null.
    pub(super) fn add(&self, batch: &RecordBatch, step: u16, classes: &mut [u16]) -> Option<()> {
        let Some(column) = batch.column_by_name(self.column) else {
            classes.iter_mut().for_each(|class| *class += self.null() * step);
            return Some(());
        };
        let column = column.as_dictionary_opt::<Int32Type>()?;
        let digit = |word: &str| {
            let group = self.groups.iter().zip(0..).find(|(group, _)| group.contains(&word));
            group.map_or(self.unknown(), |(_, group)| group)
        };
        let words = column.values().as_string_opt::<i32>()?;
        let adds = words.iter().map(|word| step * word.map_or(self.null(), digit)).collect::<Vec<_>>();
        let add = |key: i32| usize::try_from(key).ok().and_then(|key| adds.get(key).copied()).unwrap_or(0);
        let keys = column.keys();
        if keys.null_count() == 0 {
            classes.iter_mut().zip(keys.values()).for_each(|(class, key)| *class += add(*key));
        } else {
            // Most such columns are nearly empty.
            let null = step * self.null();
            classes.iter_mut().for_each(|class| *class += null);
            for row in keys.nulls()?.valid_indices() {
                let class = classes.get_mut(row)?;
                *class = *class - null + add(*keys.values().get(row)?);
            }
        }
        Some(())
    }
}

/// Adds `step` to the class of each row whose cell is true. A column that is not there is null.
pub(super) fn add_flag(batch: &RecordBatch, column: &str, step: u16, classes: &mut [u16]) -> Option<()> {
    let Some(flags) = batch.column_by_name(column) else { return Some(()) };
    let flags = flags.as_boolean_opt()?;
    let is_true = match flags.nulls() {
        Some(known) => flags.values() & known.inner(),
        None => flags.values().clone(),
    };
    for row in is_true.set_indices() {
        *classes.get_mut(row)? += step;
    }
    Some(())
}
