//! A series in one line of blocks.

const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Values as blocks, from the least (lowest) to the greatest; what is not known is a gap. Values
/// that are all the same lie in the middle.
#[must_use]
pub fn sparkline(values: &[Option<i128>]) -> String {
    let known = || values.iter().flatten();
    let (Some(least), Some(greatest)) = (known().min(), known().max()) else {
        return String::new();
    };
    let span = greatest - least;
    let block = |value: &i128| match span {
        0 => BLOCKS[3],
        span => {
            let step = (value - least).saturating_mul(7).saturating_add(span / 2) / span;
            BLOCKS[usize::try_from(step.clamp(0, 7)).unwrap_or(0)]
        }
    };
    values.iter().map(|value| value.as_ref().map_or(' ', block)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_runs_from_the_least_to_the_greatest() {
        let all: Vec<_> = (0..8).map(Some).collect();
        assert_eq!(sparkline(&all), "▁▂▃▄▅▆▇█");
        assert_eq!(sparkline(&[Some(-5), None, Some(5)]), "▁ █");
        assert_eq!(sparkline(&[Some(3), Some(3)]), "▄▄");
        assert_eq!(sparkline(&[None]), "");
        assert_eq!(sparkline(&[Some(0), Some(i128::MAX)]).chars().count(), 2);
    }
}
