//! The known word that a misspelt one most likely means.

/// The word of `known` that is closest to `given`, if any is close enough to suggest.
///
/// Letter case does not count. One edit is an inserted, removed or replaced character, or two
/// neighbours swapped. A third of the word may be wrong; of equally close words the first counts.
#[must_use]
pub fn nearest<'k>(given: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let given = letters(given);
    let close = known.into_iter().filter_map(|word| {
        let letters = letters(word);
        let edits = edits(&given, &letters);
        let bearable = (given.len().max(letters.len()) / 3).max(1);
        (edits <= bearable).then_some((edits, word))
    });
    close.min_by_key(|(edits, _)| *edits).map(|(_, word)| word)
}

/// `; did you mean …?` for the end of an error message, or nothing.
#[must_use]
pub fn suggestion<'k>(given: &str, known: impl IntoIterator<Item = &'k str>) -> String {
    nearest(given, known).map_or_else(String::new, |word| format!("; did you mean `{word}`?"))
}

/// How many edits lie between two words.
#[must_use]
pub fn distance(one: &str, other: &str) -> usize {
    edits(&letters(one), &letters(other))
}

fn letters(word: &str) -> Vec<char> {
    word.trim().chars().flat_map(char::to_lowercase).collect()
}

/// The optimal string alignment distance. Keeps the last three rows of its table.
fn edits(from: &[char], to: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=to.len()).collect();
    for (row, &one) in from.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, &other) in to.iter().enumerate() {
            let replaced = above[column] + usize::from(one != other);
            let mut least = replaced.min(above[column + 1] + 1).min(current[column] + 1);
            let swapped = row > 0 && column > 0 && one == to[column - 1] && from[row - 1] == other;
            if swapped {
                least = least.min(before[column - 1] + 1);
            }
            current.push(least);
        }
        before = std::mem::replace(&mut above, current);
    }
    above[to.len()]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WORDS: [&str; 5] =
        ["collect_payment", "insufficient_funds", "stolen_card", "month", "year"];

    #[test]
    fn a_slip_of_the_pen_finds_its_word() {
        for (given, meant) in [
            ("colect_payment", "collect_payment"),
            ("insufficent_funds", "insufficient_funds"),
            ("Stolen_Card", "stolen_card"),
            ("mnoth", "month"),
            ("monthly", "month"),
            ("yaer", "year"),
        ] {
            assert_eq!(nearest(given, WORDS), Some(meant), "{given}");
        }
    }

    #[test]
    fn a_word_that_resembles_none_finds_none() {
        for given in ["", "gold", "fortnight", "send_email"] {
            assert_eq!(nearest(given, WORDS), None, "{given}");
        }
        assert_eq!(suggestion("gold", WORDS), "");
        assert_eq!(suggestion("mont", WORDS), "; did you mean `month`?");
    }

    proptest! {
        #[test]
        fn the_distance_is_symmetric_and_zero_only_between_equals(one in "[ab_]{0,7}", other in "[ab_]{0,7}") {
            let (from, to) = (letters(&one), letters(&other));
            prop_assert_eq!(edits(&from, &to), edits(&to, &from));
            prop_assert_eq!(edits(&from, &to) == 0, from == to);
            prop_assert!(edits(&from, &to) <= from.len().max(to.len()));
        }

        #[test]
        fn a_word_with_one_edit_finds_itself(word in 0..WORDS.len(), at in 0_usize..20, letter in "[a-z]") {
            let mut slipped: Vec<char> = WORDS[word].chars().collect();
            let at = at % slipped.len();
            slipped[at] = letter.chars().next().unwrap_or('x');
            let slipped: String = slipped.into_iter().collect();
            prop_assert_eq!(nearest(&slipped, WORDS), Some(WORDS[word]));
        }
    }
}
