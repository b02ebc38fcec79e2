//! Spans of time as people write them.

use std::time::Duration;

/// A span such as `500ms`, `2s`, `15m`, `2h`, `90d` or `4w`.
pub(crate) fn span(written: &str) -> Option<Duration> {
    let unit = written.find(|c: char| !c.is_ascii_digit())?;
    let count: u32 = written[..unit].parse().ok()?;
    let milliseconds: u64 = match &written[unit..] {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        "w" => 7 * 86_400_000,
        _ => return None,
    };
    Some(Duration::from_millis(milliseconds * u64::from(count)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_a_number_and_a_unit() {
        assert_eq!(span("250ms"), Some(Duration::from_millis(250)));
        assert_eq!(span("90d"), Some(Duration::from_secs(90 * 86_400)));
        for wrong in ["", "d", "1", "1y", "-1h", "1.5h", "99999999999d", "2 h", "é"] {
            assert_eq!(span(wrong), None, "{wrong}");
        }
    }
}
