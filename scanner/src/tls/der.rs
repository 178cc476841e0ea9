//! As much of DER (X.690) as trusted roots need, which stand without the outer SEQUENCE of their parts.

/// Contents of the DER value at the beginning.
pub(super) fn contents(der: &[u8]) -> Option<&[u8]> {
    Some(split(der)?.0)
}

/// The algorithm of the contents of a `SubjectPublicKeyInfo`: its identifier, and its parameters.
pub(super) fn key_algorithm(key_info: &[u8]) -> Option<&[u8]> {
    contents(key_info)
}

/// `subjectPublicKey` of the contents of a `SubjectPublicKeyInfo`: an algorithm, then a BIT STRING whose
/// first byte counts the unused bits.
pub(super) fn key_bits(key_info: &[u8]) -> Option<&[u8]> {
    let (_algorithm, rest) = split(key_info)?;
    let (bits, _) = split(rest)?;
    bits.get(1..)
}

/// Contents as a SEQUENCE.
pub(super) fn sequence(contents: &[u8]) -> Vec<u8> {
    let length = contents.len().to_be_bytes();
    let digits: Vec<u8> = length.into_iter().skip_while(|digit| *digit == 0).collect();
    let mut der = vec![0x30];
    match digits.as_slice() {
        [] => der.push(0),
        [short @ 0..=0x7f] => der.push(*short),
        digits => {
            der.push(0x80 | u8::try_from(digits.len()).unwrap_or(0x7f));
            der.extend_from_slice(digits);
        }
    }
    der.extend_from_slice(contents);
    der
}

/// The contents of the first DER value, and what follows it.
pub(super) fn split(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (_tag, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (digits.iter().fold(0_usize, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::{contents, sequence};

    #[test]
    fn a_sequence_of_any_length_has_its_contents_back() {
        for length in [0, 1, 127, 128, 255, 256, 70_000] {
            let inside = vec![7; length];
            assert_eq!(contents(&sequence(&inside)), Some(&*inside));
        }
        assert_eq!(contents(&[0x30, 2, 7]), None);
    }
}
