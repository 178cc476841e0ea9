//! Numbers that look random and are a pure function of what goes in, the same on every machine and in every
//! version.

/// A 64-bit number drawn from a seed and a text.
#[must_use]
pub fn draw(seed: u64, text: &[u8]) -> u64 {
    let mut state = finish(seed ^ (text.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    for chunk in text.chunks(8) {
        let mut word = [0_u8; 8];
        for (to, from) in word.iter_mut().zip(chunk) {
            *to = *from;
        }
        state = (state ^ u64::from_le_bytes(word)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        state ^= state >> 32;
    }
    finish(state)
}

/// The finaliser of splitmix64: every bit of the input moves every bit of the output.
#[must_use]
pub const fn finish(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
