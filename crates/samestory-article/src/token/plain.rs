//! Words of plain text, by the rules of UAX #29, section 4.1.
//!
//! *Design.* Words are runs of letters, digits and low lines, and runs that a joint ties together. Which bytes are of runs is
//! found for 64 at a time, without a branch, as a bit each; what is left for each run is to count zeros.

use std::ops::Range;

/// Bytes of the character at the front that is plain: ASCII or one of the quotation marks, dashes and dots that
/// printers put in its stead; 0 if it is another.
pub(super) fn plain_length(bytes: &[u8]) -> usize {
    match bytes {
        [0..0x80, ..] => 1,
        // – — ‘ ’ “ ” …
        [0xe2, 0x80, 0x93 | 0x94 | 0x98 | 0x99 | 0x9c | 0x9d | 0xa6, ..] => 3,
        _ => 0,
    }
}

/// Bytes up to the first character that is not plain.
pub(super) fn plain_prefix(bytes: &[u8]) -> usize {
    const STRIDE: usize = 32;
    let mut at = 0;
    while at < bytes.len() {
        if let Some(stride) = bytes.get(at..at + STRIDE)
            && stride.is_ascii()
        {
            at += STRIDE;
            continue;
        }
        match plain_length(&bytes[at..]) {
            0 => break,
            length => at += length,
        }
    }
    at
}

/// What a byte of plain text is to the rules of words.
const LETTER: u8 = 1;
const DIGIT: u8 = 2;
const LOW_LINE: u8 = 4;

const KINDS: [u8; 256] = {
    let mut kinds = [0; 256];
    let mut at = 0u8;
    while at < 0x80 {
        kinds[at as usize] = match at {
            b'a'..=b'z' | b'A'..=b'Z' => LETTER,
            b'0'..=b'9' => DIGIT,
            b'_' => LOW_LINE,
            _ => 0,
        };
        at += 1;
    }
    kinds
};

/// Bytes that are looked at together.
const BLOCK: usize = 64;

/// Which bytes of a block are letters, digits or low lines: a bit for each, the lowest for the first.
fn in_runs(block: &[u8; BLOCK]) -> u64 {
    let mut in_run = [0u8; BLOCK];
    for (in_run, byte) in in_run.iter_mut().zip(block) {
        let letter = (byte | 0x20).wrapping_sub(b'a') < 26;
        let digit = byte.wrapping_sub(b'0') < 10;
        *in_run = u8::from(letter | digit | (*byte == b'_'));
    }
    // The product has the lowest bits of eight bytes in its highest byte, the first of them the lowest.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let gathered = |eight: &[u8; 8]| u64::from_le_bytes(*eight).wrapping_mul(GATHER) >> 56;
    let mut bits = 0;
    for eight in in_run.as_chunks().0.iter().rev() {
        bits = bits << 8 | gathered(eight);
    }
    bits
}

/// Tells the words of plain text in a range: where each begins, and whether all of it is ASCII. The rules are named behind
/// each line.
pub(super) fn each_plain_word<'a>(text: &'a str, range: Range<usize>, tell: &mut impl FnMut(usize, &'a str, bool)) {
    let bytes = &text.as_bytes()[..range.end];
    let mut word = |start: usize, end: usize, is_ascii| {
        if bytes[start] != b'_' || bytes[start..end].iter().any(|byte| *byte != b'_') {
            tell(start, &text[start..end], is_ascii);
        }
    };
    // Where the word begins that is not at its end, and whether the last byte is of a run: 0 or 1.
    let mut begun: Option<usize> = None;
    let mut in_run = 0;
    let mut is_ascii = true;
    for from in range.step_by(BLOCK) {
        let bits = match bytes[from..].first_chunk() {
            Some(block) => in_runs(block),
            None => {
                let mut last = [0; BLOCK];
                last[..bytes.len() - from].copy_from_slice(&bytes[from..]);
                in_runs(&last)
            }
        };
        // Where runs begin and end, by turns. WB5, WB8 to WB10, WB13a, WB13b
        let mut edges = bits ^ (bits << 1 | in_run);
        while edges != 0 {
            let at = from + edges.trailing_zeros() as usize;
            edges &= edges - 1;
            let start = *begun.get_or_insert(at);
            if in_run == 1 {
                match joint_length(bytes, at) {
                    Some(length) => is_ascii &= length == 1,
                    None => {
                        word(start, at, is_ascii);
                        (begun, is_ascii) = (None, true);
                    }
                }
            }
            in_run ^= 1;
        }
    }
    if let Some(start) = begun {
        word(start, bytes.len(), is_ascii);
    }
}

/// Bytes of the character behind a word that joins it to the next.
fn joint_length(bytes: &[u8], at: usize) -> Option<usize> {
    let joint = *bytes.get(at)?;
    if !matches!(joint, b'.' | b'\'' | b':' | b',' | b';' | 0xe2) {
        return None;
    }
    let length = if joint < 0x80 { 1 } else { 3 };
    let (before, behind) = (KINDS[bytes[at - 1] as usize], KINDS[*bytes.get(at + length)? as usize]);
    let (letters, digits) = (before & behind & LETTER != 0, before & behind & DIGIT != 0);
    let joins = match joint {
        b'.' | b'\'' => letters || digits, // WB6, WB7, WB11, WB12
        b':' => letters,                   // WB6, WB7
        b',' | b';' => digits,             // WB11, WB12
        // ‘ and ’ are as the full stop is.
        _ => matches!(bytes[at + 2], 0x98 | 0x99) && (letters || digits),
    };
    joins.then_some(length)
}
